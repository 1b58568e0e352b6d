import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import type { RunningTransport, TransportEvent } from "@slipstream/stream";
import { maxDetectBytes, type SocketTransport } from "@slipstream/stream/node";
import { generate } from "selfsigned";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { failure } from "../../test/failures.ts";
import { createServer, type ListenOptions, type Server } from "./index.ts";

/** Takes connections that start with its word, and sends back what it is and all it got when the client is done. */
class Word implements SocketTransport {
  readonly name: string;
  readonly detectOrder: number;
  readonly alpn?: readonly string[];
  readonly seenAlpn: (string | false | undefined)[] = [];
  readonly #word: string;
  readonly #open = new Set<Socket>();

  constructor(word: string, detectOrder: number, alpn?: readonly string[]) {
    this.name = word;
    this.detectOrder = detectOrder;
    this.#word = word;
    if (alpn) this.alpn = alpn;
  }

  detect(head: Uint8Array, tls?: { readonly alpn: string | false }): "yes" | "no" | "more" {
    expect(head.byteLength).toBeLessThanOrEqual(maxDetectBytes);
    const text = Buffer.from(head).toString("latin1");
    if (text.startsWith(this.#word)) {
      this.seenAlpn.push(tls?.alpn);
      return "yes";
    }
    return this.#word.startsWith(text) ? "more" : "no";
  }

  accept(socket: Socket): void {
    const chunks: Buffer[] = [];
    this.#open.add(socket);
    socket.on("error", () => {}).on("close", () => this.#open.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (chunk.includes("\n")) socket.end(`${this.name} got ${Buffer.concat(chunks).toString("latin1")}`);
    });
  }

  async serve(): Promise<RunningTransport> {
    return {
      addresses: [],
      drain() {},
      close: async () => {
        for (const socket of this.#open) socket.destroy();
      },
    };
  }
}

const servers: Server[] = [];
const clients: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const server of servers.splice(0)) await server.close({ graceMs: 0 });
});

async function listen(transports: readonly Word[], options: ListenOptions = {}) {
  const events: TransportEvent[] = [];
  const server = createServer({ transports, onEvent: (event) => events.push(event) });
  servers.push(server);
  const listening = await server.listen({ host: "127.0.0.1", ...options });
  return { ...listening, server, events };
}

function dial(port: number): Socket {
  const socket = connect(port, "127.0.0.1").setNoDelay(true);
  socket.on("error", () => {});
  clients.push(socket);
  return socket;
}

