import { createCodecs } from "@slipstream/thrift";
import { type Method, type Service, service, struct } from "@slipstream/thrift/codegen";

/** What every typed contender sends: about as many bytes on the wire as the case is named after. */
export interface StreamMessage {
  seq: number;
  ts: bigint;
  key: string;
  flag: boolean;
  payload: Uint8Array;
}

export const StreamMessage = struct<StreamMessage>("StreamMessage", (t) => [
  t.required(1, "seq", t.i32),
  t.required(2, "ts", t.i64),
  t.required(3, "key", t.string),
  t.required(4, "flag", t.bool),
  t.required(5, "payload", t.binary),
]);

/** How many messages of which size a server is to send. */
export interface StreamRequest {
  count: number;
  size: number;
}

export const StreamRequest = struct<StreamRequest>("StreamRequest", (t) => [
  t.required(1, "count", t.i32),
  t.required(2, "size", t.i32),
]);

export interface StreamSum {
  count: number;
}

export const StreamSum = struct<StreamSum>("StreamSum", (t) => [t.required(1, "count", t.i32)]);

type BenchService = Service<{
  unary: Method<"pingpong", StreamMessage, StreamMessage>;
  serverStream: Method<"server", StreamRequest, StreamMessage>;
  clientStream: Method<"client", StreamMessage, StreamSum>;
  bidi: Method<"bidi", StreamMessage, StreamMessage>;
}>;

/** The service with codecs as they are without options: decoded payloads are copies. */
export const CopyingBench: BenchService = service("Bench", {}, (m, t) => ({
  unary: m.pingpong("Unary", [t.field(1, "request", StreamMessage)], StreamMessage),
  serverStream: m.server("ServerStream", StreamRequest, StreamMessage),
  clientStream: m.client("ClientStream", StreamMessage, StreamSum),
  bidi: m.bidi("Bidi", StreamMessage, StreamMessage),
}));

/** The service with payloads that are views of what was received, as grpc-js, `ws` and the hand-written loop give them. */
export const Bench: BenchService = createCodecs({ binaryViews: true }).service(CopyingBench);

export const timestamp: bigint = 1_760_000_000_000n;
/** Bytes that the other fields take in Thrift's binary protocol. */
const otherFieldsBytes = 46;

export function streamMessage(payload: Uint8Array, seq: number): StreamMessage {
  return { seq, ts: timestamp, key: "user-12345", flag: true, payload };
}

const payloads = new Map<number, Uint8Array>();

/** A payload that makes a message of about `size` bytes; of at least one byte. */
export function payloadFor(size: number, isTyped: boolean): Uint8Array {
  const length = isTyped ? Math.max(1, size - otherFieldsBytes) : size;
  let payload = payloads.get(length);
  if (!payload) {
    payload = Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + 7) & 0xff));
    payloads.set(length, payload);
  }
  return payload;
}

/** What travels with a call: keys in capitals with underscores, so that every transport can carry them. */
export type Pairs = readonly (readonly [string, string])[];

/** Ten pairs, like what metainfo and tracing put on a call. */
export const tenPairs: Pairs = [
  ["K0", "tenant-00017"],
  ["USER_ID", "7300123456789"],
  ["REGION", "eu-west-1"],
  ["CANARY", "true"],
  ["ENV", "prod-blue"],
  ["LOG_ID", "02175990000000000000000000000000000ffff0a0b0c0d"],
  ["TRACEID", "463ac35c9f6413ad48485a3953bb6124"],
  ["SPANID", "a2fb4a1d1a96d312"],
  ["FROM_SERVICE", "shop.order.api"],
  ["K9", "last"],
];

/** The same ten keys with four values that change from call to call, as tracing makes them: a thousand in turn. */
export const changingPairs: readonly Pairs[] = Array.from({ length: 1_000 }, (_, i) => {
  const unique = (Math.imul(i + 1, 2_654_435_761) >>> 0).toString(16).padStart(8, "0").repeat(4);
  const changing: Readonly<Record<string, string>> = {
    USER_ID: `73001234${String(i).padStart(5, "0")}`,
    LOG_ID: `0217599${unique}${i}`,
    TRACEID: unique,
    SPANID: unique.slice(0, 16),
  };
  return tenPairs.map(([key, value]) => [key, changing[key] ?? value]);
});

/** Any number of pairs. */
export function somePairs(count: number): Pairs {
  return Array.from({ length: count }, (_, i) => tenPairs[i] ?? [`KEY_${i}`, `value ${i}`]);
}

/** The name under which gRPC carries a pair. */
export function headerName(key: string): string {
  return `rpc-persist-${key.toLowerCase().replaceAll("_", "-")}`;
}

/** The server's proof that it read them: a call that carries all ten carries the last. */
export function checkMetadata(get: (key: string) => string | undefined): void {
  if (get("FROM_SERVICE") !== undefined && get("K9") !== "last") throw new Error("metadata was lost");
}
