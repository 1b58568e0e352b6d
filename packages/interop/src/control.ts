import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

interface Waiting {
  readonly op: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * A child process that takes operations as JSON lines on its stdin and answers on its stdout.
 * It ends with its stdin, so it never outlives this process.
 */
export class ControlledProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #name: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<unknown>;
  #lastId = 0;
  #stderr = "";
  #gone: Error | undefined;

  constructor(name: string, file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#name = name;
    this.#child = spawn(file, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#onLine(line));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4000);
    });
    this.#child.stdin.on("error", () => {}); // the exit says it better
    this.#exited = once(this.#child, "close").catch((error: unknown) =>
      this.#end(`could not start: ${String(error)}`),
    );
    this.#child.once("close", (code, signal) => this.#end(`ended with ${signal ?? code}`));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What the process wrote to its stderr, the last 4,000 characters. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Rejects with the operation's own error, or when the process ends before it answers. */
  request(op: string, args: object = {}): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { op, resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ ...args, id, op })}\n`);
    });
  }

  /** Kills the process at once (SIGKILL) and resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** Lets the process end by itself and resolves when it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await this.#exited;
  }

  #onLine(line: string): void {
    const { id, value, error } = JSON.parse(line) as { id: number; value?: unknown; error?: string };
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(value);
    else waiting.reject(new Error(`${this.#name}: ${waiting.op}: ${error}`));
  }

  #end(how: string): void {
    this.#gone ??= new Error(`${this.#name} ${how}${this.#stderr && `\n${this.#stderr}`}`);
    for (const waiting of this.#waiting.values()) waiting.reject(this.#gone);
    this.#waiting.clear();
  }
}
