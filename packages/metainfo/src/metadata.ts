import { checkMetadataName } from "./metadata-names.ts";
import {
  checkMetadataValue,
  type MetadataValue,
  type MetadataValueOf,
  receivedValues,
} from "./metadata-values.ts";
import { asciiLowerCase } from "./text.ts";

/**
 * gRPC's metadata (MD): lower-case names, each with an ordered list of values: bytes under names that end in `-bin`, text under others.
 * Names may be given in any letter case. It is independent of metainfo: it travels one call, unchanged, and is never passed on by itself.
 */
export class Metadata implements Iterable<[name: string, values: MetadataValue[]]> {
  readonly #lists = new Map<string, MetadataValue[]>();

  /**
   * From an object with a value or a list of values under each name. Names that differ only in letter case become one list.
   *
   * @throws TypeError as `append` does.
   */
  static fromRecord(record: Readonly<Record<string, MetadataValue | readonly MetadataValue[]>>): Metadata {
    const metadata = new Metadata();
    for (const [name, values] of Object.entries(record)) {
      if (Array.isArray(values)) metadata.append(name, ...values);
      else metadata.append(name, values as MetadataValue);
    }
    return metadata;
  }

  /**
   * From names and values in turn: `Metadata.pairs("a", "1", "a", "2", "b", "3")`.
   *
   * @throws RangeError when the number of arguments is odd; TypeError as `append` does.
   */
  static pairs(...pairs: MetadataValue[]): Metadata {
    if (pairs.length % 2 !== 0) {
      throw new RangeError(
        `metadata pairs are names and values in turn, so their count must be even, got ${pairs.length}`,
      );
    }
    const metadata = new Metadata();
    for (let i = 0; i < pairs.length; i += 2) {
      metadata.append(pairs[i] as string, pairs[i + 1] as MetadataValue);
    }
    return metadata;
  }

  /** All of them in one, the values of a name in the order of the arguments. */
  static join(...parts: readonly (Metadata | undefined)[]): Metadata {
    const joined = new Metadata();
    for (const part of parts) joined.appendAll(part);
    return joined;
  }

  /**
   * For transports: what a peer sent, as ordered fields. Names are lower-cased and otherwise taken as they come, and so are values, except
   * for what the wire does to them: text under a `-bin` name is decoded from base64 (split at commas first; what cannot be decoded is
   * dropped), bytes under another name from UTF-8, or else from Latin-1. Bytes pass into the metadata's possession.
   */
  static fromReceived(fields: Iterable<readonly [name: string, value: MetadataValue]>): Metadata {
    const metadata = new Metadata();
    for (const [name, value] of fields) {
      const lowerCase = asciiLowerCase(name);
      for (const received of receivedValues(lowerCase, value)) metadata.#add(lowerCase, received);
    }
    return metadata;
  }

  /** The number of names. */
  get size(): number {
    return this.#lists.size;
  }

  has(name: string): boolean {
    return this.#lists.has(asciiLowerCase(name));
  }

  /** A fresh list of the values of `name`; empty when there are none. */
  get<Name extends string>(name: Name): MetadataValueOf<Name>[] {
    // Every way in keeps bytes under the names that end in -bin, and text under the others.
    return (this.#lists.get(asciiLowerCase(name)) ?? []).slice() as MetadataValueOf<Name>[];
  }

  /**
   * Replaces the values of `name`. Without values it does nothing (use `delete`).
   *
   * @throws TypeError as `append` does.
   */
  set<Name extends string>(name: Name, ...values: MetadataValueOf<Name>[]): void {
    const lowerCase = checkMetadataName(name);
    if (values.length === 0) return;
    this.#lists.set(
      lowerCase,
      values.map((value) => checkMetadataValue(lowerCase, value)),
    );
  }

  /**
   * Adds values to those of `name`. Bytes are copied.
   *
   * @throws TypeError when the name is not made of letters, digits, `_`, `-` and `.`, or is reserved for the protocol; when a value is not of the
   * type that the name asks for, or is text with control characters other than TAB. Nothing is added then.
   */
  append<Name extends string>(name: Name, ...values: MetadataValueOf<Name>[]): void {
    const lowerCase = checkMetadataName(name);
    const checked = values.map((value) => checkMetadataValue(lowerCase, value));
    for (const value of checked) this.#add(lowerCase, value);
  }

  /** Adds all of `other` to this one. */
  appendAll(other: Metadata | undefined): void {
    if (other === undefined) return;
    // A copy first: `other` may be this one.
    for (const [name, value] of other.fields()) this.#add(name, value);
  }

  /** Removes all values of `name`. Returns whether there were any. */
  delete(name: string): boolean {
    return this.#lists.delete(asciiLowerCase(name));
  }

  /** A copy that shares no list with this one. */
  clone(): Metadata {
    return Metadata.join(this);
  }

  /** A fresh list of all names and values, one pair for each value. */
  fields(): (readonly [name: string, value: MetadataValue])[] {
    const fields: (readonly [string, MetadataValue])[] = [];
    for (const [name, values] of this.#lists) for (const value of values) fields.push([name, value]);
    return fields;
  }

  /** The names in the order of their first appearance. */
  keys(): IterableIterator<string> {
    return this.#lists.keys();
  }

  *[Symbol.iterator](): Generator<[name: string, values: MetadataValue[]], void, undefined> {
    for (const [name, values] of this.#lists) yield [name, values.slice()];
  }

  #add(name: string, value: MetadataValue): void {
    const values = this.#lists.get(name);
    if (values === undefined) this.#lists.set(name, [value]);
    else values.push(value);
  }
}
