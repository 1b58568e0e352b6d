import { closedLoop, openingWith, type Sample } from "./cases.ts";
import type { BenchClient, BidiStream } from "./contender.ts";
import { payloadFor } from "./messages.ts";

/** Costs that must not grow with what there is of something. */
export interface Growth {
  readonly title: string;
  /** What an operation is, and how many are under way at once. */
  readonly operation: string;
  readonly needs: "unary" | "bidi";
  /** The case that warms the same code up. */
  readonly burnInCase: string;
  readonly counts: readonly number[];
  /** Makes that there are so many. */
  hold(held: Held, count: number): Promise<void>;
  run(held: Held, count: number, seconds: number): Promise<Sample>;
}

export type GrowthAxis = "streams" | "opening" | "pairs" | "connections";

/** Echoes under way on all streams together. */
const inFlight = 64;

/** What one client process holds open: it only ever grows. */
export class Held {
  readonly client: BenchClient;
  readonly isTyped: boolean;
  readonly connections: BenchClient[];
  readonly #connect: () => Promise<BenchClient>;
  readonly #streams: BidiStream[] = [];
  #onEcho: () => void = () => {};
  #onFailure: (error: unknown) => void = () => {};

  constructor(client: BenchClient, isTyped: boolean, connect: () => Promise<BenchClient>) {
    this.client = client;
    this.isTyped = isTyped;
    this.connections = [client];
    this.#connect = connect;
  }

  async holdConnections(count: number): Promise<void> {
    while (this.connections.length < count) this.connections.push(await this.#connect());
  }

  holdStreams(count: number): Promise<void> {
    return this.openStreams(count - this.#streams.length);
  }

  /** Opens that many more streams, each proven by an echo. */
  async openStreams(count: number): Promise<void> {
    let left = count;
    const opener = async (): Promise<void> => {
      while (left-- > 0) await this.#open();
    };
    await Promise.all(Array.from({ length: Math.min(16, count) }, opener));
  }

  /** Echoes, each on the stream whose turn it is, so that all of them are used alike. */
  echoes(seconds: number): Promise<Sample> {
    const payload = payloadFor(64, this.isTyped);
    const start = performance.now();
    const end = start + seconds * 1_000;
    let turn = 0;
    let operations = 0;
    let underWay = inFlight;
    const send = (): void => {
      this.#streams[turn++ % this.#streams.length]?.send(payload);
    };
    return new Promise((resolve, reject) => {
      this.#onFailure = reject;
      this.#onEcho = () => {
        operations++;
        if (performance.now() < end) send();
        else if (--underWay === 0) resolve({ operations, seconds: (performance.now() - start) / 1_000 });
      };
      for (let i = 0; i < inFlight; i++) send();
    });
  }

  #open(): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const stream = this.client.bidi?.({
        onMessage: () => {
          if (isOpen) this.#onEcho();
          isOpen = true;
          resolve();
        },
        onEnd: (error) => {
          const failure = error ?? new Error("a stream ended that was to stay open");
          reject(failure);
          this.#onFailure(failure);
        },
      });
      if (!stream) throw new Error("this contender has no streams");
      this.#streams.push(stream);
      stream.send(payloadFor(64, this.isTyped));
    });
  }
}

const streamCounts = [1, 10, 100, 1_000, 10_000];

export const growths: Readonly<Record<GrowthAxis, Growth>> = {
  streams: {
    title: "Open streams on one connection: a message",
    operation: `an echo of 64 B on each stream in turn, ${inFlight} at once on all together`,
    needs: "bidi",
    burnInCase: "duplex.64B.s16",
    counts: streamCounts,
    hold: (held, count) => held.holdStreams(count),
    run: (held, _, seconds) => held.echoes(seconds),
  },
  opening: {
    title: "Open streams on one connection: another stream",
    operation: "open, echo, close beside the idle ones, 64 at once",
    needs: "bidi",
    burnInCase: "open.10pairs.c64",
    counts: streamCounts,
    hold: (held, count) => held.holdStreams(count),
    run: (held, _, seconds) => openingWith(0).run(held.client, held.isTyped, seconds, {}),
  },
  pairs: {
    title: "Metainfo pairs",
    operation: "open, echo, close with so many pairs, 64 at once",
    needs: "bidi",
    burnInCase: "open.10pairs.c64",
    counts: [0, 1, 10, 100],
    hold: async () => {},
    run: (held, count, seconds) => openingWith(count).run(held.client, held.isTyped, seconds, {}),
  },
  connections: {
    title: "Connections",
    operation: "ping-pong, one in flight on each connection",
    needs: "unary",
    burnInCase: "unary.c64",
    counts: [1, 10, 100, 1_000],
    hold: (held, count) => held.holdConnections(count),
    run(held, count, seconds) {
      const payload = payloadFor(64, held.isTyped);
      let next = 0;
      return closedLoop(count, seconds, () => {
        const connection = held.connections[next++] as BenchClient;
        return async () => {
          const length = await connection.unary?.(payload);
          if (length !== payload.length) throw new Error(`an echo of ${length} bytes`);
        };
      });
    },
  },
};
