import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context } from "@slipstream/metainfo";
import type { OnEvent } from "@slipstream/stream";
import type { StreamLimits } from "../options.ts";

/** What can be set on an endpoint, whoever owns its port. */
export interface EndpointOptions extends StreamLimits {
  /** Path of the endpoint, without query, such as `/rpc`. @defaultValue any path */
  readonly path?: string;
  /**
   * Pages that may connect, by their `Origin`: `"same"` host as the request's, `"any"`, or a list such as
   * `["https://example.com"]`. Behind a proxy that changes `Host` it must be a list. Clients that are no pages send no
   * origin, and may always: this protects users of browsers, not the server. @defaultValue "same"
   */
  readonly origins?: "same" | "any" | readonly string[];
  /** Connections at once, those that are being authenticated included; one more gets 503. @defaultValue 10,000 */
  readonly maxConnections?: number;
  /**
   * How often a silent client is pinged, in milliseconds; after twice this time without any sign of life it is cut off.
   * 0: never.
   * @defaultValue 30,000
   */
  readonly heartbeatIntervalMs?: number;
  /** Time for a client to send its request, and for `authenticate` to answer it, in milliseconds. @defaultValue 10,000 */
  readonly requestTimeoutMs?: number;
  /** Agrees to compress messages when a client offers it; costs memory and time for each connection. @defaultValue false */
  readonly perMessageDeflate?: boolean;
  /**
   * Sees the upgrade request before the connection is made. A function that it returns adds to the context of every call
   * on the connection. To turn the client away it returns `false`, or throws an RpcError: `unauthenticated` (401),
   * `permission_denied` (403) or `unavailable` (503), whose text the client may read. What else it throws is answered by
   * 500 and shown to `onEvent` only.
   *
   * A page cannot set headers on the request, and a token does not belong into the URL, where it is logged: pages are
   * known here by their cookies, or else by metadata of each call (`admit`, middleware).
   */
  readonly authenticate?: (request: IncomingMessage) => Authenticated | Promise<Authenticated>;
  /** Told of connections opened, closed and refused, and of limits that were reached. */
  readonly onEvent?: OnEvent;
}

// oxlint-disable-next-line typescript/no-invalid-void-type -- a hook that only checks returns nothing
export type Authenticated = ((context: Context) => Context) | boolean | void;

export interface WebSocketServerOptions extends EndpointOptions {
  /**
   * Answers ordinary HTTP requests other than `GET /healthz`, for example with the page that connects.
   * @defaultValue 404, or 426 on the endpoint's path
   */
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => void;
}
