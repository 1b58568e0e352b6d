import { type CallStart, type ClientByteStream, RpcError } from "@slipstream/stream";
import { encodeException } from "@slipstream/thrift";
import { ClientSession } from "../src/client-session.ts";
import { resolveSessionOptions, type SessionOptions } from "../src/options.ts";
import type { ClientSessionEvents } from "../src/slipstream-client-session.ts";
import { callStart } from "./calls.ts";
import { ScriptedPeer } from "./scripted-peer.ts";

export interface Client {
  readonly session: ClientSession;
  /** The server, which the test plays. */
  readonly server: ScriptedPeer;
}

/** A client of a server that is not Slipstream, unless the test says hello for it. */
export function connect(options: SessionOptions = {}, events: ClientSessionEvents = {}): Client {
  const server = new ScriptedPeer();
  const session = new ClientSession(
    server,
    { address: "kitex:1", transport: "test" },
    resolveSessionOptions({ extensions: false, ...options }),
    events,
  );
  server.receiver = session;
  return { session, server };
}

/** A stream whose HEADER has been written. */
export function open(client: Client, init: Partial<CallStart> = {}): ClientByteStream {
  const stream = client.session.open(callStart(init));
  client.server.take();
  return stream;
}

/** The error that `work` throws or rejects with. */
export async function failure(work: () => unknown): Promise<RpcError> {
  try {
    await work();
  } catch (error) {
    return error as RpcError;
  }
  throw new Error("an error was expected");
}

export const exception = (type: number, message: string): Uint8Array =>
  encodeException("Chat", 1, { type, message });
export const cancelled = (message = "enough"): RpcError => new RpcError("cancelled", message);
