import type { Call, Message, Protocol } from "./calls.ts";

/** One exchange between a Kitex client and a Kitex server that is kept as a fixture. */
export interface Exchange {
  /** Name of the file, without its ending. Its first word says the package that keeps it. */
  readonly name: string;
  readonly what: string;
  /** Kitex's opt-in meta handlers on both sides. @defaultValue false */
  readonly handlers?: boolean;
  /** A Kitex server that multiplexes ping-pong. @defaultValue false */
  readonly mux?: boolean;
  /** One after another; several share a connection. */
  readonly calls: readonly Omit<Call, "target">[];
}

/** Protocols in words, as the fixtures name them. */
export const protocolNames: Readonly<Record<Protocol, string>> = {
  ttheader: "TTHeader ping-pong, Thrift message unframed inside",
  "ttheader-framed": "TTHeader ping-pong",
  framed: "Framed",
  plain: "plain Thrift binary",
  "ttheader-streaming": "TTHeader streaming",
  grpc: "HTTP/2 (h2c)",
};

const caller = "lab.client";
const metainfo = { persistent: { k2: "v2" }, transient: { k1: "v1", "Mixed-Case": "ü x" } };
const said = (...texts: string[]): { messages: Message[] } => ({ messages: texts.map((text) => ({ text })) });

const stream = (method: string, more: Partial<Call>): Omit<Call, "target"> => ({
  protocol: "ttheader-streaming",
  method,
  caller,
  ...more,
});
const call = (protocol: Protocol, more: Partial<Call>): Omit<Call, "target"> => ({
  protocol,
  method: "Ping",
  caller,
  ...more,
});
const kept = (more: Partial<Call>): Omit<Call, "target"> =>
  call("ttheader-framed", { handlers: true, ...more });
const grpc = (method: string, more: Partial<Call>): Omit<Call, "target"> => ({
  protocol: "grpc",
  method,
  caller,
  ...more,
});

const waiting = { send: { text: "waitctx" } };

