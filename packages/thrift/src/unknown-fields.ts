import { BinaryReader, BinaryWriter } from "./protocol/binary.ts";
import type { Reader } from "./protocol/reader.ts";
import { fieldHeader, headerId, headerType } from "./protocol/wire.ts";
import * as WireType from "./protocol/wire-type.ts";
import { scalarRoom, type Writer } from "./protocol/writer.ts";

/**
 * The property under which a decoded struct keeps the fields that its descriptor does not have, with
 * `unknownFields: "keep"`; they are written back after the known ones. Object spread copies it.
 */
export const unknownFields: unique symbol = Symbol.for("@slipstream/thrift/unknownFields");

export interface UnknownField {
  readonly id: number;
  /** Type id of the binary protocol. */
  readonly type: number;
  /** The value in the binary protocol, whatever protocol it came in. */
  readonly bytes: Uint8Array;
}

/** How unknown fields are kept; as a value, so that a bundle that never keeps any is without it. */
export interface UnknownFieldKeeper {
  keep(r: Reader, header: number, list: UnknownField[] | undefined): UnknownField[];
  write(w: Writer, list: readonly UnknownField[], previous: number): void;
}

export const keeper: UnknownFieldKeeper = { keep: keepField, write: writeUnknown };

/** Appends the field whose header was just read to `list`, which is made for the first one. */
export function keepField(r: Reader, header: number, list: UnknownField[] | undefined): UnknownField[] {
  const type = headerType(header);
  const w = new BinaryWriter({ strictText: false, maxDepth: r.options.maxDepth });
  w.begin();
  if (type === WireType.Bool) {
    w.room(1);
    w.bool(r.boolField());
  } else if (r instanceof BinaryReader) {
    const start = r.pos;
    r.skip(type);
    return append(list, {
      id: headerId(header),
      type,
      bytes: new Uint8Array(r.bytes.subarray(start, r.pos)),
    });
  } else {
    copyValue(r, w, type);
  }
  return append(list, { id: headerId(header), type, bytes: w.take() });
}

function append(list: UnknownField[] | undefined, field: UnknownField): UnknownField[] {
  if (list === undefined) return [field];
  list.push(field);
  return list;
}

/** Writes kept fields after the field with header `previous`. */
export function writeUnknown(w: Writer, list: readonly UnknownField[], previous: number): void {
  let last = previous;
  for (const { id, type, bytes } of list) {
    const header = fieldHeader(type, id);
    w.room(scalarRoom);
    if (type === WireType.Bool) {
      w.boolField(header, last, bytes[0] === 1);
    } else {
      w.field(header, last);
      const r = new BinaryReader(bytes, { strictText: false, binaryViews: true, maxDepth: w.maxDepth });
      copyValue(r, w, type);
    }
    last = header;
  }
}

/** Reads a value of any type and writes it, from one protocol to another. */
function copyValue(r: Reader, w: Writer, type: number): void {
  w.room(scalarRoom);
  switch (type) {
    case WireType.Bool:
      return w.bool(r.bool());
    case WireType.I8:
      return w.i8(r.i8());
    case WireType.I16:
      return w.i16(r.i16());
    case WireType.I32:
      return w.i32(r.i32());
    case WireType.I64:
      return w.i64(r.i64());
    case WireType.Double:
      return w.double(r.double());
    case WireType.String:
      return w.binary(r.binary());
    case WireType.Uuid:
      return w.uuid(r.uuid());
    case WireType.Struct:
      return copyStruct(r, w);
    case WireType.Map: {
      const { key, value, size } = r.anyMap();
      w.map(key, value, size);
      r.enter();
      for (let i = 0; i < size; i++) {
        copyValue(r, w, key);
        copyValue(r, w, value);
      }
      r.depth--;
      return;
    }
    case WireType.Set:
    case WireType.List: {
      const { element, size } = r.anyList();
      w.list(element, size);
      r.enter();
      for (let i = 0; i < size; i++) copyValue(r, w, element);
      r.depth--;
      return;
    }
    default:
      // Throws: no such type.
      r.skip(type);
  }
}

function copyStruct(r: Reader, w: Writer): void {
  r.enter();
  let last = 0;
  for (let header = r.field(0); header !== 0; header = r.field(header)) {
    w.room(scalarRoom);
    if (headerType(header) === WireType.Bool) {
      w.boolField(header, last, r.boolField());
    } else {
      w.field(header, last);
      copyValue(r, w, headerType(header));
    }
    last = header;
  }
  r.depth--;
  w.room(1);
  w.stop();
}
