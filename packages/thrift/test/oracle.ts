import { createRequire } from "node:module";
import thrift from "thrift";
import { wireTypeOf } from "../src/plan.ts";
import type { Field, Struct, Type } from "../src/types.ts";

// Encodes and decodes by npm thrift's protocols alone, walking our descriptors as code of the Apache compiler would.

interface OracleInt64 {
  readonly buffer: Buffer;
  readonly offset: number;
}
const Int64 = createRequire(createRequire(import.meta.url).resolve("thrift"))("node-int64") as new (
  bytes: Buffer,
) => OracleInt64;

// npm thrift's declarations are not part of the package: this is what we use of it.
type Scalar = "Bool" | "Byte" | "I16" | "I32" | "I64" | "Double" | "String" | "Binary";
type Part = "Struct" | "Field" | "Map" | "List" | "Set";
type Action = Scalar | `${Part}${"Begin" | "End"}` | "FieldStop";
type Protocol = Record<`${"read" | "write"}${Action}`, (...args: unknown[]) => unknown>;

type Made = new (transport: unknown) => Protocol;

const { TBinaryProtocol, TCompactProtocol, TFramedTransport } = thrift as unknown as {
  TBinaryProtocol: Made;
  TCompactProtocol: Made;
  TFramedTransport: new (bytes?: Buffer, onFlush?: (bytes: Buffer) => void) => { flush(): void };
};

function protocolOf(name: "binary" | "compact"): Made {
  return name === "binary" ? TBinaryProtocol : TCompactProtocol;
}

export function oracleEncode(protocol: "binary" | "compact", type: Struct, value: unknown): Uint8Array {
  let framed: Buffer = Buffer.alloc(0);
  const transport = new TFramedTransport(undefined, (bytes) => {
    framed = bytes;
  });
  write(new (protocolOf(protocol))(transport), type, value);
  transport.flush();
  return framed.subarray(4);
}

export function oracleDecode(protocol: "binary" | "compact", type: Struct, bytes: Uint8Array): unknown {
  return read(new (protocolOf(protocol))(new TFramedTransport(Buffer.from(bytes))), type);
}

function write(p: Protocol, type: Type, value: unknown): void {
  switch (type.kind) {
    case "bool":
      return void p.writeBool(value);
    case "i8":
      return void p.writeByte(value);
    case "i16":
      return void p.writeI16(value);
    case "i32":
    case "enum":
      return void p.writeI32(value);
    case "i64":
    case "i64Number":
      return void p.writeI64(int64(BigInt(value as bigint | number)));
    case "double":
      return void p.writeDouble(value);
    case "string":
      return void p.writeString(value);
    case "binary":
      return void p.writeBinary(Buffer.from(value as Uint8Array));
    case "list":
    case "set": {
      const kind = type.kind === "list" ? "List" : "Set";
      const elements = [...(value as Iterable<unknown>)];
      p[`write${kind}Begin`](wireTypeOf(type.element), elements.length);
      for (const element of elements) write(p, type.element, element);
      return void p[`write${kind}End`]();
    }
    case "map":
      return writeMap(p, type.key, type.value, [...(value as Map<unknown, unknown>)]);
    case "record":
      return writeMap(p, { kind: "string" }, type.value, Object.entries(value as object));
    case "union": {
      const { case: name, value: member } = value as { case: string; value: unknown };
      return writeFields(p, type, [[type.fields.find(({ property }) => property === name) as Field, member]]);
    }
    case "struct":
    case "exception":
      return writeFields(
        p,
        type,
        type.fields.map((field) => [field, (value as Record<string, unknown>)[field.property]]),
      );
    default:
      throw new Error(`the oracle cannot write ${type.kind}`);
  }
}

function int64(value: bigint): OracleInt64 {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return new Int64(bytes);
}

function writeMap(
  p: Protocol,
  key: Type,
  value: Type,
  entries: readonly (readonly [unknown, unknown])[],
): void {
  p.writeMapBegin(wireTypeOf(key), wireTypeOf(value), entries.length);
  for (const [k, v] of entries) {
    write(p, key, k);
    write(p, value, v);
  }
  p.writeMapEnd();
}

function writeFields(p: Protocol, type: Struct, values: readonly (readonly [Field, unknown])[]): void {
  p.writeStructBegin(type.name);
  for (const [field, value] of values) {
    if (value === undefined) continue;
    p.writeFieldBegin(field.name, wireTypeOf(field.type), field.id);
    write(p, field.type, value);
    p.writeFieldEnd();
  }
  p.writeFieldStop();
  p.writeStructEnd();
}

function read(p: Protocol, type: Type): unknown {
  switch (type.kind) {
    case "bool":
      return p.readBool();
    case "i8":
      return p.readByte();
    case "i16":
      return p.readI16();
    case "i32":
    case "enum":
      return p.readI32();
    case "i64":
      return bigintOf(p.readI64());
    case "i64Number":
      return Number(bigintOf(p.readI64()));
    case "double":
      return p.readDouble();
    case "string":
      return p.readString();
    case "binary":
      return new Uint8Array(p.readBinary() as Buffer);
    case "list":
    case "set": {
      const kind = type.kind === "list" ? "List" : "Set";
      const { size } = p[`read${kind}Begin`]() as { size: number };
      const elements = Array.from({ length: size }, () => read(p, type.element));
      p[`read${kind}End`]();
      return type.kind === "set" && !type.array ? new Set(elements) : elements;
    }
    case "map":
      return new Map(readMap(p, type.key, type.value));
    case "record":
      return Object.fromEntries(readMap(p, { kind: "string" }, type.value) as [string, unknown][]);
    case "union": {
      const [entry] = readFields(p, type);
      return entry === undefined ? { case: undefined } : { case: entry[0], value: entry[1] };
    }
    case "struct":
      return Object.fromEntries(readFields(p, type));
    case "exception":
      return new (type as unknown as new (values: object) => Error)(Object.fromEntries(readFields(p, type)));
    default:
      throw new Error(`the oracle cannot read ${type.kind}`);
  }
}

function bigintOf(value: unknown): bigint {
  const { buffer, offset } = value as OracleInt64;
  return buffer.readBigInt64BE(offset);
}

function readMap(p: Protocol, key: Type, value: Type): [unknown, unknown][] {
  const { size } = p.readMapBegin() as { size: number };
  const entries = Array.from({ length: size }, (): [unknown, unknown] => [read(p, key), read(p, value)]);
  p.readMapEnd();
  return entries;
}

function readFields(p: Protocol, type: Struct): [string, unknown][] {
  const entries: [string, unknown][] = [];
  p.readStructBegin();
  for (;;) {
    const { ftype, fid } = p.readFieldBegin() as { ftype: number; fid: number };
    if (ftype === 0) break;
    const field = type.fields.find(({ id }) => id === fid);
    if (field === undefined) throw new Error(`the oracle found field ${fid}`);
    entries.push([field.property, read(p, field.type)]);
    p.readFieldEnd();
  }
  p.readStructEnd();
  return entries;
}
