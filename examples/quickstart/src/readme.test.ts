import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const main = new URL("./main.ts", import.meta.url);
const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");

it("is the example that the README shows", () => {
  expect(readme).toContain(`\`\`\`ts fragment\n${readFileSync(main, "utf8")}\`\`\``);
});

it("prints the answers and ends by itself", async () => {
  const loader = createRequire(import.meta.url).resolve("tsx");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@slipstream/source", "--import", loader, fileURLToPath(main)],
    { timeout: 20_000 },
  );
  expect(stdout).toBe("{ text: 'hello world, ann' }\n{ text: 'BOTH WAYS AT ONCE' }\n");
});
