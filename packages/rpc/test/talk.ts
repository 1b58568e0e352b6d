import type {
  MessageCodec,
  MethodDescriptor,
  MethodKind,
  ResponseCodec,
  ServiceDescriptor,
} from "@slipstream/stream";

export interface Line {
  readonly text: string;
  readonly n?: number;
}

const json: MessageCodec<Line> = {
  encode: (line) => new TextEncoder().encode(JSON.stringify(line)),
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Line,
};
const nothing: ResponseCodec<void> = { encode: () => new Uint8Array(), decode: () => undefined };

type Method<K extends MethodKind, Out> = MethodDescriptor<{ kind: K; request: Line; response: Out }>;

function method<K extends MethodKind, Out>(
  name: string,
  kind: K,
  response: ResponseCodec<Out>,
): Method<K, Out> {
  return { name, kind, request: json, response } as Method<K, Out>;
}

/** A method of each kind, of JSON. */
export const Talk: ServiceDescriptor<{
  chat: Method<"bidi", Line>;
  collect: Method<"client", Line>;
  story: Method<"server", Line>;
  ask: Method<"unary", Line>;
  ping: Method<"pingpong", Line>;
  note: Method<"oneway", void>;
}> = {
  name: "Talk",
  package: "test",
  contentSubtype: "thrift",
  methods: {
    chat: method("Chat", "bidi", json),
    collect: method("Collect", "client", json),
    story: method("Story", "server", json),
    ask: method("Ask", "unary", json),
    ping: method("Ping", "pingpong", json),
    note: method("Note", "oneway", nothing),
  },
};

/** Answers in every kind of method. */
export const echo = {
  async *chat(stream: AsyncIterable<Line>): AsyncGenerator<Line> {
    yield* stream;
  },
  async collect(stream: AsyncIterable<Line>): Promise<Line> {
    let n = 0;
    for await (const _ of stream) n++;
    return { text: "", n };
  },
  async *story(line: Line): AsyncGenerator<Line> {
    for (let n = 0; n < (line.n ?? 0); n++) yield { ...line, n };
  },
  ask: (line: Line): Line => line,
  ping: (line: Line): Line => line,
  note: (_: Line): void => {},
};
