import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createContext, Script } from "node:vm";
import { build, type Platform } from "esbuild";
import { describe, expect, it } from "vitest";

const resolveDir = fileURLToPath(new URL(".", import.meta.url));

async function bundle(platform: Platform, program: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir, loader: "ts" },
    bundle: true,
    write: false,
    platform,
    target: "es2022",
    format: "iife",
    conditions: ["@slipstream/source"],
  });
  return (outputFiles[0] as { text: string }).text;
}

const program = `
  import { Context, Metadata, currentContext, encodeBase64, getValue, runWithContext, withTimeout, withValue } from "@slipstream/metainfo";
  const context = withTimeout(withValue(Context.background, "k", "v"), 60_000);
  context.onEnd(() => {});
  const ambient = runWithContext(context, () => getValue(currentContext(), "k"));
  print(JSON.stringify({ value: getValue(context, "k"), ambient, bytes: encodeBase64(new Uint8Array([1])), size: Metadata.pairs("a", "b").size }));
`;

describe("a bundle", () => {
  it("for browsers holds nothing of Node, and runs without it; context is explicit there", async () => {
    const code = await bundle("browser", program);
    expect(code).not.toMatch(/node:|async_hooks|require\(|\bprocess\b|\bBuffer\b/);
    const printed: string[] = [];
    // What a browser has; numbers as timers.
    const browser = {
      print: (line: string) => printed.push(line),
      performance,
      setTimeout: () => 1,
      clearTimeout: () => {},
      AbortController,
      TextDecoder,
      queueMicrotask,
      atob,
      btoa,
    };
    new Script(code).runInContext(createContext(browser));
    expect(printed.map((line) => JSON.parse(line))).toEqual([{ value: "v", bytes: "AQ", size: 1 }]);
  });

  it("for Node has the ambient context, and a pending deadline does not keep the process alive", async () => {
    const code = await bundle("node", `const print = console.log;${program}`);
    const output = execFileSync(process.execPath, ["-e", code], { encoding: "utf8", timeout: 20_000 });
    expect(JSON.parse(output)).toEqual({ value: "v", ambient: "v", bytes: "AQ", size: 1 });
  });
});
