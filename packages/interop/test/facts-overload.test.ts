import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  type Call,
  type KitexServer,
  type Outcome,
  type Protocol,
  startKitexServer,
  startRecordingProxy,
} from "../src/index.ts";
import { createCaller } from "../src/slipstream/caller.ts";
import { Transports } from "../src/slipstream/transports.ts";
import { buildLimitMs, describeKitex } from "./kitex-suite.ts";

// What a Kitex server does beyond its limits, and what a client of ours makes of that.

/** A client of ours with connections of its own. */
class Caller implements AsyncDisposable {
  readonly #transports = new Transports();
  readonly #call = createCaller((call) => this.#transports.for(call));

  call(port: number, protocol: Protocol, text: string): Promise<Outcome> {
    const call: Call = {
      target: `127.0.0.1:${port}`,
      protocol,
      method: protocol === "ttheader-streaming" ? "Chat" : "Ping",
      timeoutMs: 5_000,
      contextTimeoutMs: 5_000,
      messages: [{ text }],
    };
    return this.#call.call(call);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#transports[Symbol.asyncDispose]();
  }
}

describeKitex("a Kitex server beyond its limits", () => {
  let server: KitexServer;

  beforeAll(async () => {
    server = await startKitexServer();
  }, buildLimitMs);

  afterAll(() => server?.[Symbol.asyncDispose]());

  it.each(["ttheader", "framed", "ttheader-streaming", "grpc"] satisfies Protocol[])(
    "closes a connection more than it takes, so that our call is unavailable, and takes one later: %s",
    async (protocol) => {
      const port = await server.listen({ maxConnections: 1 });
      await using late = new Caller();
      {
        await using first = new Caller();
        expect(await first.call(port, protocol, "hi")).toMatchObject({ error: null });
        const began = performance.now();
        expect(await late.call(port, protocol, "hi")).toMatchObject({ error: { code: "unavailable" } });
        expect(performance.now() - began).toBeLessThan(2_000); // not at its deadline
        expect(await first.call(port, protocol, "again")).toMatchObject({ error: null });
      }
      await vi.waitFor(async () =>
        expect(await late.call(port, protocol, "hi")).toMatchObject({
          error: null,
          messages: [{ text: "echo:hi" }],
        }),
      );
    },
  );

  describe("on calls a second", () => {
    // Its limiter hands them out by tenths of a second: one each.
    const maxQps = 10;

    it.each(["ttheader", "framed"] satisfies Protocol[])(
      "closes the connection of a call more without an answer, and serves the next on another: %s",
      async (protocol) => {
        const port = await server.listen({ maxQps });
        await using proxy = await startRecordingProxy(`127.0.0.1:${port}`);
        const proxied = Number(proxy.target.split(":")[1]);
        await using caller = new Caller();
        const outcomes = await Promise.all(
          Array.from({ length: 8 }, (_, i) => caller.call(proxied, protocol, `${i}`)),
        );
        const errors = outcomes.flatMap(({ error }) => error ?? []);
        expect(errors.length).toBeGreaterThan(0);
        for (const error of errors) expect(error).toMatchObject({ code: "unavailable" });
        const answers = proxy.passages.filter(({ bytes, from }) => from === "server" && bytes?.length);
        expect(answers).toHaveLength(outcomes.length - errors.length);
        await vi.waitFor(async () =>
          expect(await caller.call(proxied, protocol, "later")).toMatchObject({ error: null }),
        );
      },
    );

    it.each(["ttheader-streaming", "grpc"] satisfies Protocol[])(
      "counts a connection of streams, not its streams: %s",
      async (protocol) => {
        const port = await server.listen({ maxQps });
        await using caller = new Caller();
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, i) => caller.call(port, protocol, `${i}`)),
        );
        expect(outcomes.map(({ error }) => error)).toEqual(outcomes.map(() => null));
      },
    );

    it("answers a call more with exception 6 when it multiplexes, and keeps the connection", async () => {
      const port = await server.listen({ maxQps, mux: true });
      await using proxy = await startRecordingProxy(`127.0.0.1:${port}`);
      const proxied = Number(proxy.target.split(":")[1]);
      await using caller = new Caller();
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, i) => caller.call(proxied, "ttheader", `${i}`)),
      );
      const errors = outcomes.flatMap(({ error }) => error ?? []);
      expect(errors.length).toBeGreaterThan(0);
      for (const error of errors) {
        expect(error).toMatchObject({ code: "internal", typeId: 6 });
        expect(error.text).toContain("request over limit: request too frequent");
      }
      const closers = new Map(
        proxy.passages
          .filter(({ close }) => close)
          .reverse()
          .map(({ conn, from }) => [conn, from]),
      );
      expect([...closers.values()]).not.toContain("server"); // ours closes those that it needs no more
    });
  });
});
