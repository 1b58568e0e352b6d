import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fields, SessionOptions } from "../src/index.ts";
import { createClientSession, createServerSession } from "../src/node.ts";
import { fields, RecordedSession, RecordedStream } from "./handlers.ts";

const RUNS = Number(process.env["DIFFERENTIAL_RUNS"] ?? 40);

type FieldList = readonly (readonly [name: string, values: readonly string[]])[];

interface Settings {
  readonly headerTableSize: number;
  readonly initialWindowSize: number;
  readonly maxFrameSize: number;
}

interface Call {
  readonly request: FieldList;
  readonly requestSizes: readonly number[];
  readonly requestTrailers: FieldList;
  readonly response: FieldList;
  readonly responseSizes: readonly number[];
  readonly trailers: FieldList;
  /** Who resets it instead of ending it, and with what code. */
  readonly reset: { readonly by: "client" | "server"; readonly code: number } | undefined;
}

interface Scenario {
  readonly client: Settings;
  readonly server: Settings;
  /** One after the other, so that tables fill, each a number of calls at once. */
  readonly rounds: readonly (readonly Call[])[];
}

/** What both sides saw of a call. */
interface Observation {
  request?: string[];
  requestBody?: string;
  requestTrailers?: string[];
  response?: string[];
  responseBody?: string;
  trailers?: string[];
  reset?: number;
}

/** Bytes that tell a lost, repeated or misplaced part. */
function content(sizes: readonly number[]): Buffer {
  const bytes = Buffer.alloc(sizes.reduce((a, b) => a + b, 0));
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 8) * 7) & 0xff;
  return bytes;
}

function pieces(sizes: readonly number[]): Buffer[] {
  const bytes = content(sizes);
  let at = 0;
  return sizes.map((size) => bytes.subarray(at, (at += size)));
}

const summary = (parts: readonly Uint8Array[]): string => {
  const bytes = Buffer.concat(parts);
  return bytes.equals(content([bytes.length]))
    ? `${bytes.length} right bytes`
    : `${bytes.length} wrong bytes`;
};

/** Only what calls carry: what a side adds by itself (`:authority`) is its own business. */
const own = (flat: readonly string[]): string[] =>
  Array.from({ length: flat.length / 2 }, (_, i) => `${flat[2 * i]}: ${flat[2 * i + 1]}`).filter((field) =>
    field.startsWith("x-"),
  );
const ownFields = (list: Fields): string[] => own(list.flatMap(({ name, value }) => [name, String(value)]));
const flatten = (list: FieldList): Fields =>
  fields(...list.flatMap(([name, values]) => values.map((value) => [name, value] as const)));
const toObject = (list: FieldList): http2.OutgoingHttpHeaders =>
  Object.fromEntries(list.map(([name, values]) => [name, values.length === 1 ? values[0] : [...values]]));
const idOf = (list: FieldList): string => list[0]?.[1][0] ?? "";

/** A side of a connection, that plays the calls and writes down what it sees. */
interface Side {
  serve(socket: net.Socket, settings: Settings, find: (id: string) => [Call, Observation]): void;
  connect(
    socket: net.Socket,
    settings: Settings,
  ): { call(call: Call, seen: Observation): Promise<void>; close(): void };
}

