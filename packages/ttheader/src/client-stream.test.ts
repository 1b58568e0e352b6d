import { BizStatusError, Ending, isSendRefusal } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { bytes, callStart, readAll, text } from "../test/calls.ts";
import { cancelled, connect, exception, failure, open } from "../test/client.ts";
import { peer } from "../test/scripted-peer.ts";
import * as FrameKind from "./format/frame-kind.ts";
import * as IntKey from "./format/int-key.ts";

describe("opening", () => {
  it("writes a HEADER with service, method and metainfo, and nothing else, as Kitex does", () => {
    const client = connect();
    client.session.open(
      callStart({ persistent: new Map([["k1", "v1"]]), transient: new Map([["k2", "v2"]]) }),
    );
    expect(client.server.take()).toEqual([
      {
        flags: 2,
        sequenceId: 1,
        protocolId: 0x10,
        kind: FrameKind.header,
        strings: new Map([
          ["isn", "Lab"],
          ["RPC_PERSIST_k1", "v1"],
          ["RPC_TRANSIT_k2", "v2"],
        ]),
        ints: new Map([
          [IntKey.frameKind, "2"],
          [IntKey.toMethod, "Chat"],
        ]),
        payload: new Uint8Array(0),
      },
    ]);
  });

  it("numbers streams from 1 on", () => {
    const client = connect();
    for (let i = 0; i < 3; i++) client.session.open(callStart());
    expect(client.server.takeKinds()).toEqual(["HEADER 1", "HEADER 2", "HEADER 3"]);
  });

  it("puts the time left on the HEADER, in whole milliseconds [B33]", () => {
    const client = connect();
    client.session.open(callStart({ timeoutMs: 250.2 }));
    expect(client.server.take()[0]?.ints.get(IntKey.rpcTimeout)).toBe("251");
  });

  it("writes nothing for a call that has ended already", async () => {
    const client = connect();
    const ended = new Ending();
    ended.end(cancelled());
    expect(await failure(() => client.session.open(callStart({ ended })))).toMatchObject({
      message: "enough",
    });
    expect(client.server.take()).toEqual([]);
  });

  it("refuses a stream over maxStreams, and takes one again when another has ended", async () => {
    const client = connect({ maxStreams: 1 });
    const first = open(client);
    expect(await failure(() => client.session.open(callStart()))).toMatchObject({
      code: "resource_exhausted",
      message: expect.stringContaining("maxStreams is 1") as string,
      retryable: true,
    });
    first.cancel(cancelled());
    expect(() => client.session.open(callStart())).not.toThrow();
  });

  it("refuses a HEADER that no frame can hold, and writes nothing of it", async () => {
    const client = connect();
    const transient = new Map([["k", "x".repeat(70_000)]]);
    expect(await failure(() => client.session.open(callStart({ transient })))).toMatchObject({
      code: "resource_exhausted",
      message: expect.stringContaining("maxStringBytes") as string,
    });
    expect(client.server.take()).toEqual([]);
    expect(client.session.openCount).toBe(0);
  });

  it("refuses streams when the server takes nothing in", async () => {
    const client = connect({ maxSendBufferBytes: 1000 });
    client.server.isFull = true;
    open(client);
    const started = await failure(() => {
      for (;;) client.session.open(callStart({ persistent: new Map([["k", "x".repeat(100)]]) }));
    });
    expect(started).toMatchObject({ code: "resource_exhausted", retryable: true });
    expect(started.message).toContain("maxSendBufferBytes (1000)");
  });
});

