import {
  type MessageCodec,
  type MethodDescriptor,
  type MethodKind,
  type ResponseCodec,
  RpcError,
} from "@slipstream/stream";

/** What the methods of {@link Talk} exchange. */
export interface Line {
  readonly text: string;
  readonly n?: number;
}

/** The exception that the single-call methods of {@link Talk} declare. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

type Method<K extends MethodKind, In, Out> = MethodDescriptor<{ kind: K; request: In; response: Out }>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function toJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

function fromJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new RpcError("internal", `expected JSON, got ${bytes.byteLength} bytes of something else`, {
      cause,
    });
  }
}

/** A message by itself, as the streaming methods send it. */
const bare: MessageCodec<Line> = {
  encode(line) {
    if (typeof line?.text !== "string") {
      throw new RpcError("invalid_argument", `Line.text: expected a string, got ${typeof line?.text}`);
    }
    return toJson(line);
  },
  decode: (bytes) => fromJson(bytes) as Line,
};

/** An answer, or the declared exception, as the single-call methods send it. */
const answer: ResponseCodec<Line> = {
  encode: (line) => toJson({ answer: (bare.encode(line), line) }),
  decode(bytes) {
    const result = fromJson(bytes) as { answer?: Line; refusal?: string };
    if (result.refusal !== undefined) throw new Refusal(result.refusal);
    return result.answer as Line;
  },
  encodeError: (error) => (error instanceof Refusal ? toJson({ refusal: error.message }) : undefined),
};

const nothing: ResponseCodec<void> = { encode: () => new Uint8Array(), decode: () => undefined };

function method<K extends MethodKind, In, Out>(
  name: string,
  kind: K,
  request: MessageCodec<In>,
  response: ResponseCodec<Out>,
): Method<K, In, Out> {
  return { name, kind, request, response } as Method<K, In, Out>;
}

/** A method of each kind. Its codecs are of JSON, since a transport must not care. */
export const Talk = {
  name: "Talk",
  package: "conformance",
  contentSubtype: "thrift",
  methods: {
    chat: method("Chat", "bidi", bare, bare),
    collect: method("Collect", "client", bare, bare),
    story: method("Story", "server", bare, bare),
    ask: method("Ask", "unary", bare, answer),
    ping: method("Ping", "pingpong", bare, answer),
    note: method("Note", "oneway", bare, nothing),
  },
} as const;

const raw: ResponseCodec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

/** Bytes as they are, for sizes and speed. */
export const Blob = {
  name: "Blob",
  package: "conformance",
  contentSubtype: "thrift",
  methods: {
    pipe: method("Pipe", "bidi", raw, raw),
    sink: method("Sink", "client", raw, raw),
    source: method("Source", "server", raw, raw),
    swap: method("Swap", "pingpong", raw, raw),
  },
} as const;
