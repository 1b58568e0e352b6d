import type { Item, Rec, Small } from "./messages.ts";

// Straight-line code for the two structs as one would write it for them alone, without any check of values or lengths:
// what compiled codecs are held against.

const chunkBytes = 64 * 1024;
/** Longer text is written by native code. */
const shortText = 24;

class Output {
  bytes: Buffer = Buffer.allocUnsafeSlow(chunkBytes);
  at = 0;
  readonly #scratch = new Float64Array(1);
  readonly #long = new BigInt64Array(this.#scratch.buffer);
  readonly #halves = new Int32Array(this.#scratch.buffer);

  begin(bound: number): number {
    if (this.at + bound > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(Math.max(chunkBytes, bound));
      this.at = 0;
    }
    return this.at;
  }

  message(start: number): Uint8Array {
    return new Uint8Array(this.bytes.buffer as ArrayBuffer, start, this.at - start);
  }

  field(type: number, id: number): void {
    const { bytes, at } = this;
    bytes[at] = type;
    bytes[at + 1] = 0;
    bytes[at + 2] = id;
    this.at = at + 3;
  }

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  i32(value: number): void {
    const { bytes, at } = this;
    bytes[at] = value >> 24;
    bytes[at + 1] = value >> 16;
    bytes[at + 2] = value >> 8;
    bytes[at + 3] = value;
    this.at = at + 4;
  }

