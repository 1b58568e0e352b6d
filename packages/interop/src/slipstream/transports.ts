import type { ClientTransport, ServerTransport } from "@slipstream/stream";
import { type Http2Options, http2, nodeHttp2 } from "@slipstream/transport-http2";
import { ttheader } from "@slipstream/transport-ttheader";
import type { Call } from "../calls.ts";

/** Whose sessions HTTP/2 has: our own, which are the default, or those of Node. */
export type Sessions = "h2" | "node:http2";

const optionsOf = (sessions: Sessions): Http2Options => (sessions === "h2" ? {} : { session: nodeHttp2() });

/** Client transports as calls ask for them: shared ones by protocol and connection, or one for a call alone. */
export class Transports implements AsyncDisposable {
  readonly #sessions: Sessions;
  readonly #open: ClientTransport[] = [];
  readonly #shared = new Map<string, ClientTransport>();

  constructor(sessions: Sessions = "h2") {
    this.#sessions = sessions;
  }

  /** All stay open until the end: a connection closed behind a cancel would tell the peer of its loss instead. */
  for(call: Call): ClientTransport {
    const key = `${call.protocol} ${call.connection} ${call.gzip}`;
    const shared = call.connection === "own" ? undefined : this.#shared.get(key);
    if (shared !== undefined) return shared;
    const transport = open(call, this.#sessions);
    this.#open.push(transport);
    if (call.connection !== "own") this.#shared.set(key, transport);
    return transport;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((transport) => transport.close()));
  }
}

/** The forms of ping-pong by their names here; streams have one. */
const forms = {
  ttheader: "ttheader",
  "ttheader-framed": "ttheader-framed",
  framed: "framed",
  plain: "binary",
  "ttheader-streaming": "ttheader",
} as const;

function open({ protocol, connection = "shared", gzip = false }: Call, sessions: Sessions): ClientTransport {
  if (protocol === "grpc") return http2({ ...optionsOf(sessions), sendsGzip: gzip, acceptsGzip: gzip });
  const connections = connection === "short" || connection === "long" ? connection : "mux";
  return ttheader({ connections, pingPong: forms[protocol] });
}

/** All that our server speaks. */
export function serverTransports(sessions: Sessions = "h2"): ServerTransport[] {
  return [ttheader(), http2({ ...optionsOf(sessions), sendsGzip: true })];
}
