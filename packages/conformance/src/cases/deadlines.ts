import { Context, withCancel, withTimeout } from "@slipstream/metainfo";
import { callWithTimeout } from "@slipstream/rpc";
import type { RpcError } from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { all, failure, Gate } from "../waiting.ts";

/** Limits of time: of a whole call, of a step, of a recv. */
export const deadlines: readonly Case[] = [
  {
    title: "ends a whole stream at the deadline of the context that opened it, on both sides [B33][B35]",
    async run(world) {
      const codes = new Gate<readonly string[]>();
      const { talk, connect } = await world.start({
        talk: {
          async chat(stream) {
            const recv = await failure(stream.recv());
            const send = await failure(stream.send({ text: "late" }));
            codes.open([recv.code, send.code, (stream.signal.reason as RpcError).code]);
          },
        },
      });
      await connect();
      const stream = await talk.chat({ context: withTimeout(Context.background, 40) });
      expect((await failure(stream.recv())).code).toBe("deadline_exceeded");
      expect((await failure(stream.send({ text: "late" }))).code).toBe("deadline_exceeded");
      expect((await failure(stream.recv())).code).toBe("deadline_exceeded");
      expect(await codes.opened).toEqual(["deadline_exceeded", "deadline_exceeded", "deadline_exceeded"]);
    },
  },
  {
    title: "bounds a whole stream by timeoutMs, also one whose messages keep coming [B32][B33]",
    async run(world) {
      const { talk, connect } = await world.start({
        talk: {
          async *story() {
            for (let n = 0; ; n++) {
              yield { text: "", n };
              await new Promise((resolve) => setImmediate(resolve));
            }
          },
        },
      });
      await connect();
      const stream = await talk.story({ text: "" }, { timeoutMs: 50 });
      expect((await failure(all(stream))).code).toBe("deadline_exceeded");
    },
  },
  {
    title: "bounds a ping-pong call by timeoutMs [B32]",
    async run(world) {
      const ended = new Gate<string>();
      const { talk, connect } = await world.start({
        talk: {
          async ping(line, { signal }) {
            signal.addEventListener("abort", () => ended.open((signal.reason as RpcError).code));
            await ended.opened;
            return line;
          },
        },
      });
      await connect();
      const error = await failure(talk.ping({ text: "" }, { timeoutMs: 40 }));
      expect([error.code, error.method]).toEqual(["deadline_exceeded", "Talk/Ping"]);
      expect(await ended.opened).toBe("deadline_exceeded");
    },
  },
  {
    title: "gives the handler the time that is left [B34]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          ping: (_, { context }) => ({ text: "", n: context.remainingMs() ?? -1 }),
          async *chat({ context }) {
            yield { text: "", n: context.remainingMs() ?? -1 };
          },
        },
      });
      const stream = await talk.chat({ timeoutMs: 60_000 });
      for (const line of [await talk.ping({ text: "" }, { timeoutMs: 60_000 }), await stream.recv()]) {
        expect(line?.n).toBeGreaterThan(50_000);
        expect(line?.n).toBeLessThanOrEqual(60_001);
      }
      const unbounded = await talk.chat();
      expect((await unbounded.recv())?.n).toBe(-1);
      expect((await talk.ping({ text: "" })).n).toBe(-1);
    },
  },
  {
    title: "lets a call's timeoutMs beat the client's, and narrow the context's only [B17]",
    async run(world) {
      const { talk } = await world.start(
        { talk: { ping: (_, { context }) => ({ text: "", n: context.remainingMs() ?? -1 }) } },
        { client: { timeoutMs: 20_000 } },
      );
      const left = async (...options: Parameters<typeof talk.ping>[1][]): Promise<number> =>
        (await talk.ping({ text: "" }, options[0])).n ?? 0;
      expect(await left()).toBeLessThanOrEqual(20_001);
      expect(await left({ timeoutMs: 60_000 })).toBeGreaterThan(30_000);
      const context = withTimeout(Context.background, 5_000);
      expect(await left({ context, timeoutMs: 60_000 })).toBeLessThanOrEqual(5_001);
      expect(await left({ context, timeoutMs: 1_000 })).toBeLessThanOrEqual(1_001);
    },
  },
  {
    title: "fails a call whose deadline has passed without sending it",
    async run(world) {
      let calls = 0;
      const { talk } = await world.start({ talk: { ping: (line) => (calls++, line) } });
      const context = withTimeout(Context.background, 0);
      expect((await failure(talk.ping({ text: "" }, { context }))).code).toBe("deadline_exceeded");
      expect((await failure(talk.chat({ context }))).code).toBe("deadline_exceeded");
      await talk.ping({ text: "" });
      expect(calls).toBe(1);
    },
  },
  {
    title: "passes the deadline on to the calls that a handler makes, shrinking",
    async run(world) {
      const back = await world.start({
        talk: { ping: (_, { context }) => ({ text: "", n: context.remainingMs() ?? -1 }) },
      });
      const front = await world.start({
        talk: {
          async ping(line, { context }) {
            const own = context.remainingMs() ?? 0;
            const next = (await back.talk.ping(line)).n ?? 0;
            return { text: next <= own + 1 ? "shrinks" : `${own} then ${next}`, n: next };
          },
        },
      });
      const { text, n } = await front.talk.ping({ text: "" }, { timeoutMs: 30_000 });
      expect(text).toBe("shrinks");
      expect(n).toBeGreaterThan(20_000);
    },
  },
  {
    title: "ends a call at its deadline although the handler does not heed it",
    async run(world) {
      const mayReturn = new Gate();
      const { talk, server, connect } = await world.start({
        talk: {
          async chat() {
            await mayReturn.opened;
          },
          async ping(line) {
            await mayReturn.opened;
            return line;
          },
        },
      });
      await connect();
      const stream = await talk.chat({ timeoutMs: 30 });
      const calls = [failure(stream.recv()), failure(talk.ping({ text: "" }, { timeoutMs: 30 }))];
      for (const { code } of await Promise.all(calls)) expect(code).toBe("deadline_exceeded");
      expect(server.activeCalls).toBe(2);
      mayReturn.open();
    },
  },
  {
    title: "cancels the stream on both sides when a recv takes longer than recvTimeoutMs",
    async run(world) {
      const ended = new Gate<string>();
      const { talk } = await world.start({
        talk: {
          async *story(_, { signal }) {
            signal.addEventListener("abort", () => ended.open((signal.reason as RpcError).code));
            yield { text: "in time" };
            await ended.opened;
          },
        },
      });
      const stream = await talk.story({ text: "" }, { recvTimeoutMs: 40 });
      expect(await stream.recv()).toEqual({ text: "in time" });
      const error = await failure(stream.recv());
      expect([error.code, error.retryable]).toEqual(["deadline_exceeded", false]);
      expect(await ended.opened).toBe("deadline_exceeded");
      expect((await failure(stream.recv())).code).toBe("deadline_exceeded");
    },
  },
  {
    title: "fails only the recv that took too long when the remote is not to be cancelled",
    async run(world) {
      const mayGoOn = new Gate();
      const { talk } = await world.start(
        {
          talk: {
            async *story() {
              yield { text: "in time" };
              await mayGoOn.opened;
              for (let n = 0; n < 3; n++) yield { text: "late", n };
            },
          },
        },
        { client: { recvTimeoutMs: { timeoutMs: 30, cancelRemote: false } } },
      );
      const stream = await talk.story({ text: "" });
      expect(await stream.recv()).toEqual({ text: "in time" });
      const error = await failure(stream.recv());
      expect([error.code, error.retryable]).toEqual(["deadline_exceeded", true]);
      mayGoOn.open();
      // Nothing is lost: the message that the failed recv waited for comes first.
      expect((await all(stream)).map(({ n }) => n)).toEqual([0, 1, 2]);
    },
  },
  {
    title:
      "bounds one step by callWithTimeout, and cancels the stream through a context made before it [B36]",
    async run(world) {
      const ended = new Gate();
      const { talk } = await world.start({
        talk: {
          async *story(_, { signal }) {
            signal.addEventListener("abort", () => ended.open());
            yield { text: "in time" };
            await ended.opened;
          },
        },
      });
      const { context, cancel } = withCancel(Context.background);
      const stream = await talk.story({ text: "" }, { context });
      expect(await callWithTimeout(10_000, cancel, () => stream.recv())).toEqual({ text: "in time" });
      const error = await failure(callWithTimeout(40, cancel, () => stream.recv()));
      expect(error.code).toBe("deadline_exceeded");
      await ended.opened;
      expect((await failure(stream.recv())).code).toBe("deadline_exceeded");
    },
  },
  {
    title: "frees both sides of a stream whose ends wait for one another, by its deadline [B29]",
    async run(world) {
      const freed = new Gate();
      const { talk, connect } = await world.start({
        talk: {
          async chat(stream) {
            // Waits for the client, which waits for it: they never agreed who ends.
            await failure(stream.recv());
            freed.open();
          },
        },
      });
      await connect();
      const stream = await talk.chat({ timeoutMs: 40 });
      expect((await failure(stream.recv())).code).toBe("deadline_exceeded");
      await freed.opened;
    },
  },
  {
    title: "refuses timeouts that are no positive numbers, at creation and at the call",
    async run(world) {
      const running = await world.start({ talk: { ping: (line) => line } });
      for (const value of [0, -1, Number.NaN]) {
        expect((await failure(running.talk.ping({ text: "" }, { timeoutMs: value }))).code).toBe(
          "invalid_argument",
        );
        expect((await failure(running.talk.chat({ recvTimeoutMs: value }))).code).toBe("invalid_argument");
        expect((await failure(running.talk.chat({ connectTimeoutMs: value }))).code).toBe("invalid_argument");
      }
      expect((await failure(() => running.client({ ...TalkOnly }, { timeoutMs: 0 }))).code).toBe(
        "invalid_argument",
      );
    },
  },
];

const TalkOnly = { name: "Talk", contentSubtype: "thrift", methods: {} } as const;
