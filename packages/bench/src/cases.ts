import type { BenchClient, Operation } from "./contender.ts";
import { changingPairs, type Pairs, payloadFor, somePairs, tenPairs } from "./messages.ts";

export interface Sample {
  /** Calls, messages, echoes or streams. */
  readonly operations: number;
  readonly seconds: number;
  readonly p50us?: number;
  readonly p99us?: number;
}

export interface Case {
  readonly title: string;
  readonly needs: Operation;
  /** Runs for about `seconds`; `state` is kept between the runs of one client. */
  run(client: BenchClient, isTyped: boolean, seconds: number, state: { rate?: number }): Promise<Sample>;
}

/** Echoes in flight on each duplex stream. */
const duplexWindow = 32;

class Latencies {
  readonly #values: number[] = [];

  add(ms: number): void {
    this.#values.push(ms);
  }

  summary(): { readonly p50us: number; readonly p99us: number } {
    const sorted = Float64Array.from(this.#values).sort();
    const at = (share: number): number => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 1_000;
    return { p50us: at(0.5), p99us: at(0.99) };
  }
}

/** That many loops at once, each doing an operation after the other; `prepare` makes what one of them does. */
export async function closedLoop(
  loops: number,
  seconds: number,
  prepare: () => () => Promise<void>,
): Promise<Sample> {
  const latencies = new Latencies();
  const start = performance.now();
  const end = start + seconds * 1_000;
  let operations = 0;
  const loop = async (): Promise<void> => {
    const operation = prepare();
    for (let before = performance.now(); before < end; ) {
      await operation();
      const after = performance.now();
      latencies.add(after - before);
      operations++;
      before = after;
    }
  };
  await Promise.all(Array.from({ length: loops }, loop));
  return { operations, seconds: (performance.now() - start) / 1_000, ...latencies.summary() };
}

/** Runs `once` with as many messages a stream as the last rate says will fill the time. */
async function sized(
  streams: number,
  seconds: number,
  state: { rate?: number },
  once: (messagesPerStream: number) => Promise<number>,
): Promise<Sample> {
  const start = performance.now();
  let operations = 0;
  let count = Math.ceil((state.rate === undefined ? 200 : state.rate * seconds) / streams);
  for (;;) {
    const before = performance.now();
    operations += await once(Math.max(1, count));
    const now = performance.now();
    const spent = (now - start) / 1_000;
    state.rate = (count * streams) / ((now - before) / 1_000);
    if (spent > seconds * 0.7) return { operations, seconds: spent };
    const left = Math.max(seconds - spent, seconds * 0.3);
    count = Math.ceil(Math.min(count * 8, (state.rate * left) / streams));
  }
}

function unary(inFlight: number): Case {
  return {
    title: `ping-pong, ${inFlight} in flight`,
    needs: "unary",
    run(client, isTyped, seconds) {
      const payload = payloadFor(64, isTyped);
      return closedLoop(inFlight, seconds, () => async () => {
        const length = await client.unary?.(payload);
        if (length !== payload.length)
          throw new Error(`an echo of ${length} bytes, expected ${payload.length}`);
      });
    },
  };
}

function serverStream(size: number, streams: number): Case {
  return {
    title: `server streaming ${sizeName(size)}, ${streams} ${streams === 1 ? "stream" : "streams"}`,
    needs: "serverStream",
    run: (client, isTyped, seconds, state) =>
      sized(streams, seconds, state, async (count) => {
        let messages = 0;
        let bytes = 0;
        const onMessage = (length: number): void => {
          messages++;
          bytes += length;
        };
        await Promise.all(
          Array.from({ length: streams }, async () => client.serverStream?.(count, size, onMessage)),
        );
        if (messages !== count * streams || bytes !== messages * payloadFor(size, isTyped).length) {
          throw new Error(`${messages} of ${count * streams} messages came`);
        }
        return messages;
      }),
  };
}

function clientStream(size: number, streams: number): Case {
  return {
    title: `client streaming ${sizeName(size)}, ${streams} ${streams === 1 ? "stream" : "streams"}`,
    needs: "clientStream",
    run: (client, isTyped, seconds, state) =>
      sized(streams, seconds, state, async (count) => {
        const payload = payloadFor(size, isTyped);
        const counted = await Promise.all(
          Array.from({ length: streams }, async () => client.clientStream?.(count, payload)),
        );
        if (counted.some((got) => got !== count))
          throw new Error(`the server counted ${counted.join(", ")} of ${count}`);
        return count * streams;
      }),
  };
}

function duplex(size: number, streams: number): Case {
  return {
    title: `duplex ${sizeName(size)}, ${streams} streams`,
    needs: "bidi",
    async run(client, isTyped, seconds) {
      const payload = payloadFor(size, isTyped);
      const start = performance.now();
      const end = start + seconds * 1_000;
      let operations = 0;
      let isOver = false;
      const one = (): Promise<void> =>
        new Promise((resolve, reject) => {
          let inFlight = 0;
          const stream = client.bidi?.({
            onMessage() {
              operations++;
              if ((operations & 15) === 0 && performance.now() >= end) isOver = true;
              if (!isOver) stream?.send(payload);
              else if (--inFlight === 0) stream?.end();
            },
            onEnd: (error) => (error ? reject(error) : resolve()),
          });
          for (; inFlight < duplexWindow; inFlight++) stream?.send(payload);
        });
      await Promise.all(Array.from({ length: streams }, one));
      return { operations, seconds: (performance.now() - start) / 1_000 };
    },
  };
}

/** Opens a stream, has one message echoed, closes it. */
function opening(title: string, inFlight: number, nextPairs: () => Pairs): Case {
  return {
    title: `opening with ${title}, ${inFlight} at once`,
    needs: "bidi",
    run(client, isTyped, seconds) {
      const payload = payloadFor(64, isTyped);
      return closedLoop(
        inFlight,
        seconds,
        () => () =>
          new Promise((resolve, reject) => {
            let echoes = 0;
            const stream = client.bidi?.({
              metadata: nextPairs(),
              onMessage() {
                echoes++;
                stream?.end();
              },
              // No arrow function: `tsx` would give it its name for every stream.
              onEnd(error) {
                if (error || echoes !== 1) reject(error ?? new Error("no echo"));
                else resolve();
              },
            });
            stream?.send(payload);
          }),
      );
    },
  };
}

/** Opening with so many constant pairs. */
export function openingWith(count: number): Case {
  const pairs = somePairs(count);
  return opening(`${count} pairs`, 64, () => pairs);
}

function openingWithChanging(): Case {
  let calls = 0;
  return opening(
    "10 pairs, 4 of them changing",
    64,
    () => changingPairs[calls++ % changingPairs.length] ?? tenPairs,
  );
}

function sizeName(size: number): string {
  return size < 1024 ? `${size} B` : `${size / 1024} KiB`;
}

export const cases: Readonly<Record<string, Case>> = {
  "unary.c1": unary(1),
  "unary.c64": unary(64),
  "sstream.64B.s1": serverStream(64, 1),
  "sstream.64B.s16": serverStream(64, 16),
  "sstream.1K.s1": serverStream(1024, 1),
  "sstream.1K.s16": serverStream(1024, 16),
  "sstream.64K.s1": serverStream(65536, 1),
  "cstream.1K.s1": clientStream(1024, 1),
  "cstream.1K.s16": clientStream(1024, 16),
  "duplex.64B.s16": duplex(64, 16),
  "duplex.1K.s16": duplex(1024, 16),
  "open.10pairs.c64": openingWith(10),
  "open.changing.c64": openingWithChanging(),
  "unary.c1.pinned": { ...unary(1), title: "ping-pong on one core, 1 in flight" },
};

/** Needs processes that are pinned to one core. */
export const pinnedCase = "unary.c1.pinned";

/** What is measured by processes that run where they like. */
export const caseNames: readonly string[] = Object.keys(cases).filter((name) => name !== pinnedCase);

export const quickCases: readonly string[] = [
  "unary.c64",
  "sstream.64B.s1",
  "sstream.1K.s16",
  "open.10pairs.c64",
];
