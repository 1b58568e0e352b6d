import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { type Job, type Outcome, runJob } from "./job.ts";
import type { Output } from "./output.ts";
import { watch } from "./watch.ts";

/** What the process ends with. */
export const exitCode = {
  /** All files are written, or, with `--check`, are up to date. */
  done: 0,
  /** The IDL has errors, a file cannot be read or written, or, with `--check`, a file is stale. */
  failed: 1,
  /** The arguments make no sense. */
  usage: 2,
} as const;

/**
 * The `thriftgen` command.
 *
 * @param args - without the names of the program
 * @param signal - ends `--watch`
 * @returns the exit code
 */
export async function run(args: readonly string[], output: Output, signal?: AbortSignal): Promise<number> {
  let job: Job & { readonly watch: boolean };
  try {
    job = parseArguments(args, output);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCode.done : exitCode.usage;
  }
  if (job.watch) {
    await watch(job, output, signal);
    return exitCode.done;
  }
  return codeOf(runJob(job, output));
}

function codeOf({ status }: Outcome): number {
  return status === "done" ? exitCode.done : exitCode.failed;
}

interface Flags {
  readonly out: string;
  readonly include: readonly string[];
  readonly root?: string;
  readonly check: boolean;
  readonly watch: boolean;
  readonly i64: "bigint" | "number";
  readonly camelCase: boolean;
  readonly importExtension: "js" | "ts" | "none";
}

const extensions = { js: ".js", ts: ".ts", none: "" } as const;

function parseArguments(args: readonly string[], output: Output): Job & { readonly watch: boolean } {
  const command = createCommand(output).parse(args, { from: "user" });
  const flags = command.opts<Flags>();
  return {
    files: command.args,
    out: flags.out,
    includeDirs: flags.include,
    isCheck: flags.check,
    watch: flags.watch,
    options: {
      i64: flags.i64,
      fieldNames: flags.camelCase ? "camelCase" : "idl",
      importExtension: extensions[flags.importExtension],
      ...(flags.root === undefined ? undefined : { root: flags.root }),
    },
  };
}

function createCommand(output: Output): Command {
  const lines = (write: (line: string) => void) => (text: string) => write(text.replace(/\n$/, ""));
  return new Command("thriftgen")
    .description("Prints Thrift IDL files, and all they include, as TypeScript.")
    .version(readVersion())
    .argument("<files...>", "IDL files")
    .requiredOption("-o, --out <dir>", "directory of the output")
    .option("-I, --include <dir>", "directory to search for included files (may be repeated)", collect, [])
    .option(
      "--root <dir>",
      "directory whose structure the output mirrors (default: the deepest that has all files)",
    )
    .addOption(new Option("--check", "write nothing; fail when the output is not up to date").default(false))
    .addOption(new Option("-w, --watch", "run again when a file changes").default(false).conflicts("check"))
    .addOption(new Option("--i64 <type>", "what an i64 is").choices(["bigint", "number"]).default("bigint"))
    .addOption(new Option("--camel-case", "names of fields in camel case").default(false))
    .addOption(
      new Option("--import-extension <ending>", "how generated files import each other")
        .choices(Object.keys(extensions))
        .default("js"),
    )
    .configureOutput({ writeOut: lines(output.log), writeErr: lines(output.error) })
    .exitOverride();
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "";
}
