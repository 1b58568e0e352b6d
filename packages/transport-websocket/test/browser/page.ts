// Runs in the browser; the tests call what it leaves in `globalThis.lab`.
import { Context, withPersistentValue, withValue } from "@slipstream/metainfo";
import { createClient } from "@slipstream/rpc";
import { RpcError } from "@slipstream/stream";
import { type ConnectionState, websocket } from "@slipstream/transport-websocket";
import { Lab, type Line } from "../lab.ts";

interface Shown {
  textContent: string;
}
declare const document: {
  readonly location: { readonly host: string };
  querySelector(selector: string): Shown;
};
/** Set by the test. */
declare function checkpoint(received: number): Promise<void>;

const states: ConnectionState[] = [];
const transport = websocket({
  heartbeatIntervalMs: 200,
  minReconnectDelayMs: 50,
  maxReconnectDelayMs: 200,
  onStateChange({ state }) {
    states.push(state);
    document.querySelector("#state").textContent = state;
  },
});
const client = createClient(Lab, { transport, target: `ws://${document.location.host}/rpc` });

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

export interface Failure {
  readonly code: string;
  readonly retryable: boolean;
}

async function failure(work: Promise<unknown>): Promise<Failure | undefined> {
  try {
    await work;
    return undefined;
  } catch (thrown) {
    const { code, retryable } = RpcError.from(thrown);
    return { code, retryable };
  }
}

/** What a test may ask of the page. */
export interface PageLab {
  states(): readonly ConnectionState[];
  pingPong(): Promise<{ line: Line; trailers: readonly unknown[] }>;
  serverStream(): Promise<{ lines: readonly string[]; trailer: string | undefined }>;
  clientStream(): Promise<Line>;
  /** The header comes while the server waits for our message. */
  headerBeforeData(): Promise<{
    header: string | undefined;
    line: Line | undefined;
    end: Line | undefined;
    trailer: string | undefined;
  }>;
  leaveLoop(): Promise<number>;
  /** Reads `count` messages, pausing now and then; fails when one is lost or out of order. */
  readSlowly(count: number, every: number, pauseMs: number, checkEvery: number): Promise<number>;
  /** Whether so many bytes came back as they were sent, by a stream and by a call. */
  large(size: number): Promise<readonly boolean[]>;
  upload(count: number, size: number): Promise<Line>;
  /** How a call ends that is open until the connection breaks. */
  untilBroken(): Promise<Failure | undefined>;
  ask(line: Line, timeoutMs: number): Promise<Line>;
  failToAsk(connectTimeoutMs: number): Promise<Failure | undefined>;
  close(): Promise<void>;
}

const lab: PageLab = {
  states: () => states,

  async pingPong() {
    const context = withValue(withPersistentValue(Context.background, "k1", "v1"), "k2", "v2");
    const trailers: unknown[] = [];
    const line = await client.ask(
      { text: "hi" },
      { context, onTrailer: (trailer) => trailers.push(trailer.get("t1")) },
    );
    return { line, trailers };
  },

  async serverStream() {
    const lines: string[] = [];
    const stream = await client.story({ text: "once" });
    for await (const { text } of stream) lines.push(text);
    return { lines, trailer: (await stream.trailer()).get("t1") };
  },

  async clientStream() {
    const stream = await client.collect();
    for (const text of ["a", "b", "c"]) await stream.send({ text });
    return await stream.closeAndRecv();
  },

  async headerBeforeData() {
    const stream = await client.chat({ metadata: { mode: "wait" } });
    const header = (await stream.header()).get("h1");
    await stream.send({ text: "go" });
    const line = await stream.recv();
    await stream.closeSend();
    return { header, line, end: await stream.recv(), trailer: (await stream.trailer()).get("t1") };
  },

  async leaveLoop() {
    let received = 0;
    for await (const _ of await client.story({ text: "endless" })) if (++received === 3) break;
    return received;
  },

  async readSlowly(count: number, every: number, pauseMs: number, checkEvery: number) {
    let n = 0;
    for await (const line of await client.story({ text: "count", n: count })) {
      if (line.n !== n) throw new Error(`message ${line.n} came as number ${n}`);
      n++;
      if (n % every === 0) await sleep(pauseMs);
      if (n % checkEvery === 0) await checkpoint(n);
    }
    return n;
  },

  async large(size: number) {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i += 4_093) bytes[i] = i & 255;
    const stream = await client.chat();
    await stream.send({ text: "", bytes });
    const back = (await stream.recv())?.bytes;
    await stream.closeSend();
    const viaCall = (await client.ask({ text: "", bytes })).bytes;
    return [back, viaCall].map(
      (other) => other?.length === size && other.every((byte, i) => byte === bytes[i]),
    );
  },

  async upload(count: number, size: number) {
    const stream = await client.collect();
    for (let n = 0; n < count; n++) await stream.send({ text: "", n, bytes: new Uint8Array(size) });
    return await stream.closeAndRecv();
  },

  async untilBroken() {
    const stream = await client.story({ text: "silent" });
    await stream.header();
    return await failure(stream.recv());
  },

  ask: (line: Line, timeoutMs: number) => client.ask(line, { timeoutMs }),
  failToAsk: (connectTimeoutMs: number) => failure(client.ask({ text: "" }, { connectTimeoutMs })),
  close: () => transport.close(),
};

Object.assign(globalThis, { lab });
