import { RpcError } from "@slipstream/stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CodecOptions,
  createCodecs,
  decodeException,
  decodeMessage,
  encodeMessage,
} from "../src/index.ts";
import type { Struct } from "../src/types.ts";
import { valueOf } from "./arbitrary.ts";
import { Choice, Everything, Failure, Leaf } from "./everything.ts";

// FUZZ_RUNS=1000000 npx vitest run packages/thrift/test/fuzz.test.ts
const runs = Number(process.env["FUZZ_RUNS"] ?? 4000);
const seed = Number(process.env["FUZZ_SEED"] ?? 1);

const types: readonly Struct[] = [Everything, Choice, Failure, Leaf];

const variants: readonly CodecOptions[] = (["binary", "compact"] as const).flatMap((protocol) =>
  (["compiled", "interpreted"] as const).flatMap((engine): CodecOptions[] => [
    { protocol, engine },
    { protocol, engine, unknownFields: "keep", binaryViews: true, invalidText: "reject" },
  ]),
);

/** A small generator of numbers, so that a failure can be repeated by its seed. */
class Random {
  #state: number;

  constructor(from: number) {
    this.#state = from | 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }
}

function randomBytes(random: Random): Uint8Array {
  // Mostly small numbers: type ids, field ids and short lengths.
  const spread = random.below(3) === 0 ? 256 : 17;
  return Uint8Array.from({ length: random.below(60) }, () => random.below(spread));
}

function mutate(valid: Uint8Array, random: Random): Uint8Array {
  const bytes = Array.from(valid);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(bytes.length + 1);
    const kind = random.below(5);
    if (kind === 0) bytes[at] = random.below(256);
    else if (kind === 1) bytes.splice(at, 1 + random.below(8));
    else if (kind === 2) bytes.splice(at, 0, ...randomBytes(random).subarray(0, 8));
    else if (kind === 3) bytes.splice(at, 4, 0x7f, 0xff, 0xff, 0xff);
    else bytes.splice(at, 0, ...bytes.slice(random.below(bytes.length + 1)).slice(0, 40));
  }
  return Uint8Array.from(bytes);
}

/** Values, elements and letters in what was decoded: what its memory is made of. */
function weigh(value: unknown): number {
  if (typeof value === "string") return 1 + value.length;
  if (typeof value !== "object" || value === null) return 1;
  if (value instanceof Uint8Array) return 1 + value.length;
  let weight = 1;
  if (value instanceof Map) for (const entry of value) weight += weigh(entry);
  else if (value instanceof Set || Array.isArray(value))
    for (const element of value) weight += weigh(element);
  else for (const member of Object.values(value)) weight += weigh(member);
  return weight;
}

/** Fields of our largest struct, each of which is there after decoding one byte. */
const perByte = Everything.fields.length + 2;

function check(options: CodecOptions, type: Struct, bytes: Uint8Array): void {
  const codec = createdCodecs.get(options)?.struct(type);
  if (codec === undefined) throw new Error("no codec");
  let value: unknown;
  try {
    value = codec.decode(bytes);
  } catch (error) {
    if (error instanceof RpcError && error.code === "internal" && error.cause === undefined) return;
    throw error;
  }
  if (weigh(value) > perByte * (bytes.length + 1))
    throw new Error(`decoded ${weigh(value)} of ${bytes.length} bytes`);
}

const createdCodecs = new Map(variants.map((options) => [options, createCodecs(options)]));

function fuzz(makeInput: (random: Random, options: CodecOptions, type: Struct) => Uint8Array): void {
  const random = new Random(seed * 7919);
  for (let run = 0; run < runs; run++) {
    const options = variants[run % variants.length] as CodecOptions;
    const type = types[random.below(types.length)] as Struct;
    const bytes = makeInput(random, options, type);
    try {
      check(options, type, bytes);
    } catch (error) {
      const hex = Buffer.from(bytes).toString("hex");
      throw new Error(`run ${run}, ${type.name}, ${JSON.stringify(options)}: ${hex}`, { cause: error });
    }
  }
}

describe("decoding whatever comes", () => {
  it("gives a value or an RpcError for random bytes", { timeout: 600_000 }, () => {
    fuzz((random) => randomBytes(random));
  });

  it("gives a value or an RpcError for valid bytes that were changed", { timeout: 600_000 }, () => {
    const samples = new Map(
      variants.map((options) => [
        options,
        new Map(
          types.map((type) => [
            type,
            fc
              .sample(valueOf(type), { numRuns: 25, seed })
              .map((value) => createdCodecs.get(options)?.struct(type).encode(value) as Uint8Array),
          ]),
        ),
      ]),
    );
    fuzz((random, options, type) => {
      const valid = samples.get(options)?.get(type) ?? [];
      return mutate(valid[random.below(valid.length)] as Uint8Array, random);
    });
  });

  it("gives a message or an RpcError for what should be an envelope", { timeout: 600_000 }, () => {
    const random = new Random(seed);
    const valid = encodeMessage({ type: 3, method: "Echo", sequenceId: 1, body: Leaf.encode({ name: "x" }) });
    for (let run = 0; run < runs; run++) {
      const bytes = run % 2 === 0 ? randomBytes(random) : mutate(valid, random);
      decodeException(bytes);
      try {
        const { body } = decodeMessage(bytes);
        expect(body.length).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(RpcError);
      }
    }
  });
});
