import { execFile, execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ControlledProcess } from "./control.ts";

const source = join(import.meta.dirname, "..", "rust");

/** Why there is no Volo peer here, or undefined when there can be one. It is opt-in: its first build takes minutes. */
export function voloUnavailable(): string | undefined {
  if (process.env["SLIPSTREAM_VOLO"] !== "1")
    return "SLIPSTREAM_VOLO=1 builds and runs it, with Rust's cargo";
  try {
    execFileSync("cargo", ["--version"], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `cargo is needed to build a Volo peer: ${(error as Error).message.split("\n")[0]}`;
  }
}

/** What Volo's client got. */
export interface VoloOutcome {
  readonly text: string | null;
  readonly blobBytes: number;
  readonly info: Readonly<Record<string, string>>;
  readonly backward: Readonly<Record<string, string>>;
  readonly error: string | null;
  readonly bizStatus: number | null;
  /** The code of the declared exception. */
  readonly refused: number | null;
}

/** A process with Volo in it, which serves Lab on `target` and calls Ping over TTHeader. */
export class VoloPeer implements AsyncDisposable {
  readonly target: string;
  readonly #process: ControlledProcess;

  constructor(process: ControlledProcess, port: number) {
    this.#process = process;
    this.target = `127.0.0.1:${port}`;
  }

  async call(call: {
    readonly target: string;
    readonly text: string;
    readonly blobBytes?: number;
    readonly persistent?: Readonly<Record<string, string>>;
    readonly transient?: Readonly<Record<string, string>>;
  }): Promise<VoloOutcome> {
    return (await this.#process.request("call", call)) as VoloOutcome;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

/**
 * Builds the Volo peer, with code that volo-build generates from `idl/lab.thrift`, and starts it. Cargo keeps what it built in
 * `CARGO_TARGET_DIR`, or else in the directory for temporary files, and builds again what has changed.
 */
export async function startVolo(): Promise<VoloPeer> {
  const target = process.env["CARGO_TARGET_DIR"] ?? join(tmpdir(), "slipstream-interop", "volo");
  const args = ["build", "--locked", "--target-dir", target];
  await promisify(execFile)("cargo", args, { cwd: source, maxBuffer: 64 << 20 });
  const program = join(target, "debug", process.platform === "win32" ? "volo-peer.exe" : "volo-peer");
  const child = new ControlledProcess("Volo peer", program, []);
  const { port } = (await child.request("listen")) as { port: number };
  return new VoloPeer(child, port);
}
