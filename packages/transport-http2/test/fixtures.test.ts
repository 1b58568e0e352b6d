import { readdirSync, readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { createClient } from "@slipstream/rpc";
import {
  BizStatusError,
  type ClientStreaming,
  type Header,
  RpcError,
  type RunningTransport,
  type ServerByteStream,
  type ServerStreaming,
} from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { http2 } from "../src/index.ts";
import { engines } from "./engines.ts";
import { Lab, type Msg, Refused } from "./gen/lab.ts";

interface Recording {
  readonly clientSaw: {
    readonly method: string;
    readonly got:
      | readonly { readonly text: string; readonly info?: Readonly<Record<string, string>> }[]
      | null;
    readonly err:
      | null
      | "EOF"
      | {
          readonly status?: number;
          readonly statusMsg?: string;
          readonly biz?: {
            readonly code: number;
            readonly msg: string;
            readonly extra: Record<string, string>;
          };
          readonly refused?: { readonly code: number; readonly why: string };
        };
    readonly header?: Readonly<Record<string, string>> | null;
    readonly trailer?: Readonly<Record<string, string>> | null;
  };
  readonly events: readonly { readonly from: "client" | "server"; readonly hex?: string }[];
}

const folder = new URL("../fixtures/", import.meta.url);
const recordings = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Recording]),
);

function recordingOf(name: string): Recording {
  const recording = recordings.get(name);
  if (recording === undefined) throw new Error(`no ${name}`);
  return recording;
}

const prefaceBytes = 24;
const frameHeadBytes = 9;
const headersType = 1;
const pingType = 6;
const ackFlag = 1;

/** The frames in what one side sent; a client's first is the preface. */
function framesOf(bytes: Buffer, isClient: boolean): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const isPreface = isClient && at === 0;
    if (!isPreface && at + frameHeadBytes > bytes.length) break;
    const end = at + (isPreface ? prefaceBytes : frameHeadBytes + bytes.readUIntBE(at, 3));
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
}

/** What one side sent, without answers to PINGs that nobody sends here: Node ends a session for them. */
function bytesFrom({ events }: Recording, side: "client" | "server"): Buffer {
  const bytes = Buffer.concat(
    events.filter(({ from }) => from === side).map(({ hex = "" }) => Buffer.from(hex, "hex")),
  );
  return Buffer.concat(
    framesOf(bytes, side === "client").filter((frame) => !(frame[3] === pingType && frame[4] === ackFlag)),
  );
}

/** Whether a client has sent a header section. */
function hasOpened(bytes: Buffer): boolean {
  return framesOf(bytes, true).some((frame) => frame[3] === headersType && frame.length > frameHeadBytes);
}

/** What our client got of a recorded server. */
interface Seen {
  texts: string[];
  error: unknown;
  header: Header | undefined;
  trailer: Header | undefined;
}

// What a client of Kitex brought about itself is replayed to our server below.
const byTheClient = new Set(["http2-cancel.json", "http2-deadline.json"]);
const answered = [...recordings].filter(([name]) => !byTheClient.has(name));

