import { type Struct, struct } from "@slipstream/thrift/codegen";

/** About 700 bytes in 21 fields, nested: what an API's record looks like. */
export interface Rec {
  id: bigint;
  user_id: string;
  name: string;
  email: string;
  age: number;
  status: number;
  active: boolean;
  verified: boolean;
  score: number;
  balance: number;
  created_at: bigint;
  updated_at: bigint;
  country: string;
  description: string;
  tags: string[];
  attrs: Record<string, string>;
  items: Item[];
  version: number;
  note?: string | undefined;
  token: Uint8Array;
  main_item?: Item | undefined;
}

export interface Item {
  sku: string;
  qty: number;
  price: number;
  gift: boolean;
}

/** About 80 bytes: a message of a stream. */
export interface Small {
  seq: number;
  ts: bigint;
  key: string;
  flag: boolean;
  payload: Uint8Array;
}

/** The same for the Apache compiler. */
export const idl = `
  struct Item { 1: string sku, 2: i32 qty, 3: double price, 4: bool gift }
  struct Rec {
    1: i64 id, 2: string user_id, 3: string name, 4: string email, 5: i32 age, 6: i32 status, 7: bool active,
    8: bool verified, 9: double score, 10: double balance, 11: i64 created_at, 12: i64 updated_at, 13: string country,
    14: string description, 15: list<string> tags, 16: map<string, string> attrs, 17: list<Item> items, 18: i32 version,
    19: optional string note, 20: binary token, 21: Item main_item
  }
  struct Small { 1: i32 seq, 2: i64 ts, 3: string key, 4: bool flag, 5: binary payload }`;

export const Item: Struct<Item> = struct("Item", (t) => [
  t.field(1, "sku", t.string),
  t.field(2, "qty", t.i32),
  t.field(3, "price", t.double),
  t.field(4, "gift", t.bool),
]);

export const Rec: Struct<Rec> = struct("Rec", (t) => [
  t.field(1, "id", t.i64),
  t.field(2, "user_id", t.string),
  t.field(3, "name", t.string),
  t.field(4, "email", t.string),
  t.field(5, "age", t.i32),
  t.field(6, "status", t.i32),
  t.field(7, "active", t.bool),
  t.field(8, "verified", t.bool),
  t.field(9, "score", t.double),
  t.field(10, "balance", t.double),
  t.field(11, "created_at", t.i64),
  t.field(12, "updated_at", t.i64),
  t.field(13, "country", t.string),
  t.field(14, "description", t.string),
  t.field(15, "tags", t.list(t.string)),
  t.field(16, "attrs", t.record(t.string)),
  t.field(17, "items", t.list(Item)),
  t.field(18, "version", t.i32),
  t.optional(19, "note", t.string),
  t.field(20, "token", t.binary),
  t.field(21, "main_item", Item),
]);

export const Small: Struct<Small> = struct("Small", (t) => [
  t.field(1, "seq", t.i32),
  t.field(2, "ts", t.i64),
  t.field(3, "key", t.string),
  t.field(4, "flag", t.bool),
  t.field(5, "payload", t.binary),
]);

/** Different messages, so that nothing is a constant. */
export const count = 64;

const names = ["Ada Lovelace", "Grace Hopper", "Zoë Müller", "李小龙"];
const countries = ["DE", "CN", "US", "BR"];

function item(i: number, k: number): Item {
  return {
    sku: `SKU-${1000 + i}-${k}`,
    qty: 1 + ((i + k) % 7),
    price: 9.99 + i * 0.31 + k,
    gift: (i + k) % 3 === 0,
  };
}

export const recs: readonly Rec[] = Array.from({ length: count }, (_, i) => ({
  id: 7_300_123_456_789n + BigInt(i) * 7919n,
  user_id: `user-${100_000 + i * 37}`,
  name: names[i % 4] as string,
  email: `person.${i}@mail.example.com`,
  age: 20 + (i % 50),
  status: i % 5,
  active: i % 2 === 0,
  verified: i % 3 === 0,
  score: 0.1 + i / 7,
  balance: 1234.5 * (i + 1),
  created_at: 1_760_000_000_000n + BigInt(i),
  updated_at: 1_760_000_100_000n + BigInt(i) * 3n,
  country: countries[i % 4] as string,
  description: `Order ${i}: a longer text of the size that product descriptions have, kept under one hundred and twenty characters.`,
  tags: ["new", "priority", `batch-${i}`, "eu", "retail"],
  attrs: {
    channel: "web",
    campaign: `c-${i % 9}`,
    device: "ios",
    locale: "de-DE",
    version: "8.41.2",
    ab: "b",
  },
  items: [item(i, 0), item(i, 1), item(i, 2), item(i, 3)],
  version: i,
  ...(i % 2 === 1 && { note: `note ${i} — ünïcode ✓` }),
  token: Uint8Array.from({ length: 32 }, (__, k) => (k * 13 + i) & 255),
  main_item: item(i, 9),
}));

export const smalls: readonly Small[] = Array.from({ length: count }, (_, i) => ({
  seq: i,
  ts: 1_760_000_000_000n + BigInt(i),
  key: `user-${10_000 + i}`,
  flag: i % 2 === 0,
  payload: new Uint8Array(36).fill(i),
}));
