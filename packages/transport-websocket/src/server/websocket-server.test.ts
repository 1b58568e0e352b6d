import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { contextKey } from "@slipstream/metainfo";
import { RpcError, type TransportEvent } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { Calling, failure, type Serving, serve, until } from "../../test/serving.ts";
import { subprotocol } from "../index.ts";
import { websocketServer } from "../server.ts";

/** Connects with `ws`, as a page of some origin would; gives the status when the server refuses. */
async function upgrade(
  target: string,
  options: ClientOptions = {},
  protocols: string[] = [subprotocol],
): Promise<{ status: number; text: string; socket: WebSocket }> {
  const socket = new WebSocket(target, protocols, options);
  socket.on("error", () => {});
  const response = await new Promise<IncomingMessage | undefined>((resolve) => {
    socket
      .once("open", () => resolve(undefined))
      .once("unexpected-response", (_, refused) => resolve(refused));
  });
  if (response === undefined) return { status: 101, text: "", socket };
  let text = "";
  for await (const part of response) text += String(part);
  return { status: response.statusCode ?? 0, text: text.trim(), socket };
}

/** Sends bytes as they are and reads until the server closes. */
async function exchange(serving: Serving, bytes: string): Promise<string> {
  const socket = connect(serving.port, "127.0.0.1");
  socket.write(bytes);
  return await answerOf(socket);
}

async function answerOf(socket: Socket): Promise<string> {
  let text = "";
  for await (const part of socket) text += String(part);
  return text;
}

describe("pages that may connect", () => {
  const origin = (value: string): ClientOptions => ({ headers: { origin: value } });

  it("are those of the same host, and programs that are no pages", async () => {
    await using serving = await serve();
    const same = await upgrade(serving.target, origin(`http://127.0.0.1:${serving.port}`));
    const program = await upgrade(serving.target);
    expect([same.status, program.status]).toEqual([101, 101]);
    const others = [
      "http://evil.example",
      `http://127.0.0.1:${serving.port + 1}`,
      "null",
      "http://localhost",
      "",
    ];
    for (const other of others) {
      const { status, text } = await upgrade(serving.target, origin(other));
      expect([other, status]).toEqual([other, 403]);
      expect(text).toContain("origins");
    }
    expect(serving.refused.map(({ code }) => code)).toEqual(others.map(() => "permission_denied"));
    for (const { socket } of [same, program]) socket.terminate();
  });

  it("are those of the list, and no others, when there is one", async () => {
    await using serving = await serve({ origins: ["https://app.example"] });
    const listed = await upgrade(serving.target, origin("https://app.example"));
    const same = await upgrade(serving.target, origin(`http://127.0.0.1:${serving.port}`));
    expect([listed.status, same.status]).toEqual([101, 403]);
    expect((await upgrade(serving.target, origin("https://app.example.evil"))).status).toBe(403);
    expect((await upgrade(serving.target, origin("https://app.example/"))).status).toBe(403);
    listed.socket.terminate();
  });

  it("are all of them when the server says so", async () => {
    await using serving = await serve({ origins: "any" });
    const { status, socket } = await upgrade(serving.target, origin("https://any.example"));
    expect(status).toBe(101);
    socket.terminate();
  });

  it("are checked for what no browser would ever send", () => {
    for (const wrong of ["https://app.example/", "app.example", "https://app.example/page", "*"]) {
      expect(() => websocketServer({ origins: [wrong] })).toThrow(wrong);
    }
  });
});