/** Everything that is recorded. */
export const exchanges: readonly Exchange[] = [
  {
    name: "tthstream-bidi",
    what: "bidirectional, one message each way",
    calls: [stream("Chat", said("ping"))],
  },
  {
    name: "tthstream-bidi-metainfo",
    what: "bidirectional, metainfo, header set before and trailer set during the call, two messages",
    calls: [stream("Chat", { ...metainfo, ...said("h=h1:v1;t=t1:v1;meta", "second") })],
  },
  {
    name: "tthstream-bidi-early-header",
    what: "header sent on its own, 100 ms before the first message",
    calls: [stream("Chat", said("sh=h1:v1;sleep=100"))],
  },
  {
    name: "tthstream-bidi-acl-token",
    what: "bidirectional, the transient value gdpr-token, which travels in the ACL section",
    calls: [stream("Chat", { transient: { "gdpr-token": "secret" }, ...said("meta") })],
  },
  {
    name: "tthstream-client",
    what: "client streaming, three messages",
    calls: [stream("Collect", said("h=h1:v1;t=t1:v1", "b", "c"))],
  },
  {
    name: "tthstream-server",
    what: "server streaming, three messages",
    calls: [stream("Feed", said("h=h1:v1;t=t1:v1;n=3"))],
  },
  {
    name: "tthstream-server-none",
    what: "server streaming without a message",
    calls: [stream("Feed", said("n=0"))],
  },
  {
    name: "tthstream-biz",
    what: "business status error with extra and a user trailer",
    calls: [stream("Chat", said("t=t1:v1;biz=10001:no <balance>"))],
  },
  {
    name: "tthstream-error",
    what: "handler error with a user trailer",
    calls: [stream("Chat", said("t=t1:v1;err=boom"))],
  },
  { name: "tthstream-panic", what: "panic in the handler", calls: [stream("Chat", said("panic=oh"))] },
  {
    name: "tthstream-declared-exception",
    what: "declared exception returned by a streaming handler",
    calls: [stream("Chat", said("refuse=7:why"))],
  },
  {
    name: "tthstream-early-end",
    what: "handler returns while the client is still open",
    calls: [stream("Chat", { script: [{ send: { text: "early" } }, { recv: -1 }] })],
  },
  {
    name: "tthstream-cancel",
    what: "client cancels while the handler waits",
    calls: [
      stream("Chat", {
        script: [waiting, { sleepMs: 50 }, { cancel: true }, { recv: -1 }],
      }),
    ],
  },
  {
    name: "tthstream-cancel-closed",
    what: "client cancels after its half-close, while the handler waits",
    calls: [
      stream("Chat", {
        script: [waiting, { closeSend: true }, { sleepMs: 50 }, { cancel: true }, { recv: -1 }],
      }),
    ],
  },
  {
    name: "tthstream-deadline",
    what: "the context deadline of the client passes",
    calls: [stream("Chat", { contextTimeoutMs: 150, script: [waiting, { recv: -1 }] })],
  },
  {
    name: "tthstream-recv-timeout",
    what: "receive timeout of the client",
    calls: [stream("Chat", { recvTimeoutMs: 150, script: [waiting, { recv: -1 }] })],
  },
  {
    name: "tthstream-unknown-method",
    what: "unknown method: the server is silent, until the deadline of the client",
    calls: [
      stream("MissingStream", {
        contextTimeoutMs: 150,
        script: [{ send: { text: "hi" } }, { recv: -1 }],
      }),
    ],
  },
  {
    name: "ttheader-ping",
    what: "ping-pong, stock client and server: no integer keys, no service name; metainfo and a backward value",
    calls: [call("ttheader-framed", { ...metainfo, ...said("back=shard:s7") })],
  },
  {
    name: "ttheader-ping-unframed",
    what: "ping-pong, stock client and server, without a frame inside TTHeader",
    calls: [call("ttheader", { ...metainfo, ...said("back=shard:s7") })],
  },
  {
    name: "ttheader-ping-handlers",
    what: "ping-pong, TTHeader meta handlers on both sides, RPC timeout",
    handlers: true,
    calls: [kept({ ...metainfo, timeoutMs: 500, ...said("back=shard:s7;meta") })],
  },
  {
    name: "ttheader-acl-token",
    what: "the transient value gdpr-token, which travels in the ACL section",
    handlers: true,
    calls: [kept({ transient: { "gdpr-token": "secret" }, ...said("meta") })],
  },
  {
    name: "ttheader-error",
    what: "handler error",
    handlers: true,
    calls: [kept(said("back=shard:s7;err=boom"))],
  },
  {
    name: "ttheader-declared-exception",
    what: "declared exception",
    handlers: true,
    calls: [kept(said("refuse=7:why"))],
  },
  {
    name: "ttheader-biz",
    what: "business status error",
    handlers: true,
    calls: [kept(said("biz=10001:no <balance>"))],
  },
  {
    name: "ttheader-oneway",
    what: "oneway",
    handlers: true,
    calls: [kept({ method: "Note", ...said("hi") })],
  },
  {
    name: "ttheader-several-arguments",
    what: "three arguments",
    handlers: true,
    calls: [kept({ method: "Join", strings: ["first"], numbers: [1, 2], ...said("hi") })],
  },
  {
    name: "ttheader-void",
    what: "a method without a result",
    handlers: true,
    calls: [kept({ method: "Touch", ...said("hi") })],
  },
  {
    name: "ttheader-unknown-method",
    what: "unknown method: an exception of type 1, and the server closes",
    handlers: true,
    calls: [kept({ method: "Missing", ...said("hi") })],
  },
  {
    name: "ttheader-unknown-service",
    what: "unknown service with a method of many: an exception of type 20, and the server closes",
    handlers: true,
    calls: [kept({ service: "Nobody", method: "Missing", ...said("hi") })],
  },
  {
    name: "ttheader-two-calls",
    what: "two calls on one connection",
    handlers: true,
    calls: [kept(said("hi")), kept(said("hi"))],
  },
  {
    name: "ttheader-mux",
    what: "two calls on a connection that Kitex multiplexes",
    handlers: true,
    mux: true,
    calls: [kept({ connection: "mux", ...said("hi") }), kept({ connection: "mux", ...said("hi") })],
  },
  {
    name: "framed-ping",
    what: "Framed: no metainfo on the wire",
    calls: [call("framed", { ...metainfo, ...said("hi") })],
  },
  {
    name: "framed-biz",
    what: "Framed: a business status error is lost",
    calls: [call("framed", said("biz=10001:no <balance>"))],
  },
  { name: "framed-error", what: "Framed: handler error", calls: [call("framed", said("err=boom"))] },
  {
    name: "framed-declared-exception",
    what: "Framed: declared exception",
    calls: [call("framed", said("refuse=7:why"))],
  },
  {
    name: "framed-oneway",
    what: "Framed: oneway",
    calls: [call("framed", { method: "Note", ...said("hi") })],
  },
  { name: "plain-ping", what: "plain Thrift binary", calls: [call("plain", said("hi"))] },
  {
    name: "http2-bidi-metainfo",
    what: "bidirectional, metainfo, metadata with two values",
    calls: [
      grpc("Chat", {
        persistent: { K_2: "v2" },
        transient: { K1: "v1", FOO_BIN: "bytes" },
        metadata: [
          ["mk", "mv"],
          ["mk", "mv2"],
        ],
        ...said("h=h1:v1;t=t1:v1;meta"),
      }),
    ],
  },
  {
    name: "http2-unary",
    what: "unary with HTTP/2 meta handlers and a timeout",
    handlers: true,
    calls: [grpc("Ping", { handlers: true, timeoutMs: 500, ...said("hi") })],
  },
  {
    name: "http2-unary-biz",
    what: "unary, business status error",
    handlers: true,
    calls: [grpc("Ping", { handlers: true, ...said("biz=10001:no ü") })],
  },
  {
    name: "http2-unary-declared-exception",
    what: "unary, declared exception",
    calls: [grpc("Ping", said("refuse=7:why"))],
  },
  { name: "http2-unary-unknown-method", what: "unary, unknown method", calls: [grpc("Missing", said("hi"))] },
  {
    name: "http2-client",
    what: "client streaming, three messages",
    calls: [grpc("Collect", said("h=h1:v1;t=t1:v1", "b", "c"))],
  },
  {
    name: "http2-server",
    what: "server streaming, three messages",
    calls: [grpc("Feed", said("h=h1:v1;t=t1:v1;n=3"))],
  },
  { name: "http2-error", what: "handler error", calls: [grpc("Chat", said("err=boom ü"))] },
  {
    name: "http2-biz",
    what: "bidirectional, business status error with extra and a user trailer",
    calls: [grpc("Chat", said("t=t1:v1;biz=10001:no ü"))],
  },
  {
    name: "http2-cancel",
    what: "client cancels while the handler waits",
    calls: [grpc("Chat", { script: [waiting, { sleepMs: 50 }, { cancel: true }, { recv: -1 }] })],
  },
  {
    name: "http2-deadline",
    what: "the context deadline of the client passes",
    calls: [grpc("Chat", { contextTimeoutMs: 150, script: [waiting, { recv: -1 }] })],
  },
  {
    name: "http2-gzip",
    what: "unary with gzip both ways",
    calls: [grpc("Ping", { gzip: true, ...said("hi") })],
  },
];
