import {
  type CallStart,
  neverEnded,
  noFields,
  RpcError,
  type ServerByteCall,
  type ServerByteStream,
  type ServerHandler,
} from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { type MemoryOptions, type MemoryTransport, memory } from "./index.ts";

/** Keeps the streams that come in, and answers calls with what they asked. */
class Keeper implements ServerHandler {
  readonly streams: ServerByteStream[] = [];

  stream(stream: ServerByteStream): void {
    this.streams.push(stream);
  }

  call(call: ServerByteCall): void {
    const outcome = { message: call.request };
    call.reply({ outcome, header: noFields, trailer: noFields, backward: new Map() });
  }
}

const startOf = (transport: MemoryTransport, more: Partial<CallStart> = {}): CallStart => ({
  service: "S",
  method: "M",
  contentSubtype: "thrift",
  persistent: new Map(),
  transient: new Map(),
  metadata: noFields,
  ended: neverEnded,
  address: transport.defaultTarget,
  ...more,
});

async function serve(options?: MemoryOptions) {
  const transport = memory(options);
  const keeper = new Keeper();
  const running = await transport.serve(keeper);
  const open = (more?: Partial<CallStart>) => transport.open(startOf(transport, more), {});
  const call = (bytes: Uint8Array) => transport.call?.(startOf(transport), bytes, { oneway: false });
  return { transport, keeper, running, open, call };
}

async function failure(work: Promise<unknown> | undefined): Promise<RpcError> {
  return (await work?.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as RpcError;
}

describe("memory", () => {
  it("opens as many calls as it may, refuses one more, and takes the next when one has ended", async () => {
    const { keeper, open, call } = await serve({ maxCalls: 1_000 });
    const streams = await Promise.all(Array.from({ length: 1_000 }, () => open()));
    const refused = await failure(open());
    expect([refused.code, refused.retryable, refused.message]).toEqual([
      "resource_exhausted",
      true,
      "maxCalls (1000) are open",
    ]);
    expect((await failure(call(new Uint8Array()))).code).toBe("resource_exhausted");
    keeper.streams[0]?.end({ trailer: noFields });
    streams[1]?.cancel(new RpcError("cancelled", "enough"));
    await open();
    expect(await call(new Uint8Array(2))).toMatchObject({ outcome: { message: new Uint8Array(2) } });
    await open();
    expect((await failure(open())).code).toBe("resource_exhausted");
  });

  it("is reached by its own address only", async () => {
    const { transport, open } = await serve({ name: "here" });
    expect(transport.defaultTarget).toEqual({ key: "memory:here", scheme: "memory", path: "here" });
    const elsewhere = { key: "memory:there", scheme: "memory", path: "there" } as const;
    const error = await failure(open({ address: elsewhere }));
    expect([error.code, error.retryable]).toEqual(["unavailable", true]);
  });

  it("has one server at a time, and may have another when that has closed", async () => {
    const { transport, running, open } = await serve();
    expect((await failure(transport.serve(new Keeper()))).code).toBe("failed_precondition");
    running.drain();
    expect(await failure(open())).toMatchObject({ code: "unavailable", retryable: true });
    await running.close();
    expect(await failure(open())).toMatchObject({ code: "unavailable", retryable: true });
    await transport.serve(new Keeper());
    await open();
  });

  it("counts what was sent and not received, also of calls that have ended", async () => {
    const { transport, keeper, open } = await serve();
    const stream = await open();
    await Promise.resolve();
    const [server] = keeper.streams;
    void stream.send(new Uint8Array(10));
    void server?.send(new Uint8Array(7));
    void server?.send(new Uint8Array(5));
    expect(transport.queuedBytes).toBe(22);
    server?.end({ trailer: noFields });
    expect(transport.queuedBytes).toBe(12);
    await stream.recv();
    expect(transport.queuedBytes).toBe(5);
    await stream.recv();
    expect(transport.queuedBytes).toBe(0);
    const cancelled = await open();
    await Promise.resolve();
    void keeper.streams[1]?.send(new Uint8Array(9));
    cancelled.cancel(new RpcError("cancelled", "enough"));
    expect(transport.queuedBytes).toBe(0);
  });

  it("gives each side bytes of its own in header, trailer and metadata", async () => {
    const { keeper, open } = await serve();
    const bytes = Uint8Array.of(1);
    const stream = await open({ metadata: [["k-bin", bytes]] });
    await Promise.resolve();
    const [server] = keeper.streams;
    server?.sendHeader([["h-bin", bytes]]);
    server?.end({ trailer: [["t-bin", bytes]] });
    const seen = [
      server?.start.metadata[0]?.[1],
      (await stream.header())[0]?.[1],
      (await stream.trailer())[0]?.[1],
    ];
    for (const value of seen) {
      expect(value).toEqual(Uint8Array.of(1));
      expect(value).not.toBe(bytes);
    }
  });

  it("does not open for a call that is over, nor after it has been closed", async () => {
    const { transport, open } = await serve();
    const reason = new RpcError("deadline_exceeded", "too late");
    expect(await failure(open({ ended: { reason, onEnd: () => () => {} } }))).toBe(reason);
    await transport.close();
    await transport.close();
    expect(await failure(open())).toMatchObject({ code: "unavailable", retryable: false });
  });

  it.each([
    { windowBytes: 0 },
    { windowBytes: Number.NaN },
    { maxSendBufferBytes: -1 },
    { maxMessageBytes: 0 },
    { maxCalls: 0 },
    { name: "" },
  ])("refuses %j", (options) => {
    expect(() => memory(options)).toThrow(RpcError);
  });
});
