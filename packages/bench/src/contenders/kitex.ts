import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildKitexProgram, ControlledProcess, kitexUnavailable } from "@slipstream/interop";
import { cases } from "../cases.ts";
import type {
  AbsentContender,
  ForeignContender,
  Operation,
  Pair,
  ProcessOptions,
  RunResult,
  SideBytes,
} from "../contender.ts";

const folder = join(import.meta.dirname, "..", "..", "kitex");

/** The longest that an answer is waited for beyond the time that was asked for. */
const patienceMs = 30_000;

type Protocol = "ttheader" | "grpc";

/** A Kitex server and a Kitex client, told what to do on their stdin: see kitex/main.go. */
class KitexPair implements Pair {
  readonly name: string;
  readonly #server: ControlledProcess;
  readonly #client: ControlledProcess;
  #operations: readonly Operation[] = [];

  private constructor(name: string, program: string, protocol: Protocol, { cpu }: ProcessOptions) {
    this.name = name;
    const start = (side: string): ControlledProcess =>
      cpu === undefined
        ? new ControlledProcess(`${name} (${side})`, program, [protocol])
        : new ControlledProcess(`${name} (${side})`, "taskset", ["-c", cpu, program, protocol]);
    this.#server = start("server");
    this.#client = start("client");
  }

  static async start(name: string, protocol: Protocol, options: ProcessOptions): Promise<KitexPair> {
    const program = await buildKitexProgram({ folder, module: "bench", idl: join(folder, "bench.thrift") });
    const pair = new KitexPair(name, program, protocol, options);
    try {
      const port = await ask<number>(pair.#server, "listen");
      pair.#operations = await ask<Operation[]>(pair.#client, "connect", { port });
      return pair;
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
  }

  can(caseName: string): boolean {
    const needs = cases[caseName]?.needs;
    return needs !== undefined && this.#operations.includes(needs);
  }

  async run(caseName: string, seconds: number): Promise<RunResult> {
    await Promise.all([ask(this.#client, "collect"), ask(this.#server, "collect")]);
    const before = await ask<number>(this.#server, "cpu");
    const { cpuSeconds, ...sample } = await ask<{ operations: number; seconds: number; cpuSeconds: number }>(
      this.#client,
      "run",
      { name: caseName, seconds },
    );
    const serverCpuSeconds = (await ask<number>(this.#server, "cpu")) - before;
    return { ...sample, clientCpuSeconds: cpuSeconds, serverCpuSeconds };
  }

  async idleStreamBytes(count: number): Promise<SideBytes> {
    const resident = () => Promise.all([ask<number>(this.#client, "rss"), ask<number>(this.#server, "rss")]);
    // The first ones pay for pools and for a heap that grows to its working size.
    await ask(this.#client, "openIdle", { count });
    const before = await resident();
    await ask(this.#client, "openIdle", { count });
    const after = await resident();
    return { client: (after[0] - before[0]) / count, server: (after[1] - before[1]) / count };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#client[Symbol.asyncDispose](), this.#server[Symbol.asyncDispose]()]);
  }
}

interface Arguments {
  readonly port?: number;
  readonly name?: string;
  readonly seconds?: number;
  readonly count?: number;
}

/** A process that does not answer in time is killed: nothing after it could be believed. */
async function ask<T>(side: ControlledProcess, op: string, args: Arguments = {}): Promise<T> {
  const timer = setTimeout(() => void side.kill(), (args.seconds ?? 0) * 1_000 + patienceMs);
  try {
    return (await side.request(op, args)) as T;
  } finally {
    clearTimeout(timer);
  }
}

function kitex(name: string, protocol: Protocol, tuned: string): ForeignContender | AbsentContender {
  const absent = kitexUnavailable();
  if (absent !== undefined) return { name, absent };
  return {
    name,
    note: `Kitex in Go, server and client, ${tuned}; its defaults otherwise, GOMAXPROCS too`,
    packages: [],
    versions: {
      kitex: pinnedVersion(),
      go: execFileSync("go", ["env", "GOVERSION"], { encoding: "utf8" }).trim().replace(/^go/, ""),
    },
    startPair: (options) => KitexPair.start(name, protocol, options),
  };
}

function pinnedVersion(): string {
  const found = /cloudwego\/kitex v(\S+)/.exec(readFileSync(join(folder, "go.mod"), "utf8"));
  return found?.[1] ?? "unknown";
}

export const kitexTtheader: ForeignContender | AbsentContender = kitex(
  "kitex-ttheader",
  "ttheader",
  "TTHeader: streams on one connection, ping-pong on one connection a call in flight, pooled",
);

export const kitexGrpc: ForeignContender | AbsentContender = kitex(
  "kitex-grpc",
  "grpc",
  "Thrift over HTTP/2 on one connection",
);
