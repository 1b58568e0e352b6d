import * as FrameKind from "./format/frame-kind.ts";
import { streamHead } from "./frame-encode.ts";

// A peer names the methods, so what is kept is bounded.
const MAX_METHODS = 1024;
const MAX_NAME_LENGTH = 256;

/** `make`, called once for a method. */
export function byMethod<T>(make: (method: string) => T): (method: string) => T {
  const cache = new Map<string, T>();
  return (method) => {
    const known = cache.get(method);
    if (known !== undefined) return known;
    const made = make(method);
    if (method.length > MAX_NAME_LENGTH) return made;
    if (cache.size >= MAX_METHODS) cache.clear();
    cache.set(method, made);
    return made;
  };
}

/** Heads of the frames that are the same on every stream of a method but for stream id and length. */
export interface MethodHeads {
  readonly data: Uint8Array;
  /** A HEADER and a TRAILER with an empty string section: what a server writes. */
  readonly emptyHeader: Uint8Array;
  readonly emptyTrailer: Uint8Array;
  /** A TRAILER without a string section: what a client writes, as Kitex does. */
  readonly halfClose: Uint8Array;
}

export const methodHeads: (method: string) => MethodHeads = byMethod((method) => ({
  data: streamHead(FrameKind.data, method),
  emptyHeader: streamHead(FrameKind.header, method, []),
  emptyTrailer: streamHead(FrameKind.trailer, method, []),
  halfClose: streamHead(FrameKind.trailer, method),
}));
