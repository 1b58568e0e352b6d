import { once } from "node:events";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fields, pairs, RESPONSE, RecordedStream } from "./handlers.ts";
import { certificate, closed, connect, type Listening, listen, type TlsFiles } from "./tools.ts";

const ODD_SETTINGS: http2.Settings[] = [
  {},
  { headerTableSize: 0 },
  { headerTableSize: 100, initialWindowSize: 10 },
  { headerTableSize: 65_536, initialWindowSize: 1 << 20, maxFrameSize: 1 << 20 },
];

interface Answer {
  readonly status: unknown;
  readonly echoed: unknown;
  readonly trailer: unknown;
  readonly body: Buffer;
}

/** A request of node:http2, and all that came of it. */
function request(
  session: http2.ClientHttp2Session,
  body: Buffer,
  headers: http2.OutgoingHttpHeaders,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": "POST", ":path": "/echo", ...headers });
    const parts: Buffer[] = [];
    let head: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
    let trailers: http2.IncomingHttpHeaders = {};
    stream.on("response", (list) => (head = list)).on("trailers", (list) => (trailers = list));
    stream.on("data", (part: Buffer) => parts.push(part)).on("error", reject);
    stream.on("end", () =>
      resolve({
        status: head[":status"],
        echoed: head["x-changing"],
        trailer: trailers["x-trailer"],
        body: Buffer.concat(parts),
      }),
    );
    stream.end(body);
  });
}

