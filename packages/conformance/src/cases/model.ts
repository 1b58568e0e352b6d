import fc from "fast-check";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { expected } from "../scripts/model.ts";
import { play, Stage } from "../scripts/run.ts";
import { scripts } from "../scripts/script.ts";
import { until } from "../waiting.ts";

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 300) };

/** Random scripts against the model of a stream. */
export const model: readonly Case[] = [
  {
    title: "does on a bidirectional stream what the model says, whatever both ends do [B6]",
    limitMs: 20_000,
    async run(world) {
      const stage = new Stage();
      const running = await world.start({ talk: { chat: stage.chat } });
      await fc.assert(
        fc.asyncProperty(scripts, async (script) => {
          expect(await play(script, running, stage)).toEqual(expected(script));
        }),
        runs,
      );
      await until(() => running.server.activeCalls === 0);
    },
  },
];
