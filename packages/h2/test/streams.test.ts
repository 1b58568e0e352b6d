import { describe, expect, it } from "vitest";
import { ErrorCode, type Fields, H2Error } from "../src/index.ts";
import { echo, fields, pairs, REQUEST, RESPONSE, TRAILERS } from "./handlers.ts";
import { clientAndRaw, Pair, serverAndRaw } from "./pair.ts";
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  PADDED,
  PRIORITY,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  uint32,
  WINDOW_UPDATE,
} from "./raw-peer.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a stream", () => {
  it.each([Number.POSITIVE_INFINITY, 1, 7, 100])(
    "carries a request and a response in chunks of %d bytes",
    (chunkBytes) => {
      const pair = new Pair({ chunkBytes });
      const call = pair.open([...REQUEST, ...fields(["x-a", "1"], ["x-a", "2"], ["x-utf8", "né 日本"])]);
      call.stream.write(utf8("hello, "));
      call.stream.write(utf8("world"));
      call.stream.end();
      pair.settle();
      expect(pairs(pair.served(call).headers as Fields).slice(4)).toEqual([
        ["x-a", "1"],
        ["x-a", "2"],
        ["x-utf8", "né 日本"],
      ]);
      expect(pairs(call.headers as Fields)).toEqual([[":status", "200"]]);
      expect(call.text).toBe("hello, world");
      expect(pairs(call.trailers as Fields)).toEqual([["x-trailer", "done"]]);
      expect(call.events.filter((event) => !event.startsWith("data"))).toEqual([
        "headers",
        "trailers",
        "end",
        "close",
      ]);
      expect(pair.served(call).events.at(-1)).toBe("close");
      expect([pair.client.openStreams, pair.server.openStreams]).toEqual([0, 0]);
    },
  );

  it("ends with its header section when the request or the response has nothing else", () => {
    const pair = new Pair({ answer: ({ stream }) => stream.respond(RESPONSE, fields(["x-a", "1"]), true) });
    const call = pair.open(REQUEST, true);
    pair.settle();
    expect(pair.served(call).events).toEqual(["request+end", "end", "close"]);
    expect(call.events).toEqual(["headers+end", "end", "close"]);
    expect(pairs(call.headers as Fields)).toEqual([
      [":status", "200"],
      ["x-a", "1"],
    ]);
  });

  it("carries interim responses before the final one", () => {
    const pair = new Pair({
      answer({ stream }) {
        stream.inform(fields([":status", "100"]));
        stream.inform(fields([":status", "103"], ["link", "</a>"]));
        stream.respond(RESPONSE, undefined, true);
      },
    });
    const call = pair.open();
    pair.settle();
    expect(call.events).toEqual(["informational", "informational", "headers+end", "end"]);
    expect(call.interim.map(pairs)).toEqual([
      [[":status", "100"]],
      [
        [":status", "103"],
        ["link", "</a>"],
      ],
    ]);
  });

  it("sends trailers of the client too", () => {
    const pair = new Pair();
    const call = pair.open();
    call.stream.write(utf8("x"));
    call.stream.end([], fields(["x-checksum", "1"]));
    pair.settle();
    expect(pairs(pair.served(call).trailers as Fields)).toEqual([["x-checksum", "1"]]);
    expect(pair.served(call).events).toEqual(["request", "data 1", "trailers", "end", "close"]);
  });

  it("puts a prefix before the bytes of a write, copied at once", () => {
    const pair = new Pair();
    const call = pair.open();
    const prefix = utf8("1:");
    call.stream.write(utf8("small"), prefix);
    prefix.set(utf8("2:"));
    call.stream.write(new Uint8Array(5000).fill(0x61), prefix);
    prefix.fill(0);
    call.stream.end();
    pair.settle();
    expect(call.text).toBe(`1:small2:${"a".repeat(5000)}`);
  });

  it("gathers what a turn writes into one frame a stream and one write of the link", () => {
    const { network, raw, client, open } = clientAndRaw();
    raw.begin({}, false);
    const call = open();
    const writes = network.a.writes;
    for (let i = 0; i < 100; i++) call.stream.write(utf8(`message ${i};`));
    call.stream.end();
    network.settle();
    expect(network.a.writes - writes).toBe(1);
    expect(raw.of(DATA, call.stream.id).map(({ flags }) => flags)).toEqual([END_STREAM]);
    expect(client.openStreams).toBe(1);
  });

  it.each([0, 8, 1000, 12_345, 0xffffffff])(
    "is reset with code %d, without a half-close before it",
    (code) => {
      const { network, raw, open } = clientAndRaw();
      raw.begin({}, false);
      const call = open();
      call.stream.write(utf8("x"));
      call.stream.reset(code);
      expect(call.events).toEqual([`close local ${code}`]);
      network.settle();
      expect(raw.resetCode(call.stream.id)).toBe(code);
      expect(raw.of(DATA).every(({ flags }) => (flags & END_STREAM) === 0)).toBe(true);
      const before = raw.frames.length;
      call.stream.write(utf8("late"));
      call.stream.end();
      call.stream.reset(2);
      network.settle();
      expect(raw.frames.length).toBe(before);
    },
  );

  it.each([0, 8, 1000, 0xffffffff])("tells of a peer's reset with code %d", (code) => {
    const pair = new Pair({ answer: ({ stream }) => stream.reset(code) });
    const call = pair.open();
    pair.settle();
    expect(call.reason).toMatchObject({ code, by: "peer", unprocessed: false });
  });

  it("tells that a stream which was refused may be opened again", () => {
    const pair = new Pair({ answer: ({ stream }) => stream.reset(ErrorCode.REFUSED_STREAM) });
    const call = pair.open();
    pair.settle();
    expect(call.reason).toMatchObject({ by: "peer", unprocessed: true });
  });

  it("may be reset by whoever is told of it, before the handler is known", () => {
    const pair = new Pair({ answer: ({ stream }) => stream.reset(5) });
    const call = pair.open(REQUEST, true);
    pair.settle();
    expect(pair.served(call).events).toEqual(["request+end", "close local 5"]);
  });

  it("may be answered before the request has ended; the rest of it can be refused", () => {
    const pair = new Pair({ answer: ({ stream }) => stream.respond(RESPONSE, undefined, true) });
    const call = pair.open();
    call.stream.write(utf8("x"));
    pair.settle();
    expect(call.events).toEqual(["headers+end", "end"]);
    pair.served(call).stream.reset(ErrorCode.NO_ERROR);
    pair.settle();
    expect(call.reason).toMatchObject({ code: 0, by: "peer" });
  });

  it("refuses writes before the response's header section, and two of those", () => {
    const pair = new Pair({ answer: () => {} });
    const call = pair.open();
    pair.settle();
    const { stream } = pair.served(call);
    expect(() => stream.write(utf8("x"))).toThrow("respond() comes before");
    expect(() => stream.end()).toThrow("respond() comes before");
    stream.respond(RESPONSE);
    expect(() => stream.respond(RESPONSE)).toThrow("after the header section");
    expect(() => stream.inform(fields([":status", "103"]))).toThrow("after the header section");
    stream.end();
    pair.settle();
    expect(call.isEnded).toBe(true);
  });

  it("ignores an empty write", () => {
    const { network, raw, open } = clientAndRaw();
    raw.begin({}, false);
    const call = open();
    expect(call.stream.write(new Uint8Array(0))).toBe(true);
    network.settle();
    expect(raw.of(DATA)).toEqual([]);
  });
});

