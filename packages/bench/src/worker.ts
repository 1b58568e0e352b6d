// One side of a contender in a process of its own, told what to do over the channel of `fork`.
import { cases } from "./cases.ts";
import type { BenchClient, Contender } from "./contender.ts";
import { contenders } from "./contenders/index.ts";

export interface Command {
  readonly id: number;
  readonly operation: "listen" | "connect" | "run" | "cpu" | "rss" | "collect" | "openIdle" | "exit";
  readonly port?: number;
  readonly name?: string;
  readonly seconds?: number;
  readonly count?: number;
}

const [, , name = ""] = process.argv;
const contender = await load();
let client: BenchClient = {};
const states = new Map<string, { rate?: number }>();
const idle: unknown[] = [];

async function load(): Promise<Contender> {
  const found = await contenders[name]?.();
  if (!found || !("connect" in found)) throw new Error(`no contender ${name} that runs on Node`);
  return found;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function perform(command: Command): Promise<unknown> {
  switch (command.operation) {
    case "listen":
      return (await contender.startServer()).port;
    case "connect":
      client = await contender.connect(command.port ?? 0);
      return Object.keys(client);
    case "run": {
      const { name: key = "", seconds = 1 } = command;
      const state = states.get(key) ?? {};
      states.set(key, state);
      const before = cpuSeconds();
      const sample = await cases[key]?.run(client, contender.isTyped, seconds, state);
      return { ...sample, cpuSeconds: cpuSeconds() - before };
    }
    case "cpu":
      return cpuSeconds();
    case "collect":
      // A full collection would age the compiler's code out.
      (globalThis.gc as ((options: object) => void) | undefined)?.({ type: "minor" });
      return undefined;
    case "rss":
      for (let i = 0; i < 3; i++) globalThis.gc?.();
      return process.memoryUsage().rss;
    case "openIdle":
      for (let i = 0; i < (command.count ?? 0); i++) await openIdle();
      return undefined;
    case "exit":
      // Next turn, so that a profile is written.
      setImmediate(() => process.exit(0));
      return undefined;
  }
}

function openIdle(): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = client.bidi?.({ onMessage: () => resolve(), onEnd: reject });
    stream?.send(new Uint8Array(18));
    idle.push(stream);
  });
}

process.on("message", (command: Command) => {
  perform(command).then(
    (value) => process.send?.({ id: command.id, value }),
    (error: unknown) =>
      process.send?.({ id: command.id, error: error instanceof Error ? error.stack : String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.({ id: 0 });
