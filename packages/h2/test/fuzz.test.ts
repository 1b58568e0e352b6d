import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { PeerSettings, SessionHandler, Stream, StreamClose, StreamHandler } from "../src/index.ts";
import {
  createClientSession,
  createServerSession,
  type Fields,
  H2Error,
  type Link,
  type LinkReceiver,
  type SessionOptions,
} from "../src/index.ts";
import { echo, fields, REQUEST, RESPONSE, TRAILERS } from "./handlers.ts";
import { Pair } from "./pair.ts";

/** How many byte streams each side is given. `FUZZ_RUNS=1000000` for the long run. */
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 3000);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);

/** Small, fast, and the same on every machine (xorshift32). */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

/** A link that keeps what was written last, and how much it was. Now and then it is full. */
class FuzzLink implements Link {
  receiver!: LinkReceiver;
  tasks: (() => void)[] = [];
  written: Uint8Array[] = [];
  bytes = 0;
  isFull = false;

  start(receiver: LinkReceiver): void {
    this.receiver = receiver;
  }
  write(chunks: readonly Uint8Array[]): boolean {
    for (const chunk of chunks) {
      this.written.push(chunk);
      this.bytes += chunk.length;
    }
    return !this.isFull;
  }
  schedule(flush: () => void): void {
    this.tasks.push(flush);
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}

  settle(): void {
    for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) task();
  }
}

/** Fails when it is told something out of order. */
class StrictStream implements StreamHandler {
  stream!: Stream;
  #stage: "start" | "open" | "trailers" | "ended" | "closed" = "start";
  readonly #isServer: boolean;
  received = 0;

