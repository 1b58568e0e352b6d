import { type CallInfo, RpcError } from "@slipstream/stream";

/** Says on an error which call it belongs to, unless it knows already. Returns it, to be thrown. */
export function locate(thrown: unknown, info: CallInfo): unknown {
  if (thrown instanceof RpcError && thrown.method === undefined && Object.isExtensible(thrown)) {
    thrown.method = `${info.service}/${info.method}`;
    thrown.peer ??= info.peer?.address;
  }
  return thrown;
}