describe("an upgrade request", () => {
  it("must offer our subprotocol, among others perhaps", async () => {
    await using serving = await serve();
    const { status, text } = await upgrade(serving.target, {}, ["graphql-ws"]);
    expect([status, text]).toEqual([400, `expected the subprotocol ${subprotocol}, got graphql-ws`]);
    expect((await upgrade(serving.target, {}, [])).text).toContain("got none");
    const both = await upgrade(serving.target, {}, ["other", subprotocol]);
    expect([both.status, both.socket.protocol]).toEqual([101, subprotocol]);
    both.socket.terminate();
  });

  it("must be for the path", async () => {
    await using serving = await serve({ path: "/rpc" });
    expect((await upgrade(`${serving.target}other`)).status).toBe(404);
    const { status, socket } = await upgrade(`${serving.target}rpc?version=1`);
    expect(status).toBe(101);
    socket.terminate();
  });

  it("must be proper", async () => {
    await using serving = await serve();
    const head = `GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-protocol: ${subprotocol}\r\n`;
    expect(
      await exchange(serving, `${head}sec-websocket-version: 13\r\nsec-websocket-key: short\r\n\r\n`),
    ).toMatch(/^HTTP\/1.1 400 .*Sec-WebSocket-Key/s);
    expect(await exchange(serving, `${head}\r\n`)).toMatch(/^HTTP\/1.1 400 /);
    expect(serving.refused).toHaveLength(2);
  });

  it("is refused when maxConnections are open, and taken again when one has gone", async () => {
    await using serving = await serve({ maxConnections: 1 });
    const { socket } = await upgrade(serving.target);
    const refused = await upgrade(serving.target);
    expect([refused.status, refused.text]).toEqual([503, "maxConnections (1) are open"]);
    expect(serving.refused.map(({ code }) => code)).toEqual(["resource_exhausted"]);
    socket.terminate();
    await until(() => serving.events.some(({ type }) => type === "connection_closed"));
    const next = await upgrade(serving.target);
    expect(next.status).toBe(101);
    next.socket.terminate();
  });
});

describe("the authenticate hook", () => {
  const userKey = contextKey<string>("user");

  it("sees the request, and adds to the context of every call on the connection", async () => {
    await using serving = await serve({
      async authenticate({ headers }) {
        const user = headers.cookie?.replace("user=", "") ?? "";
        return (context) => context.setValue(userKey, user);
      },
      handlers: {
        ask: async (_, { context }) => ({ text: String(context.getValue(userKey)) }),
        async story(_, stream) {
          await stream.send({ text: String(stream.context.getValue(userKey)) });
        },
      },
    });
    for (const user of ["ada", "bob"]) {
      await using calling = new Calling(serving.target, { node: { headers: { cookie: `user=${user}` } } });
      expect(await calling.lab.ask({ text: "" })).toEqual({ text: user });
      const stream = await calling.lab.story({ text: "" });
      expect(await stream.recv()).toEqual({ text: user });
    }
  });

  it("turns clients away: false is 401, an RpcError says itself, the rest is nobody's business", async () => {
    const answers: Record<string, () => boolean> = {
      no: () => false,
      yes: () => true,
      denied: () => {
        throw new RpcError("permission_denied", "not in this office");
      },
      who: () => {
        throw new RpcError("unauthenticated", "log in first");
      },
      busy: () => {
        throw new RpcError("unavailable", "the directory is away");
      },
      broken: () => {
        throw new Error("password of the database is hunter2");
      },
    };
    await using serving = await serve({
      authenticate: async ({ url }) => answers[(url as string).slice(1)]?.(),
    });
    const results: unknown[] = [];
    for (const answer of Object.keys(answers)) {
      const { status, text, socket } = await upgrade(`${serving.target}${answer}`);
      results.push([answer, status, text]);
      socket.terminate();
    }
    expect(results).toEqual([
      ["no", 401, "not allowed"],
      ["yes", 101, ""],
      ["denied", 403, "not in this office"],
      ["who", 401, "log in first"],
      ["busy", 503, "the directory is away"],
      ["broken", 500, "internal error"],
    ]);
    expect(serving.refused.at(-1)?.message).toContain("hunter2");
  });

  it("throws at once, too", async () => {
    await using serving = await serve({
      authenticate() {
        throw new RpcError("unauthenticated", "nobody");
      },
    });
    expect((await upgrade(serving.target)).text).toBe("nobody");
  });

  it("has a limited time", async () => {
    await using serving = await serve({
      authenticate: () => new Promise<void>(() => {}),
      requestTimeoutMs: 50,
    });
    const { status, text } = await upgrade(serving.target);
    expect([status, text]).toEqual([503, "authenticate took more than requestTimeoutMs (50)"]);
  });

  it("is not waited for by a server that closes", async () => {
    let isAsked = false;
    const serving = await serve({
      authenticate() {
        isAsked = true;
        return new Promise<void>(() => {});
      },
    });
    const socket = new WebSocket(serving.target, subprotocol);
    const failed = once(socket, "error");
    await until(() => isAsked);
    await serving.close();
    expect(String(await failed)).toContain("socket hang up");
  });
});

