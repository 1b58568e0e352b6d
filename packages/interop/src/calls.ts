/** The protocols that a Kitex client is told to speak; `plain` is Kitex's "buffered": Thrift binary without a frame. */
export type Protocol = "ttheader" | "ttheader-framed" | "framed" | "plain" | "ttheader-streaming" | "grpc";

/** A `lab.Msg` on the control channel. Large contents do not travel: they are made up and summed up in place. */
export interface Message {
  readonly text?: string;
  /** Request: the text is filled up to this length. Answer: the length of a text that is shown cut off. */
  readonly textBytes?: number;
  readonly n?: number;
  /** Hex; in answers only up to 256 bytes. */
  readonly blob?: string;
  /** Request: a blob of so many bytes is made up. Answer: the length of the blob. */
  readonly blobBytes?: number;
  /** CRC-32 of the blob. */
  readonly blobSum?: number;
  readonly info?: Readonly<Record<string, string>>;
}

/** One action of a stream's program. */
export type Step =
  | { readonly send: Message }
  /** So many messages, fewer if the stream ends before; -1: all that come. */
  | { readonly recv: number }
  | { readonly closeSend: true }
  | { readonly cancel: true }
  | { readonly sleepMs: number }
  | { readonly header: true }
  | { readonly trailer: true };

/** One call that a Kitex program is to make. */
export interface Call {
  /** `host:port`. */
  readonly target: string;
  readonly protocol: Protocol;
  /** A name that no IDL has is called with the methods of Lab. @defaultValue "Lab" */
  readonly service?: string;
  /** Of the service, or `Missing` (ping-pong) and `MissingStream` (bidirectional), which no server has. */
  readonly method: string;
  /** The client's own service name. */
  readonly caller?: string;
  /** Install Kitex's opt-in meta handlers. @defaultValue false */
  readonly handlers?: boolean;
  /**
   * `shared`: pooled, one multiplexed connection for streams; `own`: a client and its connection for this call alone;
   * `short`, `long`: Kitex's pools of these names; `mux`: multiplexed ping-pong. @defaultValue "shared"
   */
  readonly connection?: "shared" | "own" | "short" | "long" | "mux";
  /** gRPC only: connect with TLS, whatever the certificate of the server. Kitex clients only. */
  readonly tls?: boolean;
  /** Install a handler of META frames that returns an error. Kitex clients only. */
  readonly metaFails?: boolean;
  /** The server's address can be replaced by what a reply says. Kitex clients only. */
  readonly refreshable?: boolean;
  /** TTHeader streams only: install a handler of Kitex's trace events. Kitex clients only. */
  readonly traced?: boolean;
  readonly persistent?: Readonly<Record<string, string>>;
  readonly transient?: Readonly<Record<string, string>>;
  /** gRPC metadata, a name may repeat. */
  readonly metadata?: readonly (readonly [string, string])[];
  /** gRPC only. */
  readonly gzip?: boolean;
  /** RPC timeout of a ping-pong call. */
  readonly timeoutMs?: number;
  /** Deadline of the context. */
  readonly contextTimeoutMs?: number;
  /** Ends the context of a ping-pong call from outside; a stream's script has a step for it. */
  readonly cancelAfterMs?: number;
  /** Of each receive on a stream. */
  readonly recvTimeoutMs?: number;
  /** Do not cancel the peer when a receive times out. @defaultValue false */
  readonly recvTimeoutKeepsPeer?: boolean;
  /** Ping-pong: the request is the first. Streams: what the default script sends. */
  readonly messages?: readonly Message[];
  /** The first argument of Join. */
  readonly strings?: readonly string[];
  /** The third argument of Join. */
  readonly numbers?: readonly number[];
  /** Instead of the default script of a stream: send all (bidirectional: one answer after each), half-close, receive all. */
  readonly script?: readonly Step[];
}

