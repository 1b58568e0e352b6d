import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ClientByteStream,
  Ending,
  noFields,
  parseAddress,
  RpcError,
  type ServerByteStream,
} from "@slipstream/stream";
import { generate } from "selfsigned";
import { afterAll, describe, expect, it, vi } from "vitest";
import { callStart, failure, type Serving, serve, until } from "../test/serving.ts";
import { type TtheaderOptions, type TtheaderTransport, ttheader } from "./index.ts";

const hi = new TextEncoder().encode("hi");

/** Opens a stream and echoes one message on it. */
async function echoed(transport: TtheaderTransport, serving: Serving): Promise<ClientByteStream> {
  const stream = await transport.open(callStart(serving.address), {});
  await stream.send(hi);
  expect(await stream.recv()).toEqual(hi);
  return stream;
}

/** What the kernel waits for on a TCP connection of 127.0.0.1, "02" is keep-alive, "00" nothing, and for how long yet. */
function timerOf(localPort: number, remotePort: number): { timer: string; seconds: number } {
  const end = (port: number): string => `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const connection = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .find((line) => line.includes(` ${end(localPort)} ${end(remotePort)} `));
  const [, timer = "", ticks = ""] = / (\w\w):(\w{8}) \w{8} /.exec(connection ?? "") ?? [];
  return { timer, seconds: Number.parseInt(ticks, 16) / 100 };
}

async function ended(stream: ClientByteStream): Promise<void> {
  stream.closeSend();
  await stream.trailer();
}

const folder = mkdtempSync(join(tmpdir(), "ttheader-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("how streams share connections", () => {
  it("mux: all on one, opened together or one after another", async () => {
    await using serving = await serve();
    await using client = ttheader();
    const streams = await Promise.all(Array.from({ length: 20 }, () => echoed(client, serving)));
    streams.push(await echoed(client, serving));
    expect(serving.sockets).toHaveLength(1);
    await Promise.all(streams.map(ended));
  });

  it("mux: spread over as many as wanted", async () => {
    await using serving = await serve();
    await using client = ttheader({ muxConnections: 3 });
    for (let i = 0; i < 12; i++) await ended(await echoed(client, serving));
    expect(serving.sockets).toHaveLength(3);
  });

  it("mux: on another connection when all are full", async () => {
    await using serving = await serve();
    await using client = ttheader({ maxStreams: 2 });
    const streams = await Promise.all(Array.from({ length: 5 }, () => echoed(client, serving)));
    expect(serving.sockets).toHaveLength(3);
    await Promise.all(streams.map(ended));
  });

  it("long: one at a time, kept for the next", async () => {
    await using serving = await serve();
    await using client = ttheader({ connections: "long" });
    const [first, second] = [await echoed(client, serving), await echoed(client, serving)];
    expect(serving.sockets).toHaveLength(2);
    await Promise.all([ended(first), ended(second)]);
    for (let i = 0; i < 5; i++) await ended(await echoed(client, serving));
    expect(serving.sockets).toHaveLength(2);
  });

  it("short: a new one each, closed behind it", async () => {
    await using serving = await serve();
    await using client = ttheader({ connections: "short" });
    for (let i = 0; i < 3; i++) await ended(await echoed(client, serving));
    expect(serving.sockets).toHaveLength(3);
    await until(() => serving.sockets.every(({ closed }) => closed));
  });
});

describe("connecting", () => {
  it("fails with a retryable unavailable where nobody listens", async () => {
    const gone = await serve();
    const { address } = gone;
    await gone.close();
    await using client = ttheader();
    expect(await failure(client.open(callStart(address), {}))).toMatchObject({
      code: "unavailable",
      retryable: true,
      message: expect.stringMatching(/^cannot connect to 127\.0\.0\.1:\d+: connect ECONNREFUSED/) as string,
    });
  });

  it("leaves an address that failed alone for a time, and fails at once meanwhile", async () => {
    const gone = await serve();
    const { address } = gone;
    await gone.close();
    const events: string[] = [];
    await using client = ttheader({
      minReconnectDelayMs: 60_000,
      maxReconnectDelayMs: 60_000,
      onEvent: ({ type }) => events.push(type),
    });
    await failure(client.open(callStart(address), {}));
    const error = await failure(client.open(callStart(address), {}));
    expect(error).toMatchObject({ code: "unavailable", retryable: true });
    expect(error.message).toMatch(/tried again in \d+ ms/);
    expect(events).toEqual(["connect_failed"]);
  });

  it("tries again when the time has passed, and forgets the failure", async () => {
    const gone = await serve();
    const { address } = gone;
    await gone.close();
    await using client = ttheader({ minReconnectDelayMs: 5, maxReconnectDelayMs: 5 });
    await failure(client.open(callStart(address), {}));
    await using serving = await serve({}, { port: address.port as number });
    const opened = async (): Promise<ClientByteStream> => {
      try {
        return await echoed(client, serving);
      } catch (error) {
        expect(error).toMatchObject({ code: "unavailable", retryable: true });
        return opened();
      }
    };
    await ended(await opened());
  });

  /** Takes connections and says nothing. */
  async function silent(): Promise<{ server: Server; port: number }> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, port: (server.address() as { port: number }).port };
  }

  it.each([
    ["the transport's", { connectTimeoutMs: 50 }, {}],
    ["the call's own, which beats it [B31]", { connectTimeoutMs: 60_000 }, { connectTimeoutMs: 50 }],
  ])("gives up after a time: %s", async (_name, options, own) => {
    const { server, port } = await silent();
    await using client = ttheader({ ...options, tls: {} });
    const error = await failure(client.open(callStart(parseAddress(`127.0.0.1:${port}`)), own));
    expect(error).toMatchObject({ code: "unavailable", retryable: true });
    expect(error.message).toContain("no connection within connectTimeoutMs (50)");
    server.close();
  });

  it("gives up when the call ends", async () => {
    const { server, port } = await silent();
    await using client = ttheader({ connectTimeoutMs: 60_000, tls: {} });
    const ending = new Ending();
    const opening = failure(client.open(callStart(parseAddress(`127.0.0.1:${port}`), { ended: ending }), {}));
    ending.end(new RpcError("cancelled", "enough"));
    expect(await opening).toMatchObject({ code: "cancelled", message: "enough" });
    expect(ending.listenerCount).toBe(0);
    server.close();
  });

  it("that was given up is no failure: the address is not left alone for it", async () => {
    const { server, port } = await silent();
    const events: string[] = [];
    await using client = ttheader({
      connectTimeoutMs: 60_000,
      minReconnectDelayMs: 60_000,
      maxReconnectDelayMs: 60_000,
      tls: {},
      onEvent: ({ type }) => events.push(type),
    });
    const address = parseAddress(`127.0.0.1:${port}`);
    for (let i = 0; i < 3; i++) {
      const ending = new Ending();
      const opening = failure(client.open(callStart(address, { ended: ending }), {}));
      ending.end(new RpcError("cancelled", "enough"));
      expect(await opening).toMatchObject({ code: "cancelled" });
    }
    expect(events).toEqual([]);
    server.close();
  });

  it("fails at once where nobody listens any more, though a connection that is full is still open", async () => {
    const serving = await serve();
    await using client = ttheader({ maxStreams: 1, connectTimeoutMs: 60_000 });
    const stream = await echoed(client, serving);
    serving.stopListening();
    expect(await failure(client.open(callStart(serving.address), {}))).toMatchObject({
      code: "unavailable",
      retryable: true,
    });
    await ended(stream);
    await serving.close();
  });

  it("lets no more wait than allowed", async () => {
    const { server, port } = await silent();
    const events: string[] = [];
    const client = ttheader({
      maxPendingOpens: 2,
      connectTimeoutMs: 60_000,
      tls: {},
      onEvent: ({ type }) => events.push(type),
    });
    const open = () => failure(client.open(callStart(parseAddress(`127.0.0.1:${port}`)), {}));
    const waiting = [open(), open()];
    expect(await open()).toMatchObject({
      code: "resource_exhausted",
      retryable: true,
      message: expect.stringContaining("maxPendingOpens is 2") as string,
    });
    expect(events).toEqual(["limit_hit"]);
    await client.close();
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ code: "unavailable" });
    server.close();
  });

  it("waits for a place when there may be no more connections, and says so when none comes free", async () => {
    await using serving = await serve();
    await using client = ttheader({ connections: "long", maxConnections: 1, connectTimeoutMs: 50 });
    const first = await echoed(client, serving);
    expect((await failure(client.open(callStart(serving.address), {}))).message).toContain(
      "all 1 connections were in use for connectTimeoutMs (50); maxConnections is 1",
    );
    const second = client.open(callStart(serving.address), { connectTimeoutMs: 10_000 });
    await ended(first);
    await ended(await second);
    expect(serving.sockets).toHaveLength(1);
  });

  it("connects anew when the connection has gone", async () => {
    await using serving = await serve();
    await using client = ttheader();
    const stream = await echoed(client, serving);
    serving.sockets[0]?.destroy();
    expect(await failure(async () => stream.recv())).toMatchObject({ code: "unavailable" });
    await ended(await echoed(client, serving));
    expect(serving.sockets).toHaveLength(2);
  });
});

describe("idle connections", () => {
  it("are closed after their time, and not before", async () => {
    await using serving = await serve();
    await using client = ttheader({ idleTimeoutMs: 50 });
    const stream = await echoed(client, serving);
    const other = await serve();
    await ended(await echoed(client, other));
    await until(() => other.sockets.every(({ closed }) => closed));
    expect(serving.sockets[0]?.closed).toBe(false);
    await ended(stream);
    await until(() => serving.sockets.every(({ closed }) => closed));
    await other.close();
  });

  it.skipIf(process.platform !== "linux").each([
    ["the server", { keepAliveMs: 90_000 }, { keepAliveMs: 0 }],
    ["the client", { keepAliveMs: 0 }, { keepAliveMs: 90_000 }],
  ])(
    "are asked by TCP whether their peer is there, by %s (Linux tells)",
    async (side, ofServer, ofClient) => {
      await using serving = await serve({}, ofServer);
      await using client = ttheader(ofClient);
      const stream = await echoed(client, serving);
      const { localPort = 0, remotePort = 0 } = serving.sockets[0] ?? {};
      const asks = { timer: "02", seconds: expect.closeTo(90, -1) };
      const none = { timer: "00", seconds: 0 };
      // Until all is acknowledged another timer runs.
      await vi.waitFor(() => {
        const timers = [timerOf(localPort, remotePort), timerOf(remotePort, localPort)];
        expect(timers).toEqual(side === "the server" ? [asks, none] : [none, asks]);
      });
      await ended(stream);
    },
  );

  it("refuse a time that is none", () => {
    expect(() => ttheader({ keepAliveMs: -1 })).toThrow(/keepAliveMs is -1/);
  });
});

describe("closing", () => {
  it("ends streams with unavailable on the client, and the server's handlers with cancelled", async () => {
    let stream: ServerByteStream | undefined;
    await using serving = await serve({ stream: (opened) => (stream = opened) });
    const client = ttheader();
    const open = await client.open(callStart(serving.address), {});
    await until(() => stream !== undefined);
    await client.close();
    expect(await failure(async () => open.recv())).toMatchObject({ code: "unavailable" });
    await until(() => stream?.start.ended.reason !== undefined);
    expect(stream?.start.ended.reason).toMatchObject({ code: "cancelled", origin: { ttstream: 12013 } });
    expect(await failure(client.open(callStart(serving.address), {}))).toMatchObject({ code: "unavailable" });
  });

  it("of a server ends streams with unavailable, and closes every socket", async () => {
    const serving = await serve();
    await using client = ttheader();
    const stream = await echoed(client, serving);
    await serving.close();
    expect(await failure(async () => stream.recv())).toMatchObject({ code: "unavailable" });
    expect(serving.sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it("in order: open streams finish, new ones go elsewhere, and the connection closes behind the last", async () => {
    await using serving = await serve();
    await using client = ttheader();
    const stream = await echoed(client, serving);
    serving.drain();
    await stream.send(hi);
    expect(await stream.recv()).toEqual(hi);
    await ended(stream);
    await until(() => serving.sockets[0]?.closed === true);
  });

  it("tells of connections opened and closed, on both sides", async () => {
    const events: string[] = [];
    const serving = await serve();
    const client = ttheader({ onEvent: (event) => events.push(event.type) });
    await ended(await echoed(client, serving));
    await client.close();
    await serving.close();
    expect(events).toEqual(["connection_opened", "connection_closed"]);
    expect(serving.events.map(({ type }) => type)).toEqual(["connection_opened", "connection_closed"]);
  });

  it("happens outside the context of the call that made the connection", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    await using serving = await serve();
    const client = ttheader({ onEvent: () => seen.push(storage.getStore()) });
    const stream = await storage.run("a call", () => echoed(client, serving));
    await ended(stream);
    serving.sockets[0]?.destroy();
    await until(() => seen.length === 2);
    expect(seen).toEqual([undefined, undefined]);
    await client.close();
  });

  it("does not mind a listener to events that throws", async () => {
    await using serving = await serve();
    await using client = ttheader({
      onEvent: () => {
        throw new Error("mine");
      },
    });
    await ended(await echoed(client, serving));
  });
});

describe("a peer that sends something else", () => {
  it.each([
    "GET / HTTP/1.1\r\n\r\n",
    "\0\0\0\u0020garbage garbage garbage garbage",
    "\0\0\0\u000a\u0010\0\0\u0002",
  ])("is closed, and others go on: %j", async (garbage) => {
    await using serving = await serve();
    await using client = ttheader();
    const stream = await echoed(client, serving);
    const socket = connect({ host: "127.0.0.1", port: serving.address.port as number });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    // A short frame waits for its end; the peer's own end then is the end.
    socket.end(garbage);
    socket.resume();
    await closed;
    await stream.send(hi);
    expect(await stream.recv()).toEqual(hi);
    await ended(stream);
  });

  it("and keeps the connection open is told apart by its first bad byte", async () => {
    await using serving = await serve();
    const socket = connect({ host: "127.0.0.1", port: serving.address.port as number });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {}).resume();
    socket.write("\0\0\0\u0020garbage");
    await closed;
    await until(() => serving.events.length === 2);
    expect(serving.events[1]).toMatchObject({ type: "connection_closed", error: { code: "internal" } });
  });
});

describe("TLS", async () => {
  const certificate = (commonName: string) =>
    generate([{ name: "commonName", value: commonName }], {
      extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
    });
  const [server, client, stranger] = await Promise.all([
    certificate("server"),
    certificate("client"),
    certificate("stranger"),
  ]);
  const mutual = {
    cert: server.cert,
    key: server.private,
    ca: client.cert,
    requestCert: true,
    rejectUnauthorized: true,
  };

  async function tryWith(tls: TtheaderOptions["tls"], serving: Serving): Promise<string | undefined> {
    await using transport = ttheader({ ...(tls && { tls }), connectTimeoutMs: 5000 });
    try {
      await ended(await echoed(transport, serving));
      return undefined;
    } catch (error) {
      return (error as RpcError).code;
    }
  }

  it("connects to a server whose certificate is trusted, and to no other", async () => {
    await using serving = await serve({}, { listenTls: { cert: server.cert, key: server.private } });
    expect(await tryWith({ ca: server.cert }, serving)).toBeUndefined();
    expect(await tryWith({ ca: stranger.cert }, serving)).toBe("unavailable");
    expect(await tryWith({}, serving)).toBe("unavailable");
  });

  it("mutual: lets in a client whose certificate is trusted, and no other", async () => {
    let tls: unknown;
    await using serving = await serve(
      {
        stream: (stream) => {
          ({ tls } = stream.start.peer);
          void stream.send(hi);
          stream.end({ trailer: noFields });
        },
      },
      { listenTls: mutual },
    );
    const known = { ca: server.cert, cert: client.cert, key: client.private };
    expect(await tryWith(known, serving)).toBeUndefined();
    expect(tls).toMatchObject({ encrypted: true, authorized: true });
    expect(await tryWith({ ...known, cert: stranger.cert, key: stranger.private }, serving)).toBe(
      "unavailable",
    );
    expect(await tryWith({ ca: server.cert }, serving)).toBe("unavailable");
  });

  it("is not answered in plain text, and a plain client fails", async () => {
    await using serving = await serve({}, { listenTls: { cert: server.cert, key: server.private } });
    expect(await tryWith(undefined, serving)).toBe("unavailable");
  });
});

describe("a Unix socket", () => {
  it("is a target like any other", async () => {
    await using serving = await serve({}, { path: join(folder, "socket") });
    await using client = ttheader();
    const stream = await echoed(client, serving);
    expect(stream.peer.address).toBe(`unix:${join(folder, "socket")}`);
    await ended(stream);
  });

  it("that is not there is unavailable", async () => {
    await using client = ttheader();
    const address = parseAddress(`unix:${join(folder, "nowhere")}`);
    expect(await failure(client.open(callStart(address), {}))).toMatchObject({
      code: "unavailable",
      retryable: true,
      message: expect.stringContaining("ENOENT") as string,
    });
  });
});

describe("options", () => {
  it.each([
    ["connections", "pool"],
    ["muxConnections", 0],
    ["maxConnections", 1.5],
    ["maxPendingOpens", -1],
    ["connectTimeoutMs", 0],
    ["idleTimeoutMs", Number.POSITIVE_INFINITY],
    ["streamWindowBytes", 1000],
    ["maxStreamWindowBytes", -1],
    ["maxMessageBytes", 0],
    ["maxStreams", Number.NaN],
  ])("%s cannot be %s", (name, value) => {
    expect(() => ttheader({ [name]: value })).toThrow(
      expect.objectContaining({
        code: "invalid_argument",
        message: expect.stringContaining(name) as string,
      }) as Error,
    );
  });
});
