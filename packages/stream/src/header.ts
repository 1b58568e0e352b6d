import { Metadata, wellFormed } from "@slipstream/metainfo";
import { RpcError } from "./errors.ts";
import { type Field, type Fields, noFields } from "./fields.ts";
import { isReservedName } from "./names.ts";

/** A header or trailer as the user reads it. Empty when the peer set nothing; never absent on a complete call. */
export class Header {
  static readonly empty: Header = new Header(noFields);
  readonly fields: Fields;

  constructor(fields: Fields) {
    this.fields = fields;
  }

  /** How many entries there are; a name may have several. */
  get size(): number {
    return this.fields.length;
  }

  /** The last text value of exactly this name, letter case included. */
  get(name: string): string | undefined {
    for (let i = this.fields.length - 1; i >= 0; i--) {
      const [key, value] = this.fields[i] as Field;
      if (key === name && typeof value === "string") return value;
    }
    return undefined;
  }

  /** All entries in the order in which they came. */
  entries(): IterableIterator<Field> {
    return this.fields[Symbol.iterator]() as IterableIterator<Field>;
  }

  [Symbol.iterator](): IterableIterator<Field> {
    return this.entries();
  }

  /** The same entries as gRPC metadata: names in lower case, all values of a name, bytes under `-bin`. */
  get metadata(): Metadata {
    return Metadata.fromReceived(this.fields);
  }

  /** Text entries as a plain record without prototype; of a repeated name the last value. */
  toRecord(): Record<string, string> {
    const record = Object.create(null) as Record<string, string>;
    for (const [name, value] of this.fields) if (typeof value === "string") record[name] = value;
    return record;
  }
}

/** What `setHeader`, `sendHeader`, `setTrailer` and the option `metadata` take. */
export type HeaderInit = Readonly<Record<string, string>> | Header | Metadata;

/**
 * The entries of a header, trailer or metadata, checked. Lone surrogates become U+FFFD here already, as on any wire, so
 * that every transport carries the same.
 *
 * @throws RpcError `invalid_argument` for an empty or reserved name and for a value that is neither text nor bytes.
 */
export function toFields(init: HeaderInit): Fields {
  const entries: readonly Field[] =
    init instanceof Header ? init.fields : init instanceof Metadata ? init.fields() : Object.entries(init);
  return entries.map(toField);
}

function toField([name, value]: Field): Field {
  if (name === "") throw new RpcError("invalid_argument", "header name is empty; expected a name");
  if (isReservedName(name)) {
    throw new RpcError(
      "invalid_argument",
      `header name ${JSON.stringify(name)} is reserved for the framework; choose another`,
    );
  }
  if (typeof value === "string") return [wellFormed(name), wellFormed(value)];
  if (value instanceof Uint8Array) return [wellFormed(name), value];
  throw new RpcError(
    "invalid_argument",
    `header ${JSON.stringify(name)}: expected text (or bytes, set through Metadata), got ${typeof value}`,
  );
}

/** Collects a header or trailer: a later set of a name replaces all its earlier values, and keeps its place. */
export class HeaderBuilder {
  readonly #byName: Map<string, Field[]>;

  /** Starts with what `base` has collected; `base` itself stays as it is. */
  constructor(base?: HeaderBuilder) {
    this.#byName = new Map(base ? base.#byName : undefined);
  }

  set(init: HeaderInit): void {
    const fields = toFields(init);
    const fresh = new Map<string, Field[]>();
    for (const field of fields) {
      const list = fresh.get(field[0]);
      if (list) list.push(field);
      else fresh.set(field[0], [field]);
    }
    for (const [name, list] of fresh) this.#byName.set(name, list);
  }

  get isEmpty(): boolean {
    return this.#byName.size === 0;
  }

  build(): Fields {
    if (this.#byName.size === 0) return noFields;
    const fields: Field[] = [];
    // Not `flat`, which costs ten times as much.
    for (const list of this.#byName.values()) fields.push(...list);
    return fields;
  }
}
