import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}

it("the README's example is the one that is compiled here, and prints what it says", async () => {
  expect(read("../README.md")).toContain(`\`\`\`ts\n${read("./readme-example.ts")}\`\`\``);
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await import("./readme-example.ts");
  expect(log.mock.calls).toEqual([
    ["t1", "eu"],
    [undefined, "eu"],
  ]);
  log.mockRestore();
});
