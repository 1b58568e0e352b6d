import { Metadata } from "@slipstream/metainfo";
import type { Header } from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { all, failure, Gate } from "../waiting.ts";

/** Header and trailer: when they come, and what is in them. */
export const headers: readonly Case[] = [
  {
    title: "gives an empty header and trailer when the handler sets none [A4]",
    async run(world) {
      const { talk } = await world.start({ talk: { async *story() {}, chat: async () => {} } });
      for (const stream of [await talk.story({ text: "" }), await talk.chat()]) {
        expect(await all(stream)).toEqual([]);
        expect((await stream.header()).size).toBe(0);
        expect((await stream.trailer()).size).toBe(0);
      }
    },
  },
  {
    title: "sends the trailer after the handler has ended [A5][B22]",
    async run(world) {
      const mayEnd = new Gate();
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            stream.setTrailer({ early: "1" });
            await stream.send({ text: "data" });
            await mayEnd.opened;
            stream.setTrailer({ late: "2" });
          },
        },
      });
      const stream = await talk.chat();
      const order: string[] = [];
      const trailer = stream.trailer().then((got) => {
        order.push("trailer");
        return got;
      });
      expect(await stream.recv()).toEqual({ text: "data" });
      order.push("data");
      mayEnd.open();
      expect((await trailer).toRecord()).toEqual({ early: "1", late: "2" });
      expect(order).toEqual(["data", "trailer"]);
      expect(await stream.recv()).toBeUndefined();
    },
  },
  {
    title: "sends a header at once, before any data [A6]",
    async run(world) {
      const mayGoOn = new Gate();
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.sendHeader({ h1: "v1" });
            await mayGoOn.opened;
            await stream.send({ text: "data" });
          },
        },
      });
      const stream = await talk.chat();
      expect((await stream.header()).get("h1")).toBe("v1");
      mayGoOn.open();
      expect(await stream.recv()).toEqual({ text: "data" });
    },
  },
  {
    title: "tells the handler when a header cannot be sent a second time [A6]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            await stream.sendHeader({ a: "1" });
            const again = await failure(stream.sendHeader({ b: "2" }));
            const set = await failure(() => stream.setHeader({ b: "2" }));
            yield { text: `${again.code} ${set.code}` };
          },
        },
      });
      const stream = await talk.chat();
      expect(await stream.recv()).toEqual({ text: "failed_precondition failed_precondition" });
      expect((await stream.header()).toRecord()).toEqual({ a: "1" });
    },
  },
  {
    title: "fails to set a header after the first message went out [A6]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.send({ text: "first" });
            const { code } = await failure(() => stream.setHeader({ late: "1" }));
            await stream.send({ text: code });
          },
        },
      });
      const stream = await talk.chat();
      expect(await all(stream)).toEqual([{ text: "first" }, { text: "failed_precondition" }]);
      expect((await stream.header()).size).toBe(0);
    },
  },
  {
    title: "sends messages as usual after an explicit header [A7]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *story(_, stream) {
            await stream.sendHeader({ h: "v" });
            yield { text: "a" };
            yield { text: "b" };
          },
        },
      });
      const stream = await talk.story({ text: "" });
      expect(await all(stream)).toEqual([{ text: "a" }, { text: "b" }]);
      expect((await stream.header()).get("h")).toBe("v");
    },
  },
  {
    title:
      "sends what setHeader collected before the first message, a later value replacing an earlier [A13]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *story(_, stream) {
            stream.setHeader({ a: "1", b: "1" });
            stream.setHeader({ b: "2", c: "2" });
            yield { text: "" };
          },
        },
      });
      const stream = await talk.story({ text: "" });
      expect((await stream.header()).toRecord()).toEqual({ a: "1", b: "2", c: "2" });
      await all(stream);
    },
  },
  {
    title: "merges what setHeader collected with what sendHeader is given [A13]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            stream.setHeader({ a: "1", b: "1" });
            await stream.sendHeader({ b: "2" });
          },
        },
      });
      const stream = await talk.chat();
      expect((await stream.header()).toRecord()).toEqual({ a: "1", b: "2" });
    },
  },
  {
    title: "waits in header() until it arrives, any number of callers [A8]",
    async run(world) {
      const mayStart = new Gate();
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await mayStart.opened;
            await stream.sendHeader({ h: "v" });
            await stream.recv();
          },
        },
      });
      const stream = await talk.chat();
      const waiting = [stream.header(), stream.header(), stream.header()];
      mayStart.open();
      for (const header of await Promise.all(waiting)) expect(header.toRecord()).toEqual({ h: "v" });
      await stream.closeSend();
      expect(await stream.recv()).toBeUndefined();
      expect((await stream.header()).toRecord()).toEqual({ h: "v" });
    },
  },
  {
    title: "rejects header() and trailer() with the error of a call that ended without them [A8][A9][C9]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.recv();
          },
        },
      });
      const stream = await talk.chat();
      const header = failure(stream.header());
      const trailer = failure(stream.trailer());
      stream.cancel("enough");
      expect((await header).code).toBe("cancelled");
      expect((await trailer).code).toBe("cancelled");
      expect((await failure(stream.header())).code).toBe("cancelled");
    },
  },
  {
    title: "gives header and trailer of a call that the server ended with an error [A8][A9][C9]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            stream.setHeader({ h: "1" });
            stream.setTrailer({ t: "2" });
            throw new Error("broken");
          },
        },
      });
      const stream = await talk.chat();
      expect((await failure(stream.recv())).message).toBe("broken");
      expect((await stream.header()).toRecord()).toEqual({ h: "1" });
      expect((await stream.trailer()).toRecord()).toEqual({ t: "2" });
    },
  },
  {
    title: "waits in trailer() until the call ends, with messages still unread [A9]",
    async run(world) {
      const mayEnd = new Gate();
      const { talk } = await world.start({
        talk: {
          async *story(_, stream) {
            yield { text: "unread" };
            await mayEnd.opened;
            stream.setTrailer({ t: "v" });
          },
        },
      });
      const stream = await talk.story({ text: "" });
      const trailer = stream.trailer();
      await stream.header();
      mayEnd.open();
      expect((await trailer).toRecord()).toEqual({ t: "v" });
      expect(await all(stream)).toEqual([{ text: "unread" }]);
    },
  },
  {
    title: "shows header, data and trailer each on arrival, none held back for another [A10]",
    async run(world) {
      const gates = [new Gate(), new Gate(), new Gate()] as const;
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await gates[0].opened;
            await stream.sendHeader({ h: "1" });
            await gates[1].opened;
            await stream.send({ text: "data" });
            await gates[2].opened;
            stream.setTrailer({ t: "2" });
          },
        },
      });
      const stream = await talk.chat();
      // Each step is only let go once the one before it was seen: a held-back one would hang here.
      gates[0].open();
      expect((await stream.header()).get("h")).toBe("1");
      gates[1].open();
      expect(await stream.recv()).toEqual({ text: "data" });
      gates[2].open();
      expect((await stream.trailer()).get("t")).toBe("2");
    },
  },
  {
    title: "delivers data to a client that never asks for header or trailer [A11]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *story(_, stream) {
            await stream.sendHeader({ h: "1" });
            stream.setTrailer({ t: "2" });
            for (let n = 0; n < 100; n++) yield { text: "", n };
          },
        },
      });
      expect(await all(await talk.story({ text: "" }))).toHaveLength(100);
    },
  },
  {
    title: "carries text of each name in its letter case, as one string [A13]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.sendHeader({ lower: "a", Mixed: "b", UPPER: "c" });
            stream.setTrailer({ "X-Trail": "d" });
          },
        },
      });
      const stream = await talk.chat();
      const header = await stream.header();
      expect(header.toRecord()).toEqual({ lower: "a", Mixed: "b", UPPER: "c" });
      expect(header.get("mixed")).toBeUndefined();
      expect((await stream.trailer()).toRecord()).toEqual({ "X-Trail": "d" });
    },
  },
  {
    title: "carries repeated names and binary values set through metadata [C11]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.sendHeader(Metadata.pairs("k", "1", "k", "2", "k-bin", Uint8Array.of(0, 255)));
            stream.setTrailer(Metadata.pairs("t", "1", "t", "2"));
          },
        },
      });
      const stream = await talk.chat();
      const { metadata } = await stream.header();
      expect(metadata.get("k")).toEqual(["1", "2"]);
      expect(metadata.get("k-bin")).toEqual([Uint8Array.of(0, 255)]);
      expect((await stream.trailer()).metadata.get("t")).toEqual(["1", "2"]);
    },
  },
  {
    title: "exposes header and trailer on all three kinds of streams [C12]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            stream.setHeader({ h: "chat" });
            stream.setTrailer({ t: "chat" });
          },
          async story(_, stream) {
            stream.setHeader({ h: "story" });
            stream.setTrailer({ t: "story" });
          },
          async collect(stream) {
            stream.setHeader({ h: "collect" });
            stream.setTrailer({ t: "collect" });
            return { text: "" };
          },
        },
      });
      const collect = await talk.collect();
      await collect.closeAndRecv();
      for (const [name, stream] of [
        ["chat", await talk.chat()],
        ["story", await talk.story({ text: "" })],
        ["collect", collect],
      ] as const) {
        expect((await stream.header()).get("h")).toBe(name);
        expect((await stream.trailer()).get("t")).toBe(name);
      }
    },
  },
  {
    title: "hands header and trailer of a single call to its options, before it resolves [C8][C10]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          ask: async ({ text }, call) => {
            call.setHeader({ a: "1" });
            await call.sendHeader({ b: "2" });
            call.setTrailer({ c: "3" });
            return { text };
          },
          ping: ({ text }, call) => {
            call.setHeader({ d: "4" });
            call.setTrailer({ e: "5" });
            return { text };
          },
        },
      });
      const seen: (readonly [string, Header])[] = [];
      const options = {
        onHeader: (header: Header) => void seen.push(["header", header]),
        onTrailer: (trailer: Header) => void seen.push(["trailer", trailer]),
      };
      await talk.ask({ text: "" }, options);
      await talk.ping({ text: "" }, options);
      expect(seen.map(([name, header]) => [name, header.toRecord()])).toEqual([
        ["header", { a: "1", b: "2" }],
        ["trailer", { c: "3" }],
        ["header", { d: "4" }],
        ["trailer", { e: "5" }],
      ]);
    },
  },
  {
    title: "hands header and trailer of a single call that failed to its options [C8]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          ping: (_, call) => {
            call.setHeader({ h: "1" });
            call.setTrailer({ t: "2" });
            throw new Error("broken");
          },
        },
      });
      const seen: Record<string, string>[] = [];
      const options = {
        onHeader: (header: Header) => void seen.push(header.toRecord()),
        onTrailer: (trailer: Header) => void seen.push(trailer.toRecord()),
      };
      expect((await failure(talk.ping({ text: "" }, options))).message).toBe("broken");
      expect(seen).toEqual([{ h: "1" }, { t: "2" }]);
    },
  },
  {
    title: "fails the second sendHeader of a ping-pong handler [C10]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          ping: async (_, call) => {
            await call.sendHeader({ a: "1" });
            const again = await failure(call.sendHeader({ b: "2" }));
            const set = await failure(() => call.setHeader({ c: "3" }));
            return { text: `${again.code} ${set.code}` };
          },
        },
      });
      let header: Header | undefined;
      const { text } = await talk.ping({ text: "" }, { onHeader: (got) => void (header = got) });
      expect(text).toBe("failed_precondition failed_precondition");
      expect(header?.toRecord()).toEqual({ a: "1" });
    },
  },
  {
    title: "refuses names that the framework keeps for itself",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            const codes: string[] = [];
            for (const name of [
              "grpc-status",
              "biz-status",
              ":path",
              "slipstream-meta",
              "rpc-persist-a",
              "",
            ]) {
              codes.push((await failure(() => stream.setHeader({ [name]: "v" }))).code);
              codes.push((await failure(() => stream.setTrailer({ [name]: "v" }))).code);
            }
            await stream.send({ text: [...new Set(codes)].join() });
          },
        },
      });
      expect(await all(await talk.chat())).toEqual([{ text: "invalid_argument" }]);
    },
  },
];
