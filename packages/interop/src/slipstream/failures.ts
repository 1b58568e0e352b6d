import { ContextError } from "@slipstream/metainfo";
import { BizStatusError, RpcError } from "@slipstream/stream";
import type { Failure } from "../calls.ts";
import { Refused } from "../gen/lab.ts";

/** An error of ours in the words in which Kitex programs report theirs. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof BizStatusError) {
    const { status: code, message, extra } = error;
    return { type: "BizStatusError", text: message, biz: { code, message, extra } };
  }
  if (error instanceof Refused) {
    return { type: "Refused", text: error.message, refused: { code: error.code, why: error.why } };
  }
  if (error instanceof RpcError) {
    const { grpcStatus, thriftType, ttstream, cancelPath } = error.origin ?? {};
    const typeId = ttstream ?? thriftType;
    return {
      type: "RpcError",
      text: error.message,
      code: error.code,
      ...(typeId === undefined ? {} : { typeId }),
      ...(grpcStatus === undefined ? {} : { status: grpcStatus }),
      ...(cancelPath === undefined ? {} : { cancelPath }),
    };
  }
  if (error instanceof ContextError) return { type: error.name, text: error.message, code: error.code };
  const { name, message } = error as Error;
  return { type: name, text: message };
}
