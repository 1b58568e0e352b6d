import { expect, it } from "vitest";
import { behavioursPage, mistakes, type Topic, unproven } from "./behaviours-page.ts";
import { namedTests } from "./test-names.ts";

const topics: readonly Topic[] = [
  {
    key: "X",
    title: "Things",
    rows: [
      { id: "X1", feature: "first", expected: "a | b" },
      { id: "X2", feature: "second", expected: "c" },
    ],
  },
];

const file = "packages/x/src/x.test.ts";

it("finds the tests whose names end with ids, tables of cases and templates included", () => {
  const source = [
    'it("adds [X1][X2]", () => {});',
    'describe("group [X1]", () => { it("has none", () => {}); });',
    'for (const row of [{ title: "a row [X2]" }]) it(row.title, () => {});',
    "it(`over ${name} [X1]`, () => {});",
    'it("names [X1] in the middle", () => {});',
  ].join("\n");
  expect(namedTests(file, source)).toEqual([
    { name: "adds", ids: ["X1", "X2"], file },
    { name: "group", ids: ["X1"], file },
    { name: "a row", ids: ["X2"], file },
    { name: "over …", ids: ["X1"], file },
  ]);
});

it("counts no test that does not run or must fail", () => {
  const source = [
    'it.skip("a [X1]", () => {});', // text for the function under test: skips nothing
    'it.todo("b [X1]");', // text for the function under test: skips nothing
    'it.fails("c [X1]", () => {});',
    'describe.skip("d", () => { it("e [X1]", () => {}); });', // text for the function under test: skips nothing
  ].join("\n");
  expect(namedTests(file, source)).toEqual([]);
});

it("writes a row for every behaviour, with its tests or that there is none yet", () => {
  const page = behavioursPage(topics, namedTests(file, 'it("adds | more [X1]", () => {});'));
  expect(page).toContain("| X | Things | 2 | 1 | 1 |");
  expect(page).toContain(`| X1 | first | a \\| b | [adds \\| more](../${file}) |`);
  expect(page).toContain("| X2 | second | c | not yet |");
});

it("reports a behaviour that the recorded page shows and no test shows any more", () => {
  const recorded = behavioursPage(topics, namedTests(file, 'it("adds [X1]", () => {});'));
  expect(mistakes(topics, [], recorded)).toEqual([
    "docs/behaviours.md shows X1, but no test's name ends with [X1] any more",
  ]);
});

it("reports an id that no behaviour has", () => {
  const tests = namedTests(file, 'it("adds [X9]", () => {});');
  expect(mistakes(topics, tests, "")).toEqual([`${file}: no behaviour has the id X9 of "adds"`]);
});

it("accepts a page that it wrote", () => {
  const tests = namedTests(file, 'it("adds [X1]", () => {});');
  expect(mistakes(topics, tests, behavioursPage(topics, tests))).toEqual([]);
});

it("reports a behaviour of which no test ran and passed", () => {
  const tests = namedTests(file, 'it("adds [X1]", () => {}); it("more [X1][X2]", () => {});');
  expect(unproven(tests, ["x adds [X1]"])).toEqual([`no test of X2 ran and passed: ${file}`]);
});
