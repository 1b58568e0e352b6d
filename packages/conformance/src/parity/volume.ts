import type { Tracer } from "@slipstream/stream";
import { all, Gate, turn } from "../waiting.ts";
import { Log } from "./observe.ts";
import type { Program } from "./program.ts";

const window = 64 * 1024;

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.byteLength; i += 61) sum = (sum * 31 + (bytes[i] ?? 0)) | 0;
  return sum;
}

/** Sizes, numbers, and speeds that do not match. */
export const volume: readonly Program[] = [
  {
    title: "messages of no byte, of some, and of 16 MiB",
    limitMs: 20_000,
    async observe(world) {
      const { blob } = await world.start({
        blob: {
          async *pipe(stream) {
            yield* stream;
          },
          swap: (bytes) => bytes,
        },
      });
      const sizes = [0, 1, 0, 255, 256, 65_535, 65_536, 262_144, 16 * 1024 * 1024, 0, 3];
      const stream = await blob.pipe();
      const reading = all(stream);
      const observed: unknown[] = [];
      for (const size of sizes) {
        const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7) & 255);
        await stream.send(bytes.slice());
        const reply = await blob.swap(bytes);
        observed.push(["swap", reply.byteLength, checksum(reply)]);
      }
      await stream.closeSend();
      for (const bytes of await reading) observed.push(["pipe", bytes.byteLength, checksum(bytes)]);
      return observed;
    },
  },
  {
    title: "1,000 streams at once",
    limitMs: 20_000,
    async observe(world) {
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            for await (const { n = 0 } of stream) yield { text: "", n: n * 2 };
            stream.setTrailer({ done: "1" });
          },
        },
      });
      const run = async (n: number): Promise<unknown> => {
        const stream = await talk.chat();
        for (let i = 0; i < 5; i++) await stream.send({ text: "", n: n + i });
        await stream.closeSend();
        const numbers = (await all(stream)).map((line) => line.n);
        return [numbers, (await stream.trailer()).get("done")];
      };
      return Promise.all(Array.from({ length: 1_000 }, (_, n) => run(n)));
    },
  },
  {
    title: "a slow reader and a slow writer: nothing is lost, and what waits is bounded [B74]",
    limitMs: 20_000,
    async observe(world) {
      const running = await world.start(
        {
          blob: {
            async *source() {
              for (let i = 0; i < 400; i++) yield new Uint8Array(4_000).fill(i & 255);
            },
            async sink(stream) {
              let sum = 0;
              for await (const bytes of stream) {
                sum = (sum * 31 + (bytes[0] ?? 0)) | 0;
                if (sum % 3 === 0) await turn();
              }
              return new TextEncoder().encode(`${sum}`);
            },
          },
        },
        { limits: { streamWindowBytes: window } },
      );
      const { blob, pair } = running;
      let most = 0;
      let sum = 0;
      let count = 0;
      for await (const bytes of await blob.source(new Uint8Array())) {
        await turn();
        most = Math.max(most, pair.queuedBytes?.() ?? 0);
        sum = (sum * 31 + (bytes[0] ?? 0)) | 0;
        count++;
      }
      const sink = await blob.sink();
      for (let i = 0; i < 400; i++) {
        await sink.send(new Uint8Array(4_000).fill(i & 255));
        if (i % 10 === 0) await turn();
        most = Math.max(most, pair.queuedBytes?.() ?? 0);
      }
      const answer = new TextDecoder().decode(await sink.closeAndRecv());
      return { count, sum, answer, isBounded: most <= 2 * (window + 4_000) };
    },
  },
  {
    title: "what tracers of both sides are told of a stream [B69][B70][B71]",
    async observe(world) {
      const logs = { client: new Log(), server: new Log() };
      const over = new Gate();
      const tracer: Tracer = {
        start({ side, method, kind }) {
          const { say } = logs[side];
          say("start", method, kind);
          return {
            event: (event) =>
              say(
                event.type,
                "bytes" in event ? event.bytes : "header" in event ? [...event.header.entries()] : "",
              ),
            finish({ error }) {
              say("finished", error?.code);
              if (side === "server") over.open();
            },
          };
        },
      };
      const { talk } = await world.start(
        {
          talk: {
            async *chat(stream) {
              await stream.sendHeader({ h: "1" });
              yield* stream;
            },
          },
        },
        { client: { tracers: [tracer] }, server: { tracers: [tracer] } },
      );
      const stream = await talk.chat();
      await stream.header();
      for (const text of ["a", "bb", ""]) {
        await stream.send({ text });
        await stream.recv();
      }
      await stream.closeSend();
      await stream.recv();
      await over.opened;
      return { client: logs.client.lines, server: logs.server.lines };
    },
  },
];
