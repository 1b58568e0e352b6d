import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "./workspace.ts";

/** The findings of the linter, under the settings of the repository, as `file: rule`. */
function lint(folder: string): readonly string[] {
  const { stdout, stderr, status } = spawnSync(
    join(root, "node_modules", ".bin", "oxlint"),
    ["--type-aware", "--format=json", folder],
    { cwd: root, encoding: "utf8" },
  );
  expect(status, stderr).toBe(1);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] };
  return diagnostics.map(({ code, filename }) => `${filename.slice(folder.length + 1)}: ${code}`);
}

it("reports what each seeded file does wrong, and nothing else", () => {
  const folder = "packages/checks/seeds/lint";
  expect(lint(folder).toSorted()).toEqual([
    "no-cycle-other.ts: import(no-cycle)",
    "no-cycle.ts: import(no-cycle)",
    "no-explicit-any.ts: typescript(no-explicit-any)",
    "no-floating-promises-thenable.ts: typescript(no-floating-promises)",
    "no-floating-promises.ts: typescript(no-floating-promises)",
    "no-misused-promises.ts: typescript(no-misused-promises)",
    "switch-exhaustiveness-check.ts: typescript(switch-exhaustiveness-check)",
  ]);
  expect(readdirSync(join(root, folder)).filter((name) => name.endsWith(".ts"))).toHaveLength(7);
});

it("fails on a tsconfig that the type-aware rules cannot read, instead of passing without them", () => {
  expect(lint("packages/checks/seeds/lint-tsconfig")).toContain("tsconfig.json: typescript(tsconfig-error)");
});
