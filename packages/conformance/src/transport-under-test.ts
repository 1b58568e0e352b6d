import type { Listening, ListenOptions } from "@slipstream/rpc/server";
import type { ClientTransport, OnEvent, ServerTransport, Target } from "@slipstream/stream";

/** What a transport is asked to heed; each names its own options for them. Absent: its defaults. */
export interface Limits {
  readonly maxMessageBytes?: number;
  /** Unread bytes of one direction of a stream before its sender waits. */
  readonly streamWindowBytes?: number;
  readonly maxSendBufferBytes?: number;
  /** Streams and calls open at once, on a connection. */
  readonly maxStreams?: number;
}

/** Both ends of a transport, not connected yet. The suite closes both. */
export interface TransportPair {
  readonly server: ServerTransport;
  readonly client: ClientTransport;
  /** Bytes of messages in the transport's own queues, both ends and all streams together. */
  queuedBytes?(): number;
}

export interface TransportUnderTest {
  readonly name: string;
  /** A fresh pair with these limits. */
  create(limits: Limits, onEvent: OnEvent): TransportPair;
  /** How servers listen, with TLS for example. */
  readonly listen?: ListenOptions;
  /** What clients are given to reach a server. @defaultValue its `target` */
  target?(listening: Listening): Target;
  /**
   * Cases that the transport cannot pass, by their titles without ids, with the reason. They are run and must fail: one
   * that passes fails the suite, so the list only holds what is true.
   */
  readonly exceptions?: Readonly<Record<string, string>>;
  /** Cases whose outcome is a matter of timing on this transport, with the reason. They are not run. */
  readonly unsteady?: Readonly<Record<string, string>>;
}
