// idl/lab.thrift in TypeScript, without Everything and its parts.
import {
  type Exception,
  type ExceptionClass,
  exception,
  type Method,
  type Service,
  type Struct,
  service,
  struct,
} from "@slipstream/thrift/codegen";

export interface Msg {
  text: string;
  n?: bigint | undefined;
  blob?: Uint8Array | undefined;
  info?: Record<string, string> | undefined;
}
export const Msg: Struct<Msg> = struct("Msg", (t) => [
  t.field(1, "text", t.string),
  t.optional(2, "n", t.i64),
  t.optional(3, "blob", t.binary),
  t.optional(4, "info", t.record(t.string)),
]);

export interface RefusedFields {
  code: number;
  why: string;
}
export type Refused = Exception<RefusedFields>;
export const Refused: ExceptionClass<RefusedFields> = exception("Refused", (t) => [
  t.field(1, "code", t.i32),
  t.field(2, "why", t.string),
]);

export interface Join {
  first: string;
  second: Msg;
  numbers: number[];
}

export const Lab: Service<{
  ping: Method<"pingpong", Msg, Msg>;
  join: Method<"pingpong", Join, Msg>;
  now: Method<"pingpong", Record<string, never>, Msg>;
  touch: Method<"pingpong", Msg, void>;
  note: Method<"oneway", Msg, void>;
  once: Method<"unary", Msg, Msg>;
  collect: Method<"client", Msg, Msg>;
  feed: Method<"server", Msg, Msg>;
  chat: Method<"bidi", Msg, Msg>;
}> = service("Lab", { package: "lab" }, (m, t) => ({
  ping: m.pingpong("Ping", [t.field(1, "req", Msg)], Msg, [t.field(1, "refused", Refused)]),
  join: m.pingpong(
    "Join",
    [t.field(1, "first", t.string), t.field(2, "second", Msg), t.field(3, "numbers", t.list(t.i32))],
    Msg,
  ),
  now: m.pingpong("Now", [], Msg),
  touch: m.pingpong("Touch", [t.field(1, "req", Msg)], m.void),
  note: m.oneway("Note", [t.field(1, "req", Msg)]),
  once: m.unary("Once", [t.field(1, "req", Msg)], Msg),
  collect: m.client("Collect", Msg, Msg),
  feed: m.server("Feed", Msg, Msg),
  chat: m.bidi("Chat", Msg, Msg),
}));

export const Shed: Service<{
  ping: Method<"pingpong", Msg, Msg>;
  chat: Method<"bidi", Msg, Msg>;
}> = service("Shed", { package: "lab" }, (m, t) => ({
  ping: m.pingpong("Ping", [t.field(1, "req", Msg)], Msg),
  chat: m.bidi("Chat", Msg, Msg),
}));
