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
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "./lock.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const program = process.platform === "win32" ? "peer.exe" : "peer";

/** The Kitex releases that can be built: the one that counts, and an old one, which knows no RST frame. */
export type KitexVersion = "v0.16.3" | "v0.14.1";

const builds: Readonly<Record<KitexVersion, { modules: readonly string[]; program: readonly string[] }>> = {
  "v0.16.3": { modules: [], program: [] },
  "v0.14.1": {
    modules: ["-modfile=kitex-0.14.mod"],
    // It reaches into Go's runtime by names that newer linkers refuse.
    program: ["-tags=kitex014", "-ldflags=-checklinkname=0"],
  },
};

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
 * The path of the Kitex peer's program. It is built at the first use, with code that Kitex's own tool
 * generates from `idl/lab.thrift`, into a cache in the directory for temporary files that is keyed by the
 * sources. Needs Go and the Go module proxy; concurrent callers, of other processes too, wait for one build.
 *
 * @throws Error with the output of the tools when the build fails.
 */
export async function buildKitexPeer(version: KitexVersion = "v0.16.3"): Promise<string> {
  const missing = kitexUnavailable();
  if (missing !== undefined) throw new Error(missing);
  const cache = join(tmpdir(), "slipstream-interop");
  const built = join(cache, `${sourceHash()}-${version}`);
  const executable = join(built, program);
  if (existsSync(executable)) return executable;
  mkdirSync(cache, { recursive: true });
  await withLock(join(cache, "build.lock"), async () => {
    if (existsSync(executable)) return;
    const work = mkdtempSync(join(cache, "work-"));
    try {
      await build(version, work);
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
    if (!existsSync(join(built, program))) throw error;
  }
}

async function build(version: KitexVersion, work: string): Promise<void> {
  const { modules, program: flags } = builds[version];
  for (const part of ["go", "idl"]) cpSync(join(root, part), join(work, part), { recursive: true });
  const bin = join(work, "bin");
  const source = join(work, "go");
  await go(["build", ...modules, "-o", bin + "/", "tool"], source);
  const env = { ...process.env, PATH: bin + delimiter + (process.env["PATH"] ?? "") };
  await tool(
    join(bin, "kitex"),
    ["-module", "interop", "-streamx", join(work, "idl", "lab.thrift")],
    source,
    env,
  );
  await go(["build", ...modules, ...flags, "-o", join(work, "out", program), "."], source);
}

const go = (args: string[], cwd: string): Promise<void> => tool("go", args, cwd, process.env);

async function tool(file: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await run(file, args, { cwd, env, maxBuffer: 64 << 20 });
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`building the Kitex peer failed: ${message}\n${stdout}${stderr}`, { cause: error });
  }
}

function sourceHash(): string {
  const hash = createHash("sha256").update(execFileSync("go", ["version"]));
  for (const part of ["go", "idl"]) {
    for (const name of readdirSync(join(root, part)).sort()) {
      hash.update(`${part}/${name}\0`).update(readFileSync(join(root, part, name)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}
