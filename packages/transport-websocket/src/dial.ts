import type { Link, LinkReceiver } from "@slipstream/ttheader";

/** A link that says nothing before it is started. */
export interface StartableLink extends Link {
  /** Resolves when the socket is closed for good. */
  readonly closed: Promise<void>;
  start(receiver: LinkReceiver): void;
}

/** How a connection is made. The platform tells one of these, once, and none after it was aborted. */
export interface DialEvents {
  /** The server speaks our subprotocol. The link must be started at once: what comes before is lost. */
  onOpen(link: StartableLink): void;
  /** What went wrong, in words. */
  onFailed(error: Error): void;
}

/** Connects to a URL, and tells of it. Returns what gives the attempt up. */
export type Dial = (url: string, events: DialEvents) => () => void;

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
