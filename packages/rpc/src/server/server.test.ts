import { Context, getValue, withValue } from "@slipstream/metainfo";
import type {
  ClientTransport,
  RunningTransport,
  ServerByteStream,
  ServerHandler,
  ServerTransport,
  TransportEvent,
} from "@slipstream/stream";
import { RpcError } from "@slipstream/stream";
import { memory } from "@slipstream/transport-memory";
import { describe, expect, it } from "vitest";
import { failure } from "../../test/failures.ts";
import { Switchboard } from "../../test/switchboard.ts";
import { echo, Talk } from "../../test/talk.ts";
import { createClient } from "../index.ts";
import { createServer } from "./index.ts";

/** A transport without calls that counts how often it was started and closed. */
class Counting implements ServerTransport {
  readonly name = "counting";
  started = 0;
  closed = 0;

  async serve(_: ServerHandler): Promise<RunningTransport> {
    this.started++;
    return { addresses: [], drain() {}, close: async () => void this.closed++ };
  }
}

/** A stream on a wire that has no room for a header. */
class WithoutHeader implements ServerByteStream {
  readonly #stream: ServerByteStream;

  constructor(stream: ServerByteStream) {
    this.#stream = stream;
  }

  get start() {
    return this.#stream.start;
  }

  send(message: Uint8Array) {
    return this.#stream.send(message);
  }

  recv() {
    return this.#stream.recv();
  }

  tryRecv() {
    return this.#stream.tryRecv();
  }

  sendHeader(): void {
    throw new RpcError("resource_exhausted", "the header is too large");
  }

  end(end: Parameters<ServerByteStream["end"]>[0]): void {
    this.#stream.end(end);
  }
}

