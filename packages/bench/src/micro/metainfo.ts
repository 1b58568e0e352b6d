/**
 * What Context and metainfo cost per call, with 0, 10 and 100 pairs. Run:
 * npx tsx --conditions=@slipstream/source packages/bench/src/micro/metainfo.ts [filter]
 */
import {
  Context,
  fromHTTPHeader,
  getAllValues,
  getPersistentValue,
  HTTPHeader,
  Metadata,
  saveMetaInfoToMap,
  setMetaInfoFromMap,
  toHTTPHeader,
  transferForward,
  withCancel,
  withPersistentValue,
  withPersistentValues,
  withTimeout,
  withValue,
  withValues,
} from "@slipstream/metainfo";
import { Bench } from "tinybench";

const filter = process.argv[2] ?? "";
const bench = new Bench({ time: 300, warmupTime: 150 });

function add(name: string, fn: () => unknown): void {
  if (name.includes(filter)) bench.add(name, fn);
}

const root = Context.background;
const spanKey = Symbol("span");
const request = withTimeout(root, 60_000);
const nothing = (): void => {};

add("context/setValue", () => root.setValue(spanKey, 1));
add("context/withTimeout", () => withTimeout(root, 1000));
add("context/withTimeout + onEnd + off", () => withTimeout(root, 1000).onEnd(nothing)());
add("context/withCancel + cancel", () => withCancel(root).cancel());
add("context/child of a request: withCancel + onEnd + cancel", () => {
  const { context, cancel } = withCancel(request);
  context.onEnd(nothing);
  cancel();
});
add("context/signal", () => withCancel(root).context.signal);

for (const count of [0, 10, 100]) {
  const pairs = Array.from({ length: count }, (_, i) => [`KEY_NUMBER_${i}`, `value ${i}`]).flat();
  const context = withPersistentValues(withValues(root, ...pairs), ...pairs.slice(0, 2));
  const received = transferForward(context);
  const map = new Map<string, string>();
  saveMetaInfoToMap(context, map);
  const header = new HTTPHeader();
  toHTTPHeader(context, header);
  const middle = `KEY_NUMBER_${count >> 1}`;

  add(`${count} pairs/derive: withValue of a new key`, () => withValue(context, "ANOTHER_KEY", "value"));
  add(`${count} pairs/derive: withPersistentValue of a new key`, () =>
    withPersistentValue(context, "ANOTHER_KEY", "value"),
  );
  add(`${count} pairs/derive: withValues on the background`, () => withValues(root, ...pairs));
  add(`${count} pairs/derive: transferForward`, () => transferForward(received));
  add(`${count} pairs/read: getPersistentValue`, () => getPersistentValue(context, middle));
  add(`${count} pairs/read: getAllValues`, () => getAllValues(context));
  add(`${count} pairs/serialise: saveMetaInfoToMap`, () => saveMetaInfoToMap(context, new Map()));
  add(`${count} pairs/serialise: setMetaInfoFromMap`, () => setMetaInfoFromMap(root, map));
  add(`${count} pairs/serialise: toHTTPHeader`, () => toHTTPHeader(context, new HTTPHeader()));
  add(`${count} pairs/serialise: fromHTTPHeader`, () => fromHTTPHeader(root, header));
  add(`${count} pairs/metadata: Metadata.pairs`, () => Metadata.pairs(...pairs));
}

await bench.run();
console.table(
  bench.tasks.map(({ name, result }) => {
    if (!("latency" in result)) throw new Error(`${name} did not finish`);
    return {
      name,
      "median ns": Math.round(result.latency.p50 * 1e6),
      "ops/s": Math.round(result.throughput.p50),
    };
  }),
);
