/**
 * What went wrong, in the words of gRPC: the only classification of errors that every transport shares.
 * Numbers of a wire (gRPC status, Thrift exception type, Kitex stream error) are kept beside it, in {@link RpcErrorOrigin}.
 */
export type Code =
  | "cancelled"
  | "unknown"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "already_exists"
  | "permission_denied"
  | "resource_exhausted"
  | "failed_precondition"
  | "aborted"
  | "out_of_range"
  | "unimplemented"
  | "internal"
  | "unavailable"
  | "data_loss"
  | "unauthenticated";

/** Codes by their gRPC number; number 0 is success and no code. */
const codes: readonly (Code | undefined)[] = [
  undefined,
  "cancelled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated",
];

/** The gRPC number of a code, 1 to 16. */
export function codeToNumber(code: Code): number {
  const number = codes.indexOf(code);
  return number < 1 ? 2 : number;
}

/** The code of a gRPC number; `undefined` for 0 and for numbers gRPC does not define. */
export function codeFromNumber(number: number): Code | undefined {
  return codes[number];
}