describe("header sections", () => {
  const long = fields(
    ...Array.from({ length: 12 }, (_, i) => [`x-long-${i}`, `${i}`.repeat(5000 - i * 40)] as const),
  );

  it("travel in CONTINUATION frames when they are long, both ways", () => {
    const pair = new Pair({
      client: { maxHeaderListBytes: 200_000 },
      server: { maxHeaderListBytes: 200_000 },
      answer({ stream }) {
        stream.respond(RESPONSE, long);
        stream.end([], long);
      },
    });
    const call = pair.open([...REQUEST, ...long]);
    pair.settle();
    expect(pairs(pair.served(call).headers as Fields)).toEqual(pairs([...REQUEST, ...long]));
    expect(pairs(call.headers as Fields)).toEqual(pairs([...RESPONSE, ...long]));
    expect(pairs(call.trailers as Fields)).toEqual(pairs(long));
  });

  it("are cut at 16384 bytes", () => {
    const { network, raw, open } = clientAndRaw();
    raw.begin({ 5: 1 << 20 }, false);
    const call = open([...REQUEST, ...fields(["x-long", `é${"\u00fc".repeat(25_000)}`])]);
    network.settle();
    const frames = raw.frames.filter(({ streamId }) => streamId === call.stream.id);
    expect(frames.map(({ type }) => type)).toEqual([HEADERS, CONTINUATION, CONTINUATION, CONTINUATION]);
    expect(frames.map(({ flags }) => flags)).toEqual([0, 0, 0, END_HEADERS]);
    expect(frames.slice(0, 3).every(({ payload }) => payload.length === 16_384)).toBe(true);
  });

  it("that the peer does not allow are not sent, and the session goes on", () => {
    const pair = new Pair({
      server: { maxHeaderListBytes: 2000 },
      client: { maxHeaderListBytes: 1000 },
      answer({ stream }, request) {
        if (request.some(({ name }) => name === "x-trailers")) {
          stream.respond(RESPONSE);
          stream.end([], fields(["x-long", "v".repeat(1000)]));
          return;
        }
        expect(() => stream.respond(RESPONSE, fields(["x-long", "v".repeat(1000)]))).toThrow(
          "MAX_HEADER_LIST_SIZE",
        );
        stream.respond(RESPONSE, undefined, true);
      },
    });
    expect(() => pair.open([...REQUEST, ...fields(["x-long", "v".repeat(2000)])])).toThrow(H2Error);
    const call = pair.open(REQUEST, true);
    const other = pair.open([...REQUEST, ...fields(["x-trailers", "1"])]);
    pair.settle();
    expect(call.events).toEqual(["headers+end", "end", "close"]);
    expect(other.reason).toMatchObject({ by: "peer", code: ErrorCode.INTERNAL_ERROR });
    expect(pair.served(other).reason).toMatchObject({
      by: "local",
      message: expect.stringContaining("MAX_HEADER_LIST_SIZE"),
    });
  });

  it("of exactly the size that the peer allows are sent", () => {
    // 4 pseudo-header fields of REQUEST count 168 bytes; 32 + 3 for the name.
    const size = REQUEST.reduce((sum, { name, value }) => sum + name.length + value.length + 32, 0);
    const pair = new Pair({ server: { maxHeaderListBytes: size + 35 + 100 } });
    const call = pair.open([...REQUEST, ...fields(["x-a", "v".repeat(100)])], true);
    pair.settle();
    expect(call.isClosed).toBe(true);
    expect(call.reason).toBeUndefined();
    expect(() => pair.open([...REQUEST, ...fields(["x-a", "v".repeat(101)])])).toThrow(H2Error);
  });

  it("that are malformed fail their stream and no other", () => {
    const { raw, atServer } = serverAndRaw();
    raw.begin();
    const bad: Fields[] = [
      fields([":method", "GET"], [":scheme", "http"]),
      REQUEST.slice(1),
      [...fields(["x-a", "1"]), ...REQUEST],
      [...REQUEST, ...fields([":path", "/again"])],
      [...REQUEST, ...fields([":status", "200"])],
      [...REQUEST, ...fields(["te", "gzip"])],
      fields([":method", "CONNECT"]),
      [...REQUEST, ...fields(["content-length", "1"], ["content-length", "2"])],
    ];
    for (const [i, list] of bad.entries()) raw.send(raw.headers(2 * i + 1, list));
    const good = 2 * bad.length + 1;
    raw.send(raw.headers(good, REQUEST, END_HEADERS | END_STREAM));
    for (const [i] of bad.entries())
      expect([i, raw.resetCode(2 * i + 1)]).toEqual([i, ErrorCode.PROTOCOL_ERROR]);
    expect(atServer.streams.map(({ stream }) => stream.id)).toEqual([good]);
    expect(raw.of(HEADERS, good).length).toBe(2);
  });

  it("of CONNECT have no scheme and no path", () => {
    const { raw, atServer } = serverAndRaw();
    raw.begin();
    raw.send(raw.headers(1, fields([":method", "CONNECT"], [":authority", "a:1"])));
    expect(atServer.streams.length).toBe(1);
  });

  it.each([
    ["without a status", fields(["x-a", "1"])],
    ["with a request's fields", fields([":status", "200"], [":path", "/"])],
    ["with an impossible status", fields([":status", "20"])],
    ["that switches protocols", fields([":status", "101"])],
  ])("of a response %s fail the stream", (_, list) => {
    const { raw, open } = clientAndRaw();
    raw.begin({}, false);
    const call = open();
    raw.send(raw.headers(call.stream.id, list));
    expect(call.reason).toMatchObject({ by: "local", code: ErrorCode.PROTOCOL_ERROR });
    expect(raw.resetCode(call.stream.id)).toBe(ErrorCode.PROTOCOL_ERROR);
  });

  it("with pseudo-header fields are no trailers, and trailers end the stream", () => {
    const { raw, open } = clientAndRaw();
    raw.begin({}, false);
    const first = open();
    raw.send(
      raw.headers(first.stream.id, RESPONSE),
      raw.headers(first.stream.id, RESPONSE, END_HEADERS | END_STREAM),
    );
    expect(first.reason?.code).toBe(ErrorCode.PROTOCOL_ERROR);
    const second = open();
    raw.send(raw.headers(second.stream.id, RESPONSE), raw.headers(second.stream.id, TRAILERS));
    expect(second.reason?.code).toBe(ErrorCode.PROTOCOL_ERROR);
  });
});

