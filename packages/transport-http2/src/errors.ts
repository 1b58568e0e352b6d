import type { StreamClose } from "@slipstream/h2";
import { type Code, codeFromNumber, codeToNumber, RpcError } from "@slipstream/stream";

/** HTTP/2 error codes that gRPC gives a meaning to (RFC 9113, 7); 1000 is Kitex's own, of a graceful shutdown. */
export const ResetCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  refusedStream: 7,
  cancel: 8,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  gracefulShutdown: 1000,
} as const;

const codeOfReset = new Map<number, Code>([
  ...[0, 1, 2, 4, 5, 6, 9, 10, 13].map((reset) => [reset, "internal"] as const),
  [ResetCode.flowControlError, "resource_exhausted"],
  [ResetCode.enhanceYourCalm, "resource_exhausted"],
  [ResetCode.refusedStream, "unavailable"],
  [ResetCode.cancel, "cancelled"],
  [ResetCode.inadequateSecurity, "permission_denied"],
  [ResetCode.gracefulShutdown, "unavailable"],
]);

const codeOfHttpStatus = new Map<string, Code>([
  ["400", "internal"],
  ["401", "unauthenticated"],
  ["403", "permission_denied"],
  ["404", "unimplemented"],
  ["429", "unavailable"],
  ["502", "unavailable"],
  ["503", "unavailable"],
  ["504", "unavailable"],
]);

/** Kitex sends Thrift exception types above the codes of gRPC, and its own 17 for a receive timeout. */
const codeOfKitexStatus = new Map<number, Code>([
  [17, "deadline_exceeded"],
  [20, "unimplemented"],
]);

/** The error that a `grpc-status` other than 0 means to a client. */
export function statusToError(status: number, message: string): RpcError {
  // Kitex answers an unknown method with 1, its Thrift number, which gRPC calls CANCELLED.
  const isUnknownMethod = status === 1 && message.startsWith("unknown method");
  const code = isUnknownMethod
    ? "unimplemented"
    : (codeFromNumber(status) ?? codeOfKitexStatus.get(status) ?? "unknown");
  return new RpcError(code, message, { origin: { grpcStatus: status } });
}

/** The `grpc-status` for an error of a server. */
export function errorToStatus(error: RpcError): number {
  return codeToNumber(error.code);
}

/** A client's stream that ended without trailers. */
export function closeToError(close: StreamClose | undefined): RpcError {
  if (!close) return new RpcError("internal", "the server closed the stream without sending trailers");
  if (close.by === "connection") {
    return new RpcError("unavailable", `connection lost: ${close.message}`, {
      retryable: close.unprocessed,
      origin: { resetCode: close.code, side: "client" },
    });
  }
  const code = codeOfReset.get(close.code) ?? "unknown";
  return new RpcError(
    code,
    `stream terminated by RST_STREAM with error code ${close.code}: ${close.message}`,
    {
      retryable: close.unprocessed,
      origin: { resetCode: close.code, side: "client" },
    },
  );
}

/** A server's stream that ended before its handler did, with what a client's cancel may mean near its deadline. */
export function closeToCancel(close: StreamClose | undefined, isNearDeadline: boolean): RpcError {
  const origin = { side: "server", ...(close ? { resetCode: close.code } : undefined) } as const;
  if (!close || close.by === "connection") {
    const why = close ? `: ${close.message}` : "";
    return new RpcError("cancelled", `the connection was lost${why}`, {
      origin: { ...origin, ttstream: 12013 },
    });
  }
  if (close.code === ResetCode.gracefulShutdown)
    return new RpcError("unavailable", "graceful shutdown", { origin });
  if (close.code === ResetCode.cancel && isNearDeadline) {
    return new RpcError("deadline_exceeded", "context deadline exceeded", { origin });
  }
  return new RpcError("cancelled", `the client reset the stream with code ${close.code}`, { origin });
}

/** With which code a client resets a stream that it gives up. */
export function cancelToReset(reason: RpcError): number {
  return reason.origin?.resetCode === ResetCode.gracefulShutdown
    ? ResetCode.gracefulShutdown
    : ResetCode.cancel;
}

/** An answer that is no gRPC. */
export function httpToError(status: string | undefined, contentType: string | undefined): RpcError {
  const code =
    status === undefined
      ? "internal"
      : status === "200"
        ? "unknown"
        : (codeOfHttpStatus.get(status) ?? "unknown");
  const came = `HTTP status ${status ?? "missing"}, content-type ${contentType ?? "missing"}`;
  return new RpcError(
    code,
    `expected a gRPC answer (status 200, content-type application/grpc), got ${came}`,
    {
      ...(status === undefined ? undefined : { origin: { httpStatus: Number(status) } }),
    },
  );
}
