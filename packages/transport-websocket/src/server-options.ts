import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context } from "@slipstream/metainfo";
import type { OnEvent } from "@slipstream/stream";
import type { StreamLimits } from "./options.ts";

export interface WebSocketServerOptions extends StreamLimits {
  /** Path of the endpoint; others get 404. @defaultValue any path */
  readonly path?: string;
  /**
   * Pages that may connect, by their `Origin`: `"same"` host as the request's, `"any"`, or a list such as
   * `["https://example.com"]`. Clients that are no pages send none, and may always. @defaultValue "same"
   */
  readonly origins?: "same" | "any" | readonly string[];
  /** Connections at once; one more gets 503. @defaultValue 10,000 */
  readonly maxConnections?: number;
  /** How often each client is pinged, in milliseconds; one that does not answer until the next is cut off. 0: never. @defaultValue 30,000 */
  readonly heartbeatIntervalMs?: number;
  /** Time for a client to send its request's header, in milliseconds. @defaultValue 10,000 */
  readonly requestTimeoutMs?: number;
  /**
   * Sees the upgrade request before the connection is made. Throws, or returns `false`, to answer 401. A function that it
   * returns adds to the context of every call on the connection.
   */
  readonly authenticate?: (request: IncomingMessage) => Authenticated | Promise<Authenticated>;
  /** Answers ordinary HTTP requests other than `GET /healthz`. @defaultValue 404, or 426 on the endpoint's path */
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onEvent?: OnEvent;
}

// oxlint-disable-next-line typescript/no-invalid-void-type -- a hook that only checks returns nothing
export type Authenticated = ((context: Context) => Context) | boolean | void;
