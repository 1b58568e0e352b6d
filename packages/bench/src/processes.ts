import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { cases } from "./cases.ts";
import type { Operation, Pair, ProcessOptions, RunResult, SideBytes } from "./contender.ts";
import type { GrowthAxis } from "./growth.ts";
import type { Command } from "./worker.ts";

const worker = fileURLToPath(new URL("./worker.ts", import.meta.url));

export interface NodePairOptions extends ProcessOptions {
  /** A module outside of this package that exports the contender. */
  readonly adapterPath?: string | undefined;
}

/** One side of a contender. */
class Side {
  readonly #what: string;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #exited: Promise<void>;
  #lastId = 0;

  constructor(
    contender: string,
    side: "server" | "client",
    { profileFolder, fromSources, cpu, adapterPath }: NodePairOptions,
  ) {
    this.#what = `${contender} (${side})`;
    const execArgv = ["--expose-gc", "--no-warnings", "--no-flush-bytecode", "--import=tsx"];
    if (fromSources) execArgv.push("--conditions=@slipstream/source");
    if (profileFolder) {
      // A folder for each: the loader's thread writes a profile of its own beside the one that counts.
      execArgv.push("--cpu-prof", `--cpu-prof-dir=${profileFolder}/${contender}.${side}`);
    }
    const pinned =
      cpu === undefined
        ? { execArgv }
        : { execPath: "taskset", execArgv: ["-c", cpu, process.execPath, ...execArgv] };
    this.#process = fork(worker, [contender, side, ...(adapterPath ? [adapterPath] : [])], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      ...pinned,
    });
    this.#exited = new Promise((resolve) => this.#process.once("exit", () => resolve()));
    this.#process.on("exit", (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`${this.#what} ended (${code ?? signal})`));
      this.#waiting.clear();
    });
    this.#process.on("message", ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(`${this.#what}: ${error}`));
    });
  }

  /** Resolves when the process takes commands. */
  ready(): Promise<unknown> {
    return this.#within(0, 30);
  }

  call(command: Omit<Command, "id">, limitSeconds = 30): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = this.#within(id, limitSeconds);
    this.#process.send({ ...command, id });
    return answer;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) this.call({ operation: "exit" }).catch(() => {});
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 10_000);
    await this.#exited;
    clearTimeout(timer);
  }

  #within(id: number, limitSeconds: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new Error(`${this.#what} took longer than ${limitSeconds} s`));
      const timer = setTimeout(late, limitSeconds * 1_000);
      this.#waiting.set(id, {
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }
}

/** A contender of ours to start: two processes of Node, each loading its module. */
export class NodePair implements Pair {
  readonly name: string;
  readonly #server: Side;
  readonly #client: Side;
  #operations: readonly Operation[] = [];

  private constructor(name: string, options: NodePairOptions) {
    this.name = name;
    this.#server = new Side(name, "server", options);
    this.#client = new Side(name, "client", options);
  }

  static async start(name: string, options: NodePairOptions): Promise<NodePair> {
    const pair = new NodePair(name, options);
    try {
      await Promise.all([pair.#server.ready(), pair.#client.ready()]);
      const port = (await pair.#server.call({ operation: "listen" })) as number;
      pair.#operations = (await pair.#client.call({ operation: "connect", port })) as Operation[];
      return pair;
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
  }

  can(caseName: string): boolean {
    const needs = cases[caseName]?.needs;
    return needs !== undefined && this.has(needs);
  }

  has(operation: Operation): boolean {
    return this.#operations.includes(operation);
  }

  run(name: string, seconds: number): Promise<RunResult> {
    return this.#measure({ operation: "run", name, seconds });
  }

  /** Makes that the client holds `count` of what the axis counts; it never holds fewer again. */
  async hold(axis: GrowthAxis, count: number): Promise<void> {
    await this.#client.call({ operation: "hold", axis, count }, 120);
  }

  /** Runs the operation of an axis beside what is held. */
  grow(axis: GrowthAxis, count: number, seconds: number): Promise<RunResult> {
    return this.#measure({ operation: "grow", axis, count, seconds });
  }

  async #measure(command: Omit<Command, "id">): Promise<RunResult> {
    await Promise.all([
      this.#client.call({ operation: "collect" }),
      this.#server.call({ operation: "collect" }),
    ]);
    const before = (await this.#server.call({ operation: "cpu" })) as number;
    const { cpuSeconds, ...sample } = (await this.#client.call(command)) as {
      operations: number;
      seconds: number;
      cpuSeconds: number;
    };
    const after = (await this.#server.call({ operation: "cpu" })) as number;
    return { ...sample, clientCpuSeconds: cpuSeconds, serverCpuSeconds: after - before };
  }

  async idleStreamBytes(count: number): Promise<SideBytes | undefined> {
    if (!this.has("bidi")) return undefined;
    // The first ones pay for code, pools and a heap that grows to its working size.
    await this.#client.call({ operation: "openIdle", count }, 120);
    const rss = async (): Promise<[number, number]> => [
      (await this.#client.call({ operation: "rss" })) as number,
      (await this.#server.call({ operation: "rss" })) as number,
    ];
    const before = await rss();
    await this.#client.call({ operation: "openIdle", count }, 120);
    const after = await rss();
    return { client: (after[0] - before[0]) / count, server: (after[1] - before[1]) / count };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#client.stop(), this.#server.stop()]);
  }
}
