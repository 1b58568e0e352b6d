import { FrameKind } from "./format.ts";
import { streamHead } from "./frame-encode.ts";

/** Heads of the frames that are the same on every stream of a method but for stream id and length. */
export interface MethodHeads {
  readonly data: Uint8Array;
  /** A HEADER and a TRAILER with an empty string section: what a server writes. */
  readonly emptyHeader: Uint8Array;
  readonly emptyTrailer: Uint8Array;
  /** A TRAILER without a string section: what a client writes, as Kitex does. */
  readonly halfClose: Uint8Array;
}

// A peer names the methods, so what is kept is bounded.
const MAX_METHODS = 1024;
const MAX_NAME_LENGTH = 256;
const cache = new Map<string, MethodHeads>();

/** Computed once for a method. */
export function methodHeads(method: string): MethodHeads {
  let heads = cache.get(method);
  if (heads === undefined) {
    heads = {
      data: streamHead(FrameKind.data, method),
      emptyHeader: streamHead(FrameKind.header, method, []),
      emptyTrailer: streamHead(FrameKind.trailer, method, []),
      halfClose: streamHead(FrameKind.trailer, method),
    };
    if (method.length > MAX_NAME_LENGTH) return heads;
    if (cache.size >= MAX_METHODS) cache.clear();
    cache.set(method, heads);
  }
  return heads;
}
