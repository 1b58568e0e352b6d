import { Ending, RpcError } from "@slipstream/stream";
import { decodeException } from "@slipstream/thrift";
import { describe, expect, it } from "vitest";
import { bytes, callStart, text } from "../test/calls.ts";
import { cancelled, connect, failure, open } from "../test/client.ts";
import { peer } from "../test/scripted-peer.ts";
import * as FrameKind from "./format/frame-kind.ts";
import * as IntKey from "./format/int-key.ts";

describe("cancelling", () => {
  it("writes RST with code, text and path, then TRAILER", async () => {
    const client = connect();
    const stream = open(client, { caller: "svc.a" });
    stream.cancel(cancelled());
    stream.cancel(cancelled("again"));
    const [rst, trailer, ...more] = client.server.take();
    expect(rst).toMatchObject({ kind: FrameKind.rst, strings: new Map([["ttscp", "svc.a"]]) });
    const payload = rst?.payload as Uint8Array;
    expect(decodeException(payload, 0, payload.length)).toEqual({ type: 12007, message: "enough" });
    expect([trailer?.kind, more]).toEqual([FrameKind.trailer, []]);
    for (const work of [() => stream.recv(), () => stream.send(bytes("x")), () => stream.header()]) {
      expect(await failure(work)).toMatchObject({ code: "cancelled", message: "enough" });
    }
  });

  it("writes RST alone after a half-close", () => {
    const client = connect();
    const stream = open(client);
    stream.closeSend();
    client.server.take();
    stream.cancel(cancelled());
    expect(client.server.takeKinds()).toEqual(["RST 1"]);
  });

  it("leaves out the path when nobody has a name", () => {
    const client = connect();
    open(client).cancel(cancelled());
    expect(client.server.take()[0]?.strings).toBeUndefined();
  });

  it.each([
    ["a cancel of the caller", cancelled(), 12007, "me"],
    ["the deadline", new RpcError("deadline_exceeded", "too late"), 12015, "me"],
    [
      "a receive timeout",
      new RpcError("deadline_exceeded", "slow", { origin: { ttstream: 12014 } }),
      12014,
      "me",
    ],
    ["another reason", new RpcError("internal", "oops"), 12011, "me"],
    [
      "the end of the stream whose handler opened it",
      new RpcError("cancelled", "gone", { origin: { ttstream: 12013, cancelPath: "a,b", side: "server" } }),
      12013,
      "a,b,me",
    ],
  ])("passes on %s by its number", (_name, reason, type, path) => {
    const client = connect();
    open(client, { caller: "me" }).cancel(reason);
    const rst = client.server.take()[0];
    const payload = rst?.payload as Uint8Array;
    expect(decodeException(payload, 0, payload.length)).toEqual({ type, message: reason.message });
    expect(rst?.strings?.get("ttscp")).toBe(path);
  });

  it("happens when the call ends, and leaves no listener behind", async () => {
    const client = connect();
    const ended = new Ending();
    const stream = open(client, { ended });
    const waiting = failure(() => stream.recv());
    ended.end(new RpcError("deadline_exceeded", "too late"));
    expect(await waiting).toMatchObject({ code: "deadline_exceeded" });
    expect(client.server.takeKinds()).toEqual(["RST 1", "TRAILER 1"]);
    const later = new Ending();
    open(client, { ended: later });
    expect(later.listenerCount).toBe(1);
    client.server.send(peer.trailer(2));
    expect(later.listenerCount).toBe(0);
  });

  it("drops what had come and was not read", async () => {
    const client = connect();
    const stream = open(client);
    client.server.send(peer.data(1, bytes("1")));
    stream.cancel(cancelled());
    expect(await failure(() => stream.recv())).toMatchObject({ code: "cancelled" });
  });

  it("does not wait behind messages that are held back, and drops them", () => {
    const client = connect();
    const stream = open(client);
    client.server.isFull = true;
    void stream.send(bytes("sent"));
    client.server.take();
    void stream.send(bytes("held"));
    stream.closeSend();
    stream.cancel(cancelled());
    client.server.drain();
    expect(client.server.takeKinds()).toEqual(["RST 1", "TRAILER 1"]);
  });

  it("writes TRAILER alone with rst: false, for Kitex before v0.15", () => {
    const client = connect({ rst: false });
    open(client).cancel(cancelled());
    expect(client.server.takeKinds()).toEqual(["TRAILER 1"]);
  });
});

describe("losing the connection", () => {
  it("ends every stream with unavailable, after what had come", async () => {
    const client = connect();
    const [stream, other] = [open(client), open(client)];
    client.server.send(peer.data(1, bytes("1")));
    const header = failure(() => other.header());
    client.session.onClose(new Error("read ECONNRESET"));
    expect(text(await stream.recv())).toBe("1");
    for (const each of [stream, other]) {
      expect(await failure(() => each.recv())).toMatchObject({
        code: "unavailable",
        message: "connection to kitex:1 lost: read ECONNRESET",
        retryable: false,
        origin: { ttstream: 12006 },
      });
    }
    expect(await header).toMatchObject({ code: "unavailable" });
  });

  it("says so when the peer closed it, with Kitex's number for that", async () => {
    const client = connect();
    const stream = open(client);
    client.session.onClose();
    expect(await failure(() => stream.recv())).toMatchObject({
      code: "unavailable",
      origin: { ttstream: 12004 },
    });
  });

  it("opens nothing on it any more", async () => {
    const client = connect();
    client.session.onClose();
    expect(await failure(() => client.session.open(callStart()))).toMatchObject({
      code: "unavailable",
      retryable: true,
    });
  });

  it("sends what was written before, when we close it", () => {
    const client = connect();
    const stream = client.session.open(callStart());
    void stream.send(bytes("last"));
    client.session.close();
    expect(client.server.takeKinds()).toEqual(["HEADER 1", "DATA 1"]);
    expect([client.server.isEnded, client.server.isDestroyed]).toEqual([true, false]);
  });

  it.each([
    ["garbage", Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8])],
    ["frame kind 9", { ...peer.header(1), ints: [[IntKey.frameKind, "9"]] as const }],
    ["protocol id 2", { ...peer.header(1), protocolId: 2 }],
  ])("is what %s leads to, with internal for the streams", async (_name, frame) => {
    let ended: RpcError | undefined;
    const client = connect({}, { onEnded: (error) => (ended = error) });
    const stream = open(client);
    client.server.send(frame);
    expect(await failure(() => stream.recv())).toMatchObject({
      code: "internal",
      origin: { ttstream: 12004 },
    });
    expect(ended).toMatchObject({ code: "internal" });
    expect(client.server.isDestroyed).toBe(true);
  });

  it("rejects a send that waits", async () => {
    const client = connect();
    const stream = open(client);
    client.server.isFull = true;
    void stream.send(bytes("1"));
    client.server.take();
    const waiting = failure(() => stream.send(bytes("2")));
    client.session.onClose();
    expect(await waiting).toMatchObject({ code: "unavailable" });
  });
});
