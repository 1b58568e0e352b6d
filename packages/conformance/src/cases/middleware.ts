import { contextKey, currentContext } from "@slipstream/metainfo";
import {
  type BidiStreaming,
  BizStatusError,
  type CallInfo,
  decorateStream,
  type Middleware,
  RpcError,
  type ServerStreaming,
} from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import type { Line } from "../talk.ts";
import { all, failure, Gate } from "../waiting.ts";

/** Notes when a call goes in and out, and what with. */
function watching(log: unknown[], name = ""): Middleware {
  return {
    call: (next) => async (info, request) => {
      log.push([`${name}in`, info.method, shape(request)]);
      try {
        const result = await next(info, request);
        log.push([`${name}out`, info.method, shape(result)]);
        return result;
      } catch (thrown) {
        log.push([`${name}failed`, info.method, (thrown as RpcError).code ?? String(thrown)]);
        throw thrown;
      }
    },
  };
}

function shape(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return "info" in value ? "stream" : value;
}

const echo = {
  async *chat(stream: AsyncIterable<Line>): AsyncGenerator<Line> {
    for await (const { text } of stream) yield { text: `re: ${text}` };
  },
  async *story({ text, n = 0 }: Line): AsyncGenerator<Line> {
    for (let i = 0; i < n; i++) yield { text, n: i };
  },
  async collect(stream: AsyncIterable<Line>): Promise<Line> {
    return { text: `${(await all(stream)).length}` };
  },
  ask: async ({ text }: Line): Promise<Line> => ({ text: `re: ${text}` }),
  ping: ({ text }: Line): Line => ({ text: `re: ${text}` }),
};

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
    title: "shows recv middleware each message after next: responses on a client, requests on a server [B56]",
    async run(world) {
      const seen: unknown[] = [];
      const noting: Middleware = {
        recv: (next) => async (info) => {
          const message = await next(info);
          seen.push([info.side, message]);
          return message;
        },
      };
      const both = { client: { middleware: [noting] }, server: { middleware: [noting] } };
      const { talk } = await world.start({ talk: echo }, both);
      const stream = await talk.chat();
      await stream.send({ text: "a" });
      expect(await stream.recv()).toEqual({ text: "re: a" });
      await stream.closeSend();
      expect(await all(stream)).toEqual([]);
      expect(seen.filter((entry) => (entry as [string])[0] === "server")).toEqual([
        ["server", { text: "a" }],
        ["server", undefined],
      ]);
      expect(seen.filter((entry) => (entry as [string])[0] === "client")).toEqual([
        ["client", { text: "re: a" }],
        ["client", undefined],
      ]);
    },
  },
  {
    title:
      "shows send middleware each message before next: requests on a client, responses on a server [B57]",
    async run(world) {
      const seen: unknown[] = [];
      const noting: Middleware = {
        send: (next) => async (info, message) => {
          seen.push([info.side, message]);
          await next(info, message);
          seen.push([info.side, "sent"]);
        },
      };
      const both = { client: { middleware: [noting] }, server: { middleware: [noting] } };
      const { talk } = await world.start({ talk: echo }, both);
      const stream = await talk.chat();
      await stream.send({ text: "a" });
      expect(seen.slice(0, 2)).toEqual([
        ["client", { text: "a" }],
        ["client", "sent"],
      ]);
      expect(await stream.recv()).toEqual({ text: "re: a" });
      expect(seen).toContainEqual(["server", { text: "re: a" }]);
      stream.cancel();
    },
  },
  {
    title: "lets recv and send middleware change, hold back and refuse messages",
    async run(world) {
      const odd: Middleware = {
        recv: (next) => async (info) => {
          let line = (await next(info)) as Line | undefined;
          while (line && (line.n ?? 0) % 2 === 0) line = (await next(info)) as Line | undefined;
          return line && { ...line, text: "odd" };
        },
        send: (next) => async (info, message) => {
          if ((message as Line).text === "") throw new RpcError("invalid_argument", "say something");
          await next(info, message);
        },
      };
      const { talk } = await world.start({ talk: echo }, { client: { middleware: [odd] } });
      expect(await all(await talk.story({ text: "x", n: 5 }))).toEqual([
        { text: "odd", n: 1 },
        { text: "odd", n: 3 },
      ]);
      expect((await failure(talk.story({ text: "", n: 5 }))).message).toBe("say something");
      const stream = await talk.chat();
      expect((await failure(stream.send({ text: "" }))).message).toBe("say something");
      stream.cancel();
    },
  },
  {
    title: "gives recv and send middleware the stream, whose context says what call it is [B58]",
    async run(world) {
      const seen = new Set<string>();
      const noting = (part: string, info: CallInfo): void => {
        const stream = info.stream as ServerStreaming<Line>;
        seen.add(
          [part, info.side, stream.info.service, stream.info.method, stream.context === info.context].join(),
        );
      };
      const both: Middleware = {
        recv: (next) => (info) => {
          noting("recv", info);
          return next(info);
        },
        send: (next) => (info, message) => {
          noting("send", info);
          return next(info, message);
        },
      };
      const { talk } = await world.start(
        { talk: echo },
        { client: { middleware: [both] }, server: { middleware: [both] } },
      );
      const stream = await talk.chat();
      await stream.send({ text: "" });
      await stream.recv();
      stream.cancel();
      expect([...seen].sort()).toEqual([
        "recv,client,Talk,Chat,true",
        "recv,server,Talk,Chat,true",
        "send,client,Talk,Chat,true",
        "send,server,Talk,Chat,true",
      ]);
    },
  },
  {
    title: "has a map for each call that all its middleware share, made when first asked for [B59][B60]",
    async run(world) {
      const had: boolean[] = [];
      const first: Middleware = {
        call: (next) => (info, request) => {
          had.push(info.hasStore);
          info.store.set("started", info.method);
          return next(info, request);
        },
      };
      const found: unknown[] = [];
      const second: Middleware = {
        send: (next) => (info, message) => {
          found.push(info.store.get("started"));
          return next(info, message);
        },
        recv: (next) => async (info) => {
          const message = await next(info);
          found.push(info.store.get("started"));
          return message;
        },
      };
      const { talk } = await world.start({ talk: echo }, { client: { middleware: [first, second] } });
      const stream = await talk.chat();
      expect(stream.info.store.get("started")).toBe("Chat");
      await stream.send({ text: "" });
      await stream.recv();
      const other = await talk.chat();
      expect(other.info.store.size).toBe(1);
      expect([had, found]).toEqual([
        [false, false],
        ["Chat", "Chat"],
      ]);
      stream.cancel();
      other.cancel();
    },
  },
  {
    title:
      "runs meta handlers on a server before middleware: what they put on the context is seen by all [B61][B62]",
    async run(world) {
      const key = contextKey<Map<string, string>>("conformance.map");
      const seen: unknown[] = [];
      const look = (where: string, info: CallInfo): void => {
        seen.push([where, info.context.getValue(key)?.get("from")]);
      };
      const looking: Middleware = {
        call: (next) => (info, request) => {
          look("call", info);
          return next(info, request);
        },
        recv: (next) => async (info) => {
          look("recv", info);
          return next(info);
        },
        send: (next) => (info, message) => {
          look("send", info);
          return next(info, message);
        },
      };
      const { talk } = await world.start(
        {
          talk: {
            async chat(stream) {
              const line = await stream.recv();
              await stream.send({ text: `${line?.text} ${stream.context.getValue(key)?.get("from")}` });
            },
            ping: (_, { context }) => ({ text: context.getValue(key)?.get("from") ?? "none" }),
          },
        },
        {
          server: {
            middleware: [looking],
            metaHandlers: [
              {
                onReadStream: (context, start) =>
                  context.setValue(key, new Map([["from", `stream ${start.method}`]])),
                onReadCall: (context, start) =>
                  context.setValue(key, new Map([["from", `call ${start.method}`]])),
              },
            ],
          },
        },
      );
      const stream = await talk.chat();
      await stream.send({ text: "hi" });
      expect(await all(stream)).toEqual([{ text: "hi stream Chat" }]);
      expect(await talk.ping({ text: "" })).toEqual({ text: "call Ping" });
      expect(seen).toEqual([
        ["call", "stream Chat"],
        ["recv", "stream Chat"],
        ["send", "stream Chat"],
        ["call", "call Ping"],
      ]);
    },
  },
  {
    title: "gives the handler, its stream and its ambient context what server middleware made of the context",
    async run(world) {
      const key = contextKey<string>("conformance.user");
      const seen: unknown[] = [];
      const naming: Middleware = {
        call: (next) => (info, request) => next(info.withContext(info.context.setValue(key, "ann")), request),
        recv: (next) => (info) => {
          seen.push(info.context.getValue(key));
          return next(info);
        },
      };
      const { talk } = await world.start(
        {
          talk: {
            async *chat(stream) {
              await stream.recv();
              yield { text: `${stream.context.getValue(key)} ${currentContext().getValue(key)}` };
            },
            ping: (_, { context }) => ({
              text: `${context.getValue(key)} ${currentContext().getValue(key)}`,
            }),
          },
        },
        { server: { middleware: [naming] } },
      );
      const stream = await talk.chat();
      await stream.send({ text: "" });
      expect(await stream.recv()).toEqual({ text: "ann ann" });
      expect(await talk.ping({ text: "" })).toEqual({ text: "ann ann" });
      expect(seen).toEqual(["ann"]);
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
  {
    title: "shows recv middleware a business status as no error, and throws it from recv [B76]",
    async run(world) {
      const seen: unknown[] = [];
      const noting: Middleware = {
        recv: (next) => async (info) => {
          const message = await next(info);
          seen.push([message, info.bizStatus?.status]);
          return message;
        },
        call: (next) => async (info, request) => {
          const result = await next(info, request);
          if (!info.isStreaming) seen.push([result, info.bizStatus?.status]);
          return result;
        },
      };
      const { talk } = await world.start(
        {
          talk: {
            async *story() {
              yield { text: "one" };
              throw new BizStatusError(7, "enough");
            },
            ping() {
              throw new BizStatusError(8, "no");
            },
          },
        },
        { client: { middleware: [noting] } },
      );
      const stream = await talk.story({ text: "" });
      expect(await stream.recv()).toEqual({ text: "one" });
      await expect(stream.recv()).rejects.toMatchObject({ status: 7, message: "enough" });
      await expect(talk.ping({ text: "" })).rejects.toMatchObject({ status: 8, message: "no" });
      expect(seen).toEqual([
        [{ text: "one" }, undefined],
        [undefined, 7],
        [undefined, 8],
      ]);
    },
  },
];
