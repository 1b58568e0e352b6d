/**
 * Thrift codecs on a struct of 700 bytes and one of 80: ours against npm thrift and against code written by hand. Run:
 * npx tsx --conditions=@slipstream/source packages/bench/src/micro/thrift.ts [rounds] [--json]
 *
 * A figure is the best of several rounds in which the contenders take turns, since other programs only ever make one
 * slower; each round is the median of tinybench. One operation is one message.
 */
import { parseArgs } from "node:util";
import { type CodecOptions, createCodecs } from "@slipstream/thrift";
import { Bench } from "tinybench";
import { noCompiler } from "../apache-compiler.ts";
import type { CodecFigure } from "../results.ts";
import { decodeRec, decodeSmall, encodeRec, encodeSmall } from "./thrift/by-hand.ts";
import { count, Rec, recs, Small, smalls } from "./thrift/messages.ts";
import { npmThrift } from "./thrift/npm-thrift.ts";

interface Codec {
  readonly items: readonly unknown[];
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

interface Contender {
  readonly name: string;
  readonly large: Codec;
  readonly small: Codec;
}

function codec<T>(
  items: readonly T[],
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
): Codec {
  return { items, encode: encode as (value: unknown) => Uint8Array, decode };
}

function ours(name: string, options: CodecOptions): Contender {
  const { struct } = createCodecs(options);
  const [rec, small] = [struct(Rec), struct(Small)];
  return {
    name,
    large: codec(
      recs,
      (value) => rec.encode(value),
      (bytes) => rec.decode(bytes),
    ),
    small: codec(
      smalls,
      (value) => small.encode(value),
      (bytes) => small.decode(bytes),
    ),
  };
}

function hand(name: string, copies: boolean): Contender {
  return {
    name,
    large: codec(recs, encodeRec, (bytes) => decodeRec(bytes, copies)),
    small: codec(smalls, encodeSmall, (bytes) => decodeSmall(bytes, copies)),
  };
}

function npm(): Contender[] {
  const thrift = npmThrift();
  if (thrift === undefined) {
    console.error(`npm thrift is left out: ${noCompiler}`);
    return [];
  }
  const made = (name: string, values: readonly object[]): unknown[] =>
    values.map((value) => thrift.make(name, plain(value)));
  const { encode } = thrift;
  return [
    {
      name: "npm thrift",
      large: codec(made("Rec", recs), encode, thrift.decode("Rec")),
      small: codec(made("Small", smalls), encode, thrift.decode("Small")),
    },
  ];
}

/** npm thrift takes numbers for i64, which here are small enough, and Buffers for binary. */
function plain(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]): [string, unknown] => {
      if (typeof member === "bigint") return [name, Number(member)];
      return [name, member instanceof Uint8Array ? Buffer.from(member) : member];
    }),
  );
}

const contenders: readonly Contender[] = [
  ...npm(),
  hand("by hand", true),
  hand("by hand, views", false),
  ours("ours", {}),
  ours("ours, views", { binaryViews: true }),
  ours("ours, compact", { protocol: "compact" }),
  ours("ours, interpreted", { engine: "interpreted" }),
];

/** Nanoseconds a message: the best round of each. */
const best = new Map<string, number>();

async function measure(contender: Contender, shape: "large" | "small"): Promise<void> {
  const { items, encode, decode } = contender[shape];
  const messages = items.map((value) => Buffer.from(encode(value)));
  let sink: unknown;
  const bench = new Bench({ time: 120, warmupTime: 60 });
  bench.add("encode", () => {
    for (let i = 0; i < count; i++) sink = encode(items[i]);
  });
  bench.add("decode", () => {
    for (let i = 0; i < count; i++) sink = decode(messages[i] as Buffer);
  });
  await bench.run();
  if (sink === undefined) throw new Error(`${contender.name} did nothing`);
  for (const { name, result } of bench.tasks) {
    if (!("latency" in result)) throw new Error(`${contender.name} failed at ${name}`);
    const key = `${contender.name} ${shape} ${name}`;
    best.set(key, Math.min(best.get(key) ?? Infinity, (result.latency.p50 * 1e6) / count));
  }
}

const sameBytes = contenders.filter(({ name }) => !name.includes("compact"));
for (const shape of ["large", "small"] as const) {
  const bytes = sameBytes.map(({ [shape]: codec }) =>
    Buffer.from(codec.encode(codec.items[2])).toString("hex"),
  );
  if (new Set(bytes).size !== 1) throw new Error(`the contenders do not write the same bytes (${shape})`);
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false } },
});
const rounds = Number(positionals[0] ?? 9);
for (let round = 0; round < rounds; round++) {
  for (const shape of ["large", "small"] as const) {
    for (let i = 0; i < contenders.length; i++) {
      await measure(contenders[(i + round) % contenders.length] as Contender, shape);
    }
  }
}

function nanoseconds(name: string, struct: "large" | "small", what: "encode" | "decode"): number {
  return best.get(`${name} ${struct} ${what}`) ?? Number.NaN;
}

/** What a contender is held against: code by hand that treats binary fields alike. */
function handOf(name: string): string {
  return name.endsWith("views") || name === "npm thrift" ? "by hand, views" : "by hand";
}

function print(struct: "large" | "small"): void {
  const ratio = (name: string, base: string, what: "encode" | "decode"): number =>
    Math.round((nanoseconds(base, struct, what) / nanoseconds(name, struct, what)) * 100) / 100;
  console.log(struct === "large" ? "\n21 fields, 700 bytes" : "\n5 fields, 80 bytes");
  console.table(
    contenders.map(({ name }) => ({
      codec: name,
      "encode, ns": Math.round(nanoseconds(name, struct, "encode")),
      "decode, ns": Math.round(nanoseconds(name, struct, "decode")),
      "encode ÷ npm": ratio(name, "npm thrift", "encode"),
      "decode ÷ npm": ratio(name, "npm thrift", "decode"),
      "encode ÷ hand": ratio(name, handOf(name), "encode"),
      "decode ÷ hand": ratio(name, handOf(name), "decode"),
    })),
  );
}

const structs = ["large", "small"] as const;
if (options.json) {
  const figures = structs.flatMap((struct) =>
    contenders.map(
      ({ name }): CodecFigure => ({
        codec: name,
        struct,
        encodeNs: nanoseconds(name, struct, "encode"),
        decodeNs: nanoseconds(name, struct, "decode"),
      }),
    ),
  );
  console.log(JSON.stringify(figures));
} else {
  for (const struct of structs) print(struct);
}