const node: Side = {
  serve(socket, settings, find) {
    const server = http2.createServer({ settings });
    server.on(
      "stream",
      (stream: http2.ServerHttp2Stream, _headers: unknown, _flags: number, raw: string[]) => {
        const [call, seen] = find(raw[raw.indexOf("x-id") + 1] as string);
        const parts: Buffer[] = [];
        seen.request = own(raw);
        stream.on("error", () => {});
        stream.on("data", (part: Buffer) => parts.push(part));
        stream.on(
          "trailers",
          (_headers: unknown, _flags: number, list: string[]) => (seen.requestTrailers = own(list)),
        );
        stream.on("end", () => {
          if (call.reset !== undefined) return;
          seen.requestBody = summary(parts);
          seen.requestTrailers ??= [];
        });
        stream.on("close", () => {
          if (call.reset?.by === "client") seen.reset = stream.rstCode;
        });
        if (call.reset?.by === "server") {
          stream.close(call.reset.code);
          return;
        }
        stream.respond({ ":status": 200, ...toObject(call.response) }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers(toObject(call.trailers)));
        if (call.reset !== undefined) return;
        for (const piece of pieces(call.responseSizes)) stream.write(piece);
        stream.on("end", () => stream.end());
      },
    );
    server.emit("connection", socket);
  },

  connect(socket, settings) {
    const session = http2.connect("http://localhost", { settings, createConnection: () => socket });
    return {
      async call(call, seen) {
        const headers = { ":method": "POST", ":path": "/", ...toObject(call.request) };
        const stream = session.request(headers, { waitForTrailers: true });
        const parts: Buffer[] = [];
        stream.on("error", () => {});
        stream.on("wantTrailers", () => stream.sendTrailers(toObject(call.requestTrailers)));
        stream.on("response", (_headers: unknown, _flags: number, raw: string[]) => {
          seen.response = own(raw);
          if (call.reset?.by === "client") stream.close(call.reset.code);
        });
        stream.on(
          "trailers",
          (_headers: unknown, _flags: number, list: string[]) => (seen.trailers = own(list)),
        );
        stream.on("data", (part: Buffer) => parts.push(part));
        const isOver = new Promise((resolve) => {
          stream.once("close", resolve);
        });
        if (call.reset === undefined) {
          for (const piece of pieces(call.requestSizes)) stream.write(piece);
          stream.end();
        }
        await isOver;
        if (call.reset === undefined) {
          seen.responseBody = summary(parts);
          seen.trailers ??= [];
        }
        if (call.reset?.by === "server") seen.reset = stream.rstCode;
      },
      close: () => session.close(),
    };
  },
};

const toOptions = (settings: Settings): SessionOptions => ({
  headerTableBytes: settings.headerTableSize,
  streamWindowBytes: settings.initialWindowSize,
  maxFrameBytes: settings.maxFrameSize,
});

const ours: Side = {
  serve(socket, settings, find) {
    const handler = new RecordedSession((recorded, list) => {
      const { stream } = recorded;
      const [call, seen] = find(String(list.find(({ name }) => name === "x-id")?.value));
      seen.request = ownFields(list);
      recorded.whenClosed = () => {
        if (call.reset === undefined) seen.requestTrailers = ownFields(recorded.trailers ?? []);
        if (call.reset?.by === "client") seen.reset = recorded.reason?.code ?? 0;
      };
      if (call.reset?.by === "server") {
        stream.reset(call.reset.code);
        return;
      }
      stream.respond(fields([":status", "200"]), flatten(call.response));
      if (call.reset !== undefined) return;
      for (const piece of pieces(call.responseSizes)) stream.write(piece);
      recorded.whenEnded = () => {
        seen.requestBody = summary(recorded.chunks);
        stream.end(flatten(call.trailers));
      };
    });
    createServerSession(socket, handler, toOptions(settings));
  },

  connect(socket, settings) {
    const session = createClientSession(socket, new RecordedSession(), toOptions(settings));
    const shared = fields(
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "localhost"],
    );
    return {
      async call(call, seen) {
        const recorded = new RecordedStream();
        const isOver = new Promise<void>((resolve) => {
          recorded.whenClosed = resolve;
        });
        recorded.stream = session.open(recorded, shared, flatten(call.request));
        if (call.reset?.by === "client") {
          const { code } = call.reset;
          recorded.whenHeaders = () => recorded.stream.reset(code);
        }
        if (call.reset === undefined) {
          for (const piece of pieces(call.requestSizes)) recorded.stream.write(piece);
          recorded.stream.end(flatten(call.requestTrailers));
        }
        await isOver;
        if (recorded.headers !== undefined) seen.response = ownFields(recorded.headers);
        if (call.reset === undefined) {
          seen.responseBody = summary(recorded.chunks);
          seen.trailers = ownFields(recorded.trailers ?? []);
        }
        if (call.reset?.by === "server") seen.reset = recorded.reason?.code ?? 0;
      },
      close: () => session.shutdown(),
    };
  },
};

