import type { NamedTest } from "./test-names.ts";

export interface Behaviour {
  readonly id: string;
  readonly feature: string;
  readonly expected: string;
}

export interface Topic {
  readonly key: string;
  readonly title: string;
  readonly rows: readonly Behaviour[];
}

const notYet = "not yet";

const preamble = `# Behaviours

What Slipstream was asked to do, one behaviour a row, and the tests that show each. \`pnpm behaviours\` writes this page from
the names of the tests, which end with the ids of what they show: \`it("sends persistent values on every hop [D4][A2]", …)\`.
\`pnpm check\` fails when the page is stale, or when a behaviour that it shows has lost its last test. Tests in
\`packages/conformance\` run over every transport.
`;

/** Writes the page: a table of counts, then a table for each topic. */
export function behavioursPage(topics: readonly Topic[], tests: readonly NamedTest[]): string {
  const testsOf = ({ id }: Behaviour): readonly NamedTest[] => tests.filter(({ ids }) => ids.includes(id));
  const counts = topics.map(({ key, title, rows }) => {
    const shown = rows.filter((row) => testsOf(row).length > 0).length;
    const names = tests.filter(({ ids }) => rows.some(({ id }) => ids.includes(id))).length;
    return `| ${key} | ${title} | ${rows.length} | ${shown} | ${names} |`;
  });
  const sections = topics.map(({ key, title, rows }) => {
    const lines = rows.map((row) => {
      const links = testsOf(row).map(link);
      const shownBy = links.length > 0 ? links.join("<br>") : notYet;
      return `| ${row.id} | ${cell(row.feature)} | ${cell(row.expected)} | ${shownBy} |`;
    });
    return [
      `## ${key}: ${title}`,
      "",
      "| id | feature | expected | shown by |",
      "|---|---|---|---|",
      ...lines,
    ];
  });
  const table = ["| | topic | behaviours | shown | tests |", "|---|---|---|---|---|", ...counts];
  return `${[preamble, ...table, ...sections.flatMap((section) => ["", ...section])].join("\n")}\n`;
}

/**
 * What must not become a page: an id that is no behaviour, and a behaviour that the recorded page shows and no test
 * shows any more.
 *
 * @returns one line a mistake.
 */
export function mistakes(
  topics: readonly Topic[],
  tests: readonly NamedTest[],
  recorded: string,
): readonly string[] {
  const known = new Set(topics.flatMap(({ rows }) => rows.map(({ id }) => id)));
  const shown = new Set(tests.flatMap(({ ids }) => ids));
  const unknown = tests.flatMap(({ ids, name, file }) =>
    ids.filter((id) => !known.has(id)).map((id) => `${file}: no behaviour has the id ${id} of "${name}"`),
  );
  const lost = shownIds(recorded)
    .filter((id) => !shown.has(id))
    .map((id) => `docs/behaviours.md shows ${id}, but no test's name ends with [${id}] any more`);
  return [...unknown, ...lost];
}

/**
 * Behaviours that tests are named after, but that no test which ran and passed is named after.
 *
 * @param names - the full names of the tests that passed.
 * @returns one line a behaviour.
 */
export function unproven(tests: readonly NamedTest[], names: readonly string[]): readonly string[] {
  const proven = new Set(names.flatMap((name) => name.match(/(?<=\[)[A-Z]\d+(?=\])/g) ?? []));
  const ids = new Set(tests.flatMap((test) => test.ids));
  return [...ids]
    .filter((id) => !proven.has(id))
    .map((id) => {
      const files = tests.filter((test) => test.ids.includes(id)).map(({ file }) => file);
      return `no test of ${id} ran and passed: ${[...new Set(files)].join(", ")}`;
    });
}

function shownIds(page: string): readonly string[] {
  return page
    .split("\n")
    .filter((line) => /^\| [A-Z]\d+ \|/.test(line) && !line.endsWith(`| ${notYet} |`))
    .map((line) => line.split(" ")[1] ?? "");
}

function link({ name, file }: NamedTest): string {
  return `[${cell(name).replace(/[[\]]/g, "\\$&")}](../${file})`;
}

function cell(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[|<]/g, "\\$&");
}
