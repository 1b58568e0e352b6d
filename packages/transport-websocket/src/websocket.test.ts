import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { getPersistentValue } from "@slipstream/metainfo";
import { createClient } from "@slipstream/rpc";
import { RpcError } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { Lab } from "../test/lab.ts";
import { Proxy } from "../test/proxy.ts";
import { Calling, failure, serve, until } from "../test/serving.ts";
import { subprotocol, websocket } from "./index.ts";

/** A server that accepts TCP connections and does with them what `onSocket` says. */
async function rawServer(
  onSocket: (socket: Socket) => void,
): Promise<{ target: string; sockets: Socket[] } & AsyncDisposable> {
  const sockets: Socket[] = [];
  const listener = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  await once(listener.listen(0, "127.0.0.1"), "listening");
  return {
    target: `ws://127.0.0.1:${(listener.address() as AddressInfo).port}/`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
    },
  };
}

/** A port on which nobody listens. */
async function unusedPort(): Promise<number> {
  const listener = createServer();
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}

describe("a connection", () => {
  it("is made by the first call, shared by all, and closed when nobody has used it for a time", async () => {
    await using serving = await serve();
    await using calling = new Calling(serving.target, { idleTimeoutMs: 50 });
    expect(calling.transport.state(serving.target)).toBe("closed");
    await Promise.all(Array.from({ length: 20 }, () => calling.lab.ask({ text: "" })));
    expect(calling.transport.state(serving.target)).toBe("open");
    expect(serving.events.filter(({ type }) => type === "connection_opened")).toHaveLength(1);
    await until(() => calling.transport.state(serving.target) === "closed");
    expect(calling.changes).toEqual([
      { address: serving.target, state: "connecting" },
      { address: serving.target, state: "open" },
      { address: serving.target, state: "closed" },
    ]);
    expect(calling.events.map(({ type }) => type)).toEqual(["connection_opened", "connection_closed"]);
    await calling.lab.ask({ text: "" });
    expect(calling.states.slice(3)).toEqual(["connecting", "open"]);
  });

  it("stays while a stream is open, however long nothing happens", async () => {
    await using serving = await serve();
    await using calling = new Calling(serving.target, { idleTimeoutMs: 20 });
    const stream = await calling.lab.chat();
    // Another connection is the clock.
    await using other = new Calling(serving.target, { idleTimeoutMs: 60 });
    await other.lab.ask({ text: "" });
    await until(() => other.states.at(-1) === "closed");
    await stream.send({ text: "late" });
    expect(await stream.recv()).toEqual({ text: "late" });
    expect(calling.states).toEqual(["connecting", "open"]);
    stream.cancel();
    await until(() => calling.states.at(-1) === "closed");
  });

  it("is left for a new one when the server drains, once its calls are done", async () => {
    await using serving = await serve();
    await using calling = new Calling(serving.target);
    const stream = await calling.lab.chat();
    await stream.send({ text: "a" });
    await stream.recv();
    const closing = serving.server.close({ graceMs: 10_000 });
    await until(() => calling.states.at(-1) === "closed");
    const refused = await failure(calling.lab.ask({ text: "" }));
    expect([refused.code, refused.retryable]).toEqual(["unavailable", true]);
    await stream.send({ text: "b" });
    expect(await stream.recv()).toEqual({ text: "b" });
    await stream.closeSend();
    expect(await stream.recv()).toBeUndefined();
    await closing;
  });

  it("that is lost in the middle of a stream fails it with unavailable, and the next call makes another", async () => {
    await using serving = await serve();
    await using proxy = await Proxy.to(serving.port);
    await using calling = new Calling(proxy.target);
    const stream = await calling.lab.chat();
    await stream.send({ text: "a" });
    expect(await stream.recv()).toEqual({ text: "a" });
    const pending = failure(stream.recv());
    proxy.cut();
    const error = await pending;
    expect([error.code, error.retryable]).toEqual(["unavailable", false]);
    expect(error.message).toContain(proxy.target);
    expect((await failure(stream.send({ text: "b" }))).code).toBe("unavailable");
    expect((await failure(stream.trailer())).code).toBe("unavailable");
    expect(calling.changes.at(-1)).toMatchObject({ state: "closed", error: { code: "unavailable" } });
    expect(await calling.lab.ask({ text: "again" })).toEqual({ text: "again" });
    expect(calling.states).toEqual(["connecting", "open", "closed", "connecting", "open"]);
  });

  it("tells the handler when it is lost, by its signal and its streams", async () => {
    let reason: unknown;
    await using serving = await serve({
      handlers: {
        async chat(stream) {
          await stream.sendHeader({});
          stream.signal.addEventListener("abort", () => {
            reason = stream.signal.reason;
          });
          await stream.recv();
        },
      },
    });
    await using proxy = await Proxy.to(serving.port);
    await using calling = new Calling(proxy.target);
    const stream = await calling.lab.chat();
    await stream.header();
    proxy.cut();
    await until(() => reason !== undefined);
    expect((reason as RpcError).code).toBe("cancelled");
    await until(() => serving.server.activeCalls === 0);
  });

  it("sees no context of the call that made it: one that ends does not take it along", async () => {
    await using serving = await serve({
      handlers: { ask: async (_, call) => ({ text: String(getPersistentValue(call.context, "k")) }) },
    });
    await using calling = new Calling(serving.target);
    const controller = new AbortController();
    await calling.lab.ask({ text: "" }, { signal: controller.signal });
    controller.abort();
    expect(await calling.lab.ask({ text: "" })).toEqual({ text: "undefined" });
    expect(calling.states).toEqual(["connecting", "open"]);
  });

  it("may be asked for any number of times, over more addresses than one", async () => {
    await using one = await serve();
    await using two = await serve();
    await using calling = new Calling(one.target);
    await calling.lab.ask({ text: "" });
    await calling.lab.ask({ text: "" }, { target: two.target });
    expect(new Set(calling.changes.map(({ address }) => address))).toEqual(new Set([one.target, two.target]));
    expect([one, two].map(({ target }) => calling.transport.state(target))).toEqual(["open", "open"]);
  });
});

