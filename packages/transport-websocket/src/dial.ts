import type { Link, LinkReceiver } from "@slipstream/ttheader";

/** A link that says nothing before it is started. */
export interface StartableLink extends Link {
  /** Resolves when the socket is closed for good. */
  readonly closed: Promise<void>;
  start(receiver: LinkReceiver): void;
}

/** How a connection is made. `dial` of the platform tells one of these, once, and none after it was aborted. */
export interface DialEvents {
  /** The server speaks our subprotocol. The link must be started at once: what comes before is lost. */
  onOpen(link: StartableLink): void;
  /** What went wrong, in words. */
  onFailed(error: Error): void;
}

/** What a dialer needs to know. */
export interface DialOptions {
  readonly url: string;
  /** A message of the server beyond this ends the connection, where the platform lets us say so. */
  readonly maxPayloadBytes: number;
  /** Where the platform has ping frames: how often a silent peer is asked for a sign of life; 0: never. */
  readonly pingIntervalMs: number;
  /** Ignored in browsers, which decide these things themselves. */
  readonly node: NodeOptions;
}

/** What only Node lets a program decide about a connection. */
export interface NodeOptions {
  /** Certificates for `wss:`, as `node:tls` takes them. */
  readonly tls?: {
    readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
    readonly cert?: string | Uint8Array;
    readonly key?: string | Uint8Array;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  /** Sent with the upgrade request; a browser's page cannot set any. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Offers to compress messages; costs memory and time for each connection. @defaultValue false */
  readonly perMessageDeflate?: boolean;
}