describe("sending", () => {
  it("writes a DATA frame for each message, and all of a turn at once [B73]", () => {
    const client = connect();
    const stream = client.session.open(callStart());
    expect(stream.send(bytes("a"))).toBeUndefined();
    expect(stream.send(bytes("b"))).toBeUndefined();
    expect(client.server.writes).toBe(0);
    const frames = client.server.take();
    expect(client.server.writes).toBe(1);
    expect(frames.map(({ kind, strings, payload }) => [kind, strings, text(payload)])).toEqual([
      [FrameKind.header, expect.any(Map), ""],
      [FrameKind.data, undefined, "a"],
      [FrameKind.data, undefined, "b"],
    ]);
  });

  it("sends large messages as they are, in their place between small ones", () => {
    const client = connect();
    const stream = open(client);
    const sizes = [10, 5000, 20, 300_000, 4096, 4095];
    for (const size of sizes) void stream.send(new Uint8Array(size).fill(size & 0xff));
    const payloads = client.server.take().map(({ payload }) => payload);
    expect(payloads.map(({ length }) => length)).toEqual(sizes);
    expect(
      payloads.every((payload, i) => payload.every((byte) => byte === ((sizes[i] as number) & 0xff))),
    ).toBe(true);
  });

  it("half-closes with one empty TRAILER, after which sending fails and receiving goes on [B24]", async () => {
    const client = connect();
    const stream = open(client);
    stream.closeSend();
    stream.closeSend();
    expect(client.server.take()).toMatchObject([
      { kind: FrameKind.trailer, strings: undefined, payload: new Uint8Array(0) },
    ]);
    expect(await failure(() => stream.send(bytes("late")))).toMatchObject({
      code: "failed_precondition",
      origin: { ttstream: 12005 },
    });
    client.server.send(peer.data(1, bytes("still")));
    expect(text(await stream.recv())).toBe("still");
  });

  it("waits while the link is full, keeps the order, and goes on when there is room [B74]", async () => {
    const client = connect();
    const stream = open(client);
    client.server.isFull = true;
    expect(stream.send(bytes("1"))).toBeUndefined();
    client.server.take();
    const waiting = stream.send(bytes("2"));
    void stream.send(bytes("3"));
    stream.closeSend();
    expect(waiting).toBeInstanceOf(Promise);
    expect(client.server.takeKinds()).toEqual([]);
    client.server.drain();
    await waiting;
    expect(client.server.takeKinds()).toEqual(["DATA 1", "DATA 1", "TRAILER 1"]);
  });

  it("gives streams that wait for the link their turns, so that none has it all", async () => {
    const client = connect();
    const streams = [open(client), open(client)];
    client.server.isFull = true;
    void streams[0]?.send(bytes("full"));
    client.server.take();
    for (const stream of streams) for (let i = 0; i < 4; i++) void stream.send(new Uint8Array(40_000));
    client.server.drain();
    const order = client.server.take().map(({ sequenceId }) => sequenceId);
    expect(order).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
  });

  it("refuses a message when too much waits already, and sends what it had taken", async () => {
    const client = connect({ maxSendBufferBytes: 1000 });
    const stream = open(client);
    client.server.isFull = true;
    void stream.send(bytes("full"));
    client.server.take();
    void stream.send(new Uint8Array(900));
    const refused = await failure(() => stream.send(new Uint8Array(100)));
    expect(refused).toMatchObject({
      code: "resource_exhausted",
      message: expect.stringContaining("maxSendBufferBytes (1000)") as string,
    });
    expect(isSendRefusal(refused)).toBe(true);
    client.server.drain();
    expect(client.server.take().map(({ payload }) => payload.length)).toEqual([900]);
  });

  it("takes one message of any size even when it must wait", () => {
    const client = connect({ maxSendBufferBytes: 1000 });
    const stream = open(client);
    client.server.isFull = true;
    void stream.send(bytes("full"));
    client.server.take();
    expect(stream.send(new Uint8Array(5000))).toBeInstanceOf(Promise);
  });

  it("refuses a message over maxMessageBytes, and the stream goes on", async () => {
    const client = connect({ maxMessageBytes: 10 });
    const stream = open(client);
    const refused = await failure(() => stream.send(new Uint8Array(11)));
    expect(refused).toMatchObject({
      code: "resource_exhausted",
      message: "message of 11 bytes is over maxMessageBytes (10)",
    });
    expect(isSendRefusal(refused)).toBe(true);
    expect(stream.send(new Uint8Array(10))).toBeUndefined();
  });
});

