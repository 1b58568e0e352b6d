import { BizStatusError, type CallStart, Ending, type Reply, RpcError } from "@slipstream/stream";
import { encodeException, encodeMessageHead, readMessageHead } from "@slipstream/thrift";
import { describe, expect, it } from "vitest";
import { bytes, callStart, text } from "../test/calls.ts";
import { loadCapture } from "../test/captures.ts";
import { peer, ScriptedPeer } from "../test/scripted-peer.ts";
import { fromHex } from "../test/worked-frames.ts";
import { ClientSession } from "./client-session.ts";
import * as IntKey from "./format/int-key.ts";
import { resolveSessionOptions, type SessionOptions } from "./options.ts";

interface Client {
  readonly session: ClientSession;
  readonly server: ScriptedPeer;
  abandoned: number;
}

function connect(options: SessionOptions = {}): Client {
  const server = new ScriptedPeer();
  const client: { -readonly [K in keyof Client]: Client[K] } = {
    server,
    abandoned: 0,
    session: undefined as never,
  };
  client.session = new ClientSession(
    server,
    { address: "server:1", transport: "test" },
    resolveSessionOptions(options),
    { onCallAbandoned: () => client.abandoned++ },
  );
  server.receiver = client.session;
  return client;
}

/** A call whose request has been written. */
function call(
  client: Client,
  init: Partial<CallStart> = {},
  request = bytes("args"),
): Promise<Reply | undefined> {
  const reply = client.session.call(callStart({ method: "Ping", ...init }), request, false);
  client.server.take();
  return reply;
}

function answer(id: number, body: string, { type = 2, method = "Ping", sequenceId = id } = {}): Uint8Array {
  return Buffer.concat([encodeMessageHead(type, method, sequenceId), bytes(body)]);
}

async function failure(promise: Promise<unknown>): Promise<RpcError> {
  try {
    await promise;
  } catch (error) {
    return error as RpcError;
  }
  throw new Error("an error was expected");
}

const fromUs = ["slipstream-meta", "AQ"] as const;

describe("a request", () => {
  it("has the keys of Kitex's TTHeader handlers, and asks for the side entry", () => {
    const client = connect();
    void client.session.call(
      callStart({
        method: "Ping",
        caller: "me",
        callerMethod: "m",
        timeoutMs: 500,
        persistent: new Map([["k", "v"]]),
      }),
      bytes("args"),
      false,
    );
    const [frame] = client.server.take();
    expect(frame).toMatchObject({ flags: 0, sequenceId: 1, protocolId: 0 });
    expect(frame?.strings).toEqual(new Map([["isn", "Lab"], ["RPC_PERSIST_k", "v"], fromUs]));
    expect(frame?.ints).toEqual(
      new Map([
        [IntKey.transportType, "unframed"],
        [IntKey.toService, "Lab"],
        [IntKey.toMethod, "Ping"],
        [IntKey.messageType, "1"],
        [IntKey.rpcTimeout, "500"],
        [IntKey.fromService, "me"],
        [IntKey.fromMethod, "m"],
      ]),
    );
    const payload = frame?.payload as Uint8Array;
    const head = readMessageHead(payload, 0, payload.length);
    expect(head).toMatchObject({ type: 1, method: "Ping", sequenceId: 1 });
    expect(text(payload.subarray(head?.bodyStart))).toBe("args");
  });

  it("that is oneway has message type 4, and is over when it is written", async () => {
    const client = connect();
    expect(await client.session.call(callStart({ method: "Note" }), bytes("args"), true)).toBeUndefined();
    const [frame] = client.server.take();
    expect(frame?.ints.get(IntKey.messageType)).toBe("4");
    expect(frame?.payload[3]).toBe(4);
    expect(client.session.openCount).toBe(0);
  });

  it("over maxMessageBytes is refused", () => {
    const client = connect({ maxMessageBytes: 3 });
    expect(() => client.session.call(callStart(), bytes("args"), false)).toThrow(
      /over maxMessageBytes \(3\)/,
    );
    expect(client.server.take()).toEqual([]);
  });

  it("that is large leaves as it is", () => {
    const client = connect();
    void client.session.call(callStart(), new Uint8Array(100_000).fill(7), false);
    expect(
      client.server
        .take()[0]
        ?.payload.subarray(-100_000)
        .every((byte) => byte === 7),
    ).toBe(true);
  });
});

