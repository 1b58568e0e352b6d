import { type BidiStreaming, decorateStream, type Middleware, RpcError } from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { echo, shape, watching } from "../middleware-support.ts";
import type { Line } from "../talk.ts";
import { all, failure, Gate } from "../waiting.ts";

/** What middleware wraps on either side, and what it sees. */
export const middleware: readonly Case[] = [
  {
    title: "wraps the opening of a stream on a client, which is done before the user has the stream [B44]",
    async run(world) {
      const log: unknown[] = [];
      const { talk } = await world.start({ talk: echo }, { client: { middleware: [watching(log)] } });
      const stream = await talk.chat();
      expect(log).toEqual([
        ["in", "Chat", undefined],
        ["out", "Chat", "stream"],
      ]);
      await stream.send({ text: "a" });
      expect(await stream.recv()).toEqual({ text: "re: a" });
      await stream.closeSend();
      expect(await stream.recv()).toBeUndefined();
      expect(log).toHaveLength(2);
    },
  },
  {
    title: "shows client middleware no request of a stream, of server streaming neither [B45][B48]",
    async run(world) {
      const log: unknown[] = [];
      const { talk } = await world.start({ talk: echo }, { client: { middleware: [watching(log)] } });
      await all(await talk.story({ text: "secret", n: 2 }));
      const stream = await talk.collect();
      await stream.send({ text: "secret" });
      await stream.closeAndRecv();
      expect(log).toEqual([
        ["in", "Story", undefined],
        ["out", "Story", "stream"],
        ["in", "Collect", undefined],
        ["out", "Collect", "stream"],
      ]);
    },
  },
  {
    title: "lets client middleware replace the stream by a decorator [B46]",
    async run(world) {
      const shouting: Middleware = {
        call: (next) => async (info, request) => {
          const stream = (await next(info, request)) as BidiStreaming<Line, Line>;
          return decorateStream(stream, {
            send: ({ text }) => stream.send({ text: text.toUpperCase() }),
            recv: async () => {
              const line = await stream.recv();
              return line && { text: `<${line.text}>` };
            },
          });
        },
      };
      const { talk } = await world.start({ talk: echo }, { client: { middleware: [shouting] } });
      const stream = await talk.chat();
      for (const text of ["a", "b"]) await stream.send({ text });
      await stream.closeSend();
      expect(await stream.recv()).toEqual({ text: "<re: A>" });
      expect(await all(stream)).toEqual([{ text: "<re: B>" }]);
      expect((await stream.trailer()).size).toBe(0);
    },
  },
  {
    title: "rejects in client middleware when the stream cannot be opened [B47]",
    async run(world) {
      const log: unknown[] = [];
      const running = await world.start({ talk: echo }, { client: { middleware: [watching(log)] } });
      await running.server.close({ graceMs: 0 });
      const error = await failure(running.talk.chat());
      expect([error.code, error.method]).toEqual(["unavailable", "Talk/Chat"]);
      expect(log).toEqual([
        ["in", "Chat", undefined],
        ["failed", "Chat", "unavailable"],
      ]);
    },
  },
  {
    title:
      "sends the request of server streaming through send middleware once, before the user has the stream [B49]",
    async run(world) {
      const log: unknown[] = [];
      const noting: Middleware = {
        ...watching(log),
        send: (next) => (info, message) => {
          log.push(["send", message]);
          return next(info, message);
        },
      };
      const { talk } = await world.start({ talk: echo }, { client: { middleware: [noting] } });
      const stream = await talk.story({ text: "x", n: 3 });
      expect(log).toEqual([
        ["in", "Story", undefined],
        ["out", "Story", "stream"],
        ["send", { text: "x", n: 3 }],
      ]);
      expect(await all(stream)).toHaveLength(3);
      expect(log).toHaveLength(3);
    },
  },
  {
    title:
      "shows middleware of both sides the messages of ping-pong and unary calls, and which is which [B21][B50][B55]",
    async run(world) {
      const seen: unknown[] = [];
      const middleware: Middleware = {
        call: (next) => async (info, request) => {
          const result = await next(info, request);
          seen.push([info.side, info.kind, info.isStreaming, shape(request), shape(result)]);
          return result;
        },
      };
      const both = { client: { middleware: [middleware] }, server: { middleware: [middleware] } };
      const { talk } = await world.start({ talk: echo }, both);
      await talk.ask({ text: "a" });
      await talk.ping({ text: "b" });
      const stream = await talk.chat();
      await stream.closeSend();
      await stream.recv();
      expect(seen).toContainEqual(["server", "unary", false, { text: "a" }, { text: "re: a" }]);
      expect(seen).toContainEqual(["client", "unary", false, { text: "a" }, { text: "re: a" }]);
      expect(seen).toContainEqual(["server", "pingpong", false, { text: "b" }, { text: "re: b" }]);
      expect(seen).toContainEqual(["client", "pingpong", false, { text: "b" }, { text: "re: b" }]);
      expect(seen).toContainEqual(["client", "bidi", true, undefined, "stream"]);
      expect(seen).toContainEqual(["server", "bidi", true, "stream", undefined]);
      expect(seen).toHaveLength(6);
    },
  },
  {
    title:
      "wraps the whole handler on a server, with the stream as its request and no result [B51][B52][B53]",
    async run(world) {
      const log: unknown[] = [];
      const handler = {
        async collect(stream: AsyncIterable<Line>) {
          log.push("handler in");
          const text = `${(await all(stream)).length}`;
          log.push("handler out");
          return { text };
        },
      };
      const { talk } = await world.start({ talk: handler }, { server: { middleware: [watching(log)] } });
      const stream = await talk.collect();
      await stream.send({ text: "" });
      expect(await stream.closeAndRecv()).toEqual({ text: "1" });
      await stream.trailer();
      expect(log).toEqual([
        ["in", "Collect", "stream"],
        "handler in",
        "handler out",
        ["out", "Collect", undefined],
      ]);
    },
  },
  {
    title: "lets server middleware replace the stream by a decorator, for every kind [B52]",
    async run(world) {
      const loud: Middleware = {
        call: (next) => (info, request) => {
          const stream = request as BidiStreaming<Line, Line>;
          const decorated = decorateStream(stream, {
            send: ({ text, n }) => stream.send({ text: `${text}!`, ...(n === undefined ? {} : { n }) }),
            recv: async () => {
              const line = await stream.recv();
              return line && { ...line, text: `${line.text}?` };
            },
          });
          return next(info, decorated);
        },
      };
      const { talk } = await world.start({ talk: echo }, { server: { middleware: [loud] } });
      const chat = await talk.chat();
      await chat.send({ text: "a" });
      await chat.closeSend();
      expect(await all(chat)).toEqual([{ text: "re: a?!" }]);
      expect(await all(await talk.story({ text: "b", n: 1 }))).toEqual([{ text: "b!", n: 0 }]);
      const collect = await talk.collect();
      await collect.send({ text: "" });
      expect(await collect.closeAndRecv()).toEqual({ text: "1" });
    },
  },
  {
    title:
      "rejects in server middleware when the handler or inner middleware fails, and it may fail too [B54]",
    async run(world) {
      const log: unknown[] = [];
      const refusing: Middleware = {
        call: (next) => (info, request) => {
          if (info.method === "Story") throw new RpcError("permission_denied", "no stories");
          return next(info, request);
        },
      };
      const { talk } = await world.start(
        {
          talk: {
            ...echo,
            async chat() {
              throw new RpcError("aborted", "broken");
            },
          },
        },
        { server: { middleware: [watching(log), refusing] } },
      );
      const chat = await talk.chat();
      expect((await failure(chat.recv())).code).toBe("aborted");
      const story = await talk.story({ text: "", n: 1 });
      expect((await failure(story.recv())).code).toBe("permission_denied");
      expect(log).toEqual([
        ["in", "Chat", "stream"],
        ["failed", "Chat", "aborted"],
        ["in", "Story", "stream"],
        ["failed", "Story", "permission_denied"],
      ]);
    },
  },
  {
    title: "runs the first middleware of a list outermost, on both sides",
    async run(world) {
      const log: unknown[] = [];
      const list = (side: string): Middleware[] => [watching(log, `${side}1 `), watching(log, `${side}2 `)];
      const { talk } = await world.start(
        { talk: echo },
        { client: { middleware: list("c") }, server: { middleware: list("s") } },
      );
      await talk.ping({ text: "" });
      expect(log.map((entry) => (entry as [string])[0])).toEqual([
        "c1 in",
        "c2 in",
        "s1 in",
        "s2 in",
        "s2 out",
        "s1 out",
        "c2 out",
        "c1 out",
      ]);
    },
  },
  {
    title: "builds middleware for a client or server from what it is for, or none [B19][B20]",
    async run(world) {
      const built: unknown[] = [];
      const log: unknown[] = [];
      const builder = (init: { side: string; service: string }): Middleware | undefined => {
        built.push([init.side, init.service]);
        return init.side === "client" ? watching(log) : undefined;
      };
      const { talk } = await world.start(
        { talk: echo },
        { client: { middleware: [builder] }, server: { middleware: [builder], name: "talkd" } },
      );
      await talk.ping({ text: "" });
      await talk.ping({ text: "" });
      expect(built).toContainEqual(["server", "talkd"]);
      expect(built).toContainEqual(["client", "Talk"]);
      // One a client, however many calls: the case has clients of two services.
      expect(built).toHaveLength(3);
      expect(log).toHaveLength(4);
    },
  },
  {
    title: "lets middleware run next again: a ping-pong call, and a stream that was not opened",
    async run(world) {
      let attempts = 0;
      const retrying: Middleware = {
        call: (next) => async (info, request) => {
          for (let attempt = 1; ; attempt++) {
            try {
              return await next(info, request);
            } catch (thrown) {
              if (attempt === 3) throw thrown;
            }
          }
        },
      };
      const failing: Middleware = {
        call: (next) => (info, request) => {
          if (info.isStreaming && attempts++ < 2) throw new RpcError("unavailable", "not yet");
          return next(info, request);
        },
      };
      let calls = 0;
      const { talk } = await world.start(
        {
          talk: {
            ...echo,
            ping(line) {
              if (calls++ < 2) throw new RpcError("unavailable", "later");
              return line;
            },
          },
        },
        { client: { middleware: [retrying, failing] } },
      );
      expect(await talk.ping({ text: "third time" })).toEqual({ text: "third time" });
      const stream = await talk.chat();
      await stream.send({ text: "a" });
      expect(await stream.recv()).toEqual({ text: "re: a" });
      expect([calls, attempts]).toEqual([3, 3]);
      stream.cancel();
    },
  },
  {
    title: "cancels a stream that middleware opened and then gave up",
    async run(world) {
      const cancelled = new Gate();
      const changingItsMind: Middleware = {
        call: (next) => async (info, request) => {
          await next(info, request);
          throw new RpcError("aborted", "on second thoughts");
        },
      };
      const { talk } = await world.start(
        {
          talk: {
            async chat({ signal }) {
              if (signal.aborted) cancelled.open();
              signal.addEventListener("abort", () => cancelled.open());
              await cancelled.opened;
            },
          },
        },
        { client: { middleware: [changingItsMind] } },
      );
      expect((await failure(talk.chat())).message).toBe("on second thoughts");
      await cancelled.opened;
    },
  },
];