  i64(value: bigint): void {
    this.#long[0] = value;
    this.i32(this.#halves[1] as number);
    this.i32(this.#halves[0] as number);
  }

  double(value: number): void {
    this.#scratch[0] = value;
    this.i32(this.#halves[1] as number);
    this.i32(this.#halves[0] as number);
  }

  text(text: string): void {
    const { bytes } = this;
    const start = this.at + 4;
    const { length } = text;
    if (length <= shortText) {
      let i = 0;
      for (; i < length; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 127) break;
        bytes[start + i] = unit;
      }
      if (i === length) {
        this.i32(length);
        this.at = start + length;
        return;
      }
    }
    const written = bytes.utf8Write(text, start);
    this.i32(written);
    this.at = start + written;
  }

  data(data: Uint8Array): void {
    this.i32(data.length);
    this.bytes.set(data, this.at);
    this.at += data.length;
  }
}

const output = new Output();

function writeItem(o: Output, item: Item): void {
  o.field(11, 1);
  o.text(item.sku);
  o.field(8, 2);
  o.i32(item.qty);
  o.field(4, 3);
  o.double(item.price);
  o.field(2, 4);
  o.byte(item.gift ? 1 : 0);
  o.byte(0);
}

function writeText(o: Output, id: number, text: string): void {
  o.field(11, id);
  o.text(text);
}

export function encodeRec(rec: Rec): Uint8Array {
  const o = output;
  const start = o.begin(4096);
  o.field(10, 1);
  o.i64(rec.id);
  writeText(o, 2, rec.user_id);
  writeText(o, 3, rec.name);
  writeText(o, 4, rec.email);
  o.field(8, 5);
  o.i32(rec.age);
  o.field(8, 6);
  o.i32(rec.status);
  o.field(2, 7);
  o.byte(rec.active ? 1 : 0);
  o.field(2, 8);
  o.byte(rec.verified ? 1 : 0);
  o.field(4, 9);
  o.double(rec.score);
  o.field(4, 10);
  o.double(rec.balance);
  o.field(10, 11);
  o.i64(rec.created_at);
  o.field(10, 12);
  o.i64(rec.updated_at);
  writeText(o, 13, rec.country);
  writeText(o, 14, rec.description);
  o.field(15, 15);
  o.byte(11);
  o.i32(rec.tags.length);
  for (const tag of rec.tags) o.text(tag);
  o.field(13, 16);
  o.byte(11);
  o.byte(11);
  const keys = Object.keys(rec.attrs);
  o.i32(keys.length);
  for (const key of keys) {
    o.text(key);
    o.text(rec.attrs[key] as string);
  }
  o.field(15, 17);
  o.byte(12);
  o.i32(rec.items.length);
  for (const item of rec.items) writeItem(o, item);
  o.field(8, 18);
  o.i32(rec.version);
  if (rec.note !== undefined) writeText(o, 19, rec.note);
  o.field(11, 20);
  o.data(rec.token);
  if (rec.main_item !== undefined) {
    o.field(12, 21);
    writeItem(o, rec.main_item);
  }
  o.byte(0);
  return o.message(start);
}

export function encodeSmall(small: Small): Uint8Array {
  const o = output;
  const start = o.begin(512);
  o.field(8, 1);
  o.i32(small.seq);
  o.field(10, 2);
  o.i64(small.ts);
  writeText(o, 3, small.key);
  o.field(2, 4);
  o.byte(small.flag ? 1 : 0);
  o.field(11, 5);
  o.data(small.payload);
  o.byte(0);
  return o.message(start);
}

const scratch = new Float64Array(1);
const long = new BigInt64Array(scratch.buffer);
const halves = new Int32Array(scratch.buffer);

class Input {
  readonly bytes: Buffer;
  /** Whether binary fields are copied rather than viewed. */
  readonly copies: boolean;
  at = 0;

  constructor(bytes: Buffer, copies: boolean) {
    this.bytes = bytes;
    this.copies = copies;
  }

  byte(): number {
    return this.bytes[this.at++] as number;
  }

  /** Type and id of a field, 0 at the end. */
  field(): number {
    const { bytes, at } = this;
    const type = bytes[at] as number;
    if (type === 0) {
      this.at = at + 1;
      return 0;
    }
    this.at = at + 3;
    return (type << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  }

  i32(): number {
    const { bytes, at } = this;
    this.at = at + 4;
    return (
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
    );
  }

  i64(): bigint {
    halves[1] = this.i32();
    halves[0] = this.i32();
    return long[0] as bigint;
  }

  double(): number {
    halves[1] = this.i32();
    halves[0] = this.i32();
    return scratch[0] as number;
  }

  text(): string {
    const length = this.i32();
    const { bytes, at } = this;
    this.at = at + length;
    if (length <= 6) {
      let text = "";
      let i = 0;
      for (; i < length; i++) {
        const unit = bytes[at + i] as number;
        if (unit > 127) break;
        text += String.fromCharCode(unit);
      }
      if (i === length) return text;
    }
    return bytes.utf8Slice(at, at + length);
  }

  data(): Uint8Array {
    const length = this.i32();
    const { bytes, at } = this;
    this.at = at + length;
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset + at, length);
    return this.copies ? new Uint8Array(view) : view;
  }
}

function header(type: number, id: number): number {
  return (type << 16) | id;
}

function readItem(input: Input): Item {
  let sku = "";
  let qty = 0;
  let price = 0;
  let gift = false;
  for (;;) {
    switch (input.field()) {
      case 0:
        return { sku, qty, price, gift };
      case header(11, 1):
        sku = input.text();
        break;
      case header(8, 2):
        qty = input.i32();
        break;
      case header(4, 3):
        price = input.double();
        break;
      case header(2, 4):
        gift = input.byte() === 1;
        break;
      default:
        throw new Error("unknown field");
    }
  }
}

export function decodeRec(bytes: Uint8Array, copies: boolean): Rec {
  const input = new Input(bytes as Buffer, copies);
  let id = 0n;
  let user_id = "";
  let name = "";
  let email = "";
  let age = 0;
  let status = 0;
  let active = false;
  let verified = false;
  let score = 0;
  let balance = 0;
  let created_at = 0n;
  let updated_at = 0n;
  let country = "";
  let description = "";
  let tags: string[] = [];
  let attrs: Record<string, string> = {};
  let items: Item[] = [];
  let version = 0;
  let note: string | undefined;
  let token: Uint8Array | undefined;
  let main_item: Item | undefined;
  for (;;) {
    switch (input.field()) {
      case 0: {
        const rec = {
          id,
          user_id,
          name,
          email,
          age,
          status,
          active,
          verified,
          score,
          balance,
          created_at,
          updated_at,
          country,
          description,
          tags,
          attrs,
          items,
          version,
          token: token as Uint8Array,
          main_item,
        };
        return note === undefined ? rec : { ...rec, note };
      }
      case header(10, 1):
        id = input.i64();
        break;
      case header(11, 2):
        user_id = input.text();
        break;
      case header(11, 3):
        name = input.text();
        break;
      case header(11, 4):
        email = input.text();
        break;
      case header(8, 5):
        age = input.i32();
        break;
      case header(8, 6):
        status = input.i32();
        break;
      case header(2, 7):
        active = input.byte() === 1;
        break;
      case header(2, 8):
        verified = input.byte() === 1;
        break;
      case header(4, 9):
        score = input.double();
        break;
      case header(4, 10):
        balance = input.double();
        break;
      case header(10, 11):
        created_at = input.i64();
        break;
      case header(10, 12):
        updated_at = input.i64();
        break;
      case header(11, 13):
        country = input.text();
        break;
      case header(11, 14):
        description = input.text();
        break;
      case header(15, 15): {
        input.byte();
        tags = [];
        for (let n = input.i32(); n > 0; n--) tags.push(input.text());
        break;
      }
      case header(13, 16): {
        input.at += 2;
        attrs = {};
        for (let n = input.i32(); n > 0; n--) {
          const key = input.text();
          attrs[key] = input.text();
        }
        break;
      }
      case header(15, 17): {
        input.byte();
        items = [];
        for (let n = input.i32(); n > 0; n--) items.push(readItem(input));
        break;
      }
      case header(8, 18):
        version = input.i32();
        break;
      case header(11, 19):
        note = input.text();
        break;
      case header(11, 20):
        token = input.data();
        break;
      case header(12, 21):
        main_item = readItem(input);
        break;
      default:
        throw new Error("unknown field");
    }
  }
}

export function decodeSmall(bytes: Uint8Array, copies: boolean): Small {
  const input = new Input(bytes as Buffer, copies);
  let seq = 0;
  let ts = 0n;
  let key = "";
  let flag = false;
  let payload: Uint8Array | undefined;
  for (;;) {
    switch (input.field()) {
      case 0:
        return { seq, ts, key, flag, payload: payload as Uint8Array };
      case header(8, 1):
        seq = input.i32();
        break;
      case header(10, 2):
        ts = input.i64();
        break;
      case header(11, 3):
        key = input.text();
        break;
      case header(2, 4):
        flag = input.byte() === 1;
        break;
      case header(11, 5):
        payload = input.data();
        break;
      default:
        throw new Error("unknown field");
    }
  }
}
