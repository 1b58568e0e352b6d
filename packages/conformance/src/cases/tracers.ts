import { Context, contextKey } from "@slipstream/metainfo";
import {
  BizStatusError,
  type CallInfo,
  RpcError,
  type StreamEvent,
  type Tracer,
  type TransportEvent,
} from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { all, bizStatus, failure, until } from "../waiting.ts";

/** Writes down what a tracer is told, in a line each. */
function recording(log: string[], only?: "client" | "server"): Tracer {
  return {
    start(info) {
      if (only !== undefined && info.side !== only) return undefined;
      const say = (text: string): void => void log.push(text);
      say(`start ${info.method}`);
      return {
        event: (event) => say(`event ${line(event)}`),
        finish: ({ error }) => say(error ? `finish ${error.code}` : "finish"),
      };
    },
  };
}

function line(event: StreamEvent): string {
  switch (event.type) {
    case "start":
      return "start";
    case "header":
      return `header ${[...event.header.entries()].join(";")}`.trim();
    case "send":
    case "recv":
      return `${event.type} ${event.bytes}${event.error === undefined ? "" : ` ${(event.error as RpcError).code}`}`;
    case "finish":
      return event.error ? `finish ${event.error.code}` : "finish";
  }
}

// {"text":"a"}
const sizeOfA = 12;