describe("the server's answer", () => {
  it("gives header, messages and trailer, each as it comes and not before [A8][A9][A10]", async () => {
    const client = connect();
    const stream = open(client);
    const seen: string[] = [];
    void stream.header().then(() => seen.push("header"));
    void stream.trailer().then(() => seen.push("trailer"));
    client.server.send(peer.header(1, [["h1", "v1"]]));
    await stream.header();
    expect(seen).toEqual(["header"]);
    client.server.send(peer.data(1, bytes("m")));
    expect(text(await stream.recv())).toBe("m");
    expect(seen).toEqual(["header"]);
    client.server.send(peer.trailer(1, [["t1", "v1"]]));
    expect(await stream.trailer()).toEqual([["t1", "v1"]]);
    expect(await stream.recv()).toBeUndefined();
    for (let i = 0; i < 2; i++) expect(await stream.header()).toEqual([["h1", "v1"]]);
  });

  it("ends with a TRAILER of ours, unless we had half-closed", () => {
    const client = connect();
    const [active, halfClosed] = [open(client), open(client)];
    halfClosed.closeSend();
    client.server.take();
    client.server.send(peer.trailer(1), peer.trailer(2));
    expect(client.server.takeKinds()).toEqual(["TRAILER 1"]);
    active.closeSend();
    expect(client.server.takeKinds()).toEqual([]);
    expect(client.session.openCount).toBe(0);
  });

  it("refuses to send after a clean end with failed_precondition", async () => {
    const client = connect();
    const stream = open(client);
    client.server.send(peer.trailer(1));
    expect(await failure(() => stream.send(bytes("late")))).toMatchObject({
      code: "failed_precondition",
      origin: { ttstream: 12005 },
    });
  });

  it("has an empty header when the TRAILER came alone, as from Kitex before v0.15.3", async () => {
    const client = connect();
    const stream = open(client);
    client.server.send(peer.trailer(1, [["t", "1"]]));
    expect(await stream.header()).toEqual([]);
    expect(await stream.trailer()).toEqual([["t", "1"]]);
  });

  it.each([undefined, [] as const])("has an empty trailer when it holds no pair", async (pairs) => {
    const client = connect();
    const stream = open(client);
    client.server.send(peer.header(1, pairs), peer.trailer(1, pairs));
    expect([await stream.header(), await stream.trailer()]).toEqual([[], []]);
  });

  it("gives out the messages that came before an error, then the error, for ever [B25]", async () => {
    const client = connect();
    const stream = open(client);
    client.server.send(
      peer.data(1, bytes("1")),
      peer.data(1, bytes("2")),
      peer.trailer(1, [], exception(6, "boom")),
    );
    expect([text(await stream.recv()), text(await stream.recv())]).toEqual(["1", "2"]);
    for (let i = 0; i < 2; i++) {
      expect(await failure(() => stream.recv())).toMatchObject({
        code: "internal",
        message: "boom",
        origin: { ttstream: 12001, thriftType: 6, side: "client" },
      });
    }
    expect(await failure(() => stream.send(bytes("x")))).toMatchObject({ message: "boom" });
  });

  it("keeps the trailer of a call that failed", async () => {
    const client = connect();
    const stream = open(client);
    client.server.send(peer.trailer(1, [["t", "1"]], exception(6, "boom")));
    expect(await stream.trailer()).toEqual([["t", "1"]]);
  });

  it("throws a business status as itself, with its extra, and hides its pairs [B76]", async () => {
    const client = connect();
    const stream = open(client);
    const pairs = [
      ["t1", "v1"],
      ["biz-status", "10001"],
      ["biz-message", "no balance"],
      ["biz-extra", '{"k":"\\u003cv\\u003e"}'],
    ] as const;
    client.server.send(peer.trailer(1, pairs));
    const error = await failure(() => stream.recv());
    expect(error).toBeInstanceOf(BizStatusError);
    expect(error).toMatchObject({ status: 10001, message: "no balance", extra: { k: "<v>" } });
    expect(await stream.trailer()).toEqual([["t1", "v1"]]);
  });

  it.each(["0", "", "x", "1.5", "99999999999", "2147483648"])(
    "takes biz-status %j for a clean end",
    async (status) => {
      const client = connect();
      const stream = open(client);
      client.server.send(peer.trailer(1, [["biz-status", status]]));
      expect(await stream.recv()).toBeUndefined();
    },
  );

  it.each(["{", "[]", '{"k":1}', '"x"'])("fails with 12003 when biz-extra is %s", async (extra) => {
    const client = connect();
    const stream = open(client);
    client.server.send(
      peer.trailer(1, [
        ["biz-status", "1"],
        ["biz-extra", extra],
      ]),
    );
    expect(await failure(() => stream.recv())).toMatchObject({
      code: "internal",
      origin: { ttstream: 12003 },
    });
  });

  it("heeds the exception and not the business status when both came", async () => {
    const client = connect();
    const stream = open(client);
    client.server.send(peer.trailer(1, [["biz-status", "1"]], exception(1, "unknown method X")));
    expect(await failure(() => stream.recv())).toMatchObject({
      code: "unimplemented",
      message: "unknown method X",
    });
  });

  it("ends this stream alone when the TRAILER's payload is no exception", async () => {
    const client = connect();
    const [stream, other] = [open(client), open(client)];
    client.server.send(peer.trailer(1, [], bytes("garbage")), peer.data(2, bytes("fine")));
    expect(await failure(() => stream.recv())).toMatchObject({
      code: "internal",
      origin: { ttstream: 12004 },
    });
    expect(text(await other.recv())).toBe("fine");
  });

  it("ends the connection on a second HEADER, and every stream with it", async () => {
    const client = connect();
    const [stream, other] = [open(client), open(client)];
    client.server.send(peer.header(1), peer.header(1));
    for (const each of [stream, other]) {
      expect(await failure(() => each.recv())).toMatchObject({
        code: "internal",
        origin: { ttstream: 12002 },
      });
    }
    expect(client.server.isDestroyed).toBe(true);
  });

  it("drops frames of streams that it does not know, and of stream 0", async () => {
    const client = connect();
    const stream = open(client);
    client.server.send(
      peer.header(7),
      peer.data(-7, bytes("x")),
      peer.trailer(8),
      peer.rst(9),
      peer.meta(0, [["slipstream-drain", "1"]]),
      peer.data(0, bytes("x")),
      peer.data(1, bytes("mine")),
    );
    expect(text(await stream.recv())).toBe("mine");
    expect(client.session.canOpen).toBe(true);
  });

  it("drops what still comes after the end", () => {
    const client = connect();
    open(client);
    client.server.send(peer.trailer(1), peer.data(1, bytes("late")), peer.trailer(1), peer.header(1));
    expect(client.server.isDestroyed).toBe(false);
  });

  it("takes an RST from a proxy as cancelled, with its number and path [B25]", async () => {
    const client = connect();
    const stream = open(client);
    client.server.send(peer.data(1, bytes("1")), peer.rst(1, [["ttscp", "a,b"]], exception(12007, "enough")));
    expect(text(await stream.recv())).toBe("1");
    const error = await failure(() => stream.recv());
    expect(error).toMatchObject({
      code: "cancelled",
      message: "enough",
      origin: { ttstream: 12007, cancelPath: "a,b", side: "client" },
    });
    expect(await failure(() => stream.header())).toBe(error);
    expect(await failure(() => stream.trailer())).toBe(error);
    expect(client.server.takeKinds()).toEqual(["TRAILER 1"]);
  });

  it("fails a message over the limit on its stream alone", async () => {
    const client = connect({ maxMessageBytes: 10, maxHeaderBytes: 1024 });
    const [stream, other] = [open(client), open(client)];
    client.server.send(
      peer.data(1, new Uint8Array(11)),
      peer.data(2, new Uint8Array(100_000)),
      peer.data(2, bytes("x")),
    );
    for (const each of [stream, other]) {
      expect(await failure(() => each.recv())).toMatchObject({
        code: "resource_exhausted",
        message: expect.stringContaining("over maxMessageBytes (10)") as string,
      });
    }
    expect(client.server.isDestroyed).toBe(false);
    expect(client.server.takeKinds()).toEqual(["RST 1", "TRAILER 1", "RST 2", "TRAILER 2"]);
  });
});

