import type { BidiStreaming, ClientStreaming } from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { all, failure, Gate, turn } from "../waiting.ts";
import type { Running } from "../world.ts";

const window = 64 * 1024;
const messageBytes = 8 * 1024;
// What kernels hold of a loopback connection, both ends, generously.
const socketBytes = 16 * 1024 * 1024;

/** Sends until a send does not resolve within some turns; gives how many were accepted, and the one that waits. */
async function sendUntilFull(
  stream: Pick<BidiStreaming<Uint8Array, never>, "send">,
): Promise<{ readonly accepted: number; readonly waiting: Promise<void> }> {
  for (let accepted = 0; ; accepted++) {
    let isThere = false;
    const waiting = stream.send(new Uint8Array(messageBytes)).then(() => {
      isThere = true;
    });
    for (let turns = 0; turns < 50 && !isThere; turns++) await turn();
    if (!isThere) return { accepted, waiting };
    if (accepted * messageBytes > socketBytes) throw new Error("the sender is never slowed down");
  }
}

function queued(running: Running): number {
  return running.pair.queuedBytes?.() ?? 0;
}

/** Back-pressure, bounds of memory, many streams at once. */
export const flow: readonly Case[] = [
  {
    title: "makes a client's send wait while a slow handler leaves the buffer full [B74]",
    async run(world) {
      const mayRead = new Gate();
      const running = await world.start(
        {
          blob: {
            async sink(stream) {
              await mayRead.opened;
              return new Uint8Array((await all(stream)).length);
            },
          },
        },
        { limits: { streamWindowBytes: window } },
      );
      const stream = await running.blob.sink();
      const { accepted, waiting } = await sendUntilFull(stream);
      expect(accepted).toBeGreaterThan(0);
      expect(queued(running)).toBeLessThanOrEqual(2 * (window + messageBytes));
      mayRead.open();
      await waiting;
      expect((await stream.closeAndRecv()).byteLength).toBe(accepted + 1);
      expect(queued(running)).toBe(0);
    },
  },
  {
    title: "makes a handler's send wait while a slow client leaves the buffer full [B74]",
    async run(world) {
      const full = new Gate<number>();
      const running = await world.start(
        {
          blob: {
            async pipe(stream) {
              const { accepted, waiting } = await sendUntilFull(stream);
              full.open(accepted);
              await waiting;
            },
          },
        },
        { limits: { streamWindowBytes: window } },
      );
      const stream = await running.blob.pipe();
      const accepted = await full.opened;
      expect(queued(running)).toBeLessThanOrEqual(2 * (window + messageBytes));
      expect(await all(stream)).toHaveLength(accepted + 1);
      expect(queued(running)).toBe(0);
    },
  },
  {
    title: "frees a sender that waits for room when the call ends",
    async run(world) {
      const mayEnd = new Gate();
      const { blob } = await world.start(
        {
          blob: {
            async sink() {
              await mayEnd.opened;
              return new Uint8Array(1);
            },
          },
        },
        { limits: { streamWindowBytes: window } },
      );
      const stream = await blob.sink();
      const { waiting } = await sendUntilFull(stream);
      const other = await blob.sink();
      const cancelled = await sendUntilFull(other);
      other.cancel();
      expect((await failure(cancelled.waiting)).code).toBe("cancelled");
      mayEnd.open();
      // It may still have had its room, or not any more: but it must not wait for ever.
      await waiting.catch(({ code }: { code: string }) => expect(code).toBe("failed_precondition"));
      expect((await stream.closeAndRecv()).byteLength).toBe(1);
    },
  },
  {
    title: "refuses sends past the limit of the send buffer when nobody awaits them, and the stream goes on",
    async run(world) {
      const mayRead = new Gate();
      const { blob } = await world.start(
        {
          blob: {
            async sink(stream) {
              await mayRead.opened;
              return new Uint8Array((await all(stream)).length);
            },
          },
        },
        { limits: { streamWindowBytes: window, maxSendBufferBytes: 256 * 1024 } },
      );
      const stream = await blob.sink();
      await sendUntilFull(stream);
      let accepted = 0;
      let refusal: unknown;
      while (refusal === undefined && accepted < 1_000) {
        const sending = stream.send(new Uint8Array(messageBytes));
        void sending.catch((thrown: unknown) => {
          refusal = thrown;
        });
        await turn();
        accepted++;
      }
      expect(refusal).toMatchObject({ code: "resource_exhausted", method: "Blob/Sink" });
      mayRead.open();
      expect((await stream.closeAndRecv()).byteLength).toBeGreaterThanOrEqual(accepted - 1);
    },
  },
  {
    title:
      "drops what a handler does not read when it leaves its loop: a client that sends more is not stuck",
    async run(world) {
      const { blob } = await world.start(
        {
          blob: {
            async pipe(stream) {
              for await (const _ of stream) break;
              // Only done when the client has sent all it has: it must not wait for a reader.
              await stream.send(new Uint8Array(1));
              expect(await stream.recv()).toBeUndefined();
              while (!allSent) await turn();
            },
          },
        },
        { limits: { streamWindowBytes: window } },
      );
      let allSent = false;
      const stream = await blob.pipe();
      for (let i = 0; i < 100; i++) await stream.send(new Uint8Array(messageBytes));
      allSent = true;
      expect((await stream.recv())?.byteLength).toBe(1);
      expect(await stream.recv()).toBeUndefined();
    },
  },
  {
    title: "lets 99 streams go on while one is never read, its memory bounded",
    limitMs: 40_000,
    async run(world) {
      const streams = 100;
      const messages = 10_000;
      const small = 32;
      const running = await world.start(
        {
          blob: {
            async *source() {
              const message = new Uint8Array(small);
              for (let i = 0; i < messages; i++) yield message.slice();
            },
          },
        },
        { limits: { streamWindowBytes: window } },
      );
      const request = new Uint8Array(1);
      const unread = await running.blob.source(request);
      const open = await Promise.all(Array.from({ length: streams - 1 }, () => running.blob.source(request)));
      const bound = streams * (window + small) * 2;
      let most = 0;
      const count = async (stream: AsyncIterable<Uint8Array>): Promise<number> => {
        let received = 0;
        for await (const _ of stream) {
          if (++received % 500 === 0) most = Math.max(most, queued(running));
        }
        return received;
      };
      const counts = await Promise.all(open.map(count));
      expect(new Set(counts)).toEqual(new Set([messages]));
      expect(most).toBeLessThanOrEqual(bound);
      // Only what the unread stream may hold is left.
      expect(queued(running)).toBeLessThanOrEqual(2 * (window + small));
      unread.cancel();
    },
  },
  {
    title: "runs 1,000 streams at the same time",
    limitMs: 20_000,
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            for await (const { n = 0 } of stream) yield { text: "", n: n + 1 };
          },
        },
      });
      const streams = await Promise.all(Array.from({ length: 1_000 }, () => talk.chat()));
      await Promise.all(streams.map((stream, n) => stream.send({ text: "", n })));
      const lines = await Promise.all(streams.map((stream) => stream.recv()));
      expect(lines.map((line) => line?.n)).toEqual(streams.map((_, n) => n + 1));
      await Promise.all(streams.map((stream) => stream.closeSend()));
      expect(await Promise.all(streams.map((stream) => stream.recv()))).toEqual(streams.map(() => undefined));
    },
  },
  {
    title: "runs 1,000 ping-pong calls at the same time",
    limitMs: 20_000,
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async ping({ text, n = 0 }) {
            await turn();
            return { text, n: -n };
          },
        },
      });
      const calls = Array.from({ length: 1_000 }, (_, n) => talk.ping({ text: "", n: n + 1 }));
      expect((await Promise.all(calls)).map(({ n }) => n)).toEqual(calls.map((_, n) => -(n + 1)));
    },
  },
  {
    title: "carries a message of 16 MiB each way",
    limitMs: 20_000,
    async run(world) {
      const size = 16 * 1024 * 1024;
      const { blob } = await world.start({
        blob: {
          async *pipe(stream) {
            yield* stream;
          },
          swap: (bytes) => bytes,
        },
      });
      const sent = new Uint8Array(size);
      for (let i = 0; i < size; i += 4_093) sent[i] = i & 255;
      const stream = await blob.pipe();
      void stream.send(sent.slice());
      void stream.closeSend();
      expect(Buffer.compare((await stream.recv()) as Uint8Array, sent)).toBe(0);
      expect(await stream.recv()).toBeUndefined();
      expect(Buffer.compare(await blob.swap(sent.slice()), sent)).toBe(0);
    },
  },
  {
    title: "gives each receiver bytes of its own, which nobody changes afterwards",
    async run(world) {
      const kept: Uint8Array[] = [];
      const { blob } = await world.start({
        blob: {
          async *pipe(stream) {
            for await (const bytes of stream) {
              kept.push(bytes);
              yield bytes.slice();
            }
          },
        },
      });
      const stream: BidiStreaming<Uint8Array, Uint8Array> = await blob.pipe();
      const received: Uint8Array[] = [];
      for (let i = 0; i < 300; i++) {
        await stream.send(new Uint8Array(i).fill(i & 255));
        received.push((await stream.recv()) as Uint8Array);
      }
      for (const list of [kept, received]) {
        for (const [i, bytes] of list.entries()) {
          expect(bytes.byteLength).toBe(i);
          expect(bytes.every((byte) => byte === (i & 255))).toBe(true);
        }
      }
      stream.cancel();
    },
  },
  {
    title: "leaves nothing behind of calls that are over, however they ended",
    async run(world) {
      const running = await world.start({
        talk: {
          ping: (line) => line,
          async *chat(stream) {
            yield* stream;
          },
          async collect(stream) {
            await stream.recv();
            throw new Error("broken");
          },
          async *story() {
            for (;;) yield { text: "more" };
          },
        },
      });
      const { talk, server } = running;
      for (let round = 0; round < 20; round++) {
        await talk.ping({ text: "" });
        const chat = await talk.chat({ timeoutMs: 60_000 });
        await chat.send({ text: "a" });
        await chat.closeSend();
        await all(chat);
        const collect: ClientStreaming<unknown, unknown> = await talk.collect({ timeoutMs: 60_000 });
        void collect.send({ text: "a" });
        await failure(collect.closeAndRecv());
        for await (const _ of await talk.story({ text: "" })) break;
        (await talk.chat()).cancel();
      }
      while (server.activeCalls > 0 || queued(running) > 0) await turn();
    },
  },
];
