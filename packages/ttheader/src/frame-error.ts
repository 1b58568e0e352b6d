import { RpcError } from "@slipstream/stream";

/** Which rule a frame broke. */
export type FrameFault =
  /** Not TTHeader at all. */
  | "magic"
  /** Over one of the limits in {@link import("./limits.ts").FrameLimits}, or over what the format can hold. */
  | "limit"
  /** Cut short, or its lengths contradict each other. */
  | "truncated"
  /** A protocol id, section, frame kind or payload that has no meaning. */
  | "unknown";

/** Bytes that are no TTHeader frame, or a frame that cannot be written. The connection they came on is lost. */
export class FrameError extends Error {
  override readonly name = "FrameError";
  readonly fault: FrameFault;

  constructor(fault: FrameFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** What a frame that cannot be written means to the call that it was for: it is over a limit. */
export function asRpcError(error: unknown): RpcError {
  if (error instanceof FrameError) return new RpcError("resource_exhausted", error.message, { cause: error });
  return RpcError.from(error);
}
