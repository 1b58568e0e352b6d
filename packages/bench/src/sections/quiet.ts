import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Seconds of all CPUs together, busy ones and all; Linux alone tells. */
function cpuSeconds(): { readonly busy: number; readonly total: number } {
  try {
    const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n");
    const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
    const total = ticks.reduce((sum, value) => sum + value, 0) / 100;
    return { busy: total - ((ticks[3] ?? 0) + (ticks[4] ?? 0)) / 100, total };
  } catch {
    return { busy: 0, total: 0 };
  }
}

/** Starts a watch; the function it returns says how many CPUs others than us kept busy, given our own CPU seconds. */
export function busyCpus(): (ownSeconds: number) => number {
  const before = cpuSeconds();
  const start = performance.now();
  return (ownSeconds) =>
    Math.max(0, cpuSeconds().busy - before.busy - ownSeconds) / ((performance.now() - start) / 1_000);
}

/** A fixed loop: how slow the machine is right now, in milliseconds. */
export function pilotMs(): number {
  const start = performance.now();
  let x = 1;
  for (let i = 0; i < 4e6; i++) x = (Math.imul(x, 1_103_515_245) + 12_345) | 0;
  return performance.now() - start + (x === 42 ? 1 : 0);
}

/** Waits until others keep less than a fifth of a CPU busy, or `limitSeconds` have passed; says when they have. */
export async function waitForQuiet(limitSeconds: number): Promise<void> {
  const end = performance.now() + limitSeconds * 1_000;
  for (;;) {
    const others = busyCpus();
    await delay(500);
    const busy = others(0);
    if (busy < 0.2) return;
    if (performance.now() > end) {
      console.error(`others keep ${busy.toFixed(1)} CPUs busy: take the ratios with care`);
      return;
    }
  }
}
