import { type MessageCodec, RpcError } from "@slipstream/stream";
import { Compiler, canCompile, type ReadStruct, type WriteStruct } from "./compile/compiler.ts";
import { Fault } from "./fault.ts";
import { type InterpretOptions, readStruct, writeStruct } from "./interpret.ts";
import type { Protocol } from "./plan.ts";
import { BinaryReader, BinaryWriter } from "./protocol/binary.ts";
import { CompactReader, CompactWriter } from "./protocol/compact.ts";
import { isBytes } from "./protocol/platform.ts";
import type { Reader } from "./protocol/reader.ts";
import type { Writer } from "./protocol/writer.ts";
import type { Message } from "./types.ts";

/** How codecs do their work: with code made for each struct, or by walking its descriptor. Results are the same. */
export type Engine = "compiled" | "interpreted";

export interface CodecOptions {
  /** @defaultValue "binary", the one that Kitex speaks */
  readonly protocol?: Protocol;
  /**
   * Whether decoded `binary` fields are views of the message rather than copies: faster for large ones, but each keeps
   * the whole message in memory.
   * @defaultValue false
   */
  readonly binaryViews?: boolean;
  /**
   * What becomes of fields that a descriptor does not have: read over, or kept under the symbol `unknownFields` and
   * written back when the struct is encoded.
   * @defaultValue "skip"
   */
  readonly unknownFields?: "skip" | "keep";
  /**
   * What becomes of strings that are not text: bytes that are not UTF-8 when decoding, halves of surrogate pairs when
   * encoding. Replaced by U+FFFD, as the web platform and npm `thrift` do, or refused.
   * @defaultValue "replace"
   */
  readonly invalidText?: "replace" | "reject";
  /**
   * How deep structs may be nested, and structs and containers together in fields that are skipped.
   * @defaultValue 64, the limit of Kitex and of Apache's implementations
   */
  readonly maxDepth?: number;
  /** @defaultValue compiled where the platform lets code be made from text, else interpreted; see `setDefaultEngine` */
  readonly engine?: Engine;
}

let defaultEngine: Engine | undefined;

/**
 * Chooses the engine of codecs that were not given one and have not been used yet; `undefined` goes back to choosing by
 * the platform. Under a Content-Security-Policy that reports, "interpreted" avoids the report of the attempt.
 */
export function setDefaultEngine(engine: Engine | undefined): void {
  defaultEngine = engine;
}

/** What all codecs of the same options share. */
export class CodecFamily {
  readonly #options: Required<Omit<CodecOptions, "engine">>;
  readonly #engine: Engine | undefined;
  readonly #codecs = new WeakMap<Message, StructCodec<unknown>>();
  readonly #interpret: InterpretOptions;
  readonly #reading: { strictText: boolean; binaryViews: boolean; maxDepth: number };
  readonly #writer: Writer;
  #compiler: Compiler | undefined;

  constructor(options: CodecOptions) {
    const { protocol = "binary", binaryViews = false, maxDepth = 64 } = options;
    const { unknownFields = "skip", invalidText = "replace", engine } = options;
    if (!Number.isSafeInteger(maxDepth) || maxDepth < 1) {
      throw new RangeError(`maxDepth must be a positive integer, got ${maxDepth}`);
    }
    this.#options = { protocol, binaryViews, maxDepth, unknownFields, invalidText };
    this.#engine = engine;
    this.#interpret = { protocol, keepUnknown: unknownFields === "keep" };
    this.#reading = { strictText: invalidText === "reject", binaryViews, maxDepth };
    this.#writer = this.#makeWriter();
  }

  codec<T>(struct: Message<T>): StructCodec<T> {
    let codec = this.#codecs.get(struct);
    if (codec === undefined) {
      codec = new StructCodec(this, struct);
      this.#codecs.set(struct, codec);
    }
    return codec as StructCodec<T>;
  }

