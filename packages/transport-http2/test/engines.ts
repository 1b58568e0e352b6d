import type { RpcError } from "@slipstream/stream";
import { h2Sessions, nodeHttp2, type SessionEngine, type SessionSettings } from "../src/index.ts";

/** Both fillings of the session seam: what a test says of the transport holds over each. */
export const engines: readonly (readonly [string, (settings?: Partial<SessionSettings>) => SessionEngine])[] =
  [
    ["h2", h2Sessions],
    ["node:http2", nodeHttp2],
  ];

export async function failureOf(work: Promise<unknown>): Promise<RpcError> {
  try {
    await work;
  } catch (error) {
    return error as RpcError;
  }
  throw new Error("expected a failure");
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}
