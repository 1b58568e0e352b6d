import { Metadata } from "@slipstream/metainfo";
import type { Header, HeaderInit } from "@slipstream/stream";
import { all, Gate } from "../waiting.ts";
import type { World } from "../world.ts";
import { entries, Log, outcome } from "./observe.ts";
import { oddNames, oddTexts } from "./odd-values.ts";
import type { Program } from "./program.ts";

/** Sets each as header and as trailer in every kind of method; gives what clients see. */
async function setEverywhere(world: World, inits: readonly HeaderInit[]): Promise<unknown> {
  const init = (n: number | undefined): HeaderInit => inits[n ?? 0] ?? {};
  const { talk } = await world.start({
    talk: {
      async chat(stream) {
        const line = await stream.recv();
        await stream.sendHeader(init(line?.n));
        stream.setTrailer(init(line?.n));
      },
      async *story({ n }, stream) {
        stream.setHeader(init(n));
        stream.setTrailer(init(n));
        yield { text: "" };
      },
      async collect(stream) {
        const line = await stream.recv();
        stream.setHeader(init(line?.n));
        stream.setTrailer(init(line?.n));
        throw new Error("with header and trailer");
      },
      ping({ text, n }, call) {
        call.setHeader(init(n));
        call.setTrailer(init(n));
        return { text };
      },
      async ask({ n }, call) {
        await call.sendHeader(init(n));
        call.setTrailer(init(n));
        throw new Error("with header and trailer");
      },
    },
  });
  const observed: unknown[] = [];
  for (const n of inits.keys()) {
    const chat = await talk.chat();
    await chat.send({ text: "", n });
    const story = await talk.story({ text: "", n });
    const collect = await talk.collect();
    await collect.send({ text: "", n });
    for (const stream of [chat, story, collect]) {
      observed.push([entries(await stream.header()), entries(await stream.trailer())]);
    }
    await outcome(collect.closeAndRecv());
    for (const method of [talk.ping, talk.ask]) {
      let header: Header | undefined;
      let trailer: Header | undefined;
      await outcome(
        method(
          { text: "", n },
          { onHeader: (got) => void (header = got), onTrailer: (got) => void (trailer = got) },
        ),
      );
      observed.push([entries(header), entries(trailer)]);
    }
  }
  return observed;
}

/** What comes back beside messages, and when. */
export const headers: readonly Program[] = [
  {
    title: "header and trailer under every odd name [A13]",
    observe: (world) => setEverywhere(world, [Object.fromEntries(oddNames.map((name) => [name, "v"]))]),
  },
  {
    title: "header and trailer of every odd value, empty text too [A13]",
    observe: (world) =>
      setEverywhere(world, [Object.fromEntries(["", ...oddTexts].map((text, i) => [`k${i}`, text]))]),
  },
  {
    title: "header and trailer that are plain, empty, repeated and binary [A4][C11]",
    observe: (world) =>
      setEverywhere(world, [
        {},
        { h1: "v1" },
        { one: "1", two: "2", three: "3" },
        Metadata.pairs("k", "1", "k", "2", "other", "3"),
        Metadata.pairs("k-bin", Uint8Array.of(), "k-bin", Uint8Array.of(0, 128, 255), "k", "text"),
      ]),
  },
  {
    title: "header and trailer of 30,000 bytes",
    observe: (world) =>
      setEverywhere(world, [
        Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, "v".repeat(980)])),
      ]),
  },
  {
    title: "when header, messages and trailer come [A6][A8][A9][A10]",
    async observe(world) {
      const steps = Array.from({ length: 5 }, () => new Gate());
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            stream.setHeader({ a: "1" });
            await steps[0]?.opened;
            await stream.sendHeader({ b: "2" });
            await steps[1]?.opened;
            await stream.send({ text: "first" });
            await steps[2]?.opened;
            stream.setTrailer({ t: "early" });
            await stream.send({ text: "second" });
            await steps[3]?.opened;
            stream.setTrailer({ t: "late", u: "3" });
          },
        },
      });
      const log = new Log();
      const stream = await talk.chat();
      const watching = [
        stream.header().then((header) => log.say("header", entries(header))),
        stream.trailer().then((trailer) => log.say("trailer", entries(trailer))),
      ];
      steps[0]?.open();
      await watching[0];
      steps[1]?.open();
      log.say(await stream.recv());
      steps[2]?.open();
      log.say(await stream.recv());
      steps[3]?.open();
      await watching[1];
      log.say("end", await stream.recv(), entries(await stream.header()), entries(await stream.trailer()));
      return log.lines;
    },
  },
  {
    title: "header and trailer that nobody asks for, or only at the end [A11]",
    async observe(world) {
      const { talk } = await world.start({
        talk: {
          async *story({ n = 0 }, stream) {
            if (n > 1) stream.setHeader({ h: "1" });
            stream.setTrailer({ t: "2" });
            for (let i = 0; i < n; i++) yield { text: "", n: i };
          },
        },
      });
      const observed: unknown[] = [];
      for (const n of [0, 1, 3]) {
        observed.push(await all(await talk.story({ text: "", n })));
        const stream = await talk.story({ text: "", n });
        observed.push(await all(stream), entries(await stream.header()), entries(await stream.trailer()));
      }
      return observed;
    },
  },
  {
    title: "what setting and sending a header at the wrong time fails with",
    async observe(world) {
      const log = new Log();
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.sendHeader({ a: "1" });
            log.say(
              await outcome(stream.sendHeader({ b: "2" })),
              await outcome(() => stream.setHeader({ c: "3" })),
            );
          },
          async *story(_, stream) {
            yield { text: "" };
            log.say(
              await outcome(stream.sendHeader({ b: "2" })),
              await outcome(() => stream.setHeader({ c: "3" })),
            );
          },
          async ping(line, call) {
            await call.sendHeader({ a: "1" });
            log.say(
              await outcome(call.sendHeader({ b: "2" })),
              await outcome(() => call.setHeader({ c: "3" })),
            );
            return line;
          },
        },
      });
      for (const open of [() => talk.chat(), () => talk.story({ text: "" })]) {
        const stream = await open();
        await all<unknown>(stream);
        log.say(entries(await stream.header()));
      }
      await talk.ping({ text: "" }, { onHeader: (header) => log.say(entries(header)) });
      return log.lines;
    },
  },
];