/** An error as the program sees it. */
export interface Failure {
  /** The type in Go, or the class. */
  readonly type: string;
  readonly text: string;
  /** Only ours have one. */
  readonly code?: string;
  /** Only ours show it apart; Kitex has it in the text. */
  readonly cancelPath?: string;
  /** Thrift or ttstream number. */
  readonly typeId?: number;
  /** gRPC status. */
  readonly status?: number;
  readonly statusMessage?: string;
  /** Kitex's parent error of a stream's error. */
  readonly category?: "canceled" | "timeout" | "protocol" | "rpc timeout";
  readonly biz?: {
    readonly code: number;
    readonly message: string;
    readonly extra?: Readonly<Record<string, string>>;
  };
  readonly refused?: { readonly code: number; readonly why: string };
}

/** What the Kitex program got out of a call. Go's nil map is null. */
export interface Outcome {
  readonly messages: readonly Message[];
  readonly header: Readonly<Record<string, string>> | null;
  readonly headerErr?: string;
  readonly trailer: Readonly<Record<string, string>> | null;
  readonly trailerErr?: string;
  /** Header of a gRPC unary call. */
  readonly headerMetadata?: Readonly<Record<string, readonly string[]>>;
  /** Trailer of a gRPC unary call. */
  readonly trailerMetadata?: Readonly<Record<string, readonly string[]>>;
  readonly backward: Readonly<Record<string, string>> | null;
  /** The address that Kitex says the call reached. Kitex clients only. */
  readonly peer?: string;
  /** What the trace events of a traced stream carried. */
  readonly trace?: {
    readonly header: Readonly<Record<string, string>> | null;
    readonly trailer: Readonly<Record<string, string>> | null;
  };
  readonly error: Failure | null;
  /** The stream's regular end was read. */
  readonly ended: boolean;
  /** In order, with the milliseconds since the call began. */
  readonly events: readonly { readonly what: string; readonly atMs: number }[];
}

/** What came of the same call made many times. */
export interface ManyOutcome {
  /** How many got the right echo of every message, and no error. */
  readonly succeeded: number;
  /** How many failed for each reason. */
  readonly failed: Readonly<Record<string, number>>;
  /** Of the calls that failed. */
  readonly first?: Outcome;
}

/** What a Kitex handler saw of one call. Times are since the handler began. */
export interface CallRecord {
  readonly method: string;
  readonly persistent: Readonly<Record<string, string>>;
  readonly transient: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
  readonly service: string;
  readonly caller: string;
  readonly transport: string;
  /** Left when the handler began. */
  readonly deadlineMs?: number;
  readonly received: readonly Message[];
  readonly receiveError?: Failure | null;
  readonly halfClosed: boolean;
  readonly contextError?: Failure | null;
  readonly contextEndMs?: number;
  readonly returnedMs?: number;
  /** All that the HEADER frame said, on a Kitex server with a handler of them. */
  readonly headerFrame?: {
    readonly ints: Readonly<Record<string, string>>;
    readonly strings: Readonly<Record<string, string>>;
  };
  /** Of the call that the handler made. */
  readonly next?: Outcome;
  /** What directives could not do. */
  readonly notes?: readonly string[];
}

/** How far a recorded call must have come: its handler began, read the client's half-close, saw its context end, returned. */
export type Stage = "started" | "halfClosed" | "ended" | "returned";

/** A program that makes calls: Kitex's or ours. */
export interface Caller {
  /** Makes one call and resolves when it is over, whatever its outcome. Rejects only when the call could not be tried. */
  call(call: Call): Promise<Outcome>;
  /** Makes the same call `count` times at once, with one client. `{i}` in a text becomes the number of the call. */
  many(count: number, call: Call): Promise<ManyOutcome>;
}

/** A program that serves Lab and Shed, obeying the directives in the requests: Kitex's or ours. */
export interface Callee {
  /** `host:port`. */
  readonly target: string;
  /**
   * What the handler saw of the call whose message said `as=name`, once it has come to `until`.
   * Rejects when it has not within `timeoutMs`.
   */
  observe(name: string, until?: Stage, timeoutMs?: number): Promise<CallRecord>;
}
