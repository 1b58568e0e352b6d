import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { root } from "./workspace.ts";

export interface RunOptions {
  /** @defaultValue the repository */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program, `node_modules/.bin` first on its path, without a shell or an input.
 *
 * @returns what it printed, without colours.
 * @throws Error with all that it printed, when it cannot start or ends with anything but 0.
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        TURBO_TELEMETRY_DISABLED: "1",
        ...options.env,
        PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env["PATH"] ?? ""}`,
      },
    });
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (printed += text));
    child.on("error", (cause) => reject(new Error(`cannot run ${program}: ${cause.message}`, { cause })));
    child.on("close", (code, signal) => {
      // In CI some tools colour whatever they are told.
      const text = stripVTControlCharacters(printed);
      if (code === 0) return resolve(text);
      reject(new Error(`${program} ${args.join(" ")} ended with ${signal ?? code}\n${text}`));
    });
  });
}
