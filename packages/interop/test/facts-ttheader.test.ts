import { encodeFrame, type Frame, type IntPair, type StringPair } from "@slipstream/ttheader";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Msg } from "../src/gen/lab.ts";
import {
  type Call,
  type KitexPeer,
  type KitexServer,
  type Outcome,
  startKitexDriver,
  startKitexServer,
} from "../src/index.ts";
import { buildLimitMs, describeKitex } from "./kitex-suite.ts";
import { exception, RawConnection, rawServer, readException, thriftMessage } from "./raw-ttheader.ts";

// What we rely on in Kitex's TTHeader ping-pong beyond its documents.

const CALL = 1;
const REPLY = 2;

interface Parts {
  readonly sequenceId?: number;
  readonly method?: string;
  readonly strings?: readonly StringPair[];
  readonly ints?: readonly IntPair[];
  readonly protocolId?: number;
  readonly framed?: boolean;
  readonly body?: Uint8Array;
  readonly type?: number;
}

/** A struct with one field that is a struct. */
const wrap = (field: number, inner: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(12, 0, field), inner, Buffer.of(0)]);

const framedOf = (message: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
};

function request(text: string, parts: Parts = {}): Uint8Array {
  const { sequenceId = 1, method = "Ping", strings, ints = [], protocolId = 0, framed = false } = parts;
  const message = thriftMessage(CALL, method, sequenceId, parts.body ?? wrap(1, Msg.encode({ text })));
  return encodeFrame({
    flags: 0,
    sequenceId,
    protocolId,
    strings,
    ints: [[22, "1"], [9, method], ...ints],
    payload: framed ? framedOf(message) : message,
  });
}

function reply({ sequenceId }: Frame, parts: Parts = {}): Uint8Array {
  const message =
    parts.body === undefined
      ? thriftMessage(REPLY, "Ping", sequenceId, wrap(0, Msg.encode({ text: "raw" })))
      : Buffer.from(parts.body);
  return encodeFrame({
    flags: 0,
    sequenceId,
    protocolId: 0,
    strings: parts.strings,
    ints: [[22, parts.body === undefined ? "2" : "3"]],
    payload: parts.framed ? framedOf(message) : message,
  });
}

/** The struct of a REPLY, framed or not. */
function messageOf({ payload }: Frame): Buffer {
  const message = Buffer.from(payload[0] === 0x80 ? payload : payload.subarray(4));
  return message.subarray(12 + message.readUInt32BE(4));
}

/** The text of a REPLY. */
function textOf(frame: Frame): string {
  const body = messageOf(frame);
  expect([...body.subarray(0, 3)]).toEqual([12, 0, 0]);
  return Msg.decode(body.subarray(3, -1)).text;
}

const exceptionOf = ({ payload }: Frame) =>
  readException(payload[0] === 0x80 ? payload : payload.subarray(4));

