// Names that the wires use for themselves. Refused in either case of letters, since HTTP/2 folds it.
const reserved =
  /^(?::|slipstream|rpc-(?:persist|transit|backward)-|rpc_)|^(?:biz-(?:status|message|extra)|content-type|te)$/i;
const grpc = /^grpc-/i;
const grpcForUsers = /^grpc-(?:previous-rpc-attempts|retry-pushback-ms|tags-bin|trace-bin)$/i;
const hidden = /^(?::|slipstream|rpc-|biz-|rpc_)|^(?:content-type|user-agent|date)$/i;

/** Whether the framework keeps this name of a header, trailer or metadata entry for itself: setting it is refused. */
export function isReservedName(name: string): boolean {
  return reserved.test(name) || (grpc.test(name) && !grpcForUsers.test(name));
}

/**
 * Whether a received name is the framework's, and not shown in header, trailer and metadata: what a handler sees is what
 * the caller set. The whole block is in `peer.raw`.
 */
export function isHiddenName(name: string): boolean {
  return hidden.test(name) || (grpc.test(name) && !grpcForUsers.test(name));
}
