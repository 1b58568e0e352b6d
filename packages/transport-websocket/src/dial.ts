import type { Link, LinkReceiver } from "@slipstream/ttheader";

/** A link that says nothing before it is started. */
export interface StartableLink extends Link {
  start(receiver: LinkReceiver): void;
}

/** A connection being made. */
export interface Dial {
  /** Resolves when the connection is open and the server speaks our subprotocol; rejects with what went wrong, in words. */
  readonly connected: Promise<StartableLink>;
  abort(): void;
}

/** What a dialer needs to know; `node` is ignored in browsers, which decide these things themselves. */
export interface DialOptions {
  readonly url: string;
  readonly maxFrameBytes: number;
  readonly node: NodeOptions;
  /** Where the platform has ping frames: how often the peer is asked for a sign of life; 0: never. */
  readonly heartbeatIntervalMs: number;
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
}
