import { type Code, type MessageCodec, RpcError } from "@slipstream/stream";
import {
  compilerFor,
  type Engine,
  type ReadStruct,
  type StructCompiler,
  type WriteStruct,
} from "./engine.ts";
import { Fault } from "./fault.ts";
import { readStruct, writeStruct } from "./interpret.ts";
import { binary } from "./protocol/binary.ts";
import { isBytes } from "./protocol/platform.ts";
import type { Protocol, ProtocolSupport } from "./protocol/protocol.ts";
import type { Reader, ReaderOptions } from "./protocol/reader.ts";
import type { Writer, WriterOptions } from "./protocol/writer.ts";
import type { Message, Struct } from "./types.ts";
import type { UnknownFieldKeeper } from "./unknown-fields.ts";

export interface CodecOptions {
  /** @defaultValue "binary", the one that Kitex speaks */
  readonly protocol?: Protocol;
  /**
   * Whether decoded `binary` fields are always views of the message rather than copies: faster, but each keeps the whole
   * message in memory, and what was received together with it. Without this, a field of a received message is a view only
   * where a copy would be most of the memory that it is in.
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
  /** @defaultValue that of `setDefaultEngine`; else compiled where that is allowed, interpreted in bundles for browsers */
  readonly engine?: Engine;
}

/** The same options with values instead of names, so that a bundle has only what is named. */
export interface FamilyOptions extends Omit<CodecOptions, "protocol" | "unknownFields"> {
  readonly protocol?: ProtocolSupport;
  readonly keeper?: UnknownFieldKeeper | undefined;
}

/** What all codecs of the same options share. */
export class CodecFamily {
  readonly #protocol: ProtocolSupport;
  readonly #keeper: UnknownFieldKeeper | undefined;
  readonly #engine: Engine | undefined;
  readonly #codecs = new WeakMap<Message, StructCodec<unknown>>();
  readonly #options: ReaderOptions & WriterOptions;
  readonly #writer: Writer;
  #compiler: StructCompiler | undefined;

  constructor(options: FamilyOptions) {
    const { protocol = binary, binaryViews = false, maxDepth = 64, invalidText, engine } = options;
    this.#protocol = protocol;
    this.#keeper = options.keeper;
    this.#engine = engine;
    this.#options = { strictText: invalidText === "reject", binaryViews, maxDepth };
    this.#writer = protocol.writer(this.#options);
  }

  codec<T>(struct: Message<T>): StructCodec<T> {
    let codec = this.#codecs.get(struct);
    if (codec === undefined) {
      codec = new StructCodec(this, struct);
      this.#codecs.set(struct, codec);
    }
    return codec as StructCodec<T>;
  }

  writeFunction(struct: Message): WriteStruct {
    if (struct.kind === "foreign") return (w, value) => struct.write(w, value);
    return this.#compile()?.writer(struct) ?? ((w, value) => writeStruct(w, struct, value, this.#keeper));
  }

  readFunction(struct: Message): ReadStruct {
    if (struct.kind === "foreign") return (r) => struct.read(r);
    return this.#compile()?.reader(struct) ?? ((r) => readStruct(r, struct, this.#keeper));
  }

  #compile(): StructCompiler | undefined {
    const compiler = compilerFor(this.#engine);
    if (compiler === undefined) return undefined;
    this.#compiler ??= compiler.create({
      protocol: this.#protocol.name,
      keepUnknown: this.#keeper !== undefined,
    });
    return this.#compiler;
  }

  /** The shared writer, or a new one when a getter of a message that is being encoded encodes another. */
  writer(): Writer {
    return this.#writer.busy ? this.#protocol.writer(this.#options) : this.#writer;
  }

  reader(bytes: Uint8Array): Reader {
    return this.#protocol.reader(bytes, this.#options);
  }

  explainEncode(struct: Message, value: unknown, error: unknown): unknown {
    return explain("invalid_argument", struct, error, (type) => {
      const w = this.#protocol.writer(this.#options);
      w.begin();
      writeStruct(w, type, value, this.#keeper);
    });
  }

  explainDecode(struct: Message, bytes: Uint8Array, error: unknown): RpcError {
    const explained = explain("internal", struct, error, (type) => {
      readStruct(this.reader(bytes), type, this.#keeper);
    });
    return RpcError.from(explained);
  }
}

/** The error of what does not fit: compiled code only knows that, interpreting it again says why. */
function explain(code: Code, struct: Message, error: unknown, again: (type: Struct) => void): unknown {
  if (!(error instanceof Fault)) return error;
  let fault = error;
  try {
    if (struct.kind !== "foreign") again(struct);
  } catch (explained) {
    if (!(explained instanceof Fault)) return explained;
    fault = explained;
  }
  return fault.toRpcError(code, struct.name);
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

  release(bytes: Uint8Array): void {
    this.#family.writer().release(bytes);
  }

  decode(bytes: Uint8Array, isOwned = false): T {
    if (!isBytes(bytes)) throw new TypeError("decode takes a Uint8Array");
    this.#read ??= this.#family.readFunction(this.#struct);
    const r = this.#family.reader(bytes);
    r.isOwned = isOwned;
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