describe("a connection", () => {
  it("ends with the first text message", async () => {
    await using serving = await serve();
    const { socket } = await upgrade(serving.target);
    socket.send("hello");
    const [code, reason] = (await once(socket, "close")) as [number, Buffer];
    expect([code, String(reason)]).toEqual([1003, "binary messages only"]);
    await until(() => serving.events.some(({ type }) => type === "connection_closed"));
    const closed = serving.events.find((event) => event.type === "connection_closed") as TransportEvent;
    expect(closed).toMatchObject({ error: { message: expect.stringContaining("text message") } });
  });

  it("ends with a message over maxPayloadBytes", async () => {
    await using serving = await serve({ maxPayloadBytes: 256 * 1024 });
    const { socket } = await upgrade(serving.target);
    socket.send(new Uint8Array(256 * 1024 + 1));
    expect(((await once(socket, "close")) as [number])[0]).toBe(1009);
  });

  it("ends with bytes that are no frame", async () => {
    await using serving = await serve();
    const { socket } = await upgrade(serving.target);
    socket.send(new Uint8Array(64).fill(0x41));
    await once(socket, "close");
    await until(() => serving.events.some(({ type }) => type === "connection_closed"));
    expect(serving.events.find(({ type }) => type === "connection_closed")).toMatchObject({
      error: { code: "internal" },
    });
  });

  it("has no more streams than maxStreams", async () => {
    await using serving = await serve({ maxStreams: 1 });
    await using calling = new Calling(serving.target);
    const first = await calling.lab.chat();
    const second = await calling.lab.chat();
    const error = await failure(second.recv());
    expect([error.code, error.message]).toEqual([
      "resource_exhausted",
      "maxStreams (1) are open on this connection",
    ]);
    await first.send({ text: "on" });
    expect(await first.recv()).toEqual({ text: "on" });
    first.cancel();
  });

  it("compresses messages when both sides want it, and not by default", async () => {
    for (const perMessageDeflate of [true, false]) {
      await using serving = await serve({ perMessageDeflate });
      const { socket } = await upgrade(serving.target, { perMessageDeflate: true });
      expect(socket.extensions).toBe(perMessageDeflate ? "permessage-deflate" : "");
      socket.terminate();
      await using calling = new Calling(serving.target, { node: { perMessageDeflate: true } });
      const text = "a".repeat(100_000);
      expect(await calling.lab.ask({ text })).toEqual({ text });
    }
  });

  it("slows a handler down whose client does not read its socket", async () => {
    let sent = 0;
    await using serving = await serve({
      // A client that gives as much credit as one could want.
      streamWindowBytes: 1024 * 1024 * 1024,
      handlers: {
        async story(_, stream) {
          for (; sent < 2_000 && !stream.signal.aborted; sent++) {
            await stream.send({ text: "", bytes: new Uint8Array(64 * 1024) });
          }
        },
      },
    });
    await using calling = new Calling(serving.target, { streamWindowBytes: 1024 * 1024 * 1024 });
    const stream = await calling.lab.story({ text: "" });
    await stream.recv();
    // One process: while this loop runs, nothing is read.
    const before = sent;
    await until(() => sent > before);
    expect(serving.transport.queuedBytes).toBeLessThan(8 * 1024 * 1024);
    let received = 1;
    for await (const _ of stream) received++;
    expect(received).toBe(2_000);
    expect(serving.transport.queuedBytes).toBe(0);
  });
});

