import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Case, plainTitle } from "./case.ts";
import { cases } from "./cases/index.ts";
import type { TransportUnderTest } from "./transport-under-test.ts";
import { turn } from "./waiting.ts";
import { World } from "./world.ts";

const defaultLimitMs = 8_000;

/** Runs every case over `transport`, in a test file of its package. */
export function testTransport(transport: TransportUnderTest): void {
  const { exceptions = {}, unsteady = {} } = transport;
  const titles = new Set(Object.values(cases).flatMap((list) => list.map(({ title }) => plainTitle(title))));
  const unknown = Object.keys({ ...exceptions, ...unsteady }).filter((title) => !titles.has(title));

  describe(`${transport.name} as a transport`, () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
    beforeAll(() => void process.on("unhandledRejection", onUnhandled));
    afterAll(() => void process.off("unhandledRejection", onUnhandled));

    it("lists only exceptions that exist", () => {
      expect(unknown).toEqual([]);
    });

    for (const [topic, list] of Object.entries(cases)) {
      describe(topic, () => {
        for (const entry of list) {
          const timing = unsteady[plainTitle(entry.title)];
          if (timing !== undefined) {
            it.skip(`${plainTitle(entry.title)} (not run: ${timing})`, () => {}); // reason: as the title says, the outcome is a matter of timing here
            continue;
          }
          const reason = exceptions[plainTitle(entry.title)];
          const limitMs = entry.limitMs ?? defaultLimitMs;
          const test = reason === undefined ? passes : (one: Case) => fails(one, reason);
          it(
            // A case that must fail shows no behaviour, so its ids are left out.
            reason === undefined ? entry.title : `${plainTitle(entry.title)} (must fail: ${reason})`,
            async () => {
              await test(entry);
              await turn();
              expect(unhandled.splice(0), "rejections that nobody handled").toEqual([]);
            },
            // The case has its own limit, which says more.
            limitMs + 5_000,
          );
        }
      });
    }
  });

  async function passes(entry: Case): Promise<void> {
    await using world = new World(transport);
    await withinLimit(entry.run(world), entry.limitMs ?? defaultLimitMs);
  }

  async function fails(entry: Case, reason: string): Promise<void> {
    try {
      await passes(entry);
    } catch {
      return;
    }
    throw new Error(`"${plainTitle(entry.title)}" passes now: take it from the exceptions (${reason})`);
  }
}

async function withinLimit(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the case hangs: not done in ${limitMs} ms`)), limitMs);
  });
  // After the limit nobody looks at what becomes of it.
  work.catch(() => {});
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