describe("receiving", () => {
  it("serves waiting calls first in, first out, and answers at once from what is there [B75]", async () => {
    const client = connect();
    const stream = open(client);
    const [first, second] = [stream.recv(), stream.recv()];
    client.server.send(peer.data(1, bytes("1")), peer.data(1, bytes("2")), peer.data(1, bytes("3")));
    expect([text(await first), text(await second)]).toEqual(["1", "2"]);
    expect(text(stream.recv() as Uint8Array)).toBe("3");
  });

  it("does not keep a large chunk alive for a small message that stays", async () => {
    const client = connect();
    const stream = open(client);
    const other = open(client);
    const small = peer.data(1, bytes("small"));
    const large = peer.data(2, new Uint8Array(100_000));
    const { encodeFrame } = await import("./frame-encode.ts");
    client.server.send(Buffer.concat([encodeFrame(small), encodeFrame(large)]));
    client.server.send(peer.header(1));
    expect((stream.recv() as Uint8Array).buffer.byteLength).toBeLessThan(1000);
    expect((other.recv() as Uint8Array).length).toBe(100_000);
  });

  it("reads everything until the end", async () => {
    const client = connect();
    const stream = open(client);
    const all = readAll(stream);
    client.server.send(peer.header(1), peer.data(1, bytes("a")), peer.data(1, bytes("b")), peer.trailer(1));
    expect(await all).toEqual(["a", "b"]);
  });
});
