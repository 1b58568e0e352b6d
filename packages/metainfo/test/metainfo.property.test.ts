import {
  allBackwardValuesToSend,
  Context,
  countPersistentValues,
  countValues,
  delPersistentValue,
  delValue,
  fromHTTPHeader,
  getAllPersistentValues,
  getAllValues,
  getBackwardValueToSend,
  getPersistentValue,
  getValue,
  HTTPHeader,
  hasMetaInfo,
  rangePersistentValues,
  rangeValues,
  recvAllBackwardValues,
  recvBackwardValue,
  saveMetaInfoToMap,
  sendBackwardValue,
  sendBackwardValues,
  setBackwardValue,
  setBackwardValuesFromMap,
  setMetaInfoFromMap,
  toHTTPHeader,
  transferForward,
  withBackwardValues,
  withBackwardValuesToSend,
  withPersistentValue,
  withPersistentValues,
  withValue,
  withValues,
} from "@slipstream/metainfo";
import fc from "fast-check";
import { expect, it } from "vitest";
import * as model from "./metainfo-model.ts";

/** A context of ours beside the model's. */
interface Twin {
  readonly real: Context;
  readonly model: model.ModelContext;
}

/** One step from one context to another; it may also write to a carrier. */
interface Step {
  readonly name: string;
  real(context: Context): Context | boolean;
  model(context: model.ModelContext): model.ModelContext | boolean;
}

const keys = [
  "",
  "k",
  "K",
  "a-b",
  "A_B",
  "a_b",
  "__proto__",
  "constructor",
  "UPSTREAM_k",
  "a b",
  "é",
  "\ud800",
  "\udc00",
  "RPC_PERSIST_k",
];
const key = fc.constantFrom(...keys);
const value = fc.constantFrom("", "1", "2", "\t", "\0", "é你", "\ud800", "\ufffd");
const pairs = fc.array(fc.tuple(key, value), { maxLength: 4 });

function entries(prefixes: readonly string[]): fc.Arbitrary<(readonly [string, string])[]> {
  const name = fc.tuple(fc.constantFrom(...prefixes), key).map(([prefix, rest]) => prefix + rest);
  return fc.uniqueArray(fc.tuple(name, value), { maxLength: 5, selector: ([entryName]) => entryName });
}

const mapEntries = entries([
  "RPC_TRANSIT_UPSTREAM_",
  "RPC_TRANSIT_",
  "RPC_PERSIST_",
  "RPC_BACKWARD_",
  "rpc_persist_",
  "",
]);
const headerFields = entries([
  "rpc-transit-",
  "rpc-persist-",
  "RPC-Transit-",
  "Rpc-Persist-",
  "rpc-backward-",
  "rpc-transit",
  "",
]);

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(key, value).map(([k, v]) => ({
    name: `withValue(${JSON.stringify([k, v])})`,
    real: (c: Context) => withValue(c, k, v),
    model: (c: model.ModelContext) => model.withValue(c, k, v),
  })),
  fc.tuple(key, value).map(([k, v]) => ({
    name: `withPersistentValue(${JSON.stringify([k, v])})`,
    real: (c: Context) => withPersistentValue(c, k, v),
    model: (c: model.ModelContext) => model.withPersistentValue(c, k, v),
  })),
  pairs.map((list) => ({
    name: `withValues(${JSON.stringify(list)})`,
    real: (c: Context) => withValues(c, ...list.flat()),
    model: (c: model.ModelContext) => model.batch(model.withValue, c, list),
  })),
  pairs.map((list) => ({
    name: `withPersistentValues(${JSON.stringify(list)})`,
    real: (c: Context) => withPersistentValues(c, ...list.flat()),
    model: (c: model.ModelContext) => model.batch(model.withPersistentValue, c, list),
  })),
  key.map((k) => ({
    name: `delValue(${JSON.stringify(k)})`,
    real: (c: Context) => delValue(c, k),
    model: (c: model.ModelContext) => model.delValue(c, k),
  })),
  key.map((k) => ({
    name: `delPersistentValue(${JSON.stringify(k)})`,
    real: (c: Context) => delPersistentValue(c, k),
    model: (c: model.ModelContext) => model.delPersistentValue(c, k),
  })),
  fc.constant({ name: "transferForward()", real: transferForward, model: model.transferForward }),
  mapEntries.map((list) => ({
    name: `setMetaInfoFromMap(${JSON.stringify(list)})`,
    real: (c: Context) => setMetaInfoFromMap(c, new Map(list)),
    model: (c: model.ModelContext) => model.setMetaInfoFromMap(c, list),
  })),
  headerFields.map((list) => ({
    name: `fromHTTPHeader(${JSON.stringify(list)})`,
    real: (c: Context) => fromHTTPHeader(c, { visit: (visit) => list.forEach(([k, v]) => visit(k, v)) }),
    model: (c: model.ModelContext) => model.fromHTTPHeader(c, list),
  })),
  fc.constant({
    name: "withBackwardValues()",
    real: withBackwardValues,
    model: (c: model.ModelContext) => model.mark("received", c),
  }),
  fc.constant({
    name: "withBackwardValuesToSend()",
    real: withBackwardValuesToSend,
    model: (c: model.ModelContext) => model.mark("toSend", c),
  }),
  fc.tuple(key, value).map(([k, v]) => ({
    name: `setBackwardValue(${JSON.stringify([k, v])})`,
    real: (c: Context) => setBackwardValue(c, k, v),
    model: (c: model.ModelContext) => model.store("received", c, [[k, v]]),
  })),
  mapEntries.map((list) => ({
    name: `setBackwardValuesFromMap(${JSON.stringify(list)})`,
    real: (c: Context) => setBackwardValuesFromMap(c, new Map(list)),
    model: (c: model.ModelContext) => model.store("received", c, list),
  })),
  fc.tuple(key, value).map(([k, v]) => ({
    name: `sendBackwardValue(${JSON.stringify([k, v])})`,
    real: (c: Context) => sendBackwardValue(c, k, v),
    model: (c: model.ModelContext) => model.store("toSend", c, [[k, v]]),
  })),
  pairs.map((list) => ({
    name: `sendBackwardValues(${JSON.stringify(list)})`,
    real: (c: Context) => sendBackwardValues(c, ...list.flat()),
    model: (c: model.ModelContext) => model.store("toSend", c, list),
  })),
);

