import { expect } from "vitest";
import type { Case } from "../case.ts";
import { all, failure, Gate, turn } from "../waiting.ts";

/** Sending and receiving: order, ends, room. */
export const messages: readonly Case[] = [
  {
    title: "keeps the order of messages, also of sends that nobody awaits",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            yield* stream;
          },
        },
      });
      const stream = await talk.chat();
      const count = 2_000;
      for (let n = 0; n < count; n++) void stream.send({ text: "", n });
      void stream.closeSend();
      const numbers = (await all(stream)).map(({ n }) => n);
      expect(numbers).toEqual(Array.from({ length: count }, (_, n) => n));
    },
  },
  {
    title: "carries empty messages, which are not ends",
    async run(world) {
      const { blob } = await world.start({
        blob: {
          async *pipe(stream) {
            yield* stream;
          },
        },
      });
      const stream = await blob.pipe();
      for (const size of [0, 1, 0, 0]) await stream.send(new Uint8Array(size));
      await stream.closeSend();
      expect((await all(stream)).map(({ byteLength }) => byteLength)).toEqual([0, 1, 0, 0]);
    },
  },
  {
    title: "carries every byte of messages of all sizes",
    async run(world) {
      const { blob } = await world.start({
        blob: {
          async *pipe(stream) {
            yield* stream;
          },
          swap: (bytes) => bytes,
        },
      });
      const sizes = [1, 2, 127, 128, 4_095, 4_096, 16_383, 16_384, 16_385, 65_535, 65_536, 1_000_003];
      const sent = sizes.map((size) => Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 255));
      const stream = await blob.pipe();
      const reading = all(stream);
      for (const bytes of sent) await stream.send(bytes.slice());
      await stream.closeSend();
      const received = await reading;
      expect(received.length).toBe(sent.length);
      for (const [i, bytes] of sent.entries()) {
        expect(Buffer.compare(received[i] as Uint8Array, bytes)).toBe(0);
        expect(Buffer.compare(await blob.swap(bytes.slice()), bytes)).toBe(0);
      }
    },
  },
  {
    title: "tells the handler's recv of the client's half-close [B23][B24]",
    async run(world) {
      const seen = new Gate<unknown>();
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.recv();
            seen.open(await stream.recv());
            await stream.send({ text: "after your half-close" });
          },
        },
      });
      const stream = await talk.chat();
      await stream.send({ text: "only" });
      await stream.closeSend();
      expect(await seen.opened).toBeUndefined();
      expect(await stream.recv()).toEqual({ text: "after your half-close" });
    },
  },
  {
    title: "ends the client's recv when the handler returns, again and again [B25][B22]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *story() {
            yield { text: "one" };
          },
        },
      });
      const stream = await talk.story({ text: "" });
      expect(await stream.recv()).toEqual({ text: "one" });
      for (let i = 0; i < 3; i++) expect(await stream.recv()).toBeUndefined();
      expect(stream.tryRecv()).toBeUndefined();
    },
  },
  {
    title: "delivers messages that arrived before an error, then the error, again and again [B25]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *story() {
            yield { text: "a" };
            yield { text: "b" };
            throw new Error("broken");
          },
        },
      });
      const stream = await talk.story({ text: "" });
      await stream.trailer();
      expect(await stream.recv()).toEqual({ text: "a" });
      expect(await stream.recv()).toEqual({ text: "b" });
      for (let i = 0; i < 3; i++) {
        const error = await failure(stream.recv());
        expect([error.code, error.message]).toEqual(["internal", "broken"]);
      }
    },
  },
  {
    title: "answers waiting receivers first in, first out [B75]",
    async run(world) {
      const maySend = new Gate();
      const { talk } = await world.start({
        talk: {
          async *story() {
            await maySend.opened;
            for (let n = 0; n < 3; n++) yield { text: "", n };
          },
        },
      });
      const stream = await talk.story({ text: "" });
      const waiting = [stream.recv(), stream.recv(), stream.recv(), stream.recv()];
      maySend.open();
      expect((await Promise.all(waiting)).map((line) => line?.n)).toEqual([0, 1, 2, undefined]);
    },
  },
  {
    title: "gives a message that is there without waiting, and waits for one that is not [B75]",
    async run(world) {
      const maySend = new Gate();
      const { talk } = await world.start({
        talk: {
          async *story() {
            yield { text: "there" };
            await maySend.opened;
            yield { text: "later" };
          },
        },
      });
      const stream = await talk.story({ text: "" });
      let first = stream.tryRecv();
      while (first === undefined) {
        await turn();
        first = stream.tryRecv();
      }
      expect(first).toEqual({ text: "there" });
      expect(stream.tryRecv()).toBeUndefined();
      const waiting = stream.recv();
      maySend.open();
      expect(await waiting).toEqual({ text: "later" });
    },
  },
  {
    title: "fails a send after half-close with failed_precondition [B24]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async collect(stream) {
            return { text: `${(await all(stream)).length}` };
          },
        },
      });
      const stream = await talk.collect();
      await stream.send({ text: "in time" });
      const answer = stream.closeAndRecv();
      expect((await failure(stream.send({ text: "late" }))).code).toBe("failed_precondition");
      expect(await answer).toEqual({ text: "1" });
    },
  },
  {
    title: "fails a send after a clean end with failed_precondition",
    async run(world) {
      const { talk } = await world.start({ talk: { chat: async () => {} } });
      const stream = await talk.chat();
      expect(await stream.recv()).toBeUndefined();
      expect((await failure(stream.send({ text: "late" }))).code).toBe("failed_precondition");
    },
  },
  {
    title: "fails a send after the call failed with the error of the call",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat() {
            throw new Error("broken");
          },
        },
      });
      const stream = await talk.chat();
      expect((await failure(stream.recv())).message).toBe("broken");
      const error = await failure(stream.send({ text: "late" }));
      expect([error.code, error.message]).toEqual(["internal", "broken"]);
    },
  },
  {
    title: "resolves a send when there is room, with nobody reading yet [B73][B74]",
    async run(world) {
      const mayRead = new Gate();
      const { talk } = await world.start({
        talk: {
          async collect(stream) {
            await mayRead.opened;
            return { text: `${(await all(stream)).length}` };
          },
        },
      });
      const stream = await talk.collect();
      // Resolved although the handler reads nothing: sent means in the buffer, not received.
      for (let i = 0; i < 10; i++) await stream.send({ text: "buffered" });
      mayRead.open();
      expect(await stream.closeAndRecv()).toEqual({ text: "10" });
    },
  },
  {
    title: "lets a client half-close more than once, and after the end",
    async run(world) {
      const { talk } = await world.start({ talk: { chat: async (stream) => void (await all(stream)) } });
      const stream = await talk.chat();
      await stream.closeSend();
      await stream.closeSend();
      expect(await stream.recv()).toBeUndefined();
      await stream.closeSend();
    },
  },
  {
    title: "reads some messages by recv and the others by iteration",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *story() {
            for (let n = 0; n < 4; n++) yield { text: "", n };
          },
        },
      });
      const stream = await talk.story({ text: "" });
      expect((await stream.recv())?.n).toBe(0);
      const rest = await all(stream);
      expect(rest.map(({ n }) => n)).toEqual([1, 2, 3]);
    },
  },
  {
    title: "lets a handler stop reading early: the rest is dropped and the answer still goes out",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async collect(stream) {
            for await (const { text } of stream) return { text: `only ${text}` };
            return { text: "none" };
          },
        },
      });
      const stream = await talk.collect();
      await stream.send({ text: "first" });
      void stream.send({ text: "second" });
      expect(await stream.closeAndRecv()).toEqual({ text: "only first" });
    },
  },
];
