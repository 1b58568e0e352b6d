import type { Socket } from "node:net";
import { encodeMessage, MessageType } from "@slipstream/thrift";
import { encodeFrame } from "@slipstream/ttheader";
import { describe, expect, it } from "vitest";
import { createCertificate, everyWay, openPort, read } from "./port.ts";

/** The arguments of `Echo.Ping("hi")`. */
const body = Uint8Array.of(11, 0, 1, 0, 0, 0, 2, 0x68, 0x69, 0);
const message = { type: MessageType.call, method: "Ping", sequenceId: 7, body };
const plain = encodeMessage(message);
const framed = encodeMessage(message, { framed: true });
const frame = encodeFrame({ flags: 0, sequenceId: 7, protocolId: 0, payload: plain });
const text = (value: string): Uint8Array => Buffer.from(value, "latin1");

/** The reply to it. */
const reply = "\x80\x01\0\x02\0\0\0\x04Ping\0\0\0\x07\x0b\0\0\0\0\0\x02hi\0";

/** First words of a client (of HTTP/2: preface and SETTINGS, to be acknowledged), and what comes back for all of them. */
const openings: readonly (readonly [name: string, bytes: Uint8Array, answer: string])[] = [
  ["HTTP/2", text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"), "\0\0\0\x04\x01\0\0\0\0"],
  ["TTHeader", frame, reply],
  ["Framed Thrift", framed, `\0\0\0\x1a${reply}`],
  ["plain Thrift", plain, reply],
  ["HTTP/1.1", text("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"), "ok\n"],
];

/** Writes in pieces that arrive one by one. */
async function writeSplit(socket: Socket, bytes: Uint8Array, pieceBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    socket.write(bytes.subarray(at, at + pieceBytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.each([
  ["without TLS", undefined],
  ["with TLS", await createCertificate()],
])("one port for every protocol, %s", (_name, shown) => {
  it("serves calls and streams of every protocol, all at once [B2][B12]", async () => {
    await using port = await openPort({ certificate: shown });
    const work = everyWay.map(async (way) => {
      const client = port.client(way);
      const pings = Array.from({ length: 20 }, async (_, i) => client.ping(`${way} ${i}`));
      const stream = await client.chat();
      await stream.send({ text: way });
      await stream.closeSend();
      const answers: string[] = [];
      for await (const line of stream) answers.push(line.text);
      expect(answers).toEqual([way]);
      expect(await Promise.all(pings)).toEqual(Array.from({ length: 20 }, (_, i) => `${way} ${i}`));
    });
    await Promise.all(work);
    const detected = port.events.flatMap((event) =>
      event.type === "protocol_detected" ? [event.transport] : [],
    );
    expect(new Set(detected)).toEqual(new Set(["ttheader", "http2", "websocket"]));
  });

  it.each(openings)(
    "loses no byte of %s, however the first ones are split [B12]",
    async (_, bytes, answer) => {
      await using port = await openPort({ certificate: shown });
      for (const pieceBytes of [1, 2, 3, 5, 7, 17, bytes.length]) {
        const socket = await port.connect();
        const answered = read(socket, (sofar) => sofar.includes(answer));
        await writeSplit(socket, bytes, pieceBytes);
        expect(await answered, `in pieces of ${pieceBytes}`).toContain(answer);
        socket.destroy();
      }
    },
  );

  it.each([
    ["text", text("hello there, server\r\n")],
    ["zeros", new Uint8Array(16)],
    ["compact Thrift", Uint8Array.of(0x82, 0x21, 7, 4, 0x50, 0x69, 0x6e, 0x67)],
    ["a frame of Apache's THeader", Uint8Array.of(0, 0, 0, 0x20, 0x0f, 0xff, 0, 0)],
  ])("closes a connection that opens with %s, and tells of it once", async (_, garbage) => {
    await using port = await openPort({ certificate: shown });
    const socket = await port.connect();
    const closed = read(socket);
    socket.write(garbage);
    expect(await closed).toBe("");
    expect(port.refusals()).toEqual([expect.stringContaining("no transport of this server knows")]);
    expect(await port.client("Framed").ping("after")).toBe("after");
  });

  it("closes connections that are silent, or too slow to say what they are", async () => {
    await using port = await openPort({ certificate: shown, detectTimeoutMs: 100 });
    const silent = await port.connect();
    const slow = await port.connect();
    slow.write("PRI");
    expect(await Promise.all([read(silent), read(slow)])).toEqual(["", ""]);
    expect(port.refusals().sort()).toEqual([
      expect.stringContaining("0 bytes in 100 ms"),
      expect.stringContaining("3 bytes in 100 ms"),
    ]);
  });

  it("finishes calls of every protocol beside stalled and hostile connections of each", async () => {
    await using port = await openPort({ certificate: shown });
    const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 3);
    const hostile = [
      ...openings.map(([, bytes]) => half(bytes)),
      // A frame of 60 MB of which little comes, and a message that says to have a billion elements.
      Uint8Array.of(3, 0x90, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 1),
      Buffer.concat([plain.subarray(0, 16), Uint8Array.of(15, 0, 1, 12, 0x3f, 0, 0, 0), Buffer.alloc(5000)]),
      // Requests in a row whose answers are never read.
      Buffer.concat(Array.from({ length: 5000 }, () => framed)),
      Buffer.concat([frame, text("then garbage, and more of it")]),
    ];
    for (const bytes of hostile) {
      const socket = await port.connect();
      socket.pause();
      socket.write(bytes);
    }
    // A stream whose answers nobody reads.
    const unread = await port.client("TTHeader").chat();
    for (let i = 0; i < 50; i++) void unread.send({ text: "x".repeat(20_000) }).catch(() => {});
    const answers = await Promise.all(
      everyWay.map((way) => port.client(way).ping(way, { timeoutMs: 5_000 })),
    );
    expect(answers).toEqual(everyWay);
    unread.cancel();
  });
});
