import {
  type CallError,
  type ClientByteStream,
  noFields,
  RpcError,
  type ServerByteStream,
} from "@slipstream/stream";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { fuzzRuns, fuzzTimeoutMs } from "../test/arbitrary-frames.ts";
import { callStart, streamHandler } from "../test/calls.ts";
import { linkPair, type MemoryLink } from "../test/links.ts";
import { ClientSession } from "./client-session.ts";
import { resolveSessionOptions } from "./options.ts";
import { ServerSession } from "./server-session.ts";

vi.setConfig({ testTimeout: fuzzTimeoutMs });

/** What should be true of a stream, however the bytes travel. Messages are told apart by their numbers. */
interface StreamModel {
  readonly toServer: number[];
  readonly toClient: number[];
  isHalfClosed: boolean;
  isCancelled: boolean;
  isEnded: boolean;
  error: RpcError | undefined;
  hasHeader: boolean;
}

/** What really happens on it. */
interface RealStream {
  readonly client: ClientByteStream;
  server: ServerByteStream | undefined;
  readonly atServer: number[];
  readonly atClient: number[];
}

interface Model {
  readonly streams: StreamModel[];
  next: number;
}

interface Real {
  readonly client: ClientSession;
  readonly server: ServerSession;
  readonly links: readonly MemoryLink[];
  readonly streams: RealStream[];
}

type Command = fc.AsyncCommand<Model, Real>;

function message(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(4 + size);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

const numberOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);

/** Lets everything that is on its way arrive. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
}

/** Calls that may fail because the other side was faster. */
function attempt(work: () => unknown): void {
  try {
    void Promise.resolve(work()).catch(() => {});
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
  }
}

class OnStream implements Command {
  readonly #name: string;
  readonly #pick: number;
  readonly #model: (stream: StreamModel, model: Model) => boolean;
  readonly #real: (stream: RealStream, model: Model, expected: StreamModel) => void;

  constructor(
    name: string,
    pick: number,
    model: (stream: StreamModel, model: Model) => boolean,
    real: (stream: RealStream, model: Model, expected: StreamModel) => void,
  ) {
    this.#name = name;
    this.#pick = pick;
    this.#model = model;
    this.#real = real;
  }

  check(model: Model): boolean {
    const stream = model.streams[this.#pick % Math.max(1, model.streams.length)];
    return stream !== undefined && this.#model(stream, model);
  }

  async run(model: Model, real: Real): Promise<void> {
    const at = this.#pick % model.streams.length;
    this.#real(real.streams[at] as RealStream, model, model.streams[at] as StreamModel);
  }

  toString(): string {
    return `${this.#name}(${this.#pick})`;
  }
}

const canClientSend = (s: StreamModel): boolean => !s.isHalfClosed && !s.isCancelled && !s.isEnded;
const canServerSend = (s: StreamModel): boolean => !s.isCancelled && !s.isEnded;

const open: Command = {
  check: (model) => model.streams.length < 6,
  run: async (model, real) => {
    model.streams.push({
      toServer: [],
      toClient: [],
      isHalfClosed: false,
      isCancelled: false,
      isEnded: false,
      error: undefined,
      hasHeader: false,
    });
    real.streams.push({
      client: real.client.open(callStart({ service: String(real.streams.length) })),
      server: undefined,
      atServer: [],
      atClient: [],
    });
  },
  toString: () => "open",
};

const settled: Command = {
  check: () => true,
  run: () => settle(),
  toString: () => "settle",
};

const size = fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 60_000 }));

function onStream(make: (pick: number, size: number) => Command): fc.Arbitrary<Command> {
  return fc.tuple(fc.nat(), size).map(([pick, bytes]) => make(pick, bytes));
}

const sends = [
  onStream(
    (pick, bytes) =>
      new OnStream("clientSend", pick, canClientSend, ({ client }, model, expected) => {
        for (let i = 0; i < 1 + (pick % 4); i++) {
          expected.toServer.push(++model.next);
          attempt(() => client.send(message(model.next, bytes)));
        }
      }),
  ),
  onStream(
    (pick, bytes) =>
      new OnStream("serverSend", pick, canServerSend, ({ server }, model, expected) => {
        if (server === undefined) return;
        expected.hasHeader = true;
        for (let i = 0; i < 1 + (pick % 4); i++) {
          expected.toClient.push(++model.next);
          attempt(() => server.send(message(model.next, bytes)));
        }
      }),
  ),
];

