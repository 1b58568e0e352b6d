// Prints how many bytes of each call and stream a young collection does not free, both sides in this process: for garbage.test.ts.
import { setImmediate as nextTurn } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";
import { loadContender } from "./contenders/load.ts";
import { payloadFor, tenPairs } from "./messages.ts";

const calls = 1_500;

const contender = await loadContender(process.argv[2] ?? "");
if (!("connect" in contender)) throw new Error(`${process.argv[2]} does not run on Node`);
const { port } = await contender.startServer();
const { unary, bidi } = await contender.connect(port);
if (unary === undefined || bidi === undefined)
  throw new Error(`${contender.name} lacks calls or duplex streams`);
const payload = payloadFor(64, true);

async function call(): Promise<void> {
  await unary?.(payload);
}

function stream(): Promise<void> {
  return new Promise((resolve, reject) => {
    const opened = bidi?.({
      metadata: tenPairs,
      onMessage: () => opened?.end(),
      onEnd: (error) => (error ? reject(error) : resolve()),
    });
    opened?.send(payload);
  });
}

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space")?.space_used_size ?? 0;
}

/** What came into the old generation while `operation` ran, for each time. A full collection in between takes nothing off. */
async function promotedBytes(operation: () => Promise<void>): Promise<number> {
  for (let i = 0; i < 100; i++) await operation();
  globalThis.gc?.();
  let promoted = 0;
  for (let i = 0, before = oldBytes(); i < calls; i++) {
    await operation();
    await nextTurn();
    const now = oldBytes();
    promoted += Math.max(0, now - before);
    before = now;
  }
  return promoted / calls;
}

process.stdout.write(
  JSON.stringify({ call: await promotedBytes(call), stream: await promotedBytes(stream) }),
);
process.exit(0);