describe("ordinary requests", () => {
  it("are answered: health, what the endpoint is, and that there is nothing else", async () => {
    await using serving = await serve({ path: "/rpc" });
    const get = async (path: string): Promise<[number, string]> => {
      const response = await fetch(`http://127.0.0.1:${serving.port}${path}`);
      return [response.status, (await response.text()).trim()];
    };
    expect(await get("/healthz")).toEqual([200, "ok"]);
    expect(await get("/rpc")).toEqual([426, "this is a WebSocket endpoint (slipstream.v1)"]);
    expect(await get("/other")).toEqual([404, "there is nothing here"]);
  });

  it("go to the program when it wants them, but for the health check", async () => {
    await using serving = await serve({
      onRequest: ({ method, url }, response) => void response.end(`${method} ${url}`),
    });
    const response = await fetch(`http://127.0.0.1:${serving.port}/page?x=1`, { method: "POST", body: "b" });
    expect(await response.text()).toBe("POST /page?x=1");
    expect(await (await fetch(`http://127.0.0.1:${serving.port}/healthz`)).text()).toBe("ok\n");
  });

  it("tell that the server shuts down", async () => {
    let isOpen = false;
    const serving = await serve({
      handlers: {
        async chat(stream) {
          isOpen = true;
          await stream.recv();
        },
      },
    });
    const calling = new Calling(serving.target);
    const stream = await calling.lab.chat();
    await until(() => isOpen);
    // Connected before, as a load balancer is that keeps its connection.
    const socket = connect(serving.port, "127.0.0.1");
    socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
    await once(socket, "readable");
    expect(String(socket.read())).toContain("200 OK");
    const asking = connect(serving.port, "127.0.0.1");
    await once(asking, "connect");
    asking.write("GET /heal");
    await until(() => serving.events.filter(({ type }) => type === "protocol_detected").length === 3);
    const closing = serving.server.close({ graceMs: 10_000 });
    asking.write("thz HTTP/1.1\r\nhost: a\r\n\r\n");
    expect(await answerOf(asking)).toMatch(/^HTTP\/1.1 503 .*connection: close.*shutting down/is);
    await stream.closeSend();
    await closing;
    await calling.transport.close();
  });

  it("have a limited time to arrive", async () => {
    await using serving = await serve({ requestTimeoutMs: 50 });
    expect(await exchange(serving, "GET / HTTP/1.1\r\nhost: a\r\n")).toMatch(/^HTTP\/1.1 408 /);
  });

  it("do not hold up a server that closes, however slowly they come", async () => {
    const serving = await serve();
    const socket = connect(serving.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n");
    await until(() => serving.events.some(({ type }) => type === "protocol_detected"));
    await serving.close();
    await once(socket.resume(), "close");
  });
});

describe("options", () => {
  for (const [name, value] of Object.entries({
    maxConnections: 0,
    heartbeatIntervalMs: -1,
    requestTimeoutMs: 0,
    maxPayloadBytes: 1,
    path: "rpc",
    streamWindowBytes: 1,
  })) {
    it(`refuses ${name}: ${value} by name, at once`, () => {
      const expected = { code: "invalid_argument", message: expect.stringContaining(name) };
      expect(() => websocketServer({ [name]: value })).toThrow(expect.objectContaining(expected));
    });
  }

  it("cannot serve two servers", async () => {
    await using serving = await serve();
    const handler = { stream() {}, call: async () => undefined };
    await expect(serving.transport.serve(handler)).rejects.toThrow("serves already");
  });
});
