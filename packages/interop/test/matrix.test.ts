import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, it } from "vitest";
import {
  type Caller,
  type KitexPeer,
  type KitexServer,
  kitexUnavailable,
  type Protocol,
  startKitexDriver,
  startKitexServer,
} from "../src/index.ts";
import { kindsOf, type Pair, protocols, type Sides, Trial } from "./matrix/cell.ts";
import { echo } from "./matrix/echo.ts";
import { endings } from "./matrix/endings.ts";
import { headers } from "./matrix/header.ts";
import { hops } from "./matrix/hops.ts";
import { lifecycle } from "./matrix/lifecycle.ts";
import { metainfo } from "./matrix/metainfo.ts";
import { Results } from "./matrix/results.ts";

const features = [...echo, ...metainfo, ...headers, ...endings, ...lifecycle, ...hops];
const columns: [string, Sides][] = [["Kitex → Kitex", { from: "Kitex", to: "Kitex" }]];
const unavailable = kitexUnavailable();

describe.skipIf(unavailable)(`interoperability${unavailable ? ` (skipped: ${unavailable})` : ""}`, () => {
  const pairs = new Map<string, Pair>();
  let server: KitexServer;
  let driver: KitexPeer;
  const results = new Results(
    columns.map(([name]) => name),
    features,
  );

  beforeAll(async () => {
    server = await startKitexServer({ handlers: true, contextTimeout: true });
    driver = await startKitexDriver();
    const caller: Caller = {
      call: (call) => driver.call({ handlers: true, caller: "lab.client", ...call }),
      many: (count, call) => driver.many(count, { handlers: true, ...call }),
    };
    pairs.set("Kitex → Kitex", {
      from: "Kitex",
      to: "Kitex",
      caller,
      callee: server,
      beyond: server,
      startCaller: startKitexDriver,
      startCallee: startKitexServer,
    });
  }, 600_000);

  afterAll(async () => {
    if (process.env["INTEROP_TABLE"]) writeFileSync(process.env["INTEROP_TABLE"], results.toMarkdown());
    await driver?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  describe.each(columns)("%s", (column, sides) => {
    for (const feature of features) {
      describe(feature.name, () => {
        for (const protocol of Object.keys(protocols) as Protocol[]) {
          for (const kind of kindsOf[protocol]) {
            const cell = feature.cell({ protocol, kind, pair: sides });
            if ("why" in cell) {
              results.set(column, feature.name, protocol, kind, { is: "absent", why: cell.why });
              continue;
            }
            it(`${protocols[protocol]}, ${kind}`, async () => {
              results.set(column, feature.name, protocol, kind, { is: "fail" });
              const why = await cell(new Trial(pairs.get(column) as Pair, protocol, kind));
              results.set(
                column,
                feature.name,
                protocol,
                kind,
                why ? { is: "differs", why } : { is: "pass" },
              );
            });
          }
        }
      });
    }
  });
});
