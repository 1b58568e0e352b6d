import type { CallStart, RpcError } from "@slipstream/stream";
import { encodeException } from "@slipstream/thrift";
import { CANCEL_PATH_KEY, toCancellation } from "./error-numbers.ts";
import * as FrameKind from "./format/frame-kind.ts";
import { streamFrame } from "./frame-encode.ts";
import type { Session } from "./session.ts";

/** Tells the server that a stream or call is over, and why. */
export function writeRst(
  session: Session,
  id: number,
  { method, caller }: Pick<CallStart, "method" | "caller">,
  reason: RpcError,
): void {
  const { path, ...exception } = toCancellation(reason, caller);
  session.writeFrame(
    streamFrame(FrameKind.rst, id, method, path === "" ? undefined : [[CANCEL_PATH_KEY, path]]),
    encodeException(method, id, exception),
  );
}
