import { createServer } from "@slipstream/rpc/server";
import {
  BizStatusError,
  type CallStart,
  type ClientByteStream,
  type ClientTransport,
  type Header,
  RpcError,
} from "@slipstream/stream";
import { type MemoryTransport, memory } from "@slipstream/transport-memory";
import { afterEach, describe, expect, it } from "vitest";
import { failure } from "../test/failures.ts";
import { echo, Talk } from "../test/talk.ts";
import { createClient } from "./index.ts";

/** A transport that has only streams. */
class StreamsOnly implements ClientTransport {
  readonly name = "streams";
  readonly schemes = ["memory"] as const;
  readonly defaultTarget;
  readonly #memory: MemoryTransport;

  constructor(transport: MemoryTransport) {
    this.#memory = transport;
    this.defaultTarget = transport.defaultTarget;
  }

  open(start: CallStart): Promise<ClientByteStream> {
    return this.#memory.open(start, {});
  }

  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

const servers: AsyncDisposable[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

async function serve(handlers: Partial<typeof echo>, options: Parameters<typeof memory>[0] = {}) {
  const transport = memory(options);
  const server = createServer({ transports: [transport] }).add(Talk, { ...echo, ...handlers } as typeof echo);
  servers.push(server);
  await server.listen();
  return { client: createClient(Talk, { transport: new StreamsOnly(transport) }), server, transport };
}

describe("a ping-pong call on a transport that has only streams", () => {
  it("is one message each way, with header and trailer", async () => {
    const { client } = await serve({
      ping: ((line: object, call: { setHeader(h: object): void; setTrailer(t: object): void }) => {
        call.setHeader({ h: "1" });
        call.setTrailer({ t: "2" });
        return line;
      }) as never,
    });
    const seen: object[] = [];
    const note = (header: Header): void => void seen.push(header.toRecord());
    expect(await client.ping({ text: "x" }, { onHeader: note, onTrailer: note })).toEqual({ text: "x" });
    expect(seen).toEqual([{ h: "1" }, { t: "2" }]);
    expect(await client.ask({ text: "y" })).toEqual({ text: "y" });
    expect(await client.note({ text: "z" })).toBeUndefined();
  });

  it("fails with the error or the business status that the handler threw", async () => {
    const { client } = await serve({
      ping: () => {
        throw new RpcError("not_found", "gone");
      },
      ask: () => {
        throw new BizStatusError(7, "no", { k: "v" });
      },
    });
    expect(await failure(client.ping({ text: "" }))).toMatchObject({ code: "not_found", message: "gone" });
    await expect(client.ask({ text: "" })).rejects.toMatchObject({
      status: 7,
      message: "no",
      extra: { k: "v" },
    });
  });

  it("leaves nothing behind of a request that is refused for its size", async () => {
    const { client, server, transport } = await serve({}, { maxMessageBytes: 100 });
    expect((await failure(client.ping({ text: "x".repeat(200) }))).code).toBe("resource_exhausted");
    await new Promise((resolve) => setImmediate(resolve));
    expect([server.activeCalls, transport.queuedBytes]).toEqual([0, 0]);
    expect(await client.ping({ text: "fits" })).toEqual({ text: "fits" });
  });

  it("ends at its deadline, on both sides", async () => {
    let ended: unknown;
    const { client, server } = await serve({
      ping: (async (line: object, { signal }: { signal: AbortSignal }) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        ended = (signal.reason as RpcError).code;
        return line;
      }) as never,
    });
    expect((await failure(client.ping({ text: "" }, { timeoutMs: 30 }))).code).toBe("deadline_exceeded");
    while (server.activeCalls > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe("deadline_exceeded");
  });
});

describe("a ping-pong method that came as a stream", () => {
  it("ends at the deadline also when no request ever comes", async () => {
    const transport = memory();
    const server = createServer({ transports: [transport] }).add(Talk, echo);
    servers.push(server);
    await server.listen();
    const chat = { ...Talk.methods.chat, name: "Ping" };
    const client = createClient({ ...Talk, methods: { chat } }, { transport });
    const stream = await client.chat({ timeoutMs: 30 });
    while (server.activeCalls === 0) await new Promise((resolve) => setImmediate(resolve));
    expect((await failure(stream.recv())).code).toBe("deadline_exceeded");
    while (server.activeCalls > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
