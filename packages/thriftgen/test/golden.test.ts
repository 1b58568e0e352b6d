import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildModel, formatDiagnostic, SourceFile } from "@slipstream/thrift-idl";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { generate } from "../src/index.ts";

const here = import.meta.dirname;
const workspace = join(here, "../../..");
const golden = join(here, "golden");
const goldenFiles = readdirSync(golden, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts"));

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Everything below `idl`, as the script `golden` prints it. */
function generated(): ReadonlyMap<string, string> {
  const roots = ["echo", "everything", "names"].map((name) => join(here, "idl", `${name}.thrift`));
  const sources = roots.map((path) => new SourceFile(path, readFileSync(path, "utf8")));
  const { model, diagnostics } = buildModel(sources, { read });
  if (model === undefined) throw new Error(diagnostics.map((d) => formatDiagnostic(d)).join("\n"));
  const { files } = generate(model, { importExtension: ".ts", root: join(here, "idl") });
  return new Map(files.map(({ path, text }) => [path, text]));
}

describe("golden output", () => {
  const output = generated();

  it("has a file for each IDL file, included ones too [B14]", () => {
    expect([...output.keys()].sort()).toEqual(goldenFiles.sort());
  });

  it.each(goldenFiles)("is what the generator prints: %s [B14]", (file) => {
    expect(output.get(file)).toBe(readFileSync(join(golden, file), "utf8"));
  });

  it("compiles under the strictest flags, and declares all types itself", () => {
    const { config } = ts.readConfigFile(join(workspace, "tsconfig.base.json"), ts.sys.readFile) as {
      config: { compilerOptions: object };
    };
    const { options } = ts.convertCompilerOptionsFromJson(
      {
        ...config.compilerOptions,
        noEmit: true,
        allowImportingTsExtensions: true,
        customConditions: ["@slipstream/source"],
        noUnusedLocals: true,
        noImplicitAny: true,
        exactOptionalPropertyTypes: true,
        isolatedDeclarations: true,
      },
      workspace,
    );
    const paths = goldenFiles.map((file) => join(golden, file));
    const program = ts.createProgram(paths, options);
    const problems = paths.flatMap((path) => {
      const file = program.getSourceFile(path);
      return [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file),
        ...program.getDeclarationDiagnostics(file),
      ];
    });
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
  });

  it.each(goldenFiles)("is left as it is by the formatter of this workspace: %s", (file) => {
    const text = readFileSync(join(golden, file), "utf8");
    const formatted = execFileSync(
      process.execPath,
      [
        join(workspace, "node_modules/@biomejs/biome/bin/biome"),
        "check",
        "--write",
        "--stdin-file-path=packages/x.ts",
      ],
      { cwd: workspace, input: text, encoding: "utf8", timeout: 20_000, stdio: ["pipe", "pipe", "ignore"] },
    );
    expect(formatted).toBe(text);
  });
});