describe("a reply", () => {
  it.each(["thrift", "framed"])("brings the message, in a %s payload", async (form) => {
    const client = connect();
    const reply = call(client);
    const message = answer(1, "result");
    const length = Buffer.alloc(4);
    length.writeUInt32BE(message.length);
    client.server.send(peer.message(1, form === "thrift" ? message : Buffer.concat([length, message])));
    const { outcome } = (await reply) as Reply;
    expect("message" in outcome && text(outcome.message)).toBe("result");
    expect(client.session.openCount).toBe(0);
  });

  it("brings backward values under their bare names, and Volo's under theirs [D25]", async () => {
    const client = connect();
    const reply = call(client);
    const pairs = [
      ["shard", "s7"],
      ["RPC_BACKWARD_volo", "v"],
      ["rip", "10.0.0.1:1"],
      ["crc32c", "00"],
      ["PV_x", "y"],
      ["biz-status", "0"],
    ] as const;
    client.server.send(peer.message(1, answer(1, ""), pairs));
    expect((await reply)?.backward).toEqual(
      new Map([
        ["shard", "s7"],
        ["volo", "v"],
      ]),
    );
  });

  it("that is an exception is a Reply with the error, whose type is kept", async () => {
    const client = connect();
    const reply = call(client);
    client.server.send(peer.message(1, encodeException("Ping", 1, { type: 20, message: "unknown service" })));
    expect(await reply).toMatchObject({
      outcome: { error: { code: "unimplemented", message: "unknown service", origin: { thriftType: 20 } } },
    });
  });

  it.each([
    ["reply", answer(1, "\0")],
    ["exception, as Volo sends it", encodeException("Ping", 1, { type: 6, message: "status_code: 1" })],
  ])("with a business status throws it, on a %s", async (_name, payload) => {
    const client = connect();
    const reply = call(client);
    client.server.send(
      peer.message(1, payload, [
        ["biz-status", "1001"],
        ["biz-message", "no"],
      ]),
    );
    const { outcome } = (await reply) as Reply;
    expect("error" in outcome && outcome.error).toBeInstanceOf(BizStatusError);
  });

  it.each([
    ["another method", answer(1, "", { method: "Pong" }), 3],
    ["another sequence id inside", answer(1, "", { sequenceId: 9 }), 4],
    ["a message that is no reply", answer(1, "", { type: 1 }), 2],
  ])("to %s is internal", async (_name, payload, thriftType) => {
    const client = connect();
    const reply = call(client);
    client.server.send(peer.message(1, payload));
    expect(await reply).toMatchObject({ outcome: { error: { code: "internal", origin: { thriftType } } } });
  });

  it("that cannot be read ends the connection", async () => {
    const client = connect();
    const reply = failure(call(client));
    client.server.send(peer.message(1, bytes("garbage")));
    expect(await reply).toMatchObject({ code: "internal" });
    expect(client.server.isDestroyed).toBe(true);
  });

  it("that nobody waits for is dropped", () => {
    const client = connect();
    client.server.send(peer.message(5, answer(5, "")));
    expect(client.server.isDestroyed).toBe(false);
  });

  it("may come in any order", async () => {
    const client = connect();
    const replies = [call(client), call(client), call(client)];
    for (const id of [3, 1, 2]) client.server.send(peer.message(id, answer(id, String(id))));
    const outcomes = await Promise.all(replies);
    expect(
      outcomes.map((reply) => reply && "message" in reply.outcome && text(reply.outcome.message)),
    ).toEqual(["1", "2", "3"]);
  });

  it("with a side entry shows that the server is Slipstream", async () => {
    const client = connect();
    const reply = call(client);
    expect(client.session.peer.isSlipstream).toBe(false);
    client.server.send(peer.message(1, answer(1, ""), [fromUs]));
    await reply;
    expect(client.session.peer.isSlipstream).toBe(true);
  });

  it("that says crrst, or a mux server's closing notice, takes no more calls", async () => {
    const [asked, told] = [connect(), connect()];
    const reply = call(asked);
    asked.server.send(peer.message(1, answer(1, ""), [["crrst", "1"]]));
    await reply;
    told.server.send(peer.message(0, answer(0, "\0", { method: "none" }), [["crrst", "1"]]));
    expect([asked.session.canOpen, told.session.canOpen]).toEqual([false, false]);
  });

  it.each([
    ["ttheader-ping", { shard: "s7" }],
    ["ttheader-ping-handlers", { shard: "s7" }],
  ])("of a live Kitex is read: %s", async (name, backward) => {
    const client = connect();
    const reply = call(client);
    const hex = loadCapture(name).events.find(({ from }) => from === "server")?.hex ?? "";
    client.server.send(fromHex(hex));
    const seen = await reply;
    expect(seen?.backward).toEqual(new Map(Object.entries(backward)));
    expect(seen?.outcome).toHaveProperty("message");
  });

  it("of a live Kitex with a business status is read", async () => {
    const client = connect();
    const reply = call(client);
    const hex = loadCapture("ttheader-biz").events.find(({ from }) => from === "server")?.hex ?? "";
    client.server.send(fromHex(hex));
    expect(await reply).toMatchObject({ outcome: { error: { name: "BizStatusError" } } });
  });
});

describe("a call that ends before its reply", () => {
  it("is cancelled with an RST on a connection of Slipstream, which goes on", async () => {
    const client = connect();
    const first = call(client);
    client.server.send(peer.message(1, answer(1, ""), [fromUs]));
    await first;
    const ended = new Ending();
    const second = failure(call(client, { ended }));
    ended.end(new RpcError("deadline_exceeded", "too late"));
    expect(await second).toMatchObject({ code: "deadline_exceeded" });
    expect(client.server.takeKinds()).toEqual(["RST 2"]);
    expect([client.abandoned, client.session.openCount]).toEqual([0, 0]);
  });

  it("makes a connection of Kitex useless, which its owner is told", async () => {
    const client = connect();
    const ended = new Ending();
    const reply = failure(call(client, { ended }));
    ended.end(new RpcError("cancelled", "enough"));
    expect(await reply).toMatchObject({ code: "cancelled" });
    expect(client.server.takeKinds()).toEqual([]);
    expect(client.abandoned).toBe(1);
  });

  it("fails with unavailable when the connection is lost", async () => {
    const client = connect();
    const reply = failure(call(client));
    client.session.onClose();
    expect(await reply).toMatchObject({ code: "unavailable" });
  });

  it("leaves no listener behind", async () => {
    const client = connect();
    const ended = new Ending();
    const reply = call(client, { ended });
    client.server.send(peer.message(1, answer(1, "")));
    await reply;
    expect(ended.listenerCount).toBe(0);
  });
});