/** All that comes until the connection closes. */
function answer(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  return new Promise((resolve) => socket.on("close", () => resolve(text)));
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function eventOf(
  events: readonly TransportEvent[],
  type: TransportEvent["type"],
): Promise<TransportEvent> {
  for (;;) {
    const found = events.find((event) => event.type === type);
    if (found) return found;
    await turn();
  }
}
const errorOf = (event: TransportEvent): string => ("error" in event ? (event.error as Error).message : "");

describe("one port for several protocols", () => {
  it("hands each connection to the transport that its first bytes are for, with no byte lost [B12]", async () => {
    const { port, events } = await listen([new Word("SECOND", 20), new Word("FIRST", 10)]);
    const long = "x".repeat(100_000);
    const sockets = [`FIRST hello\n`, `SECOND ${long}\n`].map((text) => {
      const socket = dial(port);
      socket.write(text);
      return answer(socket);
    });
    expect(await Promise.all(sockets)).toEqual(["FIRST got FIRST hello\n", `SECOND got SECOND ${long}\n`]);
    const detected = events.filter(({ type }) => type === "protocol_detected");
    expect(new Set(detected.map((event) => "transport" in event && event.transport))).toEqual(
      new Set(["FIRST", "SECOND"]),
    );
  });

  it("waits for more when the first bytes do not say yet, however they come", async () => {
    const { port } = await listen([new Word("WORD", 10), new Word("WORLD", 20)]);
    const socket = dial(port);
    const got = answer(socket);
    for (const byte of "WORLD, one byte at a time\n") {
      await new Promise((resolve) => socket.write(byte, resolve));
      await turn();
    }
    expect(await got).toBe("WORLD got WORLD, one byte at a time\n");
  });

  it("asks transports in their order: one that may still be meant comes before a later one that is", async () => {
    const { port } = await listen([new Word("AB", 20), new Word("ABCD", 10)]);
    const socket = dial(port);
    const got = answer(socket);
    await new Promise((resolve) => socket.write("AB", resolve));
    await turn();
    socket.write("CD\n");
    expect(await got).toBe("ABCD got ABCD\n");
    const other = dial(port);
    const gotOther = answer(other);
    other.write("ABX\n");
    expect(await gotOther).toBe("AB got ABX\n");
  });

  it("closes a connection of which nobody knows the protocol, and says what it started with", async () => {
    const { port, events } = await listen([new Word("WORD", 10)]);
    const socket = dial(port);
    const got = answer(socket);
    socket.write("GARBAGE that goes on and on\n");
    expect(await got).toBe("");
    expect(errorOf(await eventOf(events, "refused"))).toContain(
      Buffer.from("GARBAGE that goe").toString("hex"),
    );
    const next = dial(port);
    const gotNext = answer(next);
    next.write("WORD\n");
    expect(await gotNext).toBe("WORD got WORD\n");
  });

  it("gives up on a connection that needs more than the longest opening", async () => {
    const { port, events } = await listen([new Word("x".repeat(40), 10)]);
    const socket = dial(port);
    const got = answer(socket);
    socket.write("x".repeat(30));
    expect(await got).toBe("");
    await eventOf(events, "refused");
  });

  it("closes a connection that stays silent, or stops half-way, after the time for detection", async () => {
    const { port, events } = await listen([new Word("WORD", 10)], { detectTimeoutMs: 30 });
    const silent = answer(dial(port));
    const slow = dial(port);
    const half = answer(slow);
    slow.write("WO");
    expect(await Promise.all([silent, half])).toEqual(["", ""]);
    const texts = events.filter(({ type }) => type === "refused").map(errorOf);
    expect(texts.some((text) => text.startsWith("0 bytes in 30 ms"))).toBe(true);
    expect(texts.some((text) => text.includes(Buffer.from("WO").toString("hex")))).toBe(true);
  });

  it("does not mind connections that close or reset before they say anything", async () => {
    const { port, events } = await listen([new Word("WORD", 10)]);
    const closing = dial(port);
    const closed = answer(closing);
    closing.end();
    await closed;
    const resetting = dial(port);
    await new Promise((resolve) => resetting.on("connect", resolve));
    resetting.resetAndDestroy();
    const socket = dial(port);
    const got = answer(socket);
    socket.write("WORD\n");
    expect(await got).toBe("WORD got WORD\n");
    expect(events.filter(({ type }) => type === "refused")).toEqual([]);
  });

  it("closes silent connections at once when the server closes", async () => {
    const { port, server } = await listen([new Word("WORD", 10)], { detectTimeoutMs: 60_000 });
    const socket = dial(port);
    const got = answer(socket);
    await new Promise((resolve) => socket.on("connect", resolve));
    await turn();
    await server.close({ graceMs: 0 });
    expect(await got).toBe("");
  });

  it("closes connections over the limit, and says so", async () => {
    const { port, events } = await listen([new Word("WORD", 10)], { maxConnections: 2 });
    const open = [dial(port), dial(port)];
    await Promise.all(open.map((socket) => new Promise((resolve) => socket.on("connect", resolve))));
    expect(await answer(dial(port))).toBe("");
    expect(errorOf(await eventOf(events, "limit_hit"))).toContain("maxConnections (2)");
  });

  it("listens on several ports at once", async () => {
    const { server, port } = await listen([new Word("WORD", 10)]);
    const second = await server.listen({ host: "127.0.0.1" });
    expect(second.port).not.toBe(port);
    for (const number of [port, second.port]) {
      const socket = dial(number);
      const got = answer(socket);
      socket.write("WORD\n");
      expect(await got).toBe("WORD got WORD\n");
    }
  });

  it("listens on a Unix socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "listener-"));
    try {
      const path = join(folder, "socket");
      const { target, port } = await listen([new Word("WORD", 10)], { path });
      expect([target, port]).toEqual([`unix:${path}`, 0]);
      const socket = connect(path);
      clients.push(socket);
      const got = answer(socket);
      socket.write("WORD\n");
      expect(await got).toBe("WORD got WORD\n");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says why it cannot listen, and the server may try again", async () => {
    const { port } = await listen([new Word("WORD", 10)]);
    const server = createServer({ transports: [new Word("WORD", 10)] });
    servers.push(server);
    expect(await failure(server.listen({ host: "127.0.0.1", port }))).toMatchObject({ code: "unavailable" });
    expect(await failure(server.listen({ port: 70_000 }))).toMatchObject({ code: "invalid_argument" });
    expect((await server.listen({ host: "127.0.0.1" })).port).toBeGreaterThan(0);
  });

  it("names a target that clients can use, also when it listens on all interfaces", async () => {
    const server = createServer({ transports: [new Word("WORD", 10)] });
    servers.push(server);
    const { port, target } = await server.listen();
    expect(target).toBe(`127.0.0.1:${port}`);
  });
});

describe("one port for several protocols, with TLS", () => {
  let tls: { readonly key: string; readonly cert: string };
  beforeAll(async () => {
    const made = await generate([{ name: "commonName", value: "localhost" }], {
      keyType: "ec",
      algorithm: "sha256",
    });
    tls = { key: made.private, cert: made.cert };
  });

  function dialTls(port: number, ALPNProtocols?: string[]): TLSSocket {
    const socket = tlsConnect({
      port,
      host: "127.0.0.1",
      ca: tls.cert,
      checkServerIdentity: () => undefined,
      ...(ALPNProtocols ? { ALPNProtocols } : {}),
    });
    socket.on("error", () => {});
    clients.push(socket);
    return socket;
  }

  it("detects inside of TLS, with the protocol agreed on, and loses no byte [B12]", async () => {
    const first = new Word("FIRST", 10, ["one"]);
    const second = new Word("SECOND", 20);
    const { port } = await listen([second, first], { tls });
    const long = "y".repeat(100_000);
    const agreed = dialTls(port, ["one"]);
    const plain = dialTls(port);
    const answers = [answer(agreed), answer(plain)];
    agreed.write(`FIRST ${long}\n`);
    for (const byte of "SECOND\n") {
      plain.write(byte);
      await turn();
    }
    expect(await Promise.all(answers)).toEqual([`FIRST got FIRST ${long}\n`, "SECOND got SECOND\n"]);
    expect([first.seenAlpn, second.seenAlpn]).toEqual([["one"], [false]]);
  });

  it("refuses what is no TLS, and goes on", async () => {
    const { port, events } = await listen([new Word("WORD", 10)], { tls });
    const socket = dial(port);
    const got = answer(socket);
    socket.write("WORD without TLS\n");
    await got;
    expect(errorOf(await eventOf(events, "refused"))).toContain("TLS handshake failed");
    const good = dialTls(port);
    const gotGood = answer(good);
    good.write("WORD\n");
    expect(await gotGood).toBe("WORD got WORD\n");
  });

  it("closes a connection that never finishes its handshake, in time and when the server closes", async () => {
    const { port } = await listen([new Word("WORD", 10)], { tls, detectTimeoutMs: 30 });
    expect(await answer(dial(port))).toBe("");
    const patient = await listen([new Word("WORD", 10)], { tls, detectTimeoutMs: 60_000 });
    const socket = dial(patient.port);
    const got = answer(socket);
    await new Promise((resolve) => socket.on("connect", resolve));
    await turn();
    await patient.server.close({ graceMs: 0 });
    expect(await got).toBe("");
  });
});
