import { expect } from "vitest";
import type { Case } from "../case.ts";
import { Refusal } from "../talk.ts";
import { all, Gate, thrown } from "../waiting.ts";

/** Every kind of method does what it is for. */
export const kinds: readonly Case[] = [
  {
    title: "answers a ping-pong call [B2]",
    async run(world) {
      const { talk } = await world.start({ talk: { ping: ({ text }) => ({ text: `${text} back` }) } });
      expect(await talk.ping({ text: "ball" })).toEqual({ text: "ball back" });
    },
  },
  {
    title: "answers a unary call with one message each way [B3]",
    async run(world) {
      const { talk } = await world.start({ talk: { ask: async ({ text }) => ({ text: `${text}!` }) } });
      expect(await talk.ask({ text: "why" })).toEqual({ text: "why!" });
    },
  },
  {
    title: "sends one request and receives many responses until the end [B4][B1]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *story({ text, n = 0 }) {
            for (let i = 0; i < n; i++) yield { text, n: i };
          },
        },
      });
      const lines = await all(await talk.story({ text: "line", n: 100 }));
      expect(lines).toEqual(Array.from({ length: 100 }, (_, n) => ({ text: "line", n })));
    },
  },
  {
    title: "sends many requests and receives one response after closing [B5][B28]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async collect(stream) {
            const texts: string[] = [];
            for await (const { text } of stream) texts.push(text);
            return { text: texts.join() };
          },
        },
      });
      const stream = await talk.collect();
      for (const text of ["a", "b", "c"]) await stream.send({ text });
      expect(await stream.closeAndRecv()).toEqual({ text: "a,b,c" });
    },
  },
  {
    title: "answers a client stream that never sent a message [B5]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async collect(stream) {
            return { text: (await stream.recv()) === undefined ? "nothing" : "something" };
          },
        },
      });
      const stream = await talk.collect();
      expect(await stream.closeAndRecv()).toEqual({ text: "nothing" });
    },
  },
  {
    title: "lets a client stream's handler answer before the client has sent its last [B5]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async collect(stream) {
            const first = await stream.recv();
            return { text: `had enough of ${first?.text}` };
          },
        },
      });
      const stream = await talk.collect();
      await stream.send({ text: "this" });
      await stream.trailer();
      expect(await stream.closeAndRecv()).toEqual({ text: "had enough of this" });
    },
  },
  {
    title: "runs both directions of a bidirectional stream in turns [B6]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            for await (const { text } of stream) yield { text: `re: ${text}` };
          },
        },
      });
      const stream = await talk.chat();
      for (const text of ["one", "two", "three"]) {
        await stream.send({ text });
        expect(await stream.recv()).toEqual({ text: `re: ${text}` });
      }
      await stream.closeSend();
      expect(await stream.recv()).toBeUndefined();
    },
  },
  {
    title: "runs the directions of a bidirectional stream independently of one another [B6]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            const reading = all(stream);
            for (let n = 0; n < 50; n++) await stream.send({ text: "server", n });
            const read = await reading;
            await stream.send({ text: "done", n: read.length });
          },
        },
      });
      const stream = await talk.chat();
      const reading = all(stream);
      for (let n = 0; n < 70; n++) await stream.send({ text: "client", n });
      await stream.closeSend();
      const lines = await reading;
      expect(lines).toHaveLength(51);
      expect(lines.at(-1)).toEqual({ text: "done", n: 70 });
    },
  },
  {
    title: "lets the server of a bidirectional stream speak first [B6]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.send({ text: "welcome" });
            const reply = await stream.recv();
            await stream.send({ text: `you said ${reply?.text}` });
          },
        },
      });
      const stream = await talk.chat();
      expect(await stream.recv()).toEqual({ text: "welcome" });
      await stream.send({ text: "thanks" });
      expect(await stream.recv()).toEqual({ text: "you said thanks" });
      expect(await stream.recv()).toBeUndefined();
    },
  },
  {
    title: "resolves a oneway call without waiting for its handler [B2]",
    async run(world) {
      const heard = new Gate<string>();
      const returned = new Gate();
      const { talk } = await world.start({
        talk: {
          async note({ text }) {
            await returned.opened;
            heard.open(text);
          },
        },
      });
      expect(await talk.note({ text: "psst" })).toBeUndefined();
      returned.open();
      expect(await heard.opened).toBe("psst");
    },
  },
  {
    title: "serves ping-pong and streaming methods of one service side by side [B11]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          ping: ({ text }) => ({ text }),
          async *chat(stream) {
            yield* stream;
          },
        },
      });
      const stream = await talk.chat();
      await stream.send({ text: "stream" });
      expect(await talk.ping({ text: "single" })).toEqual({ text: "single" });
      expect(await stream.recv()).toEqual({ text: "stream" });
      expect(await talk.ping({ text: "again" })).toEqual({ text: "again" });
      await stream.closeSend();
      expect(await stream.recv()).toBeUndefined();
    },
  },
  {
    title: "serves several services on one server [B78]",
    async run(world) {
      const { talk, blob } = await world.start({
        talk: { ping: ({ text }) => ({ text: `talk ${text}` }) },
        blob: { swap: (bytes) => bytes.toReversed() },
      });
      expect(await talk.ping({ text: "a" })).toEqual({ text: "talk a" });
      expect(await blob.swap(Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(3, 2, 1));
    },
  },
  {
    title: "gives handlers streams typed by request and response [A14]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          // Compiles without annotations, and returns what it says: types and values agree.
          async *chat(stream) {
            for await (const line of stream) yield { text: line.text.toUpperCase(), n: (line.n ?? 0) + 1 };
          },
        },
      });
      const stream = await talk.chat();
      await stream.send({ text: "abc", n: 1 });
      await stream.closeSend();
      expect(await all(stream)).toEqual([{ text: "ABC", n: 2 }]);
    },
  },
  {
    title: "throws an exception that the method declares as itself",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          ping() {
            throw new Refusal("not today");
          },
          async ask() {
            throw new Refusal("never");
          },
        },
      });
      for (const [call, text] of [
        [() => talk.ping({ text: "" }), "not today"],
        [() => talk.ask({ text: "" }), "never"],
      ] as const) {
        const reason = await thrown(call);
        expect(reason).toBeInstanceOf(Refusal);
        expect((reason as Refusal).message).toBe(text);
      }
    },
  },
];