/** The client's end of a transport that has no ping-pong. */
function onlyStreams(transport: ClientTransport): ClientTransport {
  return {
    name: transport.name,
    schemes: transport.schemes,
    ...(transport.defaultTarget && { defaultTarget: transport.defaultTarget }),
    open: (start, options) => transport.open(start, options),
    close: () => transport.close(),
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

describe("createServer", () => {
  it("throws for an empty list of transports [B16]", () => {
    expect(() => createServer({ transports: [] })).toThrow(RpcError);
  });

  it("listens at the addresses of transports that need no port", async () => {
    await using server = createServer({ transports: [memory({ name: "here" })] });
    expect(await server.listen()).toEqual({ port: 0, host: "", target: "memory:here" });
  });

  it("starts each transport once, however often it listens", async () => {
    const transport = new Counting();
    const server = createServer({ transports: [transport] });
    await Promise.all([server.listen(), server.listen()]);
    await server.listen();
    expect(transport.started).toBe(1);
    await server.close();
    expect(transport.closed).toBe(1);
  });

  it("closes the transports that started when another one fails, and may listen again", async () => {
    const counting = new Counting();
    const shared = memory();
    const first = createServer({ transports: [shared] });
    await first.listen();
    const second = createServer({ transports: [counting, shared] });
    expect((await failure(second.listen())).message).toMatch(/has a server already/);
    expect([counting.started, counting.closed]).toEqual([1, 1]);
    await first.close();
    await second.listen();
    expect(counting.started).toBe(2);
    await second.close();
    expect(counting.closed).toBe(2);
  });

  it("closes without ever having listened, and listens no more afterwards", async () => {
    const server = createServer({ transports: [memory()] });
    await server.close();
    expect((await failure(server.listen())).code).toBe("failed_precondition");
  });

  it("closes what is about to listen", async () => {
    const transport = new Counting();
    const server = createServer({ transports: [transport] });
    const listening = server.listen();
    await server.close();
    await listening;
    expect([transport.started, transport.closed]).toEqual([1, 1]);
  });

  it("takes a limit of grace that timers cannot take", async () => {
    const transport = memory();
    const server = createServer({ transports: [transport] }).add(Talk, echo);
    await server.listen();
    const stream = await createClient(Talk, { transport }).chat();
    while (server.activeCalls === 0) await new Promise((resolve) => setImmediate(resolve));
    const closing = server.close({ graceMs: Number.POSITIVE_INFINITY });
    await stream.send({ text: "still here" });
    expect(await stream.recv()).toEqual({ text: "still here" });
    await stream.closeSend();
    expect(await stream.recv()).toBeUndefined();
    await closing;
  });

  it("serves calls over several transports at once", async () => {
    const transports = [memory({ name: "a" }), memory({ name: "b" })];
    await using server = createServer({ transports }).add(Talk, echo);
    await server.listen();
    for (const transport of transports) {
      expect(await createClient(Talk, { transport }).ping({ text: "x" })).toEqual({ text: "x" });
    }
  });

  it("keeps what a received transient value is to the one hop, unless asked to do as Kitex", async () => {
    for (const [metainfoPropagation, expected] of [
      ["single-hop", undefined],
      ["legacy", "v"],
    ] as const) {
      const backTransport = memory({ name: "back" });
      await using back = createServer({ transports: [backTransport] }).add(Talk, {
        ...echo,
        ping: (_, { context }) => ({ text: getValue(context, "k") ?? "none" }),
      });
      await back.listen();
      const onward = createClient(Talk, { transport: backTransport, metainfoPropagation });
      const frontTransport = memory({ name: "front" });
      await using front = createServer({ transports: [frontTransport], metainfoPropagation }).add(Talk, {
        ...echo,
        ping: (line) => onward.ping(line),
      });
      await front.listen();
      const client = createClient(Talk, { transport: frontTransport });
      const context = withValue(Context.background, "k", "v");
      expect(await client.ping({ text: "" }, { context })).toEqual({ text: expected ?? "none" });
    }
  });

  it("ends a call at the deadline that came with it, at once and on the wire, whatever the caller does", async () => {
    const transport = memory();
    let release!: () => void;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const seen: unknown[] = [];
    await using server = createServer({ transports: [transport] }).add(Talk, {
      ...echo,
      async *chat({ signal }) {
        await released;
        seen.push((signal.reason as RpcError).code);
        yield { text: "too late" };
      },
      async ping(line, { signal }) {
        await released;
        seen.push((signal.reason as RpcError).code);
        return line;
      },
    });
    await server.listen();
    // Says that there is a deadline, and does not keep it itself.
    const hasty = new Switchboard([transport], { changes: { timeoutMs: 30 } });
    const client = createClient(Talk, { transport: hasty, target: "memory:memory" });
    const stream = await client.chat();
    const recv = failure(stream.recv());
    expect((await failure(client.ping({ text: "" }))).code).toBe("deadline_exceeded");
    expect((await recv).code).toBe("deadline_exceeded");
    expect((await stream.trailer()).size).toBe(0);
    expect([server.activeCalls, seen]).toEqual([2, []]);
    release();
    while (server.activeCalls > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(["deadline_exceeded", "deadline_exceeded"]);
  });

  it("reports a oneway handler that fails, and what admit's release throws", async () => {
    const events: TransportEvent[] = [];
    const transport = memory();
    await using server = createServer({
      transports: [transport],
      onEvent: (event) => events.push(event),
      admit: () => () => {
        throw new Error("in release");
      },
    });
    server.add(Talk, {
      ...echo,
      note() {
        throw new Error("in note");
      },
    });
    await server.listen();
    await createClient(Talk, { transport }).note({ text: "" });
    while (events.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(events.map((event) => "hook" in event && [event.hook, (event.error as Error).message])).toEqual([
      ["oneway handler Note", "in note"],
      ["admit", "in release"],
    ]);
  });

  it("fails a call whose header cannot be sent, also when nothing else was to be sent", async () => {
    const transport = memory();
    const strict: ServerTransport = {
      name: "strict",
      serve: (handler) =>
        transport.serve({
          stream: (stream) => handler.stream(new WithoutHeader(stream)),
          call: (call) => handler.call(call),
        }),
    };
    await using server = createServer({ transports: [strict] }).add(Talk, {
      ...echo,
      async chat(stream) {
        stream.setHeader({ h: "1" });
      },
      async ask(line, call) {
        call.setHeader({ h: "1" });
        return line;
      },
    });
    await server.listen();
    const client = createClient(Talk, { transport });
    const stream = await client.chat();
    const tooLarge = { code: "resource_exhausted", message: "the header is too large" };
    expect(await failure(stream.recv())).toMatchObject(tooLarge);
    const overStreams = createClient(Talk, { transport: onlyStreams(transport) });
    expect(await failure(overStreams.ask({ text: "" }))).toMatchObject(tooLarge);
    expect(server.activeCalls).toBe(0);
  });

  it("fails a call whose meta handler throws, and goes on", async () => {
    const transport = memory();
    let isBad = true;
    await using server = createServer({
      transports: [transport],
      metaHandlers: [
        {
          onReadCall(context) {
            if (isBad) throw new RpcError("unauthenticated", "who are you?");
            return context;
          },
          onReadStream() {
            throw new Error("no streams");
          },
        },
      ],
    }).add(Talk, echo);
    await server.listen();
    const client = createClient(Talk, { transport });
    expect((await failure(client.ping({ text: "" }))).code).toBe("unauthenticated");
    const stream = await client.chat();
    expect(await failure(stream.recv())).toMatchObject({ code: "internal", message: "no streams" });
    isBad = false;
    expect(await client.ping({ text: "ok" })).toEqual({ text: "ok" });
    expect(server.activeCalls).toBe(0);
  });
});