describe("reconnecting", () => {
  it("waits, longer each time, until the server is there; the state says so", async () => {
    const port = await unusedPort();
    const target = `ws://127.0.0.1:${port}/`;
    await using calling = new Calling(target, { minReconnectDelayMs: 20, maxReconnectDelayMs: 80 });
    const first = await failure(calling.lab.ask({ text: "" }));
    expect([first.code, first.retryable]).toEqual(["unavailable", true]);
    expect(first.message).toMatch(/^cannot connect to ws:.*ECONNREFUSED/);
    const [, waiting] = calling.changes;
    expect(waiting).toMatchObject({ state: "waiting", error: { code: "unavailable" } });
    expect(waiting?.retryInMs).toBeGreaterThanOrEqual(16);
    expect(waiting?.retryInMs).toBeLessThanOrEqual(24);
    for (let i = 0; i < 3; i++) await failure(calling.lab.ask({ text: "" }));
    const delays = calling.changes.flatMap(({ retryInMs }) => (retryInMs === undefined ? [] : [retryInMs]));
    expect(delays[1]).toBeGreaterThan(delays[0] as number);
    expect(delays[2]).toBeGreaterThan(delays[1] as number);
    expect(delays).toHaveLength(4);
    await using _ = await serve({ listen: { port } });
    expect(await calling.lab.ask({ text: "there" })).toEqual({ text: "there" });
    expect(calling.states).toEqual([
      ...Array.from({ length: 4 }, () => ["connecting", "waiting"]).flat(),
      "connecting",
      "open",
    ]);
  });

  it("goes no further when nobody calls: after the back-off the state is closed", async () => {
    await using calling = new Calling(`ws://127.0.0.1:${await unusedPort()}`, { minReconnectDelayMs: 10 });
    await failure(calling.lab.ask({ text: "" }));
    await until(() => calling.states.at(-1) === "closed");
    expect(calling.states).toEqual(["connecting", "waiting", "closed"]);
  });

  it("keeps a call no longer than its own limit for connecting", async () => {
    await using calling = new Calling(`ws://127.0.0.1:${await unusedPort()}`, {
      minReconnectDelayMs: 60_000,
    });
    await failure(calling.lab.ask({ text: "" }));
    const error = await failure(calling.lab.ask({ text: "" }, { connectTimeoutMs: 20 }));
    expect([error.code, error.retryable]).toEqual(["unavailable", true]);
    expect(error.message).toContain("connectTimeoutMs (20)");
    const late = await failure(calling.lab.ask({ text: "" }, { timeoutMs: 20 }));
    expect(late.code).toBe("deadline_exceeded");
  });

  it("lets a limited number of calls wait", async () => {
    await using silent = await rawServer((socket) => socket.resume());
    await using calling = new Calling(silent.target, { maxPendingOpens: 2 });
    const waiting = [failure(calling.lab.ask({ text: "" })), failure(calling.lab.chat())];
    const refused = await failure(calling.lab.ask({ text: "" }));
    expect([refused.code, refused.retryable]).toEqual(["resource_exhausted", true]);
    expect(refused.message).toContain("maxPendingOpens is 2");
    expect(calling.events).toMatchObject([{ type: "limit_hit" }]);
    await calling.transport.close();
    for (const error of await Promise.all(waiting)) expect(error.code).toBe("unavailable");
  });

  it("gives up a server that does not answer, and a call that is cancelled meanwhile leaves at once", async () => {
    await using silent = await rawServer((socket) => socket.resume());
    await using calling = new Calling(silent.target, { connectTimeoutMs: 100, minReconnectDelayMs: 0 });
    const controller = new AbortController();
    const cancelled = failure(calling.lab.ask({ text: "" }, { signal: controller.signal }));
    const patient = failure(calling.lab.ask({ text: "" }));
    await until(() => silent.sockets.length === 1);
    controller.abort();
    expect((await cancelled).code).toBe("cancelled");
    expect((await patient).message).toContain("connectTimeoutMs (100)");
    await until(() => silent.sockets.every(({ closed }) => closed));
  });

  it("waits for a place when the connection is full", async () => {
    await using serving = await serve();
    await using calling = new Calling(serving.target, { maxStreams: 1 });
    const stream = await calling.lab.chat();
    const call = calling.lab.ask({ text: "next" });
    const late = await failure(calling.lab.ask({ text: "" }, { connectTimeoutMs: 20 }));
    expect(late.message).toContain("all maxStreams (1) places were in use");
    stream.cancel();
    expect(await call).toEqual({ text: "next" });
  });
});