  get isCompiled(): boolean {
    return (this.#engine ?? defaultEngine ?? (canCompile() ? "compiled" : "interpreted")) === "compiled";
  }

  writeFunction(struct: Message): WriteStruct {
    if (struct.kind === "foreign") return (w, value) => struct.write(w, value);
    if (this.isCompiled) return this.#compile().writer(struct);
    return (w, value) => {
      writeStruct(w, struct, value, this.#interpret);
    };
  }

  readFunction(struct: Message): ReadStruct {
    if (struct.kind === "foreign") return (r) => struct.read(r);
    if (this.isCompiled) return this.#compile().reader(struct);
    return (r) => readStruct(r, struct, this.#interpret);
  }

  #compile(): Compiler {
    this.#compiler ??= new Compiler(this.#interpret);
    return this.#compiler;
  }

  /** The shared writer, or a new one when a getter of a message that is being encoded encodes another. */
  writer(): Writer {
    return this.#writer.busy ? this.#makeWriter() : this.#writer;
  }

  #makeWriter(): Writer {
    const options = { strictText: this.#options.invalidText === "reject", maxDepth: this.#options.maxDepth };
    return this.#options.protocol === "binary" ? new BinaryWriter(options) : new CompactWriter(options);
  }

  reader(bytes: Uint8Array): Reader {
    return this.#options.protocol === "binary"
      ? new BinaryReader(bytes, this.#reading)
      : new CompactReader(bytes, this.#reading);
  }

  /** The error of a value that could not be encoded: compiled code only knows that, the interpreter says why. */
  explainEncode(struct: Message, value: unknown, error: unknown): unknown {
    if (!(error instanceof Fault)) return error;
    if (struct.kind === "foreign") return error.toRpcError("invalid_argument", struct.name);
    try {
      const w = this.#makeWriter();
      w.begin();
      writeStruct(w, struct, value, this.#interpret);
    } catch (fault) {
      return fault instanceof Fault ? fault.toRpcError("invalid_argument", struct.name) : fault;
    }
    return error.toRpcError("invalid_argument", struct.name);
  }

  explainDecode(struct: Message, bytes: Uint8Array, error: unknown): RpcError {
    if (!(error instanceof Fault)) return RpcError.from(error);
    if (struct.kind === "foreign") return error.toRpcError("internal", struct.name);
    try {
      readStruct(this.reader(bytes), struct, this.#interpret);
    } catch (fault) {
      return fault instanceof Fault ? fault.toRpcError("internal", struct.name) : RpcError.from(fault);
    }
    return error.toRpcError("internal", struct.name);
  }
}

/** The codec of one struct: functions made on first use, each direction by itself. */
export class StructCodec<T> implements MessageCodec<T> {
  readonly #family: CodecFamily;
  readonly #struct: Message<T>;
  #write: WriteStruct | undefined;
  #read: ReadStruct | undefined;

  constructor(family: CodecFamily, struct: Message<T>) {
    this.#family = family;
    this.#struct = struct;
  }

  encode(value: T): Uint8Array {
    this.#write ??= this.#family.writeFunction(this.#struct);
    const w = this.#family.writer();
    w.begin();
    try {
      this.#write(w, value);
    } catch (error) {
      w.abandon();
      throw this.#family.explainEncode(this.#struct, value, error);
    }
    return w.take();
  }

  decode(bytes: Uint8Array): T {
    if (!isBytes(bytes)) throw new TypeError("decode takes a Uint8Array");
    this.#read ??= this.#family.readFunction(this.#struct);
    const r = this.#family.reader(bytes);
    let value: unknown;
    try {
      value = this.#read(r);
    } catch (error) {
      throw this.#family.explainDecode(this.#struct, bytes, error);
    }
    if (r.pos !== r.end) {
      throw new RpcError(
        "internal",
        `${this.#struct.name}: ${r.end - r.pos} bytes follow the end of the struct at offset ${r.pos}`,
      );
    }
    return value as T;
  }
}

/** The codecs with default options. */
export const defaultFamily: CodecFamily = new CodecFamily({});

export function structCodec<T>(struct: Message<T>): StructCodec<T> {
  return defaultFamily.codec(struct);
}
