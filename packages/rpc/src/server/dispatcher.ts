import { runWithContext } from "@slipstream/metainfo";
import {
  buildMiddleware,
  composeCall,
  isCallKind,
  noFields,
  RpcError,
  type ServerByteCall,
  type ServerByteStream,
  type ServerHandler,
  type ServerStart,
} from "@slipstream/stream";
import { thrownToError } from "../reasons.ts";
import { ActiveCalls } from "./active-calls.ts";
import type { ServerRuntime } from "./call-run.ts";
import { invoke, runPlainly } from "./invoke.ts";
import type { ServerOptions } from "./options.ts";
import { type Entry, Registry } from "./registry.ts";
import { refusal, serveCall, serveCallOnStream } from "./serve-call.ts";
import { serveStream } from "./serve-stream.ts";

const defaultMaxMetadataBytes = 32 * 1024;

/** Takes the calls of all transports of one server, and finds who serves them. */
export class Dispatcher implements ServerHandler {
  readonly registry: Registry;
  readonly active: ActiveCalls = new ActiveCalls();
  readonly #runtime: ServerRuntime;

  constructor(options: ServerOptions) {
    this.registry = new Registry(options.name);
    const middleware = buildMiddleware(options.middleware ?? [], {
      side: "server",
      service: options.name ?? "",
    });
    const run = options.ambientContext === false ? runPlainly : runWithContext;
    this.#runtime = {
      options,
      middleware,
      chain:
        middleware.length === 0
          ? undefined
          : composeCall(middleware, async (info, request) =>
              invoke(this.registry.find(info.service, info.method), info, request, run),
            ),
      runWithContext: run,
      maxMetadataBytes: options.maxMetadataBytes ?? defaultMaxMetadataBytes,
      active: this.active,
    };
  }

  stream(bytes: ServerByteStream): void {
    const { service, method } = bytes.start;
    let entry: Entry;
    try {
      entry = this.registry.find(service, method);
      checkSubtype(entry, bytes.start);
      if (bytes.isSingleCall && !isCallKind(entry.method.kind)) throw notACall(entry);
    } catch (thrown) {
      bytes.end({ error: thrownToError(thrown), trailer: noFields });
      return;
    }
    if (isCallKind(entry.method.kind)) void serveCallOnStream(this.#runtime, entry, bytes);
    else serveStream(this.#runtime, entry, bytes);
  }

  call(bytes: ServerByteCall): void {
    const { service, method } = bytes.start;
    let entry: Entry;
    try {
      entry = this.registry.find(service, method);
      checkSubtype(entry, bytes.start);
      if (!isCallKind(entry.method.kind)) throw notACall(entry);
    } catch (thrown) {
      bytes.reply(refusal(thrown));
      return;
    }
    serveCall(this.#runtime, entry, bytes);
  }
}

function notACall({ method: { name, kind } }: Entry): RpcError {
  return new RpcError(
    "unimplemented",
    `method ${name} is a streaming method (${kind}): open a stream, this was a single call`,
  );
}

/** Where the wire says of what kind messages are, it must be the method's. */
function checkSubtype({ service, method }: Entry, { contentSubtype }: ServerStart): void {
  if (contentSubtype === "" || contentSubtype === service.contentSubtype) return;
  throw new RpcError(
    "unimplemented",
    `method ${method.name} takes ${service.contentSubtype} messages, this call has ${contentSubtype}`,
  );
}
