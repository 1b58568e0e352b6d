import type { Reader, ReaderOptions } from "./reader.ts";
import type { Writer, WriterOptions } from "./writer.ts";

export type Protocol = "binary" | "compact";

/** A protocol as a value: a bundle has only those that it mentions. */
export interface ProtocolSupport {
  readonly name: Protocol;
  writer(options: WriterOptions): Writer;
  reader(bytes: Uint8Array, options: ReaderOptions): Reader;
}
