import { BizStatusError, RpcError } from "@slipstream/stream";

/** Something that happens once, and that any number can wait for. */
export class Gate<T = void> {
  readonly opened: Promise<T>;
  open!: (value: T) => void;

  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}

/** One turn of the event loop: all that is ready to happen happens. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits, turn by turn, until `isSo`. A case that waits in vain fails at its time limit. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}

/** What `work` fails with, as any value. @throws when it does not fail. */
export async function thrown(work: PromiseLike<unknown> | (() => unknown)): Promise<unknown> {
  let result: unknown;
  try {
    result = await (typeof work === "function" ? work() : work);
  } catch (reason) {
    return reason;
  }
  throw new Error(`expected a failure, got ${JSON.stringify(result)?.slice(0, 200)}`);
}

/** The RpcError that `work` fails with. @throws when it does not fail, or with something else. */
export async function failure(work: PromiseLike<unknown> | (() => unknown)): Promise<RpcError> {
  const reason = await thrown(work);
  if (reason instanceof RpcError) return reason;
  throw new Error(`expected an RpcError, got ${String(reason)}`, { cause: reason });
}

/** The business status that `work` fails with. */
export async function bizStatus(work: PromiseLike<unknown> | (() => unknown)): Promise<BizStatusError> {
  const reason = await thrown(work);
  if (reason instanceof BizStatusError) return reason;
  throw new Error(`expected a BizStatusError, got ${String(reason)}`, { cause: reason });
}

/** Everything that comes, in order. */
export async function all<T>(messages: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const message of messages) list.push(message);
  return list;
}
