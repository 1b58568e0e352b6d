import { BizStatusError, type Code, RpcError } from "@slipstream/stream";
import { Refusal, Talk } from "../talk.ts";
import { all } from "../waiting.ts";
import type { World } from "../world.ts";
import { code, entries, outcome } from "./observe.ts";
import { oddTexts } from "./odd-values.ts";
import type { Program } from "./program.ts";

const codes: readonly Code[] = [
  "cancelled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated",
];

/** Throws each value in every kind of method: at once, after a header, after messages. Gives what clients get. */
async function throwEverywhere(world: World, values: readonly unknown[]): Promise<unknown> {
  const fail = (n: number | undefined): never => {
    throw values[n ?? 0];
  };
  const { talk } = await world.start({
    talk: {
      async chat(stream) {
        const line = await stream.recv();
        if (line?.text !== "at once") await stream.sendHeader({ h: "1" });
        if (line?.text === "after messages") await stream.send({ text: "before" });
        stream.setTrailer({ t: "2" });
        fail(line?.n);
      },
      async *story({ n }) {
        yield { text: "before" };
        fail(n);
      },
      async collect(stream) {
        const line = await stream.recv();
        return fail(line?.n);
      },
      ping: ({ n }) => fail(n),
      ask: async ({ n }) => fail(n),
    },
  });
  const observed: unknown[] = [];
  for (const n of values.keys()) {
    for (const text of ["at once", "after header", "after messages"]) {
      const chat = await talk.chat();
      await chat.send({ text, n });
      const ends = [await outcome(chat.recv()), await outcome(chat.recv()), await outcome(chat.recv())];
      observed.push([ends, entries(await chat.header()), entries(await chat.trailer())]);
      observed.push(await code(chat.send({ text: "late" })));
    }
    const collect = await talk.collect();
    await collect.send({ text: "", n });
    observed.push(
      await outcome(all(await talk.story({ text: "", n }))),
      await outcome(collect.closeAndRecv()),
      await outcome(talk.ping({ text: "", n })),
      await outcome(talk.ask({ text: "", n })),
    );
  }
  return observed;
}

/** How calls fail. */
export const errors: readonly Program[] = [
  {
    title: "errors of every code",
    observe: (world) =>
      throwEverywhere(
        world,
        codes.map((name) => new RpcError(name, `it is ${name}`)),
      ),
  },
  {
    title: "errors of every odd text, and of none",
    observe: (world) =>
      throwEverywhere(
        world,
        ["", ...oddTexts].map((text) => new RpcError("aborted", text)),
      ),
  },
  {
    title: "whatever else a handler may throw",
    observe: (world) =>
      throwEverywhere(world, [
        new Error("plain"),
        new TypeError("of another class"),
        "text",
        42,
        undefined,
        null,
        { message: "an object" },
        new Error("wraps", { cause: new RpcError("aborted", "inner") }),
        new RpcError("not_found", "wraps", {
          cause: new Error("inner"),
          method: "Other/Method",
          peer: "elsewhere",
        }),
        new RpcError("unavailable", "retryable", { retryable: true }),
        new RpcError("internal", "from downstream", { origin: { thriftType: 6, side: "client" } }),
      ]),
  },
  {
    title: "business statuses, of every odd text and extra [B76]",
    observe: (world) =>
      throwEverywhere(world, [
        new BizStatusError(1, "one"),
        new BizStatusError(-1, "minus one"),
        new BizStatusError(2_147_483_647, ""),
        new BizStatusError(-2_147_483_648, "", { k: "v" }),
        ...oddTexts.map(
          (text, i) => new BizStatusError(100 + i, text, { [`k${i}`]: text, [text]: "v", empty: "" }),
        ),
        new Error("wraps", { cause: new BizStatusError(7, "inner", { k: "v" }) }),
      ]),
  },
  {
    title: "exceptions that the method declares",
    observe: (world) =>
      throwEverywhere(world, [new Refusal("no"), new Refusal(""), new Refusal("\u4e16\u754c")]),
  },
  {
    title: "unknown methods and services, and methods called as another kind",
    async observe(world) {
      const running = await world.start({ talk: { ping: (line) => line, chat: async () => {} } });
      const { chat, ping, collect, story } = Talk.methods;
      const wrong = running.client({
        ...Talk,
        methods: {
          chat: { ...chat, name: "NoChat" },
          collect: { ...collect, name: "NoCollect" },
          story: { ...story, name: "NoStory" },
          ping: { ...ping, name: "NoPing" },
          chatAsPing: { ...ping, name: "Chat" },
          pingAsChat: { ...chat, name: "Ping" },
        },
      });
      const nobody = running.client({ ...Talk, name: "Nobody" });
      const pingAsChat = await wrong.pingAsChat();
      await pingAsChat.closeSend();
      return [
        await outcome((await wrong.chat()).recv()),
        await outcome((await wrong.collect()).closeAndRecv()),
        await outcome((await wrong.story({ text: "" })).recv()),
        await outcome(wrong.ping({ text: "" })),
        await outcome(wrong.chatAsPing({ text: "" })),
        await outcome(pingAsChat.recv()),
        await outcome((await nobody.chat()).recv()),
        await outcome(nobody.ping({ text: "" })),
        await outcome(running.talk.ping({ text: "after all that" })),
      ];
    },
  },
  {
    title: "messages that are too large, cannot be encoded, and cannot be decoded",
    async observe(world) {
      const running = await world.start(
        {
          blob: {
            async *pipe(stream) {
              for await (const bytes of stream)
                yield bytes.byteLength === 1 ? new Uint8Array(100_001) : bytes;
            },
            swap: (bytes) => (bytes.byteLength === 1 ? new Uint8Array(100_001) : bytes),
          },
          talk: {
            ping: () => ({ text: 7 }) as never,
            async *chat(stream) {
              for await (const _ of stream) yield { text: 7 } as never;
            },
          },
        },
        { limits: { maxMessageBytes: 100_000 } },
      );
      const { blob, talk } = running;
      const pipe = await blob.pipe();
      const tooLarge = await code(pipe.send(new Uint8Array(100_001)));
      await pipe.send(new Uint8Array(100_000));
      const stillGoes = (await pipe.recv())?.byteLength;
      await pipe.send(new Uint8Array(1));
      const answerTooLarge = await code(pipe.recv());
      const chat = await talk.chat();
      const unencodable = await outcome(chat.send({ text: 7 } as never));
      await chat.send({ text: "" });
      return {
        tooLarge,
        stillGoes,
        answerTooLarge,
        unencodable,
        badYield: await outcome(chat.recv()),
        badReturn: await outcome(talk.ping({ text: "" })),
        badRequest: await outcome(talk.ping({ text: 7 } as never)),
        callTooLarge: await code(blob.swap(new Uint8Array(100_001))),
        replyTooLarge: await code(blob.swap(new Uint8Array(1))),
        fits: (await blob.swap(new Uint8Array(100_000))).byteLength,
      };
    },
  },
];