describeKitex("Kitex and the frames of TTHeader ping-pong", () => {
  let server: KitexServer;
  let driver: KitexPeer;

  beforeAll(async () => {
    server = await startKitexServer({ handlers: true });
    driver = await startKitexDriver();
  }, buildLimitMs);

  afterAll(async () => {
    await driver?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  describe("a server", () => {
    it.each([
      ["unframed", {}],
      ["framed", { framed: true }],
      ["without a service name", { strings: [] }],
      [
        "with pairs that it does not know",
        {
          strings: [
            ["slipstream-meta", "AQ"],
            ["x", "y"],
          ],
        },
      ],
      ["with an ACL token", { strings: [["RPC_TRANSIT_gdpr-token", "secret"]] }],
      ["with protocol id 3", { protocolId: 3 }],
      ["with the checksum of something else", { strings: [["crc32c", "00000000"]] }],
      ["with the value of a validator of payloads", { strings: [["PV_own", "x"]] }],
    ] satisfies [string, Parts][])("answers a request %s, in the form of the request", async (_, parts) => {
      using peer = await RawConnection.connect(server.target);
      peer.write(request("hi", parts));
      const answer = await peer.next();
      expect(textOf(answer)).toBe("echo:hi");
      expect(answer.payload[0] === 0x80).toBe(!("framed" in parts));
    });

    it("takes the caller's address from rip, and shows the handler no other pair", async () => {
      using peer = await RawConnection.connect(server.target);
      peer.write(
        request("meta", {
          strings: [
            ["rip", "10.1.2.3:99"],
            ["x", "y"],
          ],
        }),
      );
      const { info } = Msg.decode(messageOf(await peer.next()).subarray(3, -1));
      expect(info?.["from.addr"]).toBe("10.1.2.3:99");
      expect(Object.keys(info ?? {}).filter((key) => /^(?:P|T|MD):/.test(key))).toEqual([]);
    });

    it("that compares checksums closes on a wrong one without an answer, and misses none", async () => {
      const port = await server.listen({ checksums: true });
      using peer = await RawConnection.connect(`127.0.0.1:${port}`);
      peer.write(request("hi"));
      expect(textOf(await peer.next())).toBe("echo:hi");
      peer.write(request("hi", { strings: [["crc32c", "00000000"]] }));
      await expect(peer.next()).rejects.toThrow("the peer closed");
    });

    it("closes on protocol id 2", async () => {
      using peer = await RawConnection.connect(server.target);
      peer.write(request("hi", { protocolId: 2 }));
      await peer.closed;
    });

    it("answers three requests that are written at once strictly in order", async () => {
      using peer = await RawConnection.connect(server.target);
      peer.write(
        request("sleep=60", { sequenceId: 1 }),
        request("sleep=30", { sequenceId: 2 }),
        request("hi", { sequenceId: 3 }),
      );
      expect((await peer.take(3)).map(({ sequenceId }) => sequenceId)).toEqual([1, 2, 3]);
    });

    it.each([
      ["an unknown service", 20, { strings: [["isn", "Nobody"]], method: "Missing" }],
      ["an unknown method", 1, { strings: [["isn", "Lab"]], method: "Missing" }],
      ["a body that it cannot decode", 7, { strings: [["isn", "Lab"]], body: Buffer.from([12, 0, 1, 11]) }],
    ] satisfies [string, number, Parts][])(
      "answers %s with exception %i, and closes",
      async (_, type, parts) => {
        using peer = await RawConnection.connect(server.target);
        peer.write(request("hi", parts));
        expect(exceptionOf(await peer.next())).toMatchObject({ type });
        await peer.closed;
      },
    );

    it("serves an unknown service whose method is unique", async () => {
      using peer = await RawConnection.connect(server.target);
      const join = Buffer.concat([Buffer.from([11, 0, 1, 0, 0, 0, 0]), wrap(2, Msg.encode({ text: "hi" }))]);
      peer.write(request("", { strings: [["isn", "Nobody"]], method: "Join", body: join }));
      expect(textOf(await peer.next())).toBe("+echo:hi+[]");
    });

    it("answers a call of a streaming method with exception 6", async () => {
      using peer = await RawConnection.connect(server.target);
      peer.write(
        request("hi", { strings: [["isn", "Lab"]], method: "Chat", body: Msg.encode({ text: "hi" }) }),
      );
      expect(exceptionOf(await peer.next())).toMatchObject({
        type: 6,
        text: expect.stringContaining("cannot get streamx.ServerStream from type"),
      });
    });
  });

  describe("a client", () => {
    /** What the Kitex client's program got from a server that answers with `answer`, and how many connections it made. */
    async function played(
      answer: (request: Frame) => Uint8Array,
      more: Partial<Call> = {},
      times = 1,
    ): Promise<{ outcomes: Outcome[]; connections: number }> {
      let connections = 0;
      await using raw = await rawServer(async (peer) => {
        connections++;
        for (;;) peer.write(answer(await peer.next()));
      });
      const outcomes: Outcome[] = [];
      while (outcomes.length < times) {
        const call = {
          target: raw.target,
          protocol: "ttheader-framed",
          method: "Ping",
          messages: [{ text: "hi" }],
        } as const;
        outcomes.push(await driver.call({ ...call, handlers: true, ...more }));
      }
      return { outcomes, connections };
    }

    it.each([
      ["an unframed reply to a framed request", "ttheader-framed", false],
      ["a framed reply to an unframed request", "ttheader", true],
    ] as const)("takes %s", async (_, protocol, framed) => {
      const { outcomes } = await played((frame) => reply(frame, { framed }), { protocol });
      expect(outcomes).toMatchObject([{ error: null, messages: [{ text: "raw" }] }]);
    });

    it("makes a backward value of every string pair of a reply", async () => {
      const { outcomes } = await played((frame) =>
        reply(frame, {
          strings: [
            ["slipstream-meta", "AQ"],
            ["x", "y"],
          ],
        }),
      );
      expect(outcomes[0]?.backward).toEqual({ "slipstream-meta": "AQ", x: "y" });
    });

    it("sends one request at a time on a pooled connection, and the next on the same one", async () => {
      const { outcomes, connections } = await played((frame) => reply(frame), {}, 3);
      expect(outcomes.map(({ error }) => error)).toEqual([null, null, null]);
      expect(connections).toBe(1);
    });

    it("makes a backward value of rip in a reply, and believes it when its resolver's instances can change", async () => {
      const answer = (frame: Frame) => reply(frame, { strings: [["rip", "10.1.2.3:99"]] });
      const { outcomes } = await played(answer);
      expect(outcomes).toMatchObject([
        { peer: expect.stringContaining("127.0.0.1"), backward: { rip: "10.1.2.3:99" } },
      ]);
      const believed = await played(answer, { refreshable: true });
      expect(believed.outcomes).toMatchObject([{ peer: "10.1.2.3:99" }]);
    });

    it("does not compare the checksum of a reply unless it is told to", async () => {
      const { outcomes } = await played((frame) => reply(frame, { strings: [["crc32c", "00000000"]] }));
      expect(outcomes).toMatchObject([{ error: null, messages: [{ text: "raw" }] }]);
    });

    it("drops its connection when a reply says so with crrst", async () => {
      const { outcomes, connections } = await played(
        (frame) => reply(frame, { strings: [["crrst", "1"]] }),
        {},
        2,
      );
      expect(outcomes).toMatchObject([{ error: null }, { error: null }]);
      expect(connections).toBe(2);
    });

    it("makes a business error of biz-status in a reply", async () => {
      const strings = [
        ["biz-status", "7"],
        ["biz-message", "no"],
      ] as const;
      const { outcomes } = await played((frame) => reply(frame, { strings }));
      expect(outcomes[0]?.error?.biz).toMatchObject({ code: 7, message: "no" });
    });

    it("reports an exception of ours with its number, and drops its connection", async () => {
      const body = exception(12104, "late");
      const { outcomes, connections } = await played((frame) => reply(frame, { body }), {}, 2);
      expect(outcomes).toMatchObject([{ error: { typeId: 12104 } }, { error: { typeId: 12104 } }]);
      expect(connections).toBe(2);
    });
  });

  describe("without the opt-in meta handlers", () => {
    it("a client names no service and sends no integer keys but those of the frame", async () => {
      let seen: Frame | undefined;
      await using raw = await rawServer(async (peer) => {
        seen = await peer.next();
        peer.write(reply(seen));
      });
      const call = {
        protocol: "ttheader",
        method: "Ping",
        messages: [{ text: "hi" }],
        target: raw.target,
      } as const;
      expect(await driver.call(call)).toMatchObject({ error: null });
      expect([...(seen?.ints.keys() ?? [])]).toEqual([]);
      expect(seen?.strings).toBeUndefined();
    });

    it("a business status arrives as a success without a result", async () => {
      const target = `127.0.0.1:${await server.listen()}`;
      const call = {
        protocol: "ttheader",
        method: "Ping",
        messages: [{ text: "biz=7:no" }],
        target,
      } as const;
      expect(await driver.call({ ...call, handlers: true })).toMatchObject({ error: null, messages: [] });
    });
  });
});
