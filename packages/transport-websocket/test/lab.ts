import { type Method, type Service, type Struct, service, struct } from "@slipstream/thrift/codegen";

export interface Line {
  text: string;
  n?: number | undefined;
  bytes?: Uint8Array | undefined;
}
export const Line: Struct<Line> = struct("Line", (t) => [
  t.required(1, "text", t.string),
  t.optional(2, "n", t.i32),
  t.optional(3, "bytes", t.binary),
]);

/** A method of each kind. */
export const Lab: Service<{
  chat: Method<"bidi", Line, Line>;
  collect: Method<"client", Line, Line>;
  story: Method<"server", Line, Line>;
  ask: Method<"pingpong", Line, Line>;
}> = service("Lab", { package: "lab" }, (m, t) => ({
  chat: m.bidi("Chat", Line, Line),
  collect: m.client("Collect", Line, Line),
  story: m.server("Story", Line, Line),
  ask: m.pingpong("Ask", [t.field(1, "line", Line)], Line),
}));
