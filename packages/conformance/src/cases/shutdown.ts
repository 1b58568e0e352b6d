import { RpcError } from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { all, failure, Gate, until } from "../waiting.ts";

/** Servers and transports that close while calls are in flight. */
export const shutdown: readonly Case[] = [
  {
    title: "lets calls in flight finish when the server shuts down, and takes no new ones",
    async run(world) {
      const started = [new Gate(), new Gate()] as const;
      const mayFinish = new Gate();
      const { talk, server } = await world.start({
        talk: {
          async ping(line) {
            started[0].open();
            await mayFinish.opened;
            return line;
          },
          ask: async (line) => line,
          async *chat(stream) {
            stream.setTrailer({ t: "v" });
            started[1].open();
            for await (const line of stream) yield line;
          },
        },
      });
      const call = talk.ping({ text: "in flight" });
      const stream = await talk.chat();
      await Promise.all(started.map(({ opened }) => opened));
      let isClosed = false;
      const closing = server.close({ graceMs: 5_000 }).then(() => {
        isClosed = true;
      });
      const refused = await failure(async () => {
        // Those that were on their way are still served.
        for (;;) await talk.ask({ text: "late" }, { timeoutMs: 3_000 });
      });
      expect([refused.code, refused.retryable]).toEqual(["unavailable", true]);
      await stream.send({ text: "still" });
      expect(await stream.recv()).toEqual({ text: "still" });
      expect(isClosed).toBe(false);
      mayFinish.open();
      expect(await call).toEqual({ text: "in flight" });
      await stream.closeSend();
      expect(await stream.recv()).toBeUndefined();
      expect((await stream.trailer()).get("t")).toBe("v");
      await closing;
      expect(server.activeCalls).toBe(0);
    },
  },
  {
    title: "tells handlers through their signal when the grace is over, then ends their calls",
    async run(world) {
      const told = [new Gate<unknown>(), new Gate<unknown>()] as const;
      const started = [new Gate(), new Gate()] as const;
      const wait = async (n: 0 | 1, signal: AbortSignal): Promise<never> => {
        signal.addEventListener("abort", () => told[n].open(signal.reason));
        started[n].open();
        await told[n].opened;
        throw new Error("over");
      };
      const { talk, server } = await world.start({
        talk: { ping: (_, { signal }) => wait(0, signal), chat: ({ signal }) => wait(1, signal) },
      });
      const call = failure(talk.ping({ text: "" }));
      const stream = await talk.chat();
      const recv = failure(stream.recv());
      await Promise.all(started.map(({ opened }) => opened));
      await server.close({ graceMs: 20 });
      for (const { opened } of told) expect(((await opened) as RpcError).code).toBe("unavailable");
      for (const { code } of [await call, await recv]) expect(code).toBe("unavailable");
    },
  },
  {
    title: "closes at once when no call is in flight, and may be closed again",
    async run(world) {
      const { talk, server } = await world.start({ talk: { ping: (line) => line } });
      await talk.ping({ text: "" });
      await until(() => server.activeCalls === 0);
      await Promise.all([server.close(), server.close({ graceMs: 1 })]);
      await server.close();
      const error = await failure(talk.ping({ text: "" }));
      expect([error.code, error.retryable]).toEqual(["unavailable", true]);
      expect((await failure(server.listen())).code).toBe("failed_precondition");
    },
  },
  {
    title: "fails calls in flight and later ones when the client's transport closes, and tells the handlers",
    async run(world) {
      const told = new Gate<unknown>();
      const started = new Gate();
      const { talk, pair, server } = await world.start({
        talk: {
          async chat(stream) {
            stream.signal.addEventListener("abort", () => told.open(stream.signal.reason));
            started.open();
            await told.opened;
          },
          async ping(line) {
            await told.opened;
            return line;
          },
        },
      });
      const stream = await talk.chat();
      const pending = [failure(stream.recv()), failure(stream.header()), failure(stream.trailer())];
      const call = failure(talk.ping({ text: "" }));
      await started.opened;
      await until(() => server.activeCalls === 2);
      await pair.client.close();
      for (const error of await Promise.all([...pending, call])) expect(error.code).toBe("unavailable");
      expect((await failure(stream.send({ text: "" }))).code).toBe("unavailable");
      expect(((await told.opened) as RpcError).code).toBe("cancelled");
      expect((await failure(talk.chat())).code).toBe("unavailable");
      await pair.client.close();
      await until(() => server.activeCalls === 0);
    },
  },
  {
    title: "delivers what had arrived before the connection was cut, then unavailable",
    async run(world) {
      const sent = new Gate();
      const { talk, server } = await world.start({
        talk: {
          async chat(stream) {
            await stream.send({ text: "in time" });
            sent.open();
            await failure(stream.recv());
          },
        },
      });
      const stream = await talk.chat();
      await sent.opened;
      await stream.header();
      await server.close({ graceMs: 0 });
      expect(await stream.recv()).toEqual({ text: "in time" });
      expect((await failure(stream.recv())).code).toBe("unavailable");
    },
  },
  {
    title: "ends many calls at once when the server closes: none is left pending",
    async run(world) {
      const { talk, server } = await world.start({
        talk: {
          async chat(stream) {
            await all(stream);
          },
        },
      });
      const streams = await Promise.all(Array.from({ length: 100 }, () => talk.chat()));
      await until(() => server.activeCalls === 100);
      const ends = streams.flatMap((stream) => [
        failure(stream.recv()),
        stream.header().then(
          () => undefined,
          () => undefined,
        ),
        stream.trailer().then(
          () => undefined,
          () => undefined,
        ),
      ]);
      await server.close({ graceMs: 0 });
      const codes = (await Promise.all(ends)).flatMap((error) =>
        error instanceof RpcError ? [error.code] : [],
      );
      expect(codes).toHaveLength(100);
      expect(new Set(codes)).toEqual(new Set(["unavailable"]));
    },
  },
  {
    title: "turns calls away before anything is decoded, and tells when those it let in are over",
    async run(world) {
      const log: string[] = [];
      const { talk } = await world.start(
        {
          talk: {
            ping: (line) => line,
            async *chat(stream) {
              yield* stream;
            },
          },
        },
        {
          server: {
            admit({ method, metadata, peer }) {
              log.push(`${method} ${peer.protocol !== ""}`);
              if (metadata.some(([name]) => name === "banned"))
                throw new RpcError("permission_denied", "not you");
              return () => log.push(`${method} over`);
            },
          },
        },
      );
      const metadata = { banned: "yes" };
      expect((await failure(talk.ping({ text: "" }, { metadata }))).code).toBe("permission_denied");
      const banned = await talk.chat({ metadata });
      expect((await failure(banned.recv())).message).toBe("not you");
      await talk.ping({ text: "" });
      const stream = await talk.chat();
      await stream.closeSend();
      await stream.recv();
      await until(() => log.length === 6);
      expect(log).toEqual(["Ping true", "Chat true", "Ping true", "Ping over", "Chat true", "Chat over"]);
    },
  },
];
