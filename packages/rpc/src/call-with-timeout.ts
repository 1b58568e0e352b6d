import { RpcError } from "@slipstream/stream";
import { after } from "./timer.ts";

/**
 * Bounds any single step of a call, one `recv` for example: when `fn` takes longer than `timeoutMs`, `cancel` is called
 * with the error, and the promise rejects with `deadline_exceeded`. `cancel` must end what `fn` waits for: the stream's
 * own `cancel`, or that of a context made before the stream was opened.
 *
 * @throws RpcError `invalid_argument` when `timeoutMs` is not above 0.
 *
 * @example
 * const answer = await callWithTimeout(200, (error) => stream.cancel(error), () => stream.recv());
 */
export async function callWithTimeout<T>(
  timeoutMs: number,
  cancel: (reason: RpcError) => void,
  fn: () => Promise<T>,
): Promise<T> {
  if (!(timeoutMs > 0)) {
    throw new RpcError("invalid_argument", `timeoutMs: expected milliseconds above 0, got ${timeoutMs}`);
  }
  const work = fn();
  return new Promise<T>((resolve, reject) => {
    const stop = after(timeoutMs, () => {
      const error = new RpcError("deadline_exceeded", `the step took longer than timeoutMs (${timeoutMs})`);
      reject(error);
      cancel(error);
    });
    work.then(resolve, reject).finally(stop);
  });
}
