import { afterAll, beforeAll, describe, it } from "vitest";
import { buildLimitMs, describeKitex } from "./kitex-suite.ts";
import { absent, kindsOf, type Sides, Trial, type Way, ways } from "./matrix/cell.ts";
import { death } from "./matrix/death.ts";
import { writeTable } from "./matrix/document.ts";
import { echo } from "./matrix/echo.ts";
import { endings } from "./matrix/endings.ts";
import { headers } from "./matrix/header.ts";
import { hops } from "./matrix/hops.ts";
import { lifecycle } from "./matrix/lifecycle.ts";
import { metainfo } from "./matrix/metainfo.ts";
import { type Result, Results } from "./matrix/results.ts";
import { columns, startWorld, type World } from "./matrix/world.ts";

const features = [...echo, ...metainfo, ...headers, ...endings, ...lifecycle, ...death, ...hops];

const noneOfOurs = absent("Nothing of ours takes part.");

const isOurs = ({ from, to }: Sides): boolean => from === "Slipstream" || to === "Slipstream";

describeKitex("interoperability", () => {
  const names = columns.map(([name]) => name);
  const results = new Results(names, features);
  const worlds: Partial<Record<Way["sessions"], World>> = {};

  beforeAll(async () => {
    worlds.h2 = await startWorld();
    worlds["node:http2"] = await startWorld({ sessions: "node:http2" });
  }, buildLimitMs);

  afterAll(async () => {
    if (results.isComplete) writeTable(results.toMarkdown());
    for (const world of Object.values(worlds)) await world[Symbol.asyncDispose]();
  });

  const cells = features.flatMap((feature) =>
    ways.flatMap((way) => kindsOf[way.protocol].map((kind) => ({ feature, way, kind }))),
  );

  describe.each(columns)("%s", (column, pair) => {
    for (const { feature, way, kind } of cells) {
      const { protocol, sessions } = way;
      const cell = sessions === "h2" || isOurs(pair) ? feature.cell({ protocol, kind, pair }) : noneOfOurs;
      const record = (result: Result) => results.set(column, feature.name, way, kind, result);
      if ("why" in cell) {
        record({ is: "absent", why: cell.why });
        continue;
      }
      const ids = isOurs(pair) ? feature.ids : ""; // Kitex against itself shows nothing of ours
      it(`${feature.name}: ${way.name}, ${kind}${ids}`, async () => {
        record({ is: "fail" });
        const why = await cell(new Trial((worlds[sessions] as World).pair(pair), protocol, kind));
        record(why ? { is: "differs", why } : { is: "pass" });
      });
    }
  });
});
