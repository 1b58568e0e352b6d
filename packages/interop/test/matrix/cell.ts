import type { Call, Callee, Caller, CallRecord, Message, Outcome, Protocol, Stage } from "../../src/index.ts";
import type { Peer } from "../../src/peer.ts";
import type { Sessions } from "../../src/slipstream/transports.ts";

/** Each behaviour is shown in each of these ways: a protocol, and what ours speaks it with. */
export interface Way {
  readonly name: string;
  readonly protocol: Protocol;
  readonly sessions: Sessions;
}

const way = (name: string, protocol: Protocol, sessions: Sessions = "h2"): Way => ({
  name,
  protocol,
  sessions,
});

export const ways: readonly Way[] = [
  way("TTHeader", "ttheader"),
  way("TTHeader+Framed", "ttheader-framed"),
  way("Framed", "framed"),
  way("plain", "plain"),
  way("TTHeader streaming", "ttheader-streaming"),
  way("HTTP/2", "grpc"),
  way("HTTP/2, ours of `node:http2`", "grpc", "node:http2"),
];

export type Kind = "ping-pong" | "oneway" | "unary" | "client" | "server" | "bidi";

const single: readonly Kind[] = ["ping-pong", "oneway", "unary"];
const streaming: readonly Kind[] = ["client", "server", "bidi"];

/** What each protocol carries. A unary method is an ordinary ping-pong method to Kitex, but for its name. */
export const kindsOf: Readonly<Record<Protocol, readonly Kind[]>> = {
  ttheader: single,
  "ttheader-framed": single,
  framed: single,
  plain: single,
  "ttheader-streaming": streaming,
  grpc: [...single, ...streaming],
};

export const isStreaming = (kind: Kind): boolean => streaming.includes(kind);

const methods: Readonly<Record<Kind, string>> = {
  "ping-pong": "Ping",
  oneway: "Note",
  unary: "Once",
  client: "Collect",
  server: "Feed",
  bidi: "Chat",
};

export type Side = "Kitex" | "Slipstream";

/** Who calls whom. */
export interface Sides {
  readonly from: Side;
  readonly to: Side;
}

/** Who calls whom, and with what. */
export interface Pair extends Sides {
  readonly caller: Caller;
  readonly callee: Callee;
  /** The same, for calls that name no service. */
  readonly namelessCallee: Callee;
  /** A server of the caller's side: what the callee calls when it stands in the middle. */
  readonly beyond: Callee;
  /** The same in processes of their own, to be killed. */
  startCaller(): Promise<Peer>;
  startCallee(): Promise<Peer & Callee>;
}

let trials = 0;

/** One cell of the matrix as its test sees it. */
export class Trial {
  readonly pair: Pair;
  readonly protocol: Protocol;
  readonly kind: Kind;
  /** Under which the callee records the call. */
  readonly name: string;

  constructor(pair: Pair, protocol: Protocol, kind: Kind) {
    this.pair = pair;
    this.protocol = protocol;
    this.kind = kind;
    this.name = `trial-${++trials}`;
  }

  get method(): string {
    return methods[this.kind];
  }

  /** The caller is a program with Kitex. */
  get kitexCalls(): boolean {
    return this.pair.from === "Kitex";
  }

  /** The callee is a program with Kitex. */
  get kitexServes(): boolean {
    return this.pair.to === "Kitex";
  }

  get callee(): Callee {
    return isBare(this.protocol) ? this.pair.namelessCallee : this.pair.callee;
  }

  /** A message that has the callee record the call. */
  message(text: string, more: Message = {}): Message {
    return { ...more, text: `as=${this.name};${text}` };
  }

  /** The text that comes back for a first message, where the kind answers with it. */
  echo(text: string): string {
    return this.kind === "client"
      ? `collected 1 last as=${this.name};${text}`
      : `echo:as=${this.name};${text}`;
  }

  /** The call with one message, recorded, but for what `more` says. */
  describe(text: string, more: Partial<Call> = {}): Call {
    return {
      target: this.callee.target,
      protocol: this.protocol,
      method: this.method,
      messages: [this.message(text)],
      ...more,
    };
  }

  /** Makes that call. */
  call(text: string, more?: Partial<Call>): Promise<Outcome> {
    return this.pair.caller.call(this.describe(text, more));
  }

  /** What the callee's handler saw. */
  record(until?: Stage, timeoutMs?: number): Promise<CallRecord> {
    return this.callee.observe(this.name, until, timeoutMs);
  }
}

/** Why a combination has no test. */
export interface Absent {
  readonly why: string;
}

/** Asserts, and says how Kitex differs from what was ordered, if it does. */
export type Run = (trial: Trial) => Promise<string | void>;

/** The place of a cell. */
export interface Place {
  readonly protocol: Protocol;
  readonly kind: Kind;
  readonly pair: Sides;
}

/** One row of the matrix: what it shows at a place. */
export interface Feature {
  readonly name: string;
  /** Of the behaviours that it shows, in square brackets; empty when it shows none. */
  readonly ids: string;
  cell(place: Place): Run | Absent;
}

const noOneway: Absent = {
  why: "A Kitex server panics inside itself on a oneway method over HTTP/2 (`methodInfo.NewResult` is nil) and never answers the stream: the handler does not run.",
};

/** @param title - name and ids */
export function feature(title: string, cell: Feature["cell"]): Feature {
  const [, name = title, ids = ""] = /^(.*?)((?: ?\[\w+\])*)$/.exec(title) ?? [];
  return {
    name,
    ids,
    cell: (place) =>
      place.kind === "oneway" && place.protocol === "grpc" && place.pair.to === "Kitex"
        ? noOneway
        : cell(place),
  };
}

/** Thrift without headers: nothing but the message travels. */
export const isBare = (protocol: Protocol): boolean => protocol === "framed" || protocol === "plain";

export const bare: Absent = { why: "Framed and plain Thrift carry the message and nothing else." };

export const absent = (why: string): Absent => ({ why });
