// `pnpm behaviours` writes docs/behaviours.md from the names of the tests.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { behavioursPage, mistakes, type Topic, unproven } from "./behaviours-page.ts";
import { type NamedTest, namedTests } from "./test-names.ts";
import { root } from "./workspace.ts";

const pageFile = join(root, "docs", "behaviours.md");
const topicsFile = new URL("../behaviours.json", import.meta.url);

/** Private packages whose sources hold tables of cases that suites run. */
const suites = ["conformance", "interop"];

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writePage();

/**
 * Holds docs/behaviours.md against the tests.
 *
 * @param report - a JSON report of vitest over all tests: then a test of each behaviour must have passed, too.
 * @returns one line a problem.
 */
export function checkBehaviours(report?: string): readonly string[] {
  const { topics, tests, recorded } = read();
  const passed = report === undefined ? [] : unproven(tests, passedNames(report));
  const problems = [...mistakes(topics, tests, recorded), ...passed];
  if (problems.length > 0) return problems;
  return behavioursPage(topics, tests) === recorded
    ? []
    : ["docs/behaviours.md is stale: run `pnpm behaviours`"];
}

function passedNames(report: string): readonly string[] {
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as {
    testResults: { assertionResults: { fullName: string; status: string }[] }[];
  };
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === "passed")
    .map(({ fullName }) => fullName);
}

function writePage(): void {
  const { topics, tests, recorded } = read();
  const problems = mistakes(topics, tests, recorded);
  if (problems.length > 0) {
    console.error(problems.join("\n"));
    process.exit(1);
  }
  mkdirSync(dirname(pageFile), { recursive: true });
  writeFileSync(pageFile, behavioursPage(topics, tests));
}

interface Inputs {
  readonly topics: readonly Topic[];
  readonly tests: readonly NamedTest[];
  /** The page as it stands. */
  readonly recorded: string;
}

function read(): Inputs {
  const { topics } = JSON.parse(readFileSync(topicsFile, "utf8")) as { topics: readonly Topic[] };
  const tests = testFiles().flatMap((file) => namedTests(file, readFileSync(join(root, file), "utf8")));
  return { topics, tests, recorded: existsSync(pageFile) ? readFileSync(pageFile, "utf8") : "" };
}

function testFiles(): readonly string[] {
  const files: string[] = [];
  for (const parent of ["packages", "examples"]) {
    if (!existsSync(join(root, parent))) continue;
    for (const name of readdirSync(join(root, parent)).sort()) {
      if (name === "checks") continue;
      for (const folder of ["src", "test"].map((each) => join(parent, name, each))) {
        if (!existsSync(join(root, folder))) continue;
        const paths = readdirSync(join(root, folder), { encoding: "utf8", recursive: true }).sort();
        const wanted = suites.includes(name) ? /\.ts$/ : /\.test(?:-d)?\.ts$/;
        files.push(...paths.filter((path) => wanted.test(path)).map((path) => join(folder, path)));
      }
    }
  }
  return files;
}