/** Everything there is to see of a context. */
function seen(c: Context): unknown {
  const range: [string, string][] = [];
  rangeValues(c, (k, v) => {
    range.push([k, v]);
  });
  const persistent: [string, string][] = [];
  rangePersistentValues(c, (k, v) => {
    persistent.push([k, v]);
  });
  const map = new Map<string, string>();
  saveMetaInfoToMap(c, map);
  const header = new HTTPHeader();
  toHTTPHeader(c, header);
  const fields: Record<string, string> = {};
  header.visit((k, v) => {
    fields[k] = v;
  });
  return {
    has: hasMetaInfo(c),
    range,
    persistent,
    counts: [countValues(c), countPersistentValues(c)],
    all: Object.fromEntries(getAllValues(c)),
    allPersistent: [...getAllPersistentValues(c)],
    single: keys.map((k) => [getValue(c, k), getPersistentValue(c, k)]),
    saved: [...map],
    fields,
    received: [...recvAllBackwardValues(c)],
    toSend: [...allBackwardValuesToSend(c)],
    backward: keys.map((k) => [recvBackwardValue(c, k), getBackwardValueToSend(c, k)]),
  };
}

function expected(c: model.ModelContext): unknown {
  const find = (list: model.Pair[], k: string): string | undefined => new Map(list).get(model.mended(k));
  const range = model.rangeValues(c);
  const persistent = model.rangePersistentValues(c);
  const received = model.stored("received", c);
  const toSend = model.stored("toSend", c);
  return {
    has: c.node !== undefined,
    range,
    persistent,
    counts: [range.length, persistent.length],
    all: Object.fromEntries(range),
    allPersistent: persistent,
    single: keys.map((k) => [model.getValue(c, k), model.getPersistentValue(c, k)]),
    saved: model.saved(c),
    fields: model.headers(c),
    received,
    toSend,
    backward: keys.map((k) => [find(received, k), find(toSend, k)]),
  };
}

it("does what the specification says, step by step, and never touches another context [D6][D12][D13][D14][D15][D16][D17][D18][D19][D20][D21][D25][D29]", () => {
  const program = fc.array(fc.tuple(fc.nat(), steps), { minLength: 1, maxLength: 25 });
  fc.assert(
    fc.property(program, (chosen) => {
      const twins: Twin[] = [{ real: Context.background, model: model.bare }];
      for (const [choice, step] of chosen) {
        const from = twins[choice % twins.length] as Twin;
        const real = step.real(from.real);
        const modelled = step.model(from.model);
        if (typeof real === "boolean" || typeof modelled === "boolean") {
          expect(real, step.name).toBe(modelled);
        } else {
          expect(real === from.real, `${step.name} returns the same context`).toBe(modelled === from.model);
          twins.push({ real, model: modelled });
        }
      }
      for (const twin of twins) expect(seen(twin.real)).toEqual(expected(twin.model));
    }),
    { numRuns: 500 },
  );
});