describe("content-length", () => {
  const withLength = (length: number): Fields => [...REQUEST, ...fields(["content-length", `${length}`])];

  it.each([
    ["less", 4],
    ["more", 6],
  ])("fails a request that has %s content", (_, length) => {
    const { raw } = serverAndRaw();
    raw.begin();
    raw.send(raw.headers(1, withLength(5)), frame(DATA, END_STREAM, 1, Buffer.alloc(length)));
    expect(raw.resetCode(1)).toBe(ErrorCode.PROTOCOL_ERROR);
  });

  it("that is right lets a request pass, with padding not counted", () => {
    const { raw, atServer } = serverAndRaw();
    raw.begin();
    const padded = Buffer.concat([Buffer.from([10]), Buffer.from("hello"), Buffer.alloc(10)]);
    raw.send(raw.headers(1, withLength(5)), frame(DATA, END_STREAM | PADDED, 1, padded));
    expect(atServer.streams[0]?.text).toBe("hello");
    expect(atServer.streams[0]?.isEnded).toBe(true);
  });

  it("of a response to HEAD announces content that does not come", () => {
    const { raw, open } = clientAndRaw();
    raw.begin({}, false);
    const call = open(fields([":method", "HEAD"], [":scheme", "http"], [":path", "/"]), true);
    raw.send(
      raw.headers(
        call.stream.id,
        [...RESPONSE, ...fields(["content-length", "9"])],
        END_HEADERS | END_STREAM,
      ),
    );
    expect(call.events).toEqual(["headers+end", "end", "close"]);
  });
});

