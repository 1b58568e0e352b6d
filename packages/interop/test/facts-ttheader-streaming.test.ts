import { encodeFrame, type Frame, FrameKind } from "@slipstream/ttheader";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Msg } from "../src/gen/lab.ts";
import {
  type Call,
  type KitexPeer,
  type KitexServer,
  type Outcome,
  type Step,
  startKitexDriver,
  startKitexServer,
} from "../src/index.ts";
import { buildLimitMs, describeKitex } from "./kitex-suite.ts";
import {
  data,
  exception,
  frameOfKind,
  headerFrame,
  meta,
  open,
  RawConnection,
  rawServer,
  readException,
  rst,
  say,
  textOf,
  thriftMessage,
  trailerFrame,
} from "./raw-ttheader.ts";

// What we rely on in Kitex beyond its documents, frame by frame, so that a Kitex that behaves differently is noticed.

/** A field 3 of an exception, a string. */
const thirdField = Buffer.from([11, 0, 3, 0, 0, 0, 1, 0x78]);

describeKitex("Kitex and the frames of TTHeader streaming", () => {
  let server: KitexServer;
  let driver: KitexPeer;
  let calls = 0;

  beforeAll(async () => {
    server = await startKitexServer();
    driver = await startKitexDriver();
  }, buildLimitMs);

  afterAll(async () => {
    await driver?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const kinds = (frames: readonly Frame[]) => frames.map(({ kind }) => kind);
  const wholeCall = [FrameKind.header, FrameKind.data, FrameKind.trailer];

  describe("a server", () => {
    it("ignores META on stream 0, before the first HEADER and in the middle", async () => {
      using peer = await RawConnection.connect(server.target);
      const hello = meta({ sid: 0, method: "", strings: [["slipstream", "1"]] });
      peer.write(hello, open(), hello, say("hi"), hello, trailerFrame());
      const frames = await peer.take(3);
      expect(kinds(frames)).toEqual(wholeCall);
      expect(textOf(frames[1] as Frame)).toBe("echo:hi");
      expect(server.process.stderr).not.toContain("unknown stream"); // v0.14 logs it
    });

    it("ignores META on the id of a stream", async () => {
      using peer = await RawConnection.connect(server.target);
      peer.write(open(), meta({ strings: [["slipstream-window", "99"]] }), say("hi"), trailerFrame());
      expect(kinds(await peer.take(3))).toEqual(wholeCall);
    });

    it("shows its handler nothing of extra pairs in a HEADER, and sets no deadline", async () => {
      const name = `extra-${++calls}`;
      using peer = await RawConnection.connect(server.target);
      const strings = [
        ["slipstream-meta", "AQ"],
        ["x", "y"],
        ["RPC_TRANSIT_UPSTREAM_c", "up"],
      ] as const;
      peer.write(open({ strings, ints: [[12, "500"]] }), say(`as=${name}`), trailerFrame());
      await peer.take(3);
      const record = await server.observe(name);
      expect(record).toMatchObject({ persistent: {}, transient: { c: "up" } });
      expect(record.deadlineMs).toBeUndefined();
    });

    it("shows a handler of HEADER frames every pair of a HEADER", async () => {
      const name = `header-frame-${++calls}`;
      const port = await server.listen({ headerFrames: true });
      using peer = await RawConnection.connect(`127.0.0.1:${port}`);
      peer.write(open({ strings: [["slipstream-meta", "AQ"]], ints: [[12, "500"]] }), say(`as=${name}`));
      await peer.take(2);
      expect((await server.observe(name)).headerFrame).toMatchObject({
        ints: { 12: "500" },
        strings: { "slipstream-meta": "AQ", isn: "Lab" },
      });
    });

    it.each([
      ["an unknown service whose method is unique", [["isn", "Nobody"]], "Collect"],
      ["no service", [], "Collect"],
    ] as const)("serves a HEADER with %s", async (_, strings, method) => {
      using peer = await RawConnection.connect(server.target);
      peer.write(headerFrame({ method, strings }), say("hi", { method }), trailerFrame({ method }));
      const frames = await peer.take(3);
      expect(textOf(frames[1] as Frame)).toBe("collected 1 last hi");
    });

    it.each([
      [
        "with a path",
        { strings: [["ttscp", "a,b"]] as const, payload: exception(12007, "enough") },
        12007,
        "[canceled path: a -> b] enough",
      ],
      ["with a number of ours", { payload: exception(12104, "late") }, 12104, "late"],
      ["without a payload", {}, 13, "rst"],
      // It reads on at the wrong place, and takes the whole for unreadable.
      ["with a third field in its exception", { payload: exception(12007, "enough", thirdField) }, 13, "rst"],
    ])("ends the handler's context with what an RST says: %s", async (_, parts, typeId, text) => {
      const name = `rst-${++calls}`;
      using peer = await RawConnection.connect(server.target);
      peer.write(open(), say(`as=${name};waitctx`));
      await server.observe(name);
      peer.write(rst(parts));
      const { contextError } = await server.observe(name, "ended");
      expect(contextError).toMatchObject({ typeId });
      expect(contextError?.text).toContain(text);
      expect(kinds(await peer.take(2))).toEqual([FrameKind.header, FrameKind.trailer]);
    });

    it("reads a business status in the TRAILER of a client as the end of its messages", async () => {
      const name = `biz-${++calls}`;
      using peer = await RawConnection.connect(server.target);
      const strings = [
        ["biz-status", "7"],
        ["biz-message", "no"],
      ] as const;
      peer.write(open(), say(`as=${name}`), trailerFrame({ strings }));
      const { receiveError } = await server.observe(name, "returned");
      expect(receiveError?.biz).toMatchObject({ code: 7, message: "no" });
    });

    it.each(["err=no", "panic=no", "biz=7:no", "early"])(
      "ends a stream of its own with a TRAILER, never with an RST: %s",
      async (text) => {
        using peer = await RawConnection.connect(server.target);
        peer.write(open(), say(text));
        expect(kinds(await peer.take(2))).toEqual([FrameKind.header, FrameKind.trailer]);
      },
    );

    it("drops frames for unknown and finished streams", async () => {
      using peer = await RawConnection.connect(server.target);
      peer.write(say("lost", { sid: 77 }), trailerFrame({ sid: 78 }), rst({ sid: 79 }));
      peer.write(open(), say("hi"), trailerFrame());
      await peer.take(3);
      peer.write(say("late"), trailerFrame(), rst());
      peer.write(open({ sid: 2 }), say("again", { sid: 2 }), trailerFrame({ sid: 2 }));
      expect((await peer.take(3)).map(({ sequenceId }) => sequenceId)).toEqual([2, 2, 2]);
    });

    it("takes negative stream ids", async () => {
      using peer = await RawConnection.connect(server.target);
      peer.write(open({ sid: -5 }), say("hi", { sid: -5 }), trailerFrame({ sid: -5 }));
      expect((await peer.take(3)).map(({ sequenceId }) => sequenceId)).toEqual([-5, -5, -5]);
    });

    it("serves 200 streams of one connection at once", async () => {
      using peer = await RawConnection.connect(server.target);
      const sids = Array.from({ length: 200 }, (_, i) => i + 1);
      peer.write(...sids.map((sid) => open({ sid })));
      peer.write(...sids.map((sid) => say(`${sid}`, { sid })));
      peer.write(...sids.map((sid) => trailerFrame({ sid })));
      const frames = await peer.take(3 * sids.length);
      const answers = frames.filter(({ kind }) => kind === FrameKind.data);
      expect(answers.map((frame) => textOf(frame)).sort()).toEqual(sids.map((sid) => `echo:${sid}`).sort());
    });

    it.each([
      ["a frame of an unknown kind", () => frameOfKind(9)],
      [
        "a ping-pong frame",
        () =>
          encodeFrame({
            flags: 0,
            sequenceId: 7,
            protocolId: 0,
            strings: [["isn", "Lab"]],
            ints: [
              [22, "1"],
              [9, "Ping"],
            ],
            payload: thriftMessage(1, "Ping", 7, Buffer.of(0)),
          }),
      ],
      ["garbage", () => Buffer.from("GET / HTTP/1.1\r\nhost: x\r\n\r\n")],
    ])("closes a connection of streams on %s", async (_, bytes) => {
      using peer = await RawConnection.connect(server.target);
      peer.write(open(), bytes());
      await peer.closed;
    });

    it("takes a second HEADER of a stream for another stream, and does not close", async () => {
      using peer = await RawConnection.connect(server.target);
      peer.write(open(), open(), say("hi"), trailerFrame());
      expect(kinds(await peer.take(3))).toEqual(wholeCall);
    });

    it("answers a stream of a ping-pong method with an exception of type 6", async () => {
      using peer = await RawConnection.connect(server.target);
      peer.write(open({ method: "Ping" }), say("hi", { method: "Ping" }), trailerFrame({ method: "Ping" }));
      const [, trailer] = await peer.take(2);
      expect(readException((trailer as Frame).payload)).toMatchObject({ type: 6 });
    });
  });

  describe("a client", () => {
    /** What the Kitex client's program got from a server that plays `answer` once it has the HEADER. */
    async function played(
      answer: (peer: RawConnection, sid: number) => void | Promise<void>,
      script: readonly Step[] = [{ send: { text: "hi" } }, { recv: -1 }],
      more: Partial<Call> = {},
    ): Promise<Outcome> {
      await using raw = await rawServer(async (peer) => {
        for (;;) {
          const frame = await peer.next();
          if (frame.kind === FrameKind.header) await answer(peer, frame.sequenceId);
        }
      });
      return await driver.call({
        target: raw.target,
        protocol: "ttheader-streaming",
        method: "Chat",
        connection: "own",
        script,
        ...more,
      });
    }

    it("ignores META on stream 0 and on the id of a stream", async () => {
      const outcome = await played((peer, sid) =>
        peer.write(
          meta({ sid: 0, method: "" }),
          headerFrame({ sid }),
          meta({ sid }),
          say("ok", { sid }),
          trailerFrame({ sid, strings: [] }),
        ),
      );
      expect(outcome).toMatchObject({ error: null, ended: true, messages: [{ text: "ok" }] });
    });

    it("shows extra pairs of HEADER and TRAILER in Header() and Trailer()", async () => {
      const outcome = await played((peer, sid) =>
        peer.write(
          headerFrame({ sid, strings: [["slipstream-meta", "AQ"]], ints: [[12, "5"]] }),
          trailerFrame({ sid, strings: [["slipstream-x", "y"]] }),
        ),
      );
      expect(outcome.header).toEqual({ "slipstream-meta": "AQ" });
      expect(outcome.trailer).toEqual({ "slipstream-x": "y" });
    });

    it("shows extra pairs of HEADER and TRAILER in its trace events", async () => {
      const outcome = await played(
        (peer, sid) =>
          peer.write(
            headerFrame({ sid, strings: [["slipstream-meta", "AQ"]] }),
            trailerFrame({ sid, strings: [["slipstream-x", "y"]] }),
          ),
        undefined,
        { traced: true },
      );
      expect(outcome.trace).toEqual({
        header: { "slipstream-meta": "AQ" },
        trailer: { "slipstream-x": "y" },
      });
    });

    it("has an empty Header() and Trailer() when their sections are empty", async () => {
      const outcome = await played((peer, sid) =>
        peer.write(headerFrame({ sid, strings: [] }), trailerFrame({ sid, strings: [] })),
      );
      expect(outcome).toMatchObject({ header: {}, trailer: {}, error: null });
      expect(outcome.trailerErr).toBeUndefined();
    });

    it('fails Trailer() with "stream is closed" when the TRAILER has no section', async () => {
      const outcome = await played((peer, sid) => peer.write(headerFrame({ sid }), trailerFrame({ sid })));
      expect(outcome).toMatchObject({ trailer: null, trailerErr: "stream is closed", error: null });
    });

    it.each([1, 20, 12104])(
      "reports an exception of type %i in a TRAILER as 12001 with its text",
      async (type) => {
        const outcome = await played((peer, sid) =>
          peer.write(
            headerFrame({ sid, strings: [] }),
            trailerFrame({ sid, strings: [], payload: exception(type, "no such thing") }),
          ),
        );
        expect(outcome.error).toMatchObject({ typeId: 12001 });
        expect(outcome.error?.text).toContain("no such thing");
      },
    );

    it("cannot read an exception with a third field", async () => {
      const outcome = await played((peer, sid) =>
        peer.write(headerFrame({ sid }), trailerFrame({ sid, payload: exception(6, "boom", thirdField) })),
      );
      expect(outcome.error).toMatchObject({ typeId: 12004 });
    });

    it("loses messages that wait unread when a business status arrives", async () => {
      const outcome = await played(
        (peer, sid) =>
          peer.write(
            headerFrame({ sid, strings: [] }),
            say("unread", { sid }),
            trailerFrame({
              sid,
              strings: [
                ["biz-status", "7"],
                ["biz-message", "no"],
              ],
            }),
          ),
        [{ send: { text: "hi" } }, { trailer: true }, { recv: -1 }],
      );
      expect(outcome.error?.biz).toMatchObject({ code: 7, message: "no" });
      expect(outcome.messages).toEqual([]);
    });

    it("loses its connection to a second HEADER on a stream", async () => {
      const outcome = await played((peer, sid) => peer.write(headerFrame({ sid }), headerFrame({ sid })));
      expect(outcome.error).toMatchObject({ typeId: 12002 });
    });

    it.each([
      ["a frame of an unknown kind", (sid: number) => frameOfKind(9, { sid })],
      [
        "a ping-pong frame",
        (sid: number) =>
          encodeFrame({
            flags: 0,
            sequenceId: sid,
            protocolId: 0,
            ints: [[22, "2"]],
            payload: thriftMessage(2, "Chat", sid, Buffer.of(0)),
          }),
      ],
      ["garbage", () => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ])("loses its connection to %s", async (_, bytes) => {
      const outcome = await played((peer, sid) => peer.write(headerFrame({ sid, strings: [] }), bytes(sid)));
      expect(outcome.error).toMatchObject({ typeId: 12004 });
    });

    it("drops frames for unknown and finished streams", async () => {
      const outcome = await played((peer, sid) =>
        peer.write(
          data({ sid: sid + 1000, payload: Msg.encode({ text: "lost" }) }),
          rst({ sid: sid + 1000 }),
          headerFrame({ sid, strings: [] }),
          say("ok", { sid }),
          trailerFrame({ sid, strings: [] }),
          say("late", { sid }),
          rst({ sid }),
        ),
      );
      expect(outcome).toMatchObject({ error: null, messages: [{ text: "ok" }] });
    });

    it.each([
      [
        "a cancel",
        12007,
        { script: [{ send: { text: "hi" } }, { sleepMs: 50 }, { cancel: true }, { recv: -1 }] },
      ],
      ["a deadline", 12015, { contextTimeoutMs: 100 }],
      ["a receive timeout", 12014, { recvTimeoutMs: 100 }],
    ] as const)("sends %s as RST %i with its name, and an empty TRAILER behind", async (_, typeId, more) => {
      let ending: Frame[] = [];
      await using raw = await rawServer(async (peer) => {
        const [first] = await peer.take(2); // HEADER, DATA
        expect(first?.sequenceId).toBeGreaterThan(0); // 0 is kept for the connection
        ending = await peer.take(2);
      });
      await driver.call({
        target: raw.target,
        protocol: "ttheader-streaming",
        method: "Chat",
        caller: "lab.client",
        connection: "own",
        script: [{ send: { text: "hi" } }, { recv: -1 }],
        ...more,
      });
      await vi.waitUntil(() => ending.length === 2);
      const [reset, trailer] = ending as [Frame, Frame];
      expect(kinds(ending)).toEqual([FrameKind.rst, FrameKind.trailer]);
      expect(readException(reset.payload).type).toBe(typeId);
      expect(reset.strings).toContainEqual(["ttscp", "lab.client"]);
      expect(trailer.payload).toHaveLength(0);
    });

    it("answers an exception in a TRAILER with a TRAILER of its own", async () => {
      let last: Frame | undefined;
      await played(async (peer, sid) => {
        const payload = exception(1, "no such method");
        peer.write(headerFrame({ sid, strings: [] }), trailerFrame({ sid, strings: [], payload }));
        for (;;) {
          last = await peer.next();
          if (last.kind === FrameKind.trailer) return;
        }
      });
      expect(last).toMatchObject({ kind: FrameKind.trailer });
    });

    it("loses its connection to a META on the id of a stream when its own handler of META fails", async () => {
      const outcome = await played(
        (peer, sid) => peer.write(headerFrame({ sid, strings: [] }), meta({ sid }), say("ok", { sid })),
        undefined,
        { metaFails: true },
      );
      expect(outcome.error?.text).toContain("no META is wanted here");
    });

    it("reports an RST of the server with the number in it", async () => {
      const outcome = await played((peer, sid) =>
        peer.write(headerFrame({ sid, strings: [] }), rst({ sid, payload: exception(12104, "stop") })),
      );
      expect(outcome.error).toMatchObject({ typeId: 12104, category: "canceled" });
    });
  });
});
