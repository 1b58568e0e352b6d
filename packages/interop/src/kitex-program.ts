import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "./lock.ts";

const run = promisify(execFile);
const executableName = process.platform === "win32" ? "program.exe" : "program";

/** A Go program with Kitex in it. */
export interface KitexProgram {
  /** The folder of its sources, without folders in it; its go.mod has Kitex's code generator as a tool. */
  readonly folder: string;
  /** The module's name in go.mod. */
  readonly module: string;
  /** The file with the IDL that Kitex's tool generates the code of `module/kitex_gen` from. */
  readonly idl: string;
  /** Flags of every `go build`, that of the tool too. */
  readonly moduleFlags?: readonly string[];
  /** More flags for the program itself. */
  readonly programFlags?: readonly string[];
}

let reason: string | false | undefined;

/** Why no Kitex can be built on this machine, or undefined when it can. Asked once a process. */
export function kitexUnavailable(): string | undefined {
  reason ??= missingGo();
  return reason || undefined;
}

function missingGo(): string | false {
  try {
    execFileSync("go", ["version"], { stdio: "pipe" });
    return false;
  } catch (error) {
    return `Go is needed to build a Kitex peer, and "go version" failed: ${(error as Error).message.split("\n")[0]}`;
  }
}

/**
 * The path of a program's executable. It is built at the first use, with code that Kitex's own tool generates, into a
 * cache in the directory for temporary files that is keyed by the sources. Needs Go and the Go module proxy; concurrent
 * callers, of other processes too, wait for one build.
 *
 * @throws Error with the output of the tools when the build fails.
 */
export async function buildKitexProgram(program: KitexProgram): Promise<string> {
  const missing = kitexUnavailable();
  if (missing !== undefined) throw new Error(missing);
  const cache = join(tmpdir(), "slipstream-interop");
  const built = join(cache, `${program.module}-${hashOf(program)}`);
  const executable = join(built, executableName);
  if (existsSync(executable)) return executable;
  mkdirSync(cache, { recursive: true });
  await withLock(join(cache, "build.lock"), async () => {
    if (existsSync(executable)) return;
    const work = mkdtempSync(join(cache, "work-"));
    try {
      await build(program, work);
      put(join(work, "out"), built);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
  return executable;
}

/** At once, so that nobody ever sees half a build. Another process may have been faster, if it thought our lock dead. */
function put(finished: string, built: string): void {
  try {
    renameSync(finished, built);
  } catch (error) {
    if (!existsSync(join(built, executableName))) throw error;
  }
}

async function build(program: KitexProgram, work: string): Promise<void> {
  const { module, moduleFlags = [], programFlags = [] } = program;
  const source = join(work, "source");
  const idl = join(work, basename(program.idl));
  cpSync(program.folder, source, { recursive: true });
  cpSync(program.idl, idl);
  const bin = join(work, "bin");
  await go(["build", ...moduleFlags, "-o", bin + "/", "tool"], source);
  const env = { ...process.env, PATH: bin + delimiter + (process.env["PATH"] ?? "") };
  await tool(join(bin, "kitex"), ["-module", module, "-streamx", idl], source, env);
  const out = join(work, "out", executableName);
  await go(["build", ...moduleFlags, ...programFlags, "-o", out, "."], source);
}

const go = (args: string[], cwd: string): Promise<void> => tool("go", args, cwd, process.env);

async function tool(file: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await run(file, args, { cwd, env, maxBuffer: 64 << 20 });
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`building a Kitex program failed: ${message}\n${stdout}${stderr}`, { cause: error });
  }
}

function hashOf({ folder, idl, moduleFlags, programFlags }: KitexProgram): string {
  const hash = createHash("sha256").update(execFileSync("go", ["version"]));
  hash.update(JSON.stringify([moduleFlags, programFlags]));
  const files = readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
  for (const file of [...files, idl]) hash.update(`${basename(file)}\0`).update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}
