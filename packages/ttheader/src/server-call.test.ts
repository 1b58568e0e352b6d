import {
  BizStatusError,
  noFields,
  type Reply,
  RpcError,
  type ServerHandler,
  type ServerStart,
} from "@slipstream/stream";
import { decodeException, encodeException, encodeMessageHead, readMessageHead } from "@slipstream/thrift";
import { describe, expect, it } from "vitest";
import { bytes, callStart, text } from "../test/calls.ts";
import { loadCapture } from "../test/captures.ts";
import { linkPair } from "../test/links.ts";
import { peer, ScriptedPeer } from "../test/scripted-peer.ts";
import { fromHex } from "../test/worked-frames.ts";
import { ClientSession } from "./client-session.ts";
import * as Flag from "./format/flag.ts";
import * as IntKey from "./format/int-key.ts";
import { encodeFrame } from "./frame-encode.ts";
import { resolveSessionOptions, type SessionOptions } from "./options.ts";
import { readPayload } from "./payload.ts";
import { ServerSession } from "./server-session.ts";

type Answer = (start: ServerStart, request: Uint8Array) => Promise<Reply | undefined>;

const empty: ReadonlyMap<string, string> = new Map();
const reply = (init: Partial<Reply> = {}): Reply => ({
  outcome: { message: bytes("result") },
  header: noFields,
  trailer: noFields,
  backward: empty,
  ...init,
});

const handler = (answer: Answer): ServerHandler => ({
  stream: () => {},
  call: (call) => void answer(call.start, call.request).then((given) => call.reply(given)),
});

function serve(call: Answer, options: SessionOptions = {}) {
  const client = new ScriptedPeer();
  const session = new ServerSession(
    client,
    { address: "client:1", transport: "test" },
    resolveSessionOptions(options),
    handler(call),
  );
  client.receiver = session;
  return { session, client };
}

/** Lets handlers answer. */
const turn = (): Promise<void> => new Promise(setImmediate);

