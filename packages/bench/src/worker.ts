// One side of a contender in a process of its own, told what to do over the channel of `fork`.
import { setTimeout as delay } from "node:timers/promises";
import { cases } from "./cases.ts";
import type { BenchClient, Contender } from "./contender.ts";
import { loadContender } from "./contenders/load.ts";
import { type GrowthAxis, growths, Held } from "./growth.ts";

export interface Command {
  readonly id: number;
  readonly operation:
    | "listen"
    | "connect"
    | "run"
    | "hold"
    | "grow"
    | "cpu"
    | "rss"
    | "collect"
    | "openIdle"
    | "exit";
  readonly port?: number;
  readonly name?: string;
  readonly axis?: GrowthAxis;
  readonly seconds?: number;
  readonly count?: number;
}

const [, , name = "", , adapterPath] = process.argv;
const contender = await load();
let port = 0;
let client: BenchClient = {};
let held: Held | undefined;
const states = new Map<string, { rate?: number }>();

async function load(): Promise<Contender> {
  const found = await loadContender(name, adapterPath);
  if (!("connect" in found)) throw new Error(`${name} does not run on Node`);
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
      port = command.port ?? 0;
      client = await contender.connect(port);
      held = new Held(client, contender.isTyped, () => contender.connect(port));
      return Object.keys(client);
    case "run": {
      const { name: key = "", seconds = 1 } = command;
      const state = states.get(key) ?? {};
      states.set(key, state);
      const before = cpuSeconds();
      const sample = await cases[key]?.run(client, contender.isTyped, seconds, state);
      return { ...sample, cpuSeconds: cpuSeconds() - before };
    }
    case "hold":
      return held && growths[command.axis ?? "streams"].hold(held, command.count ?? 0);
    case "grow": {
      const { axis = "streams", count = 1, seconds = 1 } = command;
      const before = cpuSeconds();
      const sample = held && (await growths[axis].run(held, count, seconds));
      return { ...sample, cpuSeconds: cpuSeconds() - before };
    }
    case "cpu":
      return cpuSeconds();
    case "collect":
      // A full collection would age the compiler's code out.
      (globalThis.gc as ((options: object) => void) | undefined)?.({ type: "minor" });
      return undefined;
    case "rss":
      for (let i = 0; i < 3; i++) {
        globalThis.gc?.();
        await delay(50);
      }
      return process.memoryUsage().rss;
    case "openIdle":
      return held?.openStreams(command.count ?? 0);
    case "exit":
      // Next turn, so that a profile is written.
      setImmediate(() => process.exit(0));
      return undefined;
  }
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
