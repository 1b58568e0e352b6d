import { RpcError } from "@slipstream/stream";

/** The RpcError that `work` fails with. */
export async function failure(work: PromiseLike<unknown> | (() => unknown)): Promise<RpcError> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (thrown) {
    if (thrown instanceof RpcError) return thrown;
    throw thrown;
  }
  throw new Error("expected a failure");
}