describe.each([false, true])("node:http2, with TLS: %s", (isTls) => {
  let files: TlsFiles | undefined;
  let server: Listening;
  const scheme = isTls ? "https" : "http";

  beforeAll(async () => {
    if (isTls) files = await certificate();
    server = await listen(
      (recorded, list) => {
        recorded.whenData = (bytes) => recorded.stream.write(bytes);
        recorded.whenEnded = () => recorded.stream.end(fields(["x-trailer", "done"]));
        recorded.stream.respond(
          RESPONSE,
          list.filter(({ name }) => name.startsWith("x-")),
        );
      },
      {},
      files,
    );
  });
  afterAll(() => server.close());

  const connectNode = (settings: http2.Settings): http2.ClientHttp2Session =>
    http2.connect(`${scheme}://localhost:${server.port}`, {
      settings,
      ...(files && { ca: files.cert }),
      lookup: loopback,
    });

  it.each(ODD_SETTINGS)(
    "as the client of our server, with settings %j",
    async (settings) => {
      const session = connectNode(settings);
      for (let i = 0; i < 60; i++) {
        const body = Buffer.alloc(i === 30 ? 30_000 : i * 7, "b");
        const long = { "x-long": "l".repeat(i % 7 === 0 ? 10_000 : 10) };
        const answer = await request(session, body, { "x-changing": `v${i}`, "x-constant": "c", ...long });
        expect(answer).toEqual({ status: 200, echoed: `v${i}`, trailer: "done", body });
      }
      await new Promise<void>((resolve, reject) => {
        session.ping((error) => (error ? reject(error) : resolve()));
      });
      session.settings({ headerTableSize: 30, initialWindowSize: 1000 });
      for (let i = 0; i < 20; i++) {
        const body = Buffer.alloc(5000, "b");
        expect((await request(session, body, { "x-changing": `w${i}` })).body).toEqual(body);
      }
      const cancelled = session.request({ ":method": "POST", ":path": "/echo" });
      cancelled.on("error", () => {});
      cancelled.write("x");
      await once(cancelled, "data");
      cancelled.close(http2.constants.NGHTTP2_CANCEL);
      await once(cancelled, "close");
      expect((await request(session, Buffer.from("after"), {})).body.toString()).toBe("after");
      session.close();
      await once(session, "close");
    },
    30_000,
  );

  it("as the client hears of our shutdown, and its streams end", async () => {
    const session = connectNode({});
    const stream = session.request({ ":method": "POST", ":path": "/echo" });
    stream.write("before ");
    await once(stream, "data");
    const [ours] = server.sessions.slice(-1);
    const goaway = once(session, "goaway");
    ours?.shutdown({ debug: "bye" });
    const [code, , debug] = await goaway;
    expect([code, String(debug)]).toEqual([0, "bye"]);
    stream.end("after");
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    await once(stream, "end");
    expect(Buffer.concat(parts).toString()).toBe("after");
    await once(session, "close");
  });

  it.each(ODD_SETTINGS.map((settings) => ({ ...settings, maxConcurrentStreams: 20 })))(
    "as the server of our client, with settings %j",
    async (settings) => {
      const theirs =
        files === undefined
          ? http2.createServer({ settings })
          : http2.createSecureServer({ ...files, settings });
      theirs.on("stream", (stream, headers) => {
        stream.on("error", () => {});
        stream.additionalHeaders({ ":status": 103, link: "</a>" });
        stream.respond({ ":status": 200, "x-changing": headers["x-changing"] }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "x-trailer": headers["x-changing"] ?? "" }));
        stream.pipe(stream);
      });
      await once(theirs.listen(0, "127.0.0.1"), "listening");
      const { session, recorded } = await connect((theirs.address() as AddressInfo).port, {}, files);
      const shared = fields(
        [":method", "POST"],
        [":scheme", scheme],
        [":path", "/"],
        [":authority", "localhost"],
      );
      const call = (i: number): RecordedStream => {
        const stream = new RecordedStream();
        const changing = fields(["x-changing", `v${i}`], ["x-long", "l".repeat(i % 7 === 0 ? 5000 : 5)]);
        stream.stream = session.open(stream, shared, changing);
        stream.stream.write(Buffer.alloc(i % 50 === 0 ? 20_000 : i * 3, "b"));
        stream.stream.end();
        return stream;
      };
      for (let round = 0; round < 10; round++) {
        expect(session.canOpen()).toBe(true);
        const calls = Array.from({ length: 20 }, (_, i) => call(round * 20 + i));
        expect(session.canOpen()).toBe(false);
        await Promise.all(calls.map(closed));
        for (const [j, { headers, trailers, interim, received, reason }] of calls.entries()) {
          const i = round * 20 + j;
          expect(reason).toBeUndefined();
          expect(received).toBe(i % 50 === 0 ? 20_000 : i * 3);
          expect(headers && pairs(headers)).toContainEqual(["x-changing", `v${i}`]);
          expect(trailers && pairs(trailers)).toEqual([["x-trailer", `v${i}`]]);
          expect(interim.map(pairs)).toEqual([
            [
              [":status", "103"],
              ["link", "</a>"],
            ],
          ]);
        }
      }
      const rtt = await new Promise((resolve) => {
        session.ping(resolve);
      });
      expect(rtt).toBeGreaterThan(0);
      session.shutdown();
      expect(recorded.error).toBeUndefined();
      theirs.close();
    },
    30_000,
  );

  it("as a client that does not read stops our server at its window, and nobody else", async () => {
    const session = connectNode({ initialWindowSize: 20_000 });
    const stream = session.request({ ":method": "POST", ":path": "/echo" });
    stream.pause();
    stream.write(Buffer.alloc(200_000, "s"));
    stream.end();
    expect((await request(session, Buffer.alloc(100_000, "f"), {})).body.length).toBe(100_000);
    const slow = server.recorded.at(-1)?.streams[0] as RecordedStream;
    expect(slow.isClosed).toBe(false);
    let received = 0;
    stream.on("data", (part: Buffer) => (received += part.length)).resume();
    await once(stream, "end");
    expect(received).toBe(200_000);
    session.close();
  });
});

function loopback(
  _: string,
  __: object,
  done: (error: null, addresses: { address: string; family: 4 }[]) => void,
): void {
  done(null, [{ address: "127.0.0.1", family: 4 }]);
}
