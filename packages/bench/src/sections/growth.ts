import type { RunResult } from "../contender.ts";
import { decorated } from "../contenders/index.ts";
import { type GrowthAxis, growths } from "../growth.ts";
import type { NodePair } from "../processes.ts";
import { type GrowthPoint, perCpuSecond } from "../results.ts";
import type { Lab } from "./lab.ts";

/** Those whose growth is looked at: our own that have a wire, and what they are compared with. */
const grown = ["ttheader", "http2", "websocket", "grpc-js"];

/** Cases that show what is installed around each call. */
const aroundCases = ["unary.c64", "sstream.64B.s1", "duplex.64B.s16", "open.10pairs.c64"];

const repeats = 3;

export interface GrowthPlan {
  /** How long a point is measured each time. */
  readonly seconds: number;
  readonly burnInSeconds: number;
}

/** How the cost of an operation grows with streams, pairs and connections, and with what is installed around it. */
export async function measureGrowth(lab: Lab, plan: GrowthPlan): Promise<GrowthPoint[]> {
  const points: GrowthPoint[] = [];
  for (const { name } of lab.contenders.filter((contender) => grown.includes(contender.name))) {
    for (const axis of Object.keys(growths) as GrowthAxis[]) {
      await lab.attempt(`growth of ${name} with ${axis}`, async () => {
        points.push(...(await along(lab, name, axis, plan)));
      });
    }
  }
  if (lab.contenders.some(({ name }) => name === "ttheader")) {
    await lab.attempt("what is installed around calls", async () => {
      points.push(...(await around(lab, plan)));
    });
  }
  return points;
}

async function along(lab: Lab, name: string, axis: GrowthAxis, plan: GrowthPlan): Promise<GrowthPoint[]> {
  await using pair = await lab.startNode(name);
  const { counts, needs, burnInCase } = growths[axis];
  if (!pair.has(needs)) return [];
  await pair.run(burnInCase, plan.burnInSeconds);
  const points: GrowthPoint[] = [];
  for (const count of counts) {
    await pair.hold(axis, count);
    await pair.grow(axis, count, plan.seconds / 2);
    const cpuMicros: number[] = [];
    for (let i = 0; i < repeats; i++) cpuMicros.push(micros(await pair.grow(axis, count, plan.seconds)));
    points.push({ contender: name, axis, count, cpuMicros });
  }
  return points;
}

/** TTHeader as it is, with a middleware, and with a tracer, taking turns. */
async function around(lab: Lab, plan: GrowthPlan): Promise<GrowthPoint[]> {
  const pairs: NodePair[] = [];
  try {
    for (const name of ["ttheader", ...Object.keys(decorated)]) pairs.push(await lab.startNode(name));
    for (const pair of pairs) for (const name of aroundCases) await pair.run(name, plan.burnInSeconds);
    const points: GrowthPoint[] = [];
    for (const name of aroundCases) {
      const cpuMicros = new Map<string, number[]>(pairs.map((pair) => [pair.name, []]));
      for (let i = 0; i < repeats; i++) {
        for (const pair of pairs) {
          await pair.run(name, plan.seconds / 2);
          cpuMicros.get(pair.name)?.push(micros(await pair.run(name, plan.seconds)));
        }
      }
      for (const [contender, values] of cpuMicros)
        points.push({ contender, axis: "around", case: name, count: 1, cpuMicros: values });
    }
    return points;
  } finally {
    await Promise.all(pairs.map((pair) => pair[Symbol.asyncDispose]()));
  }
}

function micros(result: RunResult): number {
  return 1e6 / perCpuSecond(result);
}
