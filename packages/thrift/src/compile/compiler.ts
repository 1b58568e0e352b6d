import type { CompileOptions, Compiler, ReadStruct, StructCompiler, WriteStruct } from "../engine.ts";
import { Fault } from "../fault.ts";
import { makeException, setEntry } from "../interpret.ts";
import { isDefault } from "../plan.ts";
import { isBytes } from "../protocol/platform.ts";
import { high, low, scratchBigInt, scratchDouble, scratchInts } from "../protocol/scratch.ts";
import type { Struct } from "../types.ts";
import { keepField, unknownFields, writeUnknown } from "../unknown-fields.ts";
import { readerSource } from "./read.ts";
import { units } from "./units.ts";
import { writerSource } from "./write.ts";

/** What generated code uses besides its constants and the objects of the language. */
const runtime = {
  // One for all: the interpreter finds out what was wrong.
  bad: new Fault("does not fit"),
  I: scratchInts,
  D: scratchDouble,
  B: scratchBigInt,
  LO: low,
  HI: high,
  isBytes,
  isDefault,
  keepField,
  makeException,
  setEntry,
  unknownFields,
  writeUnknown,
};

/**
 * Values that generated code refers to: it holds them by index, so that neither names nor values of an IDL become source
 * text, apart from property names, which are written as JSON strings.
 */
export class Constants {
  readonly values: unknown[] = [];
  readonly #indexes = new Map<unknown, number>();

  /** An expression for `value`. */
  use(value: unknown): string {
    let index = this.#indexes.get(value);
    if (index === undefined) {
      index = this.values.push(value) - 1;
      this.#indexes.set(value, index);
    }
    return `k${index}`;
  }
}

/** Names of the functions for other structs: of the same unit, or constants. */
export type FunctionName = (struct: Struct) => string;

type Source = (struct: Struct, options: CompileOptions, constants: Constants, nameOf: FunctionName) => string;

/** One direction: functions by struct, each made when it is first needed. */
class Direction<F> {
  readonly #made = new WeakMap<Struct, F>();
  readonly #source: Source;
  readonly #options: CompileOptions;

  constructor(source: Source, options: CompileOptions) {
    this.#source = source;
    this.#options = options;
  }

  get(struct: Struct): F {
    for (const unit of units(struct, (used) => this.#made.has(used))) this.#compile(unit);
    return this.#made.get(struct) as F;
  }

  #compile(unit: readonly Struct[]): void {
    const constants = new Constants();
    const nameOf: FunctionName = (struct) => {
      const index = unit.indexOf(struct);
      return index >= 0 ? `f${index}` : constants.use(this.#made.get(struct));
    };
    const functions = unit.map(
      (struct, i) => `function f${i}${this.#source(struct, this.#options, constants, nameOf)}`,
    );
    const names = constants.values.map((_, i) => `k${i}`);
    const source = [
      `"use strict";`,
      `const { ${Object.keys(runtime).join(", ")} } = runtime;`,
      `const [${names.join(", ")}] = constants;`,
      ...functions,
      `return [${unit.map((_, i) => `f${i}`).join(", ")}];`,
    ].join("\n");
    // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- the point of this file; see Constants
    const make = new Function("runtime", "constants", source) as (r: unknown, c: unknown) => F[];
    const made = make(runtime, constants.values);
    for (const [i, struct] of unit.entries()) this.#made.set(struct, made[i] as F);
  }
}

/** Straight-line code for one protocol and one treatment of unknown fields. */
class Functions implements StructCompiler {
  readonly #writers: Direction<WriteStruct>;
  readonly #readers: Direction<ReadStruct>;

  constructor(options: CompileOptions) {
    this.#writers = new Direction(writerSource, options);
    this.#readers = new Direction(readerSource, options);
  }

  writer(struct: Struct): WriteStruct {
    return this.#writers.get(struct);
  }

  reader(struct: Struct): ReadStruct {
    return this.#readers.get(struct);
  }
}

let allowed: boolean | undefined;

function isAllowed(): boolean {
  if (allowed === undefined) {
    try {
      // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- asks exactly this
      allowed = new Function("return true")() as boolean;
    } catch {
      allowed = false;
    }
  }
  return allowed;
}

/** Straight-line code for each struct and direction, made on first use with `new Function`. */
export const compiler: Compiler = { isAllowed, create: (options) => new Functions(options) };