const commands = [
  fc.constant(open),
  fc.constant(settled),
  // Mostly messages: streams that end at once teach little.
  ...[...sends, ...sends, ...sends, ...sends],
  onStream(
    (pick) =>
      new OnStream("halfClose", pick, canClientSend, ({ client }, _model, expected) => {
        expected.isHalfClosed = true;
        client.closeSend();
      }),
  ),
  onStream(
    (pick) =>
      new OnStream(
        "cancel",
        pick,
        (s) => !s.isCancelled && !s.isEnded,
        ({ client }, _model, expected) => {
          expected.isCancelled = true;
          client.cancel(new RpcError("cancelled", "enough"));
        },
      ),
  ),
  onStream(
    (pick, bytes) =>
      new OnStream("end", pick, canServerSend, ({ server }, _model, expected) => {
        if (server === undefined) return;
        expected.isEnded = true;
        expected.error = bytes % 2 === 0 ? undefined : new RpcError("aborted", "no");
        server.end({ ...(expected.error && { error: expected.error }), trailer: [["n", String(bytes)]] });
      }),
  ),
];

/** Reads one side of a stream to its end. */
async function drain(
  recv: () => Promise<Uint8Array | undefined> | Uint8Array | undefined,
  into: number[],
): Promise<CallError | undefined> {
  try {
    for (;;) {
      const bytes = await recv();
      if (bytes === undefined) return undefined;
      into.push(numberOf(bytes));
    }
  } catch (error) {
    return error as CallError;
  }
}

function expectPrefix(got: readonly number[], sent: readonly number[]): void {
  expect(got).toEqual(sent.slice(0, got.length));
}

describe("two sessions", () => {
  it("agree on every stream, whatever is done in whatever order and however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.commands(commands, { maxCommands: 80, size: "max" }),
        fc.array(fc.nat(), { maxLength: 4 }),
        async (program, cuts) => {
          const links = linkPair(cuts);
          const options = resolveSessionOptions({
            streamWindowBytes: 64 * 1024,
            maxUnreadBytes: 100_000_000,
          });
          const streams: RealStream[] = [];
          const client = new ClientSession(links[0], { address: "s", transport: "test" }, options);
          const server = new ServerSession(
            links[1],
            { address: "c", transport: "test" },
            options,
            streamHandler((stream) => {
              (streams[Number(stream.start.service)] as RealStream).server = stream;
            }),
          );
          links[0].receiver = client;
          links[1].receiver = server;
          const model: Model = { streams: [], next: 0 };
          await fc.asyncModelRun(() => ({ model, real: { client, server, links, streams } }), program);
          await settle();
          await finish(model, { client, server, links, streams });
        },
      ),
      { numRuns: Math.max(40, fuzzRuns / 4) },
    );
  });
});

/** Ends what is still open, reads everything, and holds it against the model. */
async function finish(model: Model, real: Real): Promise<void> {
  await Promise.all(
    real.streams.map(async (stream, i) => {
      const expected = model.streams[i] as StreamModel;
      const { server } = stream;
      if (server === undefined) throw new Error(`stream ${i} never came to the server`);
      if (!expected.isHalfClosed && canClientSend(expected)) {
        expected.isHalfClosed = true;
        stream.client.closeSend();
      }
      const atServer = drain(() => server.recv(), stream.atServer);
      const atClient = drain(() => stream.client.recv(), stream.atClient);
      if (canServerSend(expected)) {
        expect(await atServer).toBeUndefined();
        expect(stream.atServer).toEqual(expected.toServer);
        expected.isEnded = true;
        server.end({ trailer: noFields });
      }
      const clientError = await atClient;
      const serverError = await atServer;
      expectPrefix(stream.atServer, expected.toServer);
      expectPrefix(stream.atClient, expected.toClient);
      if (expected.isCancelled) {
        // Who came first is for the wire to say; both are told of one end.
        expect(clientError).toMatchObject({ code: "cancelled", message: "enough" });
        if (!expected.isEnded) {
          expect(server.start.ended.reason).toMatchObject({ code: "cancelled", message: "enough" });
          if (!expected.isHalfClosed) expect(serverError).toMatchObject({ code: "cancelled" });
        }
      } else {
        expect(stream.atClient).toEqual(expected.toClient);
        expect(clientError).toEqual(
          expected.error && expect.objectContaining({ code: "aborted", message: "no" }),
        );
        await stream.client.header();
        await stream.client.trailer();
      }
    }),
  );
  await settle();
  expect([real.client.openCount, real.server.openCount]).toEqual([0, 0]);
  expect([real.client.outbox.pendingBytes, real.server.outbox.pendingBytes]).toEqual([0, 0]);
  expect([real.client.isClosed, real.server.isClosed]).toEqual([false, false]);
}
