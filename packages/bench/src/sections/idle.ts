import type { IdleStream } from "../results.ts";
import type { Lab } from "./lab.ts";

const streams = 10_000;

/** What an open, idle stream takes in each process, for every contender that can hold them. */
export async function measureIdle(lab: Lab): Promise<IdleStream[]> {
  const results: IdleStream[] = [];
  for (const contender of lab.contenders) {
    await lab.attempt(`idle streams of ${contender.name}`, async () => {
      await using pair = await lab.start(contender);
      const bytes = await pair.idleStreamBytes(contender.idleStreams ?? streams);
      if (bytes) results.push({ contender: contender.name, ...bytes });
    });
  }
  return results;
}
