import { afterAll, beforeAll, describe, it } from "vitest";
import type { Protocol } from "../src/index.ts";
import { buildLimitMs, describeKitex } from "./kitex-suite.ts";
import { kindsOf, protocols, type Sides, Trial } from "./matrix/cell.ts";
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

const isOurs = ({ from, to }: Sides): boolean => from === "Slipstream" || to === "Slipstream";

describeKitex("interoperability", () => {
  const names = columns.map(([name]) => name);
  const results = new Results(names, features);
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  }, buildLimitMs);

  afterAll(async () => {
    if (results.isComplete) writeTable(results.toMarkdown());
    await world?.[Symbol.asyncDispose]();
  });

  const cells = features.flatMap((feature) =>
    (Object.keys(protocols) as Protocol[]).flatMap((protocol) =>
      kindsOf[protocol].map((kind) => ({ feature, protocol, kind })),
    ),
  );

  describe.each(columns)("%s", (column, pair) => {
    for (const { feature, protocol, kind } of cells) {
      const cell = feature.cell({ protocol, kind, pair });
      const record = (result: Result) => results.set(column, feature.name, protocol, kind, result);
      if ("why" in cell) {
        record({ is: "absent", why: cell.why });
        continue;
      }
      const ids = isOurs(pair) ? feature.ids : ""; // Kitex against itself shows nothing of ours
      it(`${feature.name}: ${protocols[protocol]}, ${kind}${ids}`, async () => {
        record({ is: "fail" });
        const why = await cell(new Trial(world.pair(pair), protocol, kind));
        record(why ? { is: "differs", why } : { is: "pass" });
      });
    }
  });
});