describe("what answers instead of our server", () => {
  const cases: Record<string, { reply: string; expected: RegExp }> = {
    "an HTTP error": {
      reply: "HTTP/1.1 403 Forbidden\r\ncontent-length: 10\r\n\r\nnot today\n",
      expected: /the server answered 403: not today/,
    },
    "an ordinary page": {
      reply:
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ntransfer-encoding: chunked\r\n\r\n1000\r\n" +
        "x".repeat(4096),
      expected: /the server answered 200: x{200}$/,
    },
    "something that is no HTTP": { reply: "220 mail.example.com ESMTP\r\n", expected: /Parse Error/ },
    "an upgrade with a wrong key": {
      reply:
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: no\r\n\r\n",
      expected: /Invalid Sec-WebSocket-Accept/,
    },
  };
  for (const [what, { reply, expected }] of Object.entries(cases)) {
    it(`${what} fails the call in words`, async () => {
      await using other = await rawServer((socket) => socket.once("data", () => socket.write(reply)));
      await using calling = new Calling(other.target);
      const error = await failure(calling.lab.ask({ text: "" }));
      expect([error.code, error.retryable]).toEqual(["unavailable", true]);
      expect(error.message).toMatch(expected);
      await until(() => other.sockets.every(({ closed }) => closed));
    });
  }

  it("a WebSocket server without our subprotocol fails the call in words", async () => {
    const http = createHttpServer();
    const ws = new WebSocketServer({ server: http, handleProtocols: () => false });
    await once(http.listen(0, "127.0.0.1"), "listening");
    await using calling = new Calling(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
    const error = await failure(calling.lab.ask({ text: "" }));
    expect(error.message).toContain("subprotocol");
    ws.close();
    http.close();
    http.closeAllConnections();
  });

  /** A WebSocket server that speaks our subprotocol, and then says `text` or `bytes` to whoever says something. */
  async function oddServer(answer: string | Uint8Array): Promise<{ target: string } & AsyncDisposable> {
    const http = createHttpServer();
    const ws = new WebSocketServer({ server: http, handleProtocols: () => subprotocol });
    ws.on("connection", (socket) => socket.once("message", () => socket.send(answer)));
    await once(http.listen(0, "127.0.0.1"), "listening");
    return {
      target: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
      async [Symbol.asyncDispose]() {
        for (const client of ws.clients) client.terminate();
        ws.close();
        http.close();
      },
    };
  }

  it("a text message ends the connection", async () => {
    await using odd = await oddServer("hello");
    await using calling = new Calling(odd.target);
    const error = await failure(calling.lab.ask({ text: "" }));
    expect(error.code).toBe("unavailable");
    expect(error.message).toContain("text message");
  });

  it("bytes that are no frame end the connection", async () => {
    await using odd = await oddServer(new Uint8Array(100).fill(0x41));
    await using calling = new Calling(odd.target);
    expect((await failure(calling.lab.ask({ text: "" }))).code).toBe("internal");
    expect(calling.states.at(-1)).toBe("closed");
  });

  it("a message over maxPayloadBytes ends the connection before it is in memory", async () => {
    await using odd = await oddServer(new Uint8Array(300 * 1024));
    await using calling = new Calling(odd.target, { maxPayloadBytes: 256 * 1024 });
    const error = await failure(calling.lab.ask({ text: "" }));
    expect(error.code).toBe("unavailable");
    expect(error.message).toContain("Max payload size exceeded");
  });
});

describe("the heartbeat", () => {
  it("finds a server that has gone without a word, on a connection on which nothing else happens", async () => {
    await using serving = await serve({ heartbeatIntervalMs: 0 });
    await using proxy = await Proxy.to(serving.port);
    await using calling = new Calling(proxy.target, { heartbeatIntervalMs: 50 });
    const stream = await calling.lab.chat();
    const pending = failure(stream.recv());
    proxy.freeze();
    const error = await pending;
    expect(error.code).toBe("unavailable");
    expect(error.message).toContain("no pong");
  });

  it("finds a client that has gone without a word", async () => {
    await using serving = await serve({ heartbeatIntervalMs: 50 });
    await using proxy = await Proxy.to(serving.port);
    await using calling = new Calling(proxy.target, { heartbeatIntervalMs: 0 });
    const stream = await calling.lab.chat();
    await until(() => serving.server.activeCalls === 1);
    proxy.freeze();
    await until(() => serving.server.activeCalls === 0);
    const closed = serving.events.find(({ type }) => type === "connection_closed");
    expect(closed).toMatchObject({ error: { message: expect.stringContaining("no pong") } });
    stream.cancel();
  });

  it("leaves a silent connection alone whose peers answer", async () => {
    await using serving = await serve({ heartbeatIntervalMs: 20 });
    await using proxy = await Proxy.to(serving.port);
    await using calling = new Calling(proxy.target, { heartbeatIntervalMs: 20 });
    const stream = await calling.lab.chat();
    const before = proxy.chunks;
    await until(() => proxy.chunks >= before + 20);
    await stream.send({ text: "still" });
    expect(await stream.recv()).toEqual({ text: "still" });
    expect(calling.states).toEqual(["connecting", "open"]);
    stream.cancel();
  });
});

describe("options", () => {
  const wrong = {
    connectTimeoutMs: 0,
    idleTimeoutMs: -1,
    minReconnectDelayMs: -1,
    maxReconnectDelayMs: 100,
    maxPendingOpens: 1.5,
    heartbeatIntervalMs: Number.NaN,
    maxPayloadBytes: 1_000,
    streamWindowBytes: 10,
    maxStreamWindowBytes: 1.5,
    maxMessageBytes: 0,
    maxStreams: 0,
    maxSendBufferBytes: 0,
    stalledStreamTimeoutMs: 0,
  };
  for (const [name, value] of Object.entries(wrong)) {
    it(`refuses ${name}: ${value} by name, at once`, () => {
      const expected = { code: "invalid_argument", message: expect.stringContaining(name) };
      expect(() => websocket({ [name]: value })).toThrow(expect.objectContaining(expected));
    });
  }

  it("takes a small maxReconnectDelayMs with a small minReconnectDelayMs", () => {
    websocket({ minReconnectDelayMs: 5, maxReconnectDelayMs: 5 });
    websocket({ minReconnectDelayMs: 60_000 });
  });

  it("refuses a state of what is no address", () => {
    expect(() => websocket().state("nowhere")).toThrow(/nowhere/);
  });
});

describe("a closed transport", () => {
  it("leaves no timer, no socket and no listener behind", async () => {
    const before = process.getActiveResourcesInfo();
    {
      await using serving = await serve();
      await using proxy = await Proxy.to(serving.port);
      await using calling = new Calling(proxy.target);
      await calling.lab.ask({ text: "" });
      const stream = await calling.lab.chat();
      proxy.cut();
      await failure(stream.recv());
      await calling.lab.ask({ text: "" });
      await failure(calling.lab.ask({ text: "" }, { target: `ws://127.0.0.1:${await unusedPort()}` }));
    }
    const kinds = (list: readonly string[]): string[] =>
      list.filter((kind) => /TCP|Timeout|Immediate/.test(kind)).sort();
    await until(() => kinds(process.getActiveResourcesInfo()).length <= kinds(before).length);
  });

  it("tells of what a hook of the program threw, and goes on", async () => {
    await using serving = await serve();
    const events: string[] = [];
    await using transport = websocket({
      onStateChange() {
        throw new Error("in the hook");
      },
      onEvent(event) {
        events.push(event.type === "hook_failed" ? `${event.hook}: ${String(event.error)}` : event.type);
        throw new Error("in the other");
      },
    });
    const lab = createClient(Lab, { transport, target: serving.target });
    expect(await lab.ask({ text: "on" })).toEqual({ text: "on" });
    expect(events).toContain("onStateChange: Error: in the hook");
  });
});
