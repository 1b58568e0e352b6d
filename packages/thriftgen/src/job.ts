import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  buildModel,
  type Diagnostic,
  type DiagnosticStyle,
  formatDiagnostic,
  SourceFile,
} from "@slipstream/thrift-idl";
import picocolors from "picocolors";
import { type GeneratedFile, type GenerateOptions, generate, PlacementError } from "./generate.ts";
import type { Output } from "./output.ts";

/** What is to be done, once or whenever something changes. */
export interface Job {
  readonly files: readonly string[];
  readonly out: string;
  readonly includeDirs: readonly string[];
  /** Compare only. */
  readonly isCheck: boolean;
  readonly options: GenerateOptions;
}

export interface Outcome {
  readonly status: "done" | "failed";
  /** All IDL files that were read, or looked for. */
  readonly inputs: readonly string[];
}

/** A failure that has nothing to do with the text of a file; its message is all there is to say. */
class JobError extends Error {}

/** Reads, checks, prints and writes. Tells what it does; throws only for defects of its own. */
export function runJob(job: Job, output: Output): Outcome {
  const inputs = new Set<string>();
  const style = styleOf(output.hasColors === true);
  try {
    const read = (path: string): string | undefined => {
      inputs.add(path);
      return readText(path);
    };
    const sources = job.files.map((path) => new SourceFile(path, read(path) ?? fail(`cannot find ${path}`)));
    const { model, diagnostics } = buildModel(sources, { read, includeDirs: job.includeDirs });
    const result = model && printed(() => generate(model, job.options));
    tell([...diagnostics, ...(result?.diagnostics ?? [])], output, style);
    const isStale = (result?.files ?? []).map((file) => putFile(file, job, output)).includes("stale");
    const isEmpty = result === undefined || result.files.length === 0;
    if (isStale) output.error("The output is stale. Run the same command without --check.");
    return { status: isEmpty || isStale ? "failed" : "done", inputs: [...inputs] };
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    output.error(`${style.error("error:")} ${error.message}`);
    return { status: "failed", inputs: [...inputs] };
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = codeOf(error);
    // A directory of that name is not the file that is looked for.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
    return fail(`cannot read ${path}: ${messageOf(error)}`);
  }
}

/** Files that have no place in the output are told like files that are not there. */
function printed<T>(print: () => T): T {
  try {
    return print();
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    return fail(error.message);
  }
}

function tell(diagnostics: readonly Diagnostic[], output: Output, style: DiagnosticStyle): void {
  for (const diagnostic of diagnostics) output.error(formatDiagnostic(diagnostic, style));
  const count = diagnostics.filter(({ severity }) => severity === "error").length;
  if (count > 0) output.error(`${count} ${count === 1 ? "error" : "errors"}, so nothing is written.`);
}

/** Writes a file unless it has the text already, so that nobody who watches it is woken for nothing. */
function putFile(file: GeneratedFile, job: Job, output: Output): "current" | "written" | "stale" {
  const path = join(job.out, file.path);
  const present = readText(path);
  // A checkout on Windows may have other line breaks.
  if (present?.replaceAll("\r\n", "\n") === file.text) {
    output.log(`unchanged ${path}`);
    return "current";
  }
  if (job.isCheck) {
    output.log(`${present === undefined ? "missing  " : "stale    "} ${path}`);
    return "stale";
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.text);
  } catch (error) {
    fail(`cannot write ${path}: ${messageOf(error)}`);
  }
  output.log(`wrote     ${path}`);
  return "written";
}

function fail(message: string): never {
  throw new JobError(message);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function styleOf(hasColors: boolean): DiagnosticStyle {
  const { red, yellow, bold, dim } = picocolors.createColors(hasColors);
  return { error: red, warning: yellow, strong: bold, faint: dim };
}