/** What tracers hear, and when. */
export const tracers: readonly Case[] = [
  {
    title: "tells a client's tracer of the whole life of a stream, in order [B26][B69][B70][B71]",
    async run(world) {
      const log: string[] = [];
      const { talk } = await world.start(
        {
          talk: {
            async *chat(stream) {
              await stream.sendHeader({ h: "v" });
              yield* stream;
            },
          },
        },
        { client: { tracers: [recording(log)] } },
      );
      const stream = await talk.chat();
      await stream.header();
      await stream.send({ text: "a" });
      expect(log).toEqual(["start Chat", "event start", "event header h,v", `event send ${sizeOfA}`]);
      await stream.recv();
      expect(log.at(-1)).toBe(`event recv ${sizeOfA}`);
      await stream.closeSend();
      expect(log).toHaveLength(5);
      await stream.recv();
      expect(log.slice(5)).toEqual(["event finish", "finish"]);
    },
  },
  {
    title: "finishes a client's trace when recv meets the end, not before [B66]",
    async run(world) {
      const log: string[] = [];
      const { talk } = await world.start(
        {
          talk: {
            async *story() {
              yield { text: "a" };
            },
          },
        },
        { client: { tracers: [recording(log)] } },
      );
      const stream = await talk.story({ text: "" });
      await stream.trailer();
      expect(log).not.toContain("finish");
      await stream.recv();
      expect(log).not.toContain("finish");
      await stream.recv();
      expect(log.filter((text) => text === "finish")).toHaveLength(1);
      await stream.recv();
      expect(log.filter((text) => text === "finish")).toHaveLength(1);
    },
  },
  {
    title: "finishes a client's trace with the error that recv meets [B26][B66]",
    async run(world) {
      const log: string[] = [];
      const { talk } = await world.start(
        {
          talk: {
            async chat() {
              throw new RpcError("aborted", "broken");
            },
          },
        },
        { client: { tracers: [recording(log)] } },
      );
      const stream = await talk.chat();
      await stream.trailer();
      expect(log.join()).not.toContain("aborted");
      await failure(stream.recv());
      expect(log.slice(-3)).toEqual(["event recv 0 aborted", "event finish aborted", "finish aborted"]);
    },
  },
  {
    title: "finishes the trace of client streaming at the end of closeAndRecv [B67]",
    async run(world) {
      const log: string[] = [];
      const { talk } = await world.start(
        { talk: { collect: async (stream) => ({ text: `${(await all(stream)).length}` }) } },
        { client: { tracers: [recording(log)] } },
      );
      const stream = await talk.collect();
      await stream.send({ text: "a" });
      expect(log.at(-1)).toBe(`event send ${sizeOfA}`);
      expect(log).not.toContain("finish");
      await stream.closeAndRecv();
      expect(log.filter((text) => !text.startsWith("event header"))).toEqual([
        "start Collect",
        "event start",
        `event send ${sizeOfA}`,
        `event recv ${sizeOfA}`,
        "event finish",
        "finish",
      ]);
    },
  },
  {
    title: "finishes a client's trace by hand, for streams that end by another agreement [B27]",
    async run(world) {
      const log: string[] = [];
      const { talk } = await world.start(
        { talk: { chat: async (stream) => void (await all(stream)) } },
        { client: { tracers: [recording(log)] } },
      );
      const good = await talk.chat();
      good.finish();
      expect(log.at(-1)).toBe("finish");
      await good.closeSend();
      await good.recv();
      expect(log.filter((text) => text === "finish")).toHaveLength(1);

      const bad = await talk.chat();
      bad.finish(new RpcError("data_loss", "we agreed on more"));
      expect(log.at(-1)).toBe("finish data_loss");
      bad.cancel();
      expect(log.filter((text) => text.startsWith("finish"))).toHaveLength(2);
    },
  },
  {
    title: "finishes a client's trace when the client cancels or leaves its loop",
    async run(world) {
      const log: string[] = [];
      const { talk } = await world.start(
        {
          talk: {
            chat: async (stream) => void (await all(stream)),
            async *story() {
              for (;;) yield { text: "a" };
            },
          },
        },
        { client: { tracers: [recording(log)] } },
      );
      const chat = await talk.chat();
      chat.cancel();
      expect(log.at(-1)).toBe("finish cancelled");
      for await (const _ of await talk.story({ text: "" })) break;
      expect(log.at(-1)).toBe("finish cancelled");
    },
  },
  {
    title: "tells a tracer of a stream that could not be opened",
    async run(world) {
      const log: string[] = [];
      const { talk, server } = await world.start({}, { client: { tracers: [recording(log)] } });
      await server.close({ graceMs: 0 });
      await failure(talk.chat());
      expect(log).toEqual(["start Chat", "finish unavailable"]);
    },
  },
  {
    title: "tells a server's tracer of start, messages and finish of a stream [B69][B70]",
    async run(world) {
      const log: string[] = [];
      const { talk } = await world.start(
        {
          talk: {
            async *chat(stream) {
              yield* stream;
            },
          },
        },
        { server: { tracers: [recording(log)] } },
      );
      const stream = await talk.chat();
      await stream.send({ text: "a" });
      await stream.closeSend();
      await all(stream);
      await until(() => log.includes("finish"));
      expect(log).toEqual([
        "start Chat",
        "event start",
        `event recv ${sizeOfA}`,
        `event send ${sizeOfA}`,
        "event finish",
        "finish",
      ]);
    },
  },
  {
    title: "tells a server's tracer what the caller was told, also when the handler goes on for longer",
    async run(world) {
      const log: string[] = [];
      const { talk } = await world.start(
        {
          talk: {
            ping: (line) => line,
            async chat({ signal }) {
              await new Promise((resolve) => signal.addEventListener("abort", resolve));
            },
          },
        },
        { server: { tracers: [recording(log)] } },
      );
      // So that the deadline is not over before there is a connection.
      await talk.ping({ text: "" });
      log.length = 0;
      const stream = await talk.chat({ timeoutMs: 100 });
      expect((await failure(stream.recv())).code).toBe("deadline_exceeded");
      await until(() => log.length === 4);
      expect(log).toEqual([
        "start Chat",
        "event start",
        "event finish deadline_exceeded",
        "finish deadline_exceeded",
      ]);
    },
  },
  {
    title: "traces single calls on both sides, without stream events [B68]",
    async run(world) {
      const client: string[] = [];
      const server: string[] = [];
      const { talk } = await world.start(
        {
          talk: {
            ping: (line) => line,
            ask: () => {
              throw new RpcError("not_found", "no");
            },
          },
        },
        { client: { tracers: [recording(client)] }, server: { tracers: [recording(server)] } },
      );
      await talk.ping({ text: "" });
      await failure(talk.ask({ text: "" }));
      await until(() => server.length === 4);
      for (const log of [client, server]) {
        expect(log).toEqual(["start Ping", "finish", "start Ask", "finish not_found"]);
      }
    },
  },
  {
    title: "traces a call that ends with a business status as a success that has one [B76]",
    async run(world) {
      const infos: CallInfo[] = [];
      const log: string[] = [];
      const tracer: Tracer = {
        start(info) {
          infos.push(info);
          return {
            finish: ({ error }) => log.push(`${info.method} ${error?.code} ${info.bizStatus?.status}`),
          };
        },
      };
      const { talk } = await world.start(
        {
          talk: {
            async story() {
              throw new BizStatusError(5, "enough");
            },
            ping: () => {
              throw new BizStatusError(6, "no");
            },
          },
        },
        { client: { tracers: [tracer] } },
      );
      const stream = await talk.story({ text: "" });
      await bizStatus(stream.recv());
      await bizStatus(talk.ping({ text: "" }));
      expect(log).toEqual(["Story undefined 5", "Ping undefined 6"]);
    },
  },
  {
    title: "goes on with the context that a tracer gives",
    async run(world) {
      const key = contextKey<string>("conformance.span");
      const tracer: Tracer = {
        start: ({ context, side }) => ({
          context: context.setValue(key, `${context.getValue(key) ?? ""}${side} `),
          finish() {},
        }),
      };
      const { talk } = await world.start(
        { talk: { ping: (_, { context }) => ({ text: context.getValue(key) ?? "" }) } },
        { client: { tracers: [tracer] }, server: { tracers: [tracer, tracer] } },
      );
      expect(await talk.ping({ text: "" })).toEqual({ text: "server server " });
      const stream = await talk.chat({ context: Context.background });
      expect(stream.context.getValue(key)).toBe("client ");
      stream.cancel();
    },
  },
  {
    title: "goes on when a tracer throws, and reports it",
    async run(world) {
      const failing: Tracer = {
        start: () => ({
          event() {
            throw new Error("in event");
          },
          finish() {
            throw new Error("in finish");
          },
        }),
      };
      const worse: Tracer = {
        start() {
          throw new Error("in start");
        },
      };
      const hooks: string[] = [];
      const tracing = {
        tracers: [worse, failing],
        // Transports with sockets report their connections, too.
        onEvent: (event: TransportEvent) => void (event.type === "hook_failed" && hooks.push(event.hook)),
      };
      const { talk } = await world.start(
        {
          talk: {
            async *story() {
              yield { text: "a" };
            },
          },
        },
        { client: tracing, server: tracing },
      );
      expect(await all(await talk.story({ text: "" }))).toEqual([{ text: "a" }]);
      expect(new Set(hooks)).toEqual(new Set(["tracer.start", "tracer.event", "tracer.finish"]));
    },
  },
];
