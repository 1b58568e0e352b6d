import {
  Context,
  fromIncomingContext,
  getAllPersistentValues,
  getAllValues,
  Metadata,
  newOutgoingContext,
  recvAllBackwardValues,
  sendBackwardValue,
  withBackwardValues,
  withPersistentValue,
  withValue,
} from "@slipstream/metainfo";
import type { ServerCall } from "@slipstream/stream";
import type { Line } from "../talk.ts";
import { all } from "../waiting.ts";
import type { World } from "../world.ts";
import { sorted } from "./observe.ts";
import { oddNames, oddTexts } from "./odd-values.ts";
import type { Program } from "./program.ts";

function plain(value: string | Uint8Array): unknown {
  return typeof value === "string" ? value : [...value];
}

function seen({ context }: Pick<ServerCall, "context">): unknown {
  const metadata = [...(fromIncomingContext(context) ?? [])];
  return {
    persistent: sorted(getAllPersistentValues(context)),
    transient: sorted(getAllValues(context)),
    metadata: sorted(metadata.map(([name, values]) => [name, values.map(plain)] as const)),
  };
}

/** Calls every kind of method with `contexts`, through one hop and through two; gives what each handler saw. */
async function throughTwoHops(world: World, contexts: readonly Context[]): Promise<unknown> {
  const observed: unknown[] = [];
  const note = (where: string, call: ServerCall): Line => {
    observed.push([where, seen(call)]);
    return { text: "" };
  };
  const back = await world.start({
    talk: {
      ping: (_, call) => note("back ping", call),
      async *chat(stream) {
        yield note("back chat", stream);
      },
    },
  });
  const front = await world.start({
    talk: {
      async ping(line, call) {
        note("ping", call);
        return back.talk.ping(line);
      },
      ask: async (_, call) => note("ask", call),
      async *chat(stream) {
        yield note("chat", stream);
        yield* await back.talk.chat();
      },
      async *story(_, stream) {
        yield note("story", stream);
      },
      collect: async (stream) => note("collect", stream),
    },
  });
  for (const context of contexts) {
    await front.talk.ping({ text: "" }, { context });
    await front.talk.ask({ text: "" }, { context });
    await all(await front.talk.chat({ context }));
    await all(await front.talk.story({ text: "" }, { context }));
    await (await front.talk.collect({ context })).closeAndRecv();
  }
  return observed;
}

/** Everything that travels with the opening of a call. */
export const metainfo: readonly Program[] = [
  {
    title: "metainfo under every odd key [A2][D4]",
    observe(world) {
      let context = Context.background;
      for (const name of oddNames) context = withPersistentValue(withValue(context, name, "t"), name, "p");
      return throughTwoHops(world, [context]);
    },
  },
  {
    title: "metainfo of every odd value [A2][D4]",
    observe(world) {
      let context = Context.background;
      for (const [i, text] of oddTexts.entries()) {
        context = withPersistentValue(withValue(context, `K${i}`, text), `K${i}`, text);
      }
      return throughTwoHops(world, [context]);
    },
  },
  {
    title: "metainfo of one kind alone, of plain names and of none",
    observe: (world) =>
      throughTwoHops(world, [
        Context.background,
        withValue(Context.background, "KEY", "value"),
        withPersistentValue(Context.background, "KEY", "value"),
        withPersistentValue(withValue(Context.background, "UPSTREAM_KEY", "t"), "KEY", "value"),
        withValue(withValue(Context.background, "folds-here", "1"), "FOLDS_HERE", "2"),
      ]),
  },
  {
    title: "gRPC-style metadata of every odd value, several of a name, and bytes [C4][C5][C7]",
    observe(world) {
      const metadata = new Metadata();
      for (const [i, text] of oddTexts.entries()) {
        // Control characters are no gRPC metadata.
        if (!Array.from(text).some((char) => (char < " " && char !== "\t") || char === "\x7f")) {
          metadata.append(`k${i}`, text, "second");
        }
      }
      metadata.append("empty", "");
      metadata.append("bytes-bin", Uint8Array.of(), Uint8Array.of(0, 1, 127, 128, 255), Uint8Array.of(44));
      return throughTwoHops(world, [newOutgoingContext(Context.background, metadata)]);
    },
  },
  {
    title: "gRPC-style metadata of every odd name [C3]",
    async observe(world) {
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            yield { text: JSON.stringify(seen(stream)) };
          },
          ping: (_, call) => ({ text: JSON.stringify(seen(call)) }),
        },
      });
      const names = oddNames.filter((name) => !name.toLowerCase().endsWith("-bin"));
      const metadata = Object.fromEntries(names.map((name) => [name, "v"]));
      const stream = await talk.chat({ metadata });
      return [await all(stream), await talk.ping({ text: "" }, { metadata })];
    },
  },
  {
    title: "backward values under every odd key and of every odd value [D24][D26][D29]",
    async observe(world) {
      const { talk } = await world.start({
        talk: {
          ping(line, { context }) {
            for (const name of oddNames) sendBackwardValue(context, name, "v");
            return line;
          },
          async ask(line, { context }) {
            for (const [i, text] of ["", ...oddTexts].entries()) sendBackwardValue(context, `K${i}`, text);
            if (line.text === "fail") throw new Error("failed");
            return line;
          },
        },
      });
      const observed: unknown[] = [];
      for (const call of [
        (context: Context) => talk.ping({ text: "" }, { context }),
        (context: Context) => talk.ask({ text: "" }, { context }),
        (context: Context) => talk.ask({ text: "fail" }, { context }).catch(() => {}),
      ]) {
        const context = withBackwardValues(Context.background);
        await call(context);
        observed.push(sorted(recvAllBackwardValues(context)));
      }
      return observed;
    },
  },
];
