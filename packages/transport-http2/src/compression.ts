import { gunzipSync, gzipSync } from "node:zlib";
import { RpcError } from "@slipstream/stream";

/** What `grpc-encoding` may say: how the messages with flag 1 are compressed. */
export type Encoding = "identity" | "gzip";

/** Reads `grpc-encoding`. `undefined` for a compression that we do not have. */
export function readEncoding(name: string | undefined): Encoding | undefined {
  if (name === undefined || name === "" || name === "identity") return "identity";
  return name === "gzip" ? "gzip" : undefined;
}

export function unknownEncoding(name: string | undefined): RpcError {
  return new RpcError("unimplemented", `grpc-encoding ${name}: expected identity or gzip`);
}

export function compress(message: Uint8Array): Uint8Array {
  return gzipSync(message);
}

/**
 * At most `maxMessageBytes` are ever taken out: a small message may pretend to be a huge one.
 *
 * @throws RpcError `resource_exhausted` over the limit, `internal` for what is no gzip.
 */
export function decompress(message: Uint8Array, maxMessageBytes: number): Uint8Array {
  try {
    const { buffer, byteOffset, length } = gunzipSync(message, {
      maxOutputLength: Math.max(1, maxMessageBytes),
    });
    return new Uint8Array(buffer, byteOffset, length);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      const text = `a gzip message of ${message.length} bytes unpacks to more than maxMessageBytes (${maxMessageBytes})`;
      throw new RpcError("resource_exhausted", text, { cause });
    }
    throw new RpcError("internal", `a message marked as gzip is none: ${(cause as Error).message}`, {
      cause,
    });
  }
}