function request(id: number, { type = 1, method = "Ping", framed = false, body = "args" } = {}): Uint8Array {
  const message = Buffer.concat([encodeMessageHead(type, method, id), bytes(body)]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return framed ? Buffer.concat([length, message]) : message;
}

const isn = ["isn", "Lab"] as const;
const fromUs = ["slipstream-meta", "AQ"] as const;

describe("a request", () => {
  it.each([false, true])(
    "reaches the handler and is answered in its own form, framed: %s",
    async (framed) => {
      const { client } = serve(async ({ service, method }, body) => {
        expect([service, method, text(body)]).toEqual(["Lab", "Ping", "args"]);
        return reply();
      });
      client.send(peer.message(7, request(7, { framed }), [isn]));
      await turn();
      const [frame] = client.take();
      expect(frame).toMatchObject({ flags: 0, sequenceId: 7, protocolId: 0, strings: undefined });
      expect(frame?.ints).toEqual(new Map([[IntKey.messageType, "2"]]));
      const payload = frame?.payload as Uint8Array;
      const { form, start, end } = readPayload(payload, 0, payload.length);
      expect(form).toBe(framed ? "framed" : "thrift");
      const head = readMessageHead(payload, start, end);
      expect(head).toMatchObject({ type: 2, method: "Ping", sequenceId: 7 });
      expect(text(payload.subarray(head?.bodyStart, end))).toBe("result");
    },
  );

  it("of a live Kitex is understood, metainfo, caller and timeout included", async () => {
    let seen: ServerStart | undefined;
    const { client } = serve(async (start) => {
      seen = start;
      return reply();
    });
    const hex = loadCapture("ttheader-ping-handlers").events.find(({ from }) => from === "client")?.hex ?? "";
    client.send(fromHex(hex));
    await turn();
    expect(seen).toMatchObject({
      service: "Lab",
      method: "Ping",
      caller: "lab.client",
      timeoutMs: 500,
      persistent: new Map([["k2", "v2"]]),
      transient: new Map([
        ["k1", "v1"],
        ["Mixed-Case", "ü x"],
      ]),
    });
    expect(client.takeKinds()).toEqual(["MESSAGE 1"]);
  });

  it("that is oneway is never answered, not even with an error", async () => {
    const { client, session } = serve(async () =>
      reply({ outcome: { error: new RpcError("internal", "x") } }),
    );
    client.send(peer.message(1, request(1, { type: 4 })));
    await turn();
    expect([client.take(), session.openCount]).toEqual([[], 0]);
  });

  it("without a reply is not answered", async () => {
    const { client, session } = serve(async () => undefined);
    client.send(peer.message(1, request(1)));
    await turn();
    expect([client.take(), session.openCount]).toEqual([[], 0]);
  });

  it.each([
    ["garbage", bytes("garbage that is no Thrift")],
    ["a reply", request(1, { type: 2 })],
    ["no method name", request(1, { method: "" })],
    ["Kitex Protobuf", fromHex("0000000c90010001" + "00000001" + "6d" + "00000001" + "00")],
  ])("with %s ends the connection without a word, as Kitex does", (_name, payload) => {
    const { client } = serve(async () => reply());
    client.send(peer.message(1, payload));
    expect(client.isDestroyed).toBe(true);
    expect(client.take()).toEqual([]);
  });
});

describe("an answer", () => {
  async function answered(init: Partial<Reply>, pairs: readonly (readonly [string, string])[] = []) {
    const { client } = serve(async () => reply(init));
    client.send(peer.message(1, request(1), pairs));
    await turn();
    const [frame] = client.take();
    const payload = frame?.payload ?? new Uint8Array(0);
    return {
      strings: frame?.strings,
      ints: frame?.ints,
      exception: decodeException(payload, 0, payload.length),
    };
  }

  it("with an error is an exception", async () => {
    const seen = await answered({ outcome: { error: new RpcError("not_found", "no such thing") } });
    expect(seen.exception).toEqual({ type: 12105, message: "no such thing" });
    expect(seen.ints?.get(IntKey.messageType)).toBe("3");
  });

  it("with a business status is a reply with the pairs", async () => {
    const seen = await answered({ outcome: { error: new BizStatusError(7, "no", { k: "v" }) } });
    expect(seen.exception).toBeUndefined();
    expect(seen.strings).toEqual(
      new Map([
        ["biz-status", "7"],
        ["biz-message", "no"],
        ["biz-extra", '{"k":"v"}'],
      ]),
    );
  });

  it("carries backward values under bare names, but none that a Kitex client would act on [D29]", async () => {
    const seen = await answered({
      backward: new Map([
        ["shard", "s7"],
        ["rip", "x"],
        ["crrst", "x"],
        ["PV_a", "x"],
      ]),
    });
    expect(seen.strings).toEqual(new Map([["shard", "s7"]]));
  });

  it("has a side entry for who asked, and for nobody else", async () => {
    const init: Partial<Reply> = { header: [["h", "1"]], trailer: [["t", "1"]] };
    expect((await answered(init)).strings).toBeUndefined();
    const keys = [...((await answered(init, [fromUs])).strings?.keys() ?? [])];
    expect(keys).toEqual(["slipstream-meta", "slipstream-trailer"]);
    expect([...((await answered({}, [fromUs])).strings ?? [])]).toEqual([fromUs]);
  });

  it("that is too large is an exception that says so", async () => {
    const { client } = serve(async () => reply({ outcome: { message: new Uint8Array(1000) } }), {
      maxMessageBytes: 999,
    });
    client.send(peer.message(1, request(1)));
    await turn();
    const payload = client.take()[0]?.payload ?? new Uint8Array(0);
    expect(decodeException(payload, 0, payload.length)).toMatchObject({ type: 12108 });
    const header = await answered({ backward: new Map([["k", "x".repeat(70_000)]]) });
    expect(header.exception).toMatchObject({ type: 12108 });
  });
});

describe("several requests", () => {
  function slowly() {
    const waiting: (() => void)[] = [];
    const server = serve(
      (_start, body) =>
        new Promise((resolve) => waiting.push(() => resolve(reply({ outcome: { message: body } })))),
      { maxStreams: 3 },
    );
    return { ...server, waiting };
  }

  it("that are answered at once are answered in order, however many come together", () => {
    const client = new ScriptedPeer();
    const session = new ServerSession(
      client,
      { address: "client:1", transport: "test" },
      resolveSessionOptions({ maxStreams: 20_000 }),
      { stream: () => {}, call: (call) => call.reply(reply({ outcome: { message: call.request } })) },
    );
    client.receiver = session;
    const ids = Array.from({ length: 10_000 }, (_, i) => i + 1);
    session.onData(Buffer.concat(ids.map((id) => encodeFrame(peer.message(id, request(id))))));
    expect(client.take().map(({ sequenceId }) => sequenceId)).toEqual(ids);
    expect(session.openCount).toBe(0);
  });

  it("of a client that takes replies in order are served one after another", async () => {
    const { client, waiting } = slowly();
    for (const id of [1, 2, 3]) client.send(peer.message(id, request(id)));
    expect(waiting).toHaveLength(1);
    for (let i = 0; i < 3; i++) {
      waiting[i]?.();
      await turn();
    }
    expect(client.takeKinds()).toEqual(["MESSAGE 1", "MESSAGE 2", "MESSAGE 3"]);
  });

  it.each([
    ["Slipstream", { strings: [fromUs] }],
    ["Kitex's mux client", { flags: Flag.outOfOrder }],
  ])("of %s are served at once, and answered as they are done", async (_name, init) => {
    const { client, waiting } = slowly();
    for (const id of [1, 2, 3]) client.send({ ...peer.message(id, request(id)), ...init });
    expect(waiting).toHaveLength(3);
    for (const i of [2, 0, 1]) waiting[i]?.();
    await turn();
    expect(client.takeKinds()).toEqual(["MESSAGE 3", "MESSAGE 1", "MESSAGE 2"]);
  });

  it("over maxStreams are refused", async () => {
    const { client } = slowly();
    for (const id of [1, 2, 3, 4]) client.send(peer.message(id, request(id), [fromUs]));
    const payload = client.take()[0]?.payload ?? new Uint8Array(0);
    expect(decodeException(payload, 0, payload.length)).toMatchObject({ type: 12108 });
  });

  it("with the same id end the connection", () => {
    const { client } = slowly();
    client.send(peer.message(1, request(1), [fromUs]), peer.message(1, request(1), [fromUs]));
    expect(client.isDestroyed).toBe(true);
  });
});

describe("a request whose client goes", () => {
  it("is cancelled by its RST, and not answered", async () => {
    let start: ServerStart | undefined;
    let finish = (): void => {};
    const { client, session } = serve((given) => {
      start = given;
      return new Promise((resolve) => (finish = () => resolve(reply())));
    });
    client.send(peer.message(1, request(1), [fromUs]));
    client.send(
      peer.rst(1, [["ttscp", "a"]], encodeException("Ping", 1, { type: 12015, message: "too late" })),
    );
    expect(start?.ended.reason).toMatchObject({ code: "deadline_exceeded", origin: { cancelPath: "a" } });
    finish();
    await turn();
    expect([client.take(), session.openCount]).toEqual([[], 0]);
  });

  it("is cancelled when the connection is lost", () => {
    let start: ServerStart | undefined;
    const { session } = (() => {
      const server = serve((given) => {
        start = given;
        return new Promise(() => {});
      });
      server.client.send(peer.message(1, request(1)));
      return server;
    })();
    session.onClose();
    expect(start?.ended.reason).toMatchObject({ code: "cancelled", origin: { ttstream: 12013 } });
  });

  it("while the server shuts down is served, told to close, and the last", async () => {
    let finish = (): void => {};
    const { client, session } = serve(() => new Promise((resolve) => (finish = () => resolve(reply()))));
    client.send(peer.message(1, request(1)));
    session.drain();
    finish();
    await turn();
    expect(client.take()[0]?.strings).toEqual(new Map([["crrst", "1"]]));
    expect(client.isEnded).toBe(true);
  });
});

describe("two sessions of ours", () => {
  it("mix calls and streams on one connection, and lose nothing", async () => {
    const links = linkPair([3]);
    const options = resolveSessionOptions();
    const client = new ClientSession(links[0], { address: "s", transport: "test" }, options);
    const server = new ServerSession(links[1], { address: "c", transport: "test" }, options, {
      stream: (stream) => stream.end({ trailer: [["n", stream.start.service]] }),
      call: (call) =>
        call.reply(
          reply({
            outcome: { message: call.request },
            header: [...call.start.metadata, ["h", "1"], ["h", "2"]],
            trailer: [["b-bin", Uint8Array.of(1, 2)]],
            backward: new Map([...call.start.transient, ["crrst", "kept"]]),
          }),
        ),
    });
    links[0].receiver = client;
    links[1].receiver = server;
    const all = Array.from({ length: 50 }, async (_, i) => {
      const stream = client.open(callStart({ service: String(i) }));
      const transient = new Map([["UPSTREAM_x", String(i)]]);
      const start = callStart({ metadata: [["m", String(i)]], transient });
      const answer = (await client.call(start, bytes(String(i)), false)) as Reply;
      expect("message" in answer.outcome && text(answer.outcome.message)).toBe(String(i));
      expect(answer.header).toEqual([
        ["m", String(i)],
        ["h", "1"],
        ["h", "2"],
      ]);
      expect(answer.trailer).toEqual([["b-bin", Uint8Array.of(1, 2)]]);
      expect(answer.backward).toEqual(
        new Map([
          ["UPSTREAM_x", String(i)],
          ["crrst", "kept"],
        ]),
      );
      expect(await stream.trailer()).toEqual([["n", String(i)]]);
    });
    await Promise.all(all);
    expect([client.openCount, server.openCount]).toEqual([0, 0]);
  });
});
