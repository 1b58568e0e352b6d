import { platformCompiler } from "#compiler";
import type { Protocol } from "./protocol/protocol.ts";
import type { Reader } from "./protocol/reader.ts";
import type { Writer } from "./protocol/writer.ts";
import type { Struct } from "./types.ts";

export type WriteStruct = (w: Writer, value: unknown) => void;
export type ReadStruct = (r: Reader) => unknown;

/** What compiled code is made for, besides a struct. */
export interface CompileOptions {
  readonly protocol: Protocol;
  readonly keepUnknown: boolean;
}

export interface StructCompiler {
  writer(struct: Struct): WriteStruct;
  reader(struct: Struct): ReadStruct;
}

/** What makes code for structs; `compiler` of `@slipstream/thrift/compiler` is the one there is. */
export interface Compiler {
  /** Whether the platform lets code be made from text: a Content-Security-Policy, among others, may forbid it. */
  isAllowed(): boolean;
  create(options: CompileOptions): StructCompiler;
}

/**
 * How codecs do their work; results are the same. "interpreted": by walking the descriptor. "compiled": with code made for
 * each struct, which fails where the platform forbids code from text. A {@link Compiler}: compiled where that is allowed,
 * else interpreted.
 */
export type Engine = "compiled" | "interpreted" | Compiler;

let defaultEngine: Engine | undefined;

/**
 * Chooses the engine of codecs that were not given one and have not been used yet; `undefined` goes back to the
 * platform's: compiled where that is allowed, but interpreted in bundles for browsers, which come without the compiler.
 *
 * @throws RangeError for "compiled" in a bundle without it
 */
export function setDefaultEngine(engine: Engine | undefined): void {
  checkEngine(engine);
  defaultEngine = engine;
}

/** @throws RangeError for "compiled" in a bundle without it */
export function checkEngine(engine: Engine | undefined): void {
  if (engine === "compiled" && platformCompiler === undefined) {
    throw new RangeError(
      'engine "compiled": bundles for browsers have no compiler; pass the one of "@slipstream/thrift/compiler"',
    );
  }
}

/** Undefined: interpret. */
export function compilerFor(engine: Engine | undefined): Compiler | undefined {
  const choice = engine ?? defaultEngine ?? platformCompiler;
  if (choice === "compiled") return platformCompiler;
  return choice === "interpreted" || choice?.isAllowed() !== true ? undefined : choice;
}