describe.each(engines)("our client over %s to a recorded Kitex server", (_, engine) => {
  it.each(answered)("sees in %s what Kitex's client saw [B7]", async (_name, recording) => {
    const server = createServer((socket) => {
      let received = Buffer.alloc(0);
      let isDone = false;
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (isDone || !hasOpened(received)) return;
        isDone = true;
        socket.write(bytesFrom(recording, "server"));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const transport = http2({ session: engine(), acceptsGzip: true });
    try {
      const seen = await play(recording.clientSaw.method, createClient(Lab, { transport, target }));
      expectSame(seen, recording.clientSaw);
    } finally {
      await transport.close();
      server.close();
    }
  });
});

async function play(method: string, client: ReturnType<typeof createClient<typeof Lab>>): Promise<Seen> {
  const seen: Seen = { texts: [], error: undefined, header: undefined, trailer: undefined };
  try {
    if (method === "Ping" || method === "Missing") {
      const call = method === "Ping" ? client.ping : client.missing;
      const options = {
        onHeader: (header: Header) => void (seen.header = header),
        onTrailer: (trailer: Header) => void (seen.trailer = trailer),
      };
      seen.texts.push((await call({ text: "hi" }, options)).text);
      return seen;
    }
    const stream =
      method === "Feed"
        ? await client.feed({ text: "" })
        : method === "Collect"
          ? await client.collect()
          : await client.chat();
    try {
      if (method === "Collect") {
        seen.texts.push((await (stream as ClientStreaming<Msg, Msg>).closeAndRecv()).text);
      } else {
        const { recv } = stream as ServerStreaming<Msg>;
        for (let message = await recv.call(stream); message; message = await recv.call(stream)) {
          seen.texts.push(message.text);
        }
      }
    } finally {
      seen.header = await stream.header();
      seen.trailer = await stream.trailer();
    }
  } catch (error) {
    seen.error = error;
  }
  return seen;
}

function expectSame(seen: Seen, { method, got, err, header, trailer }: Recording["clientSaw"]): void {
  expect(seen.texts).toEqual((got ?? []).map(({ text }) => text));
  const own = (pairs: Readonly<Record<string, string>>): unknown => {
    const { "content-type": _, ...rest } = pairs;
    return rest;
  };
  if (header) expect(seen.header?.toRecord()).toEqual(own(header));
  if (trailer) expect(seen.trailer?.toRecord()).toEqual(own(trailer));
  if (err === null || err === "EOF") {
    expect(seen.error).toBeUndefined();
  } else if (err.biz) {
    expect(seen.error).toBeInstanceOf(BizStatusError);
    expect(seen.error).toMatchObject({ status: err.biz.code, message: err.biz.msg, extra: err.biz.extra });
  } else if (err.refused) {
    expect(seen.error).toBeInstanceOf(Refused);
    expect(seen.error).toMatchObject(err.refused);
  } else {
    expect(seen.error).toBeInstanceOf(RpcError);
    // Kitex answers an unknown method with 1, which gRPC calls cancelled.
    const code = method === "Missing" ? "unimplemented" : "internal";
    expect(seen.error).toMatchObject({ code, message: err.statusMsg, origin: { grpcStatus: err.status } });
  }
}

describe.each(engines)("a recorded Kitex client to our server over %s", (_, engine) => {
  /** Replays what a client sent; gives the stream that it opened, once the handler has it. */
  async function replay(name: string) {
    const transport = http2({ session: engine() });
    let running: RunningTransport | undefined;
    const stream = new Promise<ServerByteStream>((resolve) => {
      void transport.serve({ stream: resolve, call() {} }).then((served) => (running = served));
    });
    const server = createServer((socket) => transport.accept(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    socket.write(bytesFrom(recordingOf(name), "client"));
    return {
      stream: await stream,
      async [Symbol.asyncDispose]() {
        socket.destroy();
        await running?.close();
        await transport.close();
        server.close();
      },
    };
  }

  const { request } = Lab.methods.chat;
  const read = async (stream: ServerByteStream): Promise<Msg> =>
    request.decode((await stream.recv()) ?? new Uint8Array());

  it("carries metainfo and metadata [B7][B63][C4]", async () => {
    await using world = await replay("http2-bidi-metainfo.json");
    const { start } = world.stream;
    expect([start.package, start.service, start.method, start.contentSubtype]).toEqual([
      "lab",
      "Lab",
      "Chat",
      "thrift",
    ]);
    expect(start.persistent).toEqual(new Map([["K_2", "v2"]]));
    expect(start.transient).toEqual(
      new Map([
        ["K1", "v1"],
        ["FOO_BIN", "bytes"],
      ]),
    );
    expect(start.metadata.filter(([key]) => key === "mk")).toEqual([
      ["mk", "mv"],
      ["mk", "mv2"],
    ]);
    expect(start.peer.isSlipstream).toBe(false);
    expect((await read(world.stream)).text).toBe("h=h1:v1;t=t1:v1;meta");
    expect(await world.stream.recv()).toBeUndefined();
  });

  it("streams its messages, and half-closes", async () => {
    await using world = await replay("http2-client.json");
    const texts = [];
    for (let bytes = await world.stream.recv(); bytes; bytes = await world.stream.recv()) {
      texts.push(request.decode(bytes).text);
    }
    expect(texts).toHaveLength(3);
  });

  it("cancels: the handler's end is a cancel, and no half-close", async () => {
    await using world = await replay("http2-cancel.json");
    await world.stream.recv();
    const reason = await new Promise<RpcError>((resolve) => void world.stream.start.ended.onEnd(resolve));
    expect([reason.code, reason.origin?.resetCode]).toEqual(["cancelled", 8]);
    await expect((async () => await world.stream.recv())()).rejects.toMatchObject({ code: "cancelled" });
  });

  it("sends its deadline as grpc-timeout [B34]", async () => {
    await using world = await replay("http2-deadline.json");
    expect(world.stream.start.timeoutMs).toBeGreaterThan(0);
    expect(world.stream.start.timeoutMs).toBeLessThanOrEqual(1_000);
  });

  it("compresses with gzip", async () => {
    await using world = await replay("http2-gzip.json");
    const bytes = (await world.stream.recv()) ?? new Uint8Array();
    expect(Lab.methods.ping.request.decode(bytes)).toMatchObject({ text: "hi" });
  });

  it("names caller and destination with its meta handlers", async () => {
    await using world = await replay("http2-unary.json");
    const { raw = [] } = world.stream.start.peer;
    expect(raw.find(([key]) => key === "destination-method")?.[1]).toBe("Ping");
    expect(world.stream.start.metadata.map(([key]) => key)).not.toContain("destination-method");
    expect(world.stream.start.caller).toBeDefined();
  });
});
