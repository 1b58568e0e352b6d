import { RpcError } from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { all, failure, Gate, until } from "../waiting.ts";

/** Who cancels, who hears of it, and what becomes of what is pending. */
export const cancel: readonly Case[] = [
  {
    title: "ends the handler's signal, with the cause's text, when the client cancels",
    async run(world) {
      const reason = new Gate<unknown>();
      const open = new Gate();
      const { talk } = await world.start({
        talk: {
          async chat({ signal }) {
            signal.addEventListener("abort", () => reason.open(signal.reason));
            open.open();
            await reason.opened;
          },
        },
      });
      const stream = await talk.chat();
      await open.opened;
      stream.cancel(new Error("I changed my mind"));
      const seen = await reason.opened;
      expect(seen).toBeInstanceOf(RpcError);
      expect((seen as RpcError).code).toBe("cancelled");
    },
  },
  {
    title: "fails everything pending at the client when it cancels, with the cause",
    async run(world) {
      const { talk } = await world.start({ talk: { chat: async (stream) => void (await all(stream)) } });
      const stream = await talk.chat();
      const pending = [
        failure(stream.recv()),
        failure(stream.recv()),
        failure(stream.header()),
        failure(stream.trailer()),
      ];
      const cause = new Error("enough");
      stream.cancel(cause);
      for (const error of await Promise.all(pending)) {
        expect([error.code, error.message, error.cause]).toEqual(["cancelled", "enough", cause]);
      }
      expect((await failure(stream.send({ text: "" }))).code).toBe("cancelled");
      expect((await failure(stream.recv())).code).toBe("cancelled");
    },
  },
  {
    title: "cancels only once, and not after the end",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *story() {},
          async chat(stream) {
            await stream.recv();
          },
        },
      });
      const done = await talk.story({ text: "" });
      expect(await done.recv()).toBeUndefined();
      done.cancel("late");
      expect(await done.recv()).toBeUndefined();
      expect((await done.trailer()).size).toBe(0);

      const stream = await talk.chat();
      stream.cancel("first");
      stream.cancel("second");
      expect((await failure(stream.recv())).message).toBe("first");
    },
  },
  {
    title: "drops what was not read yet when the client cancels",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.send({ text: "unread" });
            await stream.send({ text: "unread too" });
            await stream.recv();
          },
        },
      });
      const stream = await talk.chat();
      expect(await stream.recv()).toEqual({ text: "unread" });
      stream.cancel();
      expect((await failure(stream.recv())).code).toBe("cancelled");
      expect(stream.tryRecv()).toBeUndefined();
    },
  },
  {
    title: "fails the handler's pending recv and later sends when the client cancels",
    async run(world) {
      const codes = new Gate<readonly string[]>();
      const open = new Gate();
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            open.open();
            const recv = await failure(stream.recv());
            const send = await failure(stream.send({ text: "too late" }));
            const header = await failure(stream.sendHeader({ h: "too late" }));
            codes.open([recv.code, send.code, header.code]);
          },
        },
      });
      const stream = await talk.chat();
      await open.opened;
      stream.cancel();
      expect(await codes.opened).toEqual(["cancelled", "cancelled", "cancelled"]);
    },
  },
  {
    title: "cancels the call when the client leaves its for await early",
    async run(world) {
      const cancelled = new Gate<string>();
      const { talk } = await world.start({
        talk: {
          async *story(_, { signal }) {
            signal.addEventListener("abort", () => cancelled.open((signal.reason as RpcError).code));
            for (let n = 0; ; n++) yield { text: "", n };
          },
        },
      });
      const stream = await talk.story({ text: "" });
      for await (const { n } of stream) if (n === 3) break;
      expect(await cancelled.opened).toBe("cancelled");
      expect((await failure(stream.recv())).code).toBe("cancelled");
    },
  },
  {
    title: "runs the finally blocks of an async generator whose call is cancelled",
    async run(world) {
      const cleaned = new Gate();
      const { talk, server } = await world.start({
        talk: {
          async *story() {
            try {
              for (let n = 0; ; n++) yield { text: "", n };
            } finally {
              cleaned.open();
            }
          },
        },
      });
      const stream = await talk.story({ text: "" });
      await stream.recv();
      stream.cancel();
      await cleaned.opened;
      await until(() => server.activeCalls === 0);
    },
  },
  {
    title: "ends an iterable that a handler returned and that waits for its next message, on cancel",
    async run(world) {
      const returned = new Gate();
      const { talk, server } = await world.start({
        talk: {
          story: () => ({
            [Symbol.asyncIterator]: () => {
              const ended = new Gate<IteratorResult<never>>();
              return {
                next: () => ended.opened,
                return: async () => {
                  returned.open();
                  ended.open({ done: true, value: undefined });
                  return { done: true, value: undefined };
                },
              };
            },
          }),
        },
      });
      const stream = await talk.story({ text: "" });
      await until(() => server.activeCalls === 1);
      stream.cancel();
      await returned.opened;
      await until(() => server.activeCalls === 0);
    },
  },
  {
    title: "cancels a stream that goes out of scope, unless it has ended",
    async run(world) {
      const cancelled = new Gate();
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            stream.signal.addEventListener("abort", () => cancelled.open());
            await stream.send({ text: "hello" });
            await stream.recv();
          },
        },
      });
      {
        await using stream = await talk.chat();
        expect(await stream.recv()).toEqual({ text: "hello" });
      }
      await cancelled.opened;
    },
  },
  {
    title: "ends a call when its AbortSignal aborts, ping-pong and stream",
    async run(world) {
      const started = [new Gate(), new Gate()];
      const ended = [new Gate<string>(), new Gate<string>()];
      const wait = async (n: number, signal: AbortSignal): Promise<never> => {
        signal.addEventListener("abort", () => ended[n]?.open((signal.reason as RpcError).code));
        started[n]?.open();
        await ended[n]?.opened;
        throw new Error("over");
      };
      const { talk } = await world.start({
        talk: { ping: (_, { signal }) => wait(0, signal), chat: ({ signal }) => wait(1, signal) },
      });
      const controller = new AbortController();
      const { signal } = controller;
      const call = failure(talk.ping({ text: "" }, { signal }));
      const stream = await talk.chat({ signal });
      const recv = failure(stream.recv());
      await Promise.all(started.map(({ opened }) => opened));
      const cause = new Error("aborted by the user");
      controller.abort(cause);
      for (const error of [await call, await recv]) {
        expect([error.code, error.message, error.cause]).toEqual(["cancelled", "aborted by the user", cause]);
      }
      expect(await Promise.all(ended.map(({ opened }) => opened))).toEqual(["cancelled", "cancelled"]);
    },
  },
  {
    title: "sends nothing when the signal has aborted before",
    async run(world) {
      let calls = 0;
      const { talk } = await world.start({
        talk: { ping: (line) => (calls++, line), chat: async () => void calls++ },
      });
      const signal = AbortSignal.abort(new Error("too late"));
      expect((await failure(talk.ping({ text: "" }, { signal }))).code).toBe("cancelled");
      expect((await failure(talk.chat({ signal }))).code).toBe("cancelled");
      await talk.ping({ text: "" });
      expect(calls).toBe(1);
    },
  },
  {
    title: "cancels the calls that a handler made when its own call is cancelled",
    async run(world) {
      const reached = new Gate();
      const last = new Gate<string>();
      const back = await world.start({
        talk: {
          async chat(stream) {
            stream.signal.addEventListener("abort", () => last.open((stream.signal.reason as RpcError).code));
            reached.open();
            await last.opened;
          },
        },
      });
      const front = await world.start({
        talk: {
          async chat(stream) {
            const next = await back.talk.chat();
            await all(next);
            await stream.recv();
          },
        },
      });
      const stream = await front.talk.chat();
      await reached.opened;
      stream.cancel("the user left");
      expect(await last.opened).toBe("cancelled");
    },
  },
  {
    title: "ends the calls that a handler made and left open when it returns",
    async run(world) {
      const last = new Gate<string>();
      const reached = new Gate();
      const back = await world.start({
        talk: {
          async chat(stream) {
            stream.signal.addEventListener("abort", () => last.open((stream.signal.reason as RpcError).code));
            reached.open();
            await last.opened;
          },
        },
      });
      const front = await world.start({
        talk: {
          async ping(line) {
            await back.talk.chat();
            await reached.opened;
            return line;
          },
        },
      });
      expect(await front.talk.ping({ text: "done" })).toEqual({ text: "done" });
      expect(await last.opened).toBe("cancelled");
    },
  },
  {
    title: "lets a handler end its call early while the client still sends",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.recv();
            throw new RpcError("permission_denied", "not you");
          },
        },
      });
      const stream = await talk.chat();
      const sending = (async () => {
        for (;;) {
          await stream.send({ text: "more" });
          // Sends with room resolve at once: give the answer a chance to come in.
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      expect((await failure(sending)).code).toBe("permission_denied");
      expect((await failure(stream.recv())).code).toBe("permission_denied");
    },
  },
];
