import { join } from "node:path";
import { expect, it } from "vitest";
import { compileSnippets, snippets } from "./snippets.ts";
import { root } from "./workspace.ts";

const page = join(root, "docs", "seed.md");

function block(code: string, info = "ts"): string {
  return `# Seed\n\n\`\`\`${info}\n${code}\n\`\`\`\n`;
}

function problems(text: string): readonly string[] {
  return compileSnippets(snippets(page, text));
}

it("accepts a block that compiles, with await at its top", () => {
  expect(problems(block("const two: number = await Promise.resolve(2);\nconsole.log(two);"))).toEqual([]);
});

it("reports an error with the line of the page", () => {
  expect(problems(block('const one = 1;\nconst two: number = "2";'))).toEqual([
    "docs/seed.md:5: Type 'string' is not assignable to type 'number'.",
  ]);
});

it("reports an import that a package of ours does not export", () => {
  expect(problems(block('import { absent } from "@slipstream/metainfo";'))).toEqual([
    expect.stringMatching(/^docs\/seed\.md:4: Module .* has no exported member 'absent'/),
  ]);
});

it("leaves fragments and other languages alone", () => {
  expect(problems(block("this is no code", "ts fragment") + block("neither is this", "thrift"))).toEqual([]);
});