async function play(client: Side, server: Side, scenario: Scenario): Promise<Observation[]> {
  const calls = scenario.rounds.flat();
  const seen = calls.map((): Observation => ({}));
  const listener = net.createServer((socket) =>
    server.serve(socket, scenario.server, (id) => {
      const i = calls.findIndex((call) => idOf(call.request) === id);
      return [calls[i] as Call, seen[i] as Observation];
    }),
  );
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const socket = net.connect((listener.address() as net.AddressInfo).port, "127.0.0.1");
  await once(socket, "connect");
  const connection = client.connect(socket, scenario.client);
  for (const round of scenario.rounds) {
    await Promise.all(round.map((call) => connection.call(call, seen[calls.indexOf(call)] as Observation)));
  }
  connection.close();
  await new Promise<void>((resolve) => {
    listener.close(() => resolve());
  });
  return seen;
}

const name = fc
  .string({ unit: fc.constantFrom("a", "b", "c", "-", "_", "0", "9"), maxLength: 12 })
  .map((text) => `x-${text}`);
const value = fc
  .oneof(
    fc.constantFrom("", "constant", "another constant value", "v".repeat(200)),
    fc.string({ unit: "grapheme-ascii", maxLength: 60 }),
    fc.string({ unit: "grapheme-ascii", minLength: 2000, maxLength: 5000 }),
  )
  .map((text) => text.trim());
const fieldList = fc.uniqueArray(fc.tuple(name, fc.array(value, { minLength: 1, maxLength: 3 })), {
  maxLength: 8,
  selector: ([text]) => text,
});
const sizes = fc.array(
  fc.oneof({ weight: 5, arbitrary: fc.nat(2000) }, { weight: 1, arbitrary: fc.nat(150_000) }),
  { maxLength: 6 },
);
const call = fc.record({
  request: fieldList,
  requestSizes: sizes,
  requestTrailers: fieldList,
  response: fieldList,
  responseSizes: sizes,
  trailers: fieldList,
  reset: fc.option(
    fc.record({
      by: fc.constantFrom("client" as const, "server" as const),
      code: fc.constantFrom(2, 7, 8, 11, 1000, 0xfffffff),
    }),
    { nil: undefined, freq: 4 },
  ),
});
const settings = fc.record({
  headerTableSize: fc.constantFrom(0, 40, 100, 4096, 10_000),
  initialWindowSize: fc.oneof(fc.constantFrom(65_535, 1 << 20), fc.integer({ min: 500, max: 100_000 })),
  maxFrameSize: fc.constantFrom(16_384, 20_000, 1 << 20),
});
const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    client: settings,
    server: settings,
    rounds: fc.array(fc.array(call, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
  })
  .map((drawn) => {
    let id = 0;
    const rounds = drawn.rounds.map((round) =>
      round.map(
        (c): Call => ({
          ...c,
          request: [["x-id", [String(id++)]], ...c.request.filter(([text]) => text !== "x-id")],
        }),
      ),
    );
    return { ...drawn, rounds };
  });

describe("a session of ours in the place of node:http2", () => {
  it("shows the same of random fields, settings, bodies and resets, as the client, the server, or both", async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (drawn) => {
        const expected = await play(node, node, drawn);
        expect(await play(ours, node, drawn)).toEqual(expected);
        expect(await play(node, ours, drawn)).toEqual(expected);
        expect(await play(ours, ours, drawn)).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  }, 600_000);
});
