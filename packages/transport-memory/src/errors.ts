import { BizStatusError, type CallError, RpcError } from "@slipstream/stream";

/** An error as it would come over a wire: code, text and origin, and nothing of the other side's own. */
export function asReceived(error: CallError): CallError {
  if (error instanceof BizStatusError)
    return new BizStatusError(error.status, error.message, { ...error.extra });
  const { code, message, origin } = error;
  return new RpcError(code, message, origin ? { origin } : {});
}

/** A client's reason to stop, as the server hears it. */
export function asHeardByServer(reason: RpcError): RpcError {
  const code = reason.code === "deadline_exceeded" ? "deadline_exceeded" : "cancelled";
  return new RpcError(code, reason.message, { origin: { ...reason.origin, side: "server" } });
}
