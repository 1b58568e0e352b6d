import {
  Context,
  currentContext,
  fromIncomingContext,
  getAllPersistentValues,
  getAllValues,
  getPersistentValue,
  getValue,
  Metadata,
  newOutgoingContext,
  recvAllBackwardValues,
  recvBackwardValue,
  sendBackwardValue,
  withBackwardValues,
  withPersistentValue,
  withValue,
} from "@slipstream/metainfo";
import type { Middleware, ServerCall } from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { type Line, Talk } from "../talk.ts";
import { all, Gate } from "../waiting.ts";

const seeds = (): Context => withValue(withPersistentValue(Context.background, "p", "persists"), "t", "once");

const asSeen = ({ context }: Pick<ServerCall, "context">): Line => ({
  text: JSON.stringify({
    p: Object.fromEntries(getAllPersistentValues(context)),
    t: Object.fromEntries(getAllValues(context)),
  }),
});
const parse = (line: Line | undefined): unknown => JSON.parse(line?.text ?? "null");

/** Metainfo, metadata, backward values, and the context that surrounds a handler. */
export const context: readonly Case[] = [
  {
    title: "carries persistent and transient values with the opening of a stream, of every kind [A1][A2][A3]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            yield asSeen(stream);
          },
          async *story(_, stream) {
            yield asSeen(stream);
          },
          collect: async (stream) => asSeen(stream),
          ask: async (_, call) => asSeen(call),
          ping: (_, call) => asSeen(call),
        },
      });
      const options = { context: seeds() };
      const chat = await talk.chat(options);
      const story = await talk.story({ text: "" }, options);
      const collect = await talk.collect(options);
      for (const seen of [
        await chat.recv(),
        await story.recv(),
        await collect.closeAndRecv(),
        await talk.ask({ text: "" }, options),
        await talk.ping({ text: "" }, options),
      ]) {
        expect(parse(seen)).toEqual({ p: { p: "persists" }, t: { t: "once" } });
      }
    },
  },
  {
    title: "passes persistent values on to the next service, and transient values one hop only [D3][D4][D5]",
    async run(world) {
      const back = await world.start({ talk: { ping: (_, call) => asSeen(call) } });
      const front = await world.start({
        talk: {
          async *chat(stream) {
            yield asSeen(stream);
            yield await back.talk.ping({ text: "" });
            // What the handler sets itself travels.
            yield await back.talk.ping({ text: "" }, { context: withValue(stream.context, "t2", "mine") });
          },
        },
      });
      const stream = await front.talk.chat({ context: seeds() });
      expect((await all(stream)).map(parse)).toEqual([
        { p: { p: "persists" }, t: { t: "once" } },
        { p: { p: "persists" }, t: {} },
        { p: { p: "persists" }, t: { t2: "mine" } },
      ]);
    },
  },
  {
    title: "carries keys and values of metainfo exactly, whatever they are made of",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            yield asSeen(stream);
          },
          ping: (_, call) => asSeen(call),
        },
      });
      const pairs: Record<string, string> = {
        lower: "a",
        UPPER: "b",
        "Mixed-Case": "c",
        "with-hyphen": "d",
        with_underscore: "e",
        "with blank": " edge blanks ",
        UPSTREAM_X: "f",
        X_BIN: "g",
        "x-bin": "h",
        "\u00e9\u4e16": "\u4e16\u754c \u{1f600}",
        "new\nline": "line\nfeed\ttab\0nul",
        "=": ";,=%",
        "a:b": "base64==",
      };
      let options = Context.background;
      for (const [key, value] of Object.entries(pairs)) {
        options = withPersistentValue(withValue(options, key, value), key, `p ${value}`);
      }
      const persistent = Object.fromEntries(Object.entries(pairs).map(([key, value]) => [key, `p ${value}`]));
      const stream = await talk.chat({ context: options });
      for (const seen of [await stream.recv(), await talk.ping({ text: "" }, { context: options })]) {
        expect(parse(seen)).toEqual({ p: persistent, t: pairs });
      }
    },
  },
  {
    title: "takes metainfo when the call starts: what changes later stays behind [A1]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            for await (const _ of stream) yield asSeen(stream);
          },
        },
      });
      const stream = await talk.chat({ context: seeds() });
      withPersistentValue(stream.context, "late", "too late");
      await stream.send({ text: "" });
      expect(parse(await stream.recv())).toEqual({ p: { p: "persists" }, t: { t: "once" } });
      stream.cancel();
    },
  },
  {
    title: "carries gRPC-style metadata to the handler: lower-case names, several values, bytes [C5][C7]",
    async run(world) {
      const seen = new Gate<Metadata | undefined>();
      const { talk } = await world.start(
        {
          talk: {
            async chat({ context }) {
              seen.open(fromIncomingContext(context));
            },
          },
        },
        { client: { metadata: { "From-Client": "0" } } },
      );
      const metadata = Metadata.pairs("k", "1", "K", "2", "k-bin", Uint8Array.of(0, 128, 255));
      const context = newOutgoingContext(Context.background, metadata);
      const stream = await talk.chat({ context, metadata: { "From-Call": "3" } });
      await stream.recv();
      const incoming = await seen.opened;
      expect(incoming?.get("k")).toEqual(["1", "2"]);
      expect(incoming?.get("k-bin")).toEqual([Uint8Array.of(0, 128, 255)]);
      expect(incoming?.get("from-client")).toEqual(["0"]);
      expect(incoming?.get("from-call")).toEqual(["3"]);
      expect([...(incoming?.keys() ?? [])].sort()).toEqual(["from-call", "from-client", "k", "k-bin"]);
    },
  },
  {
    title: "passes metadata one call only: not on from a handler by itself [C5]",
    async run(world) {
      const read = (_: Line, { context }: ServerCall): Line => ({
        text: `${fromIncomingContext(context)?.get("k").join()}`,
      });
      const back = await world.start({ talk: { ping: read } });
      const front = await world.start({
        talk: {
          async ping(line, call) {
            return { text: `${read(line, call).text} then ${(await back.talk.ping(line)).text}` };
          },
        },
      });
      expect(await front.talk.ping({ text: "" }, { metadata: { k: "v" } })).toEqual({
        text: "v then undefined",
      });
    },
  },
  {
    title: "brings backward values of single calls back, exactly [D24][D26][D28][D29]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          ping(line, { context }) {
            const sent = [
              sendBackwardValue(context, "k", "v"),
              sendBackwardValue(context, "Mixed-\u00e9", " \u4e16\n"),
              sendBackwardValue(context, "rip", "1.2.3.4"),
            ];
            return { ...line, text: sent.join() };
          },
          async ask(line, { context }) {
            sendBackwardValue(context, "k", "asked");
            return line;
          },
        },
      });
      const own = withBackwardValues(Context.background);
      expect(await talk.ping({ text: "" }, { context: own })).toEqual({ text: "true,true,true" });
      expect(recvAllBackwardValues(own)).toEqual(
        new Map([
          ["k", "v"],
          ["Mixed-\u00e9", " \u4e16\n"],
          ["rip", "1.2.3.4"],
        ]),
      );
      await talk.ask({ text: "" }, { context: own });
      expect(recvBackwardValue(own, "k")).toBe("asked");
    },
  },
  {
    title: "has no backward values on streams, which have header and trailer for it [A12]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            yield { text: `${sendBackwardValue(stream.context, "k", "v")}` };
            stream.setTrailer({ k: "v" });
          },
        },
      });
      const own = withBackwardValues(Context.background);
      const stream = await talk.chat({ context: own });
      expect(await all(stream)).toEqual([{ text: "false" }]);
      expect(recvAllBackwardValues(own).size).toBe(0);
      expect((await stream.trailer()).get("k")).toBe("v");
    },
  },
  {
    title: "surrounds a handler by its own context, an async generator's too, and continues it in calls",
    async run(world) {
      const back = await world.start({
        talk: { ping: (_, { context }) => ({ text: getPersistentValue(context, "p") ?? "none" }) },
      });
      const ask = async (): Promise<string> => (await back.talk.ping({ text: "" })).text;
      const front = await world.start({
        talk: {
          async *chat(stream) {
            for await (const _ of stream) {
              yield { text: `${currentContext() === stream.context} ${await ask()}` };
            }
          },
          async *story(_, stream) {
            yield { text: `${currentContext() === stream.context} ${await ask()}` };
            yield { text: `${currentContext() === stream.context} ${await ask()}` };
          },
          collect: async (stream) => ({ text: `${currentContext() === stream.context} ${await ask()}` }),
          ping: async (_, call) => ({ text: `${currentContext() === call.context} ${await ask()}` }),
        },
      });
      const options = { context: seeds() };
      const chat = await front.talk.chat(options);
      await chat.send({ text: "" });
      await chat.closeSend();
      const collect = await front.talk.collect(options);
      const seen = [
        ...(await all(chat)),
        ...(await all(await front.talk.story({ text: "" }, options))),
        await collect.closeAndRecv(),
        await front.talk.ping({ text: "" }, options),
      ];
      expect(seen.map(({ text }) => text)).toEqual(Array.from({ length: 5 }, () => "true persists"));
      expect(currentContext()).toBe(Context.background);
    },
  },
  {
    title: "lets an explicit context win over the ambient one, and a detached one outlive the handler",
    async run(world) {
      const back = await world.start({
        talk: {
          ping: (_, { context }) => ({
            text: `${getPersistentValue(context, "p")} ${context.remainingMs() === undefined}`,
          }),
        },
      });
      const later = new Gate<string>();
      const returned = new Gate();
      const front = await world.start({
        talk: {
          async ping(line, { context }) {
            const detached = context.detached();
            void returned.opened.then(async () => {
              later.open((await back.talk.ping(line, { context: detached })).text);
            });
            return back.talk.ping(line, { context: Context.background });
          },
        },
      });
      const { text } = await front.talk.ping({ text: "" }, { context: seeds(), timeoutMs: 10_000 });
      expect(text).toBe("undefined true");
      returned.open();
      expect(await later.opened).toBe("persists true");
    },
  },
  {
    title: "surrounds what a generator does when it is left, too",
    async run(world) {
      const left = new Gate<string>();
      const { talk } = await world.start({
        talk: {
          async *story() {
            try {
              for (;;) yield { text: "x".repeat(10_000) };
            } finally {
              left.open(getPersistentValue(currentContext(), "p") ?? "none");
            }
          },
        },
      });
      const story = await talk.story({ text: "" }, { context: seeds() });
      await story.recv();
      story.cancel();
      expect(await left.opened).toBe("persists");
    },
  },
  {
    title: "leaves contexts to the handlers of a server that wants none to be ambient, middleware or not",
    async run(world) {
      const back = await world.start({
        talk: { ping: (_, { context }) => ({ text: getPersistentValue(context, "p") ?? "none" }) },
      });
      const ask = async (context?: Context): Promise<string> =>
        (await back.talk.ping({ text: "" }, context ? { context } : {})).text;
      const both = async (context: Context): Promise<Line> => ({
        text: `${await ask()} ${await ask(context)} ${currentContext() === Context.background}`,
      });
      const passOn: Middleware = { call: (next) => (info, request) => next(info, request) };
      const seen: Line[] = [];
      for (const middleware of [[], [passOn]]) {
        const front = await world.start(
          {
            talk: {
              async *story(_, stream) {
                yield await both(stream.context);
              },
              ping: (_, { context }) => both(context),
            },
          },
          { server: { ambientContext: false, middleware } },
        );
        seen.push(...(await all(await front.talk.story({ text: "" }, { context: seeds() }))));
        seen.push(await front.talk.ping({ text: "" }, { context: seeds() }));
      }
      expect(seen.map(({ text }) => text)).toEqual(Array.from({ length: 4 }, () => "none persists true"));
    },
  },
  {
    title: "keeps the contexts of handlers that run at the same time apart",
    async run(world) {
      const both = new Gate();
      let started = 0;
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            if (++started === 20) both.open();
            await both.opened;
            for await (const _ of stream) yield { text: getValue(currentContext(), "who") ?? "none" };
          },
        },
      });
      const streams = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          talk.chat({ context: withValue(Context.background, "who", `${i}`) }),
        ),
      );
      for (const stream of streams) {
        await stream.send({ text: "" });
        await stream.closeSend();
      }
      const seen = await Promise.all(streams.map((stream) => all(stream)));
      expect(seen.map(([line]) => line?.text)).toEqual(streams.map((_, i) => `${i}`));
    },
  },
  {
    title: "tells the callee who calls: the client's name for itself, or the server and method it calls from",
    async run(world) {
      const callers: unknown[] = [];
      const back = await world.start(
        { talk: { ping: (line) => line } },
        { server: { admit: ({ caller, callerMethod }) => void callers.push([caller, callerMethod]) } },
      );
      const named = back.client(Talk, { caller: "gateway" });
      const front = await world.start(
        {
          talk: {
            async ping(line) {
              await back.talk.ping(line);
              await named.ping(line);
              return line;
            },
          },
        },
        { server: { name: "orders" } },
      );
      await back.talk.ping({ text: "" });
      await front.talk.ping({ text: "" });
      expect(callers).toEqual([
        [undefined, undefined],
        ["orders", "Ping"],
        ["gateway", "Ping"],
      ]);
    },
  },
];
