import type {
  Balancer,
  ClientTransport,
  HeaderInit,
  Middleware,
  MiddlewareBuilder,
  OnEvent,
  RecvTimeout,
  Target,
  Tracer,
} from "@slipstream/stream";

export interface ClientOptions {
  /** What carries the calls. May be shared between clients; whoever made it closes it. */
  readonly transport: ClientTransport;
  /** Where calls go. @defaultValue the transport's own, where it has one */
  readonly target?: Target;
  /** Chooses among several addresses, once a call. @defaultValue {@link roundRobin} */
  readonly balancer?: Balancer;
  /** The first is the outermost. */
  readonly middleware?: readonly (Middleware | MiddlewareBuilder)[];
  readonly tracers?: readonly Tracer[];
  /** Name of the calling service, as peers see it. @defaultValue inside a handler its server's name, else none */
  readonly caller?: string;
  /** Limit for each whole call, in milliseconds, above 0; a stream's whole life included. @defaultValue none */
  readonly timeoutMs?: number;
  /** Limit for each `recv` of a stream: see `StreamOptions`. @defaultValue none */
  readonly recvTimeoutMs?: number | RecvTimeout;
  /** Limit for connecting, in milliseconds. @defaultValue the transport's */
  readonly connectTimeoutMs?: number;
  /** Sent with every call, before the call's own. */
  readonly metadata?: HeaderInit;
  /** Sum of all keys and values of metainfo and metadata of a call, in bytes. @defaultValue 32,768 */
  readonly maxMetadataBytes?: number;
  /**
   * `single-hop`: a received transient value is never sent on. `legacy`: it is, as Kitex does by default on its streams;
   * only for fleets that still rely on it. @defaultValue "single-hop"
   */
  readonly metainfoPropagation?: MetainfoPropagation;
  /** Told when a tracer or another hook of the program fails. */
  readonly onEvent?: OnEvent;
}

export type MetainfoPropagation = "single-hop" | "legacy";