  constructor(isServer: boolean) {
    this.#isServer = isServer;
    if (isServer) this.#stage = "open";
  }
  #expect(what: string, ...stages: string[]): void {
    if (!stages.includes(this.#stage)) throw new Error(`${what} when ${this.#stage}`);
  }
  onInformational(): void {
    this.#expect("informational", "start");
  }
  onHeaders(): void {
    this.#expect("headers", "start");
    this.#stage = "open";
  }
  onData(chunk: Uint8Array, start: number, end: number): void {
    this.#expect("data", "open");
    if (!(start >= 0 && start < end && end <= chunk.length))
      throw new Error(`data from ${start} to ${end} of ${chunk.length}`);
    this.received += end - start;
    if (this.received % 3 !== 0) this.stream.consume(end - start);
    if (this.#isServer) this.stream.write(chunk.slice(start, end));
  }
  onTrailers(): void {
    this.#expect("trailers", "open");
    this.#stage = "trailers";
  }
  onEnd(): void {
    this.#expect("end", "open", "trailers");
    this.#stage = "ended";
    if (this.#isServer) this.stream.end(TRAILERS);
    else if (this.received % 2 === 0) this.stream.reset(0);
  }
  onDrain(): void {
    this.#expect("drain", "start", "open", "trailers", "ended");
    this.stream.write(new Uint8Array(10));
  }
  onClose(reason: StreamClose | undefined): void {
    this.#expect("close", "start", "open", "trailers", "ended");
    if (
      reason !== undefined &&
      !(reason.code >= 0 && reason.code <= 0xffffffff && reason.message.length > 0)
    ) {
      throw new Error(`a close without a reason: ${JSON.stringify(reason)}`);
    }
    this.#stage = "closed";
  }
}

class StrictSession implements SessionHandler {
  isClosed = false;
  error: Error | undefined;

  onStream(stream: Stream, request: Fields): StreamHandler {
    if (this.isClosed || request.length === 0) throw new Error("a stream out of nowhere");
    const handler = new StrictStream(true);
    handler.stream = stream;
    stream.respond(
      RESPONSE,
      request.filter(({ name }) => name.startsWith("x-echo")),
    );
    return handler;
  }
  onSettings(settings: PeerSettings): void {
    if (this.isClosed || !(settings.maxFrameSize >= 16_384)) throw new Error("impossible settings");
  }
  onGoaway(): void {
    if (this.isClosed) throw new Error("GOAWAY after the end");
  }
  onClose(error: Error | undefined): void {
    if (this.isClosed) throw new Error("closed twice");
    this.isClosed = true;
    this.error = error;
  }
  onEvent(): void {}
}

/** What two sessions of ours say to each other: everything that HTTP/2 has. */
function record(): { fromClient: Uint8Array; fromServer: Uint8Array } {
  const pair = new Pair({
    answer(recorded) {
      recorded.stream.inform(fields([":status", "103"], ["link", "</a>"]));
      echo(recorded);
    },
  });
  const said = { a: [] as Uint8Array[], b: [] as Uint8Array[] };
  for (const side of ["a", "b"] as const) {
    const link = pair.network[side];
    const write = link.write.bind(link);
    link.write = (chunks) => {
      said[side].push(...chunks.map((chunk) => Uint8Array.from(chunk)));
      return write(chunks);
    };
  }
  const calls = [
    pair.open([...REQUEST, ...fields(["x-echo", "1"], ["cookie", "a=b"], ["content-length", "3000"])]),
    pair.open([...REQUEST, ...fields(["x-echo-long", "v".repeat(17_000)])]),
    pair.open([...REQUEST, ...fields(["x-echo", "2"], ["x-utf8", "é"])]),
  ];
  for (const { stream } of calls) stream.write(new Uint8Array(3000).fill(0x61));
  pair.client.ping(() => {});
  pair.settle();
  calls[0]?.stream.end();
  calls[1]?.stream.end([], fields(["x-trailer", "1"]));
  calls[2]?.stream.reset(8);
  pair.server.changeSettings({ streamWindowBytes: 100_000, headerTableBytes: 100 });
  pair.settle();
  pair.open(REQUEST, true);
  pair.server.shutdown({ debug: "bye" });
  pair.settle();
  return { fromClient: Buffer.concat(said.a), fromServer: Buffer.concat(said.b) };
}

/** Cuts a recording into its frames. */
function framesOf(bytes: Uint8Array): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + Buffer.from(bytes.buffer, bytes.byteOffset + at, 3).readUIntBE(0, 3);
    frames.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return frames;
}

/** Some of the frames, in some order, some of them damaged. */
function mutate(random: Random, frames: readonly Buffer[]): Buffer {
  const chosen: Buffer[] = [];
  const count = 1 + random.below(12);
  let at = random.below(frames.length);
  for (let i = 0; i < count; i++) {
    if (random.below(4) === 0) at = random.below(frames.length);
    const frame = Buffer.from(frames[at++ % frames.length] as Buffer);
    switch (random.below(6)) {
      case 0:
        // The head: type, flags, stream id.
        frame[3 + random.below(2)] = random.below(16);
        frame.writeUInt32BE(random.pick([0, 1, 3, 5, 7, 9, 2, 0x7fffffff, random.below(1000)]), 5);
        break;
      case 1:
        for (let n = random.below(4); n >= 0 && frame.length > 9; n--)
          frame[9 + random.below(frame.length - 9)] = random.below(256);
        break;
      case 2:
        // A payload of another length.
        chosen.push(
          Buffer.concat([
            Buffer.from([0, 0, random.below(20)]),
            frame.subarray(3, 9),
            Buffer.alloc(20, random.below(256)),
          ]),
        );
        continue;
      case 3:
        // Any byte, the length too: what follows is cut elsewhere.
        frame[random.below(Math.min(frame.length, 30))] = random.below(256);
        break;
    }
    chosen.push(frame);
  }
  const whole = Buffer.concat(chosen);
  return random.below(10) === 0 ? whole.subarray(0, random.below(whole.length + 1)) : whole;
}

const OPTIONS: SessionOptions = {
  maxHeaderListBytes: 30_000,
  maxConcurrentStreams: 4,
  streamWindowBytes: 10_000,
  connectionWindowBytes: 70_000,
  resetRate: { burst: 20, perSecond: 0 },
};
/** More than the windows let out. */
const UPLOAD = new Uint8Array(100_000);
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const SETTINGS = Buffer.from("000000040000000000", "hex");

/** Feeds a session, in chunks of any length, and ends it. */
function feed(random: Random, link: FuzzLink, session: StrictSession, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    const end = random.below(3) === 0 ? at + 1 + random.below(40) : bytes.length;
    link.isFull = random.below(20) === 0;
    link.receiver.onData(Uint8Array.from(bytes.subarray(at, end)));
    link.settle();
    if (link.isFull) {
      link.isFull = false;
      link.receiver.onDrain();
      link.settle();
    }
    at = end;
  }
  link.receiver.onClose();
  link.settle();
  if (!session.isClosed) throw new Error("the session did not end with its link");
  if (session.error !== undefined && !(session.error instanceof H2Error)) throw session.error;
  // Nobody gets more than an answer to what was asked.
  if (link.bytes > 2000 + bytes.length * 10) throw new Error(`${link.bytes} bytes for ${bytes.length}`);
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function liveBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Runs, and says with what bytes when it fails. */
async function fuzz(
  seed: number,
  frames: readonly Buffer[],
  one: (random: Random, bytes: Buffer) => void,
): Promise<void> {
  const before = liveBytes();
  for (let i = 0; i < RUNS; i++) {
    const random = new Random(seed * 0x9e3779b1 + i);
    const bytes = mutate(random, frames);
    try {
      one(random, bytes);
    } catch (error) {
      throw new Error(`run ${i} of seed ${seed}, bytes ${bytes.toString("hex")}`, { cause: error });
    }
    if (i % 1000 === 0) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }
  expect(liveBytes() - before).toBeLessThan(20e6);
}

describe("mutated bytes", () => {
  const { fromClient, fromServer } = record();

  it("crash no server, and every error is typed", async () => {
    await fuzz(SEED, framesOf(fromClient), (random, bytes) => {
      const link = new FuzzLink();
      const session = new StrictSession();
      createServerSession(link, session, OPTIONS);
      const start = random.below(20) === 0 ? [] : [PREFACE, SETTINGS];
      feed(random, link, session, Buffer.concat([...start, bytes]));
    });
  }, 3_600_000);

  it("crash no client, and every error is typed", async () => {
    await fuzz(SEED + 1, framesOf(fromServer), (random, bytes) => {
      const link = new FuzzLink();
      const session = new StrictSession();
      const client = createClientSession(link, session, OPTIONS);
      for (let i = 0; i < 4; i++) {
        const handler = new StrictStream(false);
        handler.stream = client.open(handler, REQUEST, undefined, i === 3);
        handler.stream.write(UPLOAD);
      }
      link.bytes = -100_000;
      feed(random, link, session, Buffer.concat([SETTINGS, bytes]));
    });
  }, 3_600_000);
});
