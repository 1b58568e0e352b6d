import { createServer } from "@slipstream/rpc/server";
import { BizStatusError, type Middleware, RpcError, type ServerStart } from "@slipstream/stream";
import { memory } from "@slipstream/transport-memory";
import { afterEach, describe, expect, it } from "vitest";
import { failure } from "../test/failures.ts";
import { Switchboard } from "../test/switchboard.ts";
import { echo, Talk } from "../test/talk.ts";
import { type ClientOptions, createClient } from "./index.ts";

const servers: AsyncDisposable[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

/** A server over memory, and the starts of the calls that reach it. */
async function serve() {
  const transport = memory();
  const starts: ServerStart[] = [];
  const server = createServer({ transports: [transport], admit: (start) => void starts.push(start) });
  servers.push(server.add(Talk, echo));
  await server.listen();
  return { transport, starts };
}

describe("createClient", () => {
  it("makes one function a method, and nothing else", () => {
    const client = createClient(Talk, { transport: memory() });
    expect(Object.keys(client)).toEqual(["chat", "collect", "story", "ask", "ping", "note"]);
    expect((client as unknown as { then?: unknown }).then).toBeUndefined();
    expect(Object.isFrozen(client)).toBe(true);
  });

  it("throws at once for a bad option [B16]", () => {
    const transport = memory();
    const bad: readonly Partial<ClientOptions>[] = [
      { timeoutMs: 0 },
      { timeoutMs: -1 },
      { timeoutMs: Number.NaN },
      { connectTimeoutMs: 0 },
      { recvTimeoutMs: 0 },
      { recvTimeoutMs: { timeoutMs: 0, cancelRemote: true } },
      { metadata: { "grpc-status": "0" } },
      { metadata: { "": "v" } },
      { metadata: { "trace-bin": "text" } },
      { target: "nonsense" },
    ];
    for (const options of bad) {
      const error = (() => {
        try {
          return createClient(Talk, { transport, ...options });
        } catch (thrown) {
          return thrown;
        }
      })();
      expect(error, JSON.stringify(options)).toBeInstanceOf(RpcError);
      expect((error as RpcError).code).toBe("invalid_argument");
    }
  });

  it("takes a list of host and port [B16]", () => {
    const transport = new Switchboard([], { schemes: ["tcp"] });
    createClient(Talk, { transport, target: ["10.0.0.1:80", "[::1]:81", "shop.example:82"] });
  });

  it("hands the connect timeout to the transport: the call's beats the client's [B31][B17]", async () => {
    const { transport } = await serve();
    const board = new Switchboard([transport]);
    const client = createClient(Talk, { transport: board, target: "memory:memory", connectTimeoutMs: 700 });
    await client.ping({ text: "" });
    await client.ping({ text: "" }, { connectTimeoutMs: 50 });
    (await client.chat({ connectTimeoutMs: 60 })).cancel();
    await createClient(Talk, { transport: board, target: "memory:memory" }).ping({ text: "" });
    expect(board.attempts.map(({ options }) => options.connectTimeoutMs)).toEqual([700, 50, 60, undefined]);
  });

  it("sends metadata of client, context and call, in this order, names in lower case", async () => {
    const { transport, starts } = await serve();
    const client = createClient(Talk, { transport, metadata: { "From-Client": "1", both: "client" } });
    await client.ping({ text: "" });
    await client.ping({ text: "" }, { metadata: { "From-Call": "2", both: "call" } });
    expect(starts.map(({ metadata }) => metadata)).toEqual([
      [
        ["from-client", "1"],
        ["both", "client"],
      ],
      [
        ["from-client", "1"],
        ["both", "client"],
        ["from-call", "2"],
        ["both", "call"],
      ],
    ]);
  });

  it("refuses bad metadata of a call", async () => {
    const { transport } = await serve();
    const client = createClient(Talk, { transport });
    for (const metadata of [{ ":path": "/" }, { "x-bin": "text" }, { x: 7 } as never]) {
      expect((await failure(client.ping({ text: "" }, { metadata }))).code).toBe("invalid_argument");
      expect((await failure(client.chat({ metadata }))).code).toBe("invalid_argument");
    }
  });

  it("says how much metainfo and metadata were, and how much may be", async () => {
    const { transport } = await serve();
    const client = createClient(Talk, { transport, maxMetadataBytes: 10 });
    await client.ping({ text: "" }, { metadata: { key: "1234567" } });
    const error = await failure(client.ping({ text: "" }, { metadata: { key: "12345678" } }));
    expect([error.code, error.message]).toEqual([
      "resource_exhausted",
      "metainfo and metadata of 11 bytes is over maxMetadataBytes (10): send large values as messages",
    ]);
    // In UTF-8, not in units of UTF-16.
    expect(
      (await failure(client.ping({ text: "" }, { metadata: { k: "\u4e16\u754c\u4e16x" } }))).message,
    ).toContain("of 11 bytes");
    await client.ping({ text: "" }, { metadata: { k: "\u{1f600}\u{1f600}x" } });
  });

  it("tells the transport of whole milliseconds, rounded up, and of no deadline beyond what fits", async () => {
    const { transport, starts } = await serve();
    const client = createClient(Talk, { transport });
    await client.ping({ text: "" }, { timeoutMs: 1_000.2 });
    await client.ping({ text: "" }, { timeoutMs: 2 ** 40 });
    await client.ping({ text: "" }, { timeoutMs: Number.POSITIVE_INFINITY });
    const [first, second, third] = starts.map(({ timeoutMs }) => timeoutMs);
    expect(Number.isInteger(first) && (first ?? 0) > 900 && (first ?? 0) <= 1_001).toBe(true);
    expect([second, third]).toEqual([2 ** 31 - 1, undefined]);
  });

  it("lets middleware answer without a call, and give a stream of its own", async () => {
    const canned: Middleware = {
      call: (next) => async (info, request) => {
        if (info.method === "Ping") return { text: "canned" };
        if (info.method === "Story") return { recv: async () => ({ text: "canned" }) };
        return next(info, request);
      },
    };
    const client = createClient(Talk, { transport: memory(), middleware: [canned] });
    expect(await client.ping({ text: "" })).toEqual({ text: "canned" });
    expect(await (await client.story({ text: "" })).recv()).toEqual({ text: "canned" });
    expect((await failure(client.ask({ text: "" }))).code).toBe("unavailable");
  });

  it("forgets the business status of an attempt when middleware calls again", async () => {
    const transport = memory();
    let calls = 0;
    const server = createServer({ transports: [transport] }).add(Talk, {
      ...echo,
      ping(line) {
        if (calls++ === 0) throw new BizStatusError(1, "busy");
        return line;
      },
    });
    servers.push(server);
    await server.listen();
    const again: Middleware = {
      call: (next) => async (info, request) => {
        const first = await next(info, request);
        return info.bizStatus ? next(info, request) : first;
      },
    };
    const client = createClient(Talk, { transport, middleware: [again] });
    expect(await client.ping({ text: "second" })).toEqual({ text: "second" });
  });
});
