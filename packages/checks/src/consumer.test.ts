import { expect, it } from "vitest";
import { consumerProblems } from "./consumer.ts";
import { type Seed, withSeeds } from "./seed-packages.ts";

function seed(folder: string, types: string): Seed {
  return { folder, files: { "index.js": "export {};\n", "index.d.ts": types } };
}

it("finds nothing but the types for browsers that need those of Node", async () => {
  const sound = seed("metainfo", "export declare const a: number;\n");
  const broken = seed("stream", "export declare const empty: Buffer;\n");
  expect(await withSeeds([sound, broken], consumerProblems)).toEqual([
    expect.stringMatching(/^browser\.ts: @slipstream\/stream\/index\.d\.ts: Cannot find name 'Buffer'/),
  ]);
}, 60_000);