describe("frames", () => {
  it("of unknown types, priorities and flags are ignored", () => {
    const { raw, atServer } = serverAndRaw();
    raw.begin();
    raw.send(
      frame(0xbe, 0xff, 0, Buffer.alloc(20)),
      frame(0x21, 0xff, 7, Buffer.alloc(0)),
      frame(PRIORITY, 0, 9, Buffer.concat([uint32(3), Buffer.from([9])])),
      frame(
        HEADERS,
        END_HEADERS | END_STREAM | 0x20,
        1,
        Buffer.concat([uint32(3), Buffer.from([200]), raw.block(REQUEST)]),
      ),
    );
    expect(atServer.streams.length).toBe(1);
    expect(raw.goaway).toBeUndefined();
    expect(raw.of(HEADERS, 1).length).toBe(2);
  });

  it("with padding are read without it", () => {
    const { raw, atServer } = serverAndRaw({}, () => {});
    raw.begin();
    const pad = (bytes: Uint8Array, n: number): Buffer =>
      Buffer.concat([Buffer.from([n]), bytes, Buffer.alloc(n)]);
    raw.send(
      frame(HEADERS, END_HEADERS | PADDED, 1, pad(raw.block(REQUEST), 255)),
      frame(DATA, PADDED, 1, pad(Buffer.from("a"), 0)),
      frame(DATA, PADDED, 1, pad(Buffer.from("b"), 255)),
      frame(DATA, PADDED | END_STREAM, 1, pad(Buffer.from(""), 3)),
    );
    expect(atServer.streams[0]?.text).toBe("ab");
    expect(atServer.streams[0]?.isEnded).toBe(true);
  });

  it("PUSH_PROMISE is refused", () => {
    const { raw, atClient, open } = clientAndRaw();
    raw.begin({}, false);
    const call = open();
    raw.send(
      frame(PUSH_PROMISE, END_HEADERS, call.stream.id, Buffer.concat([uint32(2), raw.block(REQUEST)])),
    );
    expect(raw.goaway?.code).toBe(ErrorCode.PROTOCOL_ERROR);
    expect(atClient.error).toBeInstanceOf(H2Error);
    expect(call.reason).toMatchObject({ by: "connection", code: ErrorCode.PROTOCOL_ERROR });
  });

  it("that come after our reset are ignored, and count against the connection's window only", () => {
    const { network, raw, open, client } = clientAndRaw();
    raw.begin({}, false);
    const call = open();
    call.stream.reset(ErrorCode.CANCEL);
    network.settle();
    const before = raw.frames.length;
    raw.send(
      raw.headers(call.stream.id, [...RESPONSE, ...fields(["x-new", "1"])]),
      frame(DATA, 0, call.stream.id, Buffer.alloc(100)),
      raw.headers(call.stream.id, TRAILERS, END_HEADERS | END_STREAM),
    );
    expect(raw.frames.length).toBe(before);
    expect(call.events).toEqual(["close local 8"]);
    const next = open();
    raw.send(
      raw.headers(next.stream.id, fields([":status", "200"], ["x-new", "1"]), END_HEADERS | END_STREAM),
    );
    expect(pairs(next.headers as Fields)).toEqual([
      [":status", "200"],
      ["x-new", "1"],
    ]);
    expect(client.isUsable).toBe(true);
  });

  it.each([
    ["DATA on an idle stream", ErrorCode.PROTOCOL_ERROR, () => frame(DATA, 0, 5, Buffer.alloc(1))],
    ["DATA on stream 0", ErrorCode.PROTOCOL_ERROR, () => frame(DATA, 0, 0, Buffer.alloc(1))],
    ["RST_STREAM of an idle stream", ErrorCode.PROTOCOL_ERROR, () => frame(RST_STREAM, 0, 5, uint32(8))],
    ["WINDOW_UPDATE of 0", ErrorCode.PROTOCOL_ERROR, () => frame(WINDOW_UPDATE, 0, 0, uint32(0))],
    ["SETTINGS on a stream", ErrorCode.PROTOCOL_ERROR, () => frame(SETTINGS, 0, 1)],
    ["SETTINGS of a wrong length", ErrorCode.FRAME_SIZE_ERROR, () => frame(SETTINGS, 0, 0, Buffer.alloc(5))],
    ["CONTINUATION of nothing", ErrorCode.PROTOCOL_ERROR, () => frame(CONTINUATION, END_HEADERS, 1)],
    [
      "an even stream id",
      ErrorCode.PROTOCOL_ERROR,
      () => frame(HEADERS, END_HEADERS, 2, Buffer.from([0x82])),
    ],
    [
      "a block that does not decode",
      ErrorCode.COMPRESSION_ERROR,
      () => frame(HEADERS, END_HEADERS, 1, Buffer.from([0xbf])),
    ],
    [
      "an acknowledgement too many",
      ErrorCode.PROTOCOL_ERROR,
      () => Buffer.concat([frame(SETTINGS, 1, 0), frame(SETTINGS, 1, 0)]),
    ],
  ])("that break the connection's rules end it with an error that is typed: %s", (_, code, bytes) => {
    const { raw, atServer, network } = serverAndRaw();
    raw.begin();
    raw.send(bytes());
    expect(raw.goaway?.code).toBe(code);
    expect(raw.goaway?.text).not.toBe("");
    expect(atServer.error).toBeInstanceOf(H2Error);
    expect((atServer.error as H2Error).code).toBe(code);
    network.settle();
    expect(raw.isClosed).toBe(true);
  });

  it("of a peer that does not speak HTTP/2 end the connection", () => {
    const { raw, atServer } = serverAndRaw();
    raw.send(Buffer.from("GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
    expect((atServer.error as H2Error).code).toBe(ErrorCode.PROTOCOL_ERROR);
    const other = serverAndRaw();
    other.raw.send(
      Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      frame(HEADERS, END_HEADERS, 1, Buffer.from([0x82])),
    );
    expect(other.raw.goaway?.text).toContain("SETTINGS");
  });
});

it("a handler that throws ends its session and is not silenced", () => {
  const pair = new Pair({
    answer(recorded) {
      echo(recorded);
      recorded.onData = () => {
        throw new Error("a bug");
      };
    },
  });
  const call = pair.open();
  call.stream.write(utf8("x"));
  expect(() => pair.settle()).toThrow("a bug");
  pair.settle();
  expect(pair.atServer.error?.message).toBe("a bug");
  expect(call.reason).toMatchObject({ by: "connection", code: ErrorCode.INTERNAL_ERROR });
});
