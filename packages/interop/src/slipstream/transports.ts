import type { ClientTransport, ServerTransport } from "@slipstream/stream";
import { type Http2Options, http2 } from "@slipstream/transport-http2";
import { ttheader } from "@slipstream/transport-ttheader";
import type { Call } from "../calls.ts";

/** Client transports as calls ask for them: shared ones by protocol and connection, or one for a call alone. */
export class Transports implements AsyncDisposable {
  readonly #http2: Http2Options;
  readonly #open: ClientTransport[] = [];
  readonly #shared = new Map<string, ClientTransport>();

  /** @param options - of HTTP/2 */
  constructor(options: Http2Options = {}) {
    this.#http2 = options;
  }

  /** All stay open until the end: a connection closed behind a cancel would tell the peer of its loss instead. */
  for(call: Call): ClientTransport {
    const key = `${call.protocol} ${call.connection} ${call.gzip}`;
    const shared = call.connection === "own" ? undefined : this.#shared.get(key);
    if (shared !== undefined) return shared;
    const transport = open(call, this.#http2);
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

function open(
  { protocol, connection = "shared", gzip = false }: Call,
  options: Http2Options,
): ClientTransport {
  if (protocol === "grpc") return http2({ ...options, sendsGzip: gzip, acceptsGzip: gzip });
  const connections = connection === "short" || connection === "long" ? connection : "mux";
  return ttheader({ connections, pingPong: forms[protocol] });
}

/** All that our server speaks. */
export function serverTransports(options: Http2Options = {}): ServerTransport[] {
  return [ttheader(), http2({ ...options, sendsGzip: true })];
}
