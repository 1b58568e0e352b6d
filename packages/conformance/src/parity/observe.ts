import { BizStatusError, type Fields, type Header, RpcError } from "@slipstream/stream";
import { Refusal } from "../talk.ts";

/** What became of `work`, with the text of an error: for errors that the application gave. */
export async function outcome(work: PromiseLike<unknown> | (() => unknown)): Promise<unknown> {
  try {
    return { value: await (typeof work === "function" ? work() : work) };
  } catch (thrown) {
    return described(thrown);
  }
}

/** The code that `work` fails with, or `"ok"`: for errors that arise on the way. */
export async function code(work: PromiseLike<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof work === "function" ? work() : work);
    return "ok";
  } catch (thrown) {
    return thrown instanceof RpcError ? thrown.code : String(thrown);
  }
}

export function described(thrown: unknown): unknown {
  if (thrown instanceof BizStatusError) {
    const { status, message, extra } = thrown;
    return { biz: status, message, extra: sorted(Object.entries(extra)) };
  }
  if (thrown instanceof Refusal) return { refusal: thrown.message };
  if (thrown instanceof RpcError) return { code: thrown.code, message: thrown.message };
  return { thrown: String(thrown) };
}

/** Pairs by their names, for what has no order. */
export function sorted<T>(pairs: Iterable<readonly [string, T]>): unknown {
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Entries in their order, bytes as lists of numbers. */
export function entries(header: Header | undefined): unknown {
  return header === undefined ? undefined : fieldsOf(header.fields);
}

export function fieldsOf(fields: Fields): unknown {
  return fields.map(([name, value]) => [name, typeof value === "string" ? value : [...value]]);
}

/** Events of both sides in the order in which they happened. */
export class Log {
  readonly lines: unknown[] = [];

  readonly say = (...what: unknown[]): void => {
    this.lines.push(what.length === 1 ? what[0] : what);
  };
}
