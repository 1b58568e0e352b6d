import { BizStatusError, RpcError } from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { Talk } from "../talk.ts";
import { bizStatus, failure, Gate } from "../waiting.ts";
import type { Running } from "../world.ts";

/** Calls a method of each kind, and gives what each fails with. */
async function failuresOfAllKinds({ talk }: Running): Promise<readonly RpcError[]> {
  const chat = await talk.chat();
  const story = await talk.story({ text: "" });
  const collect = await talk.collect();
  return Promise.all([
    failure(chat.recv()),
    failure(story.recv()),
    failure(collect.closeAndRecv()),
    failure(talk.ask({ text: "" })),
    failure(talk.ping({ text: "" })),
  ]);
}

/** How calls fail, and what the caller learns of it. */
export const errors: readonly Case[] = [
  {
    title: "answers whatever a handler throws as internal, with its text, and goes on",
    async run(world) {
      const broken = (): never => {
        throw new TypeError("no such thing");
      };
      const running = await world.start({
        talk: { chat: broken, story: broken, collect: async () => broken(), ask: broken, ping: broken },
      });
      for (let round = 0; round < 2; round++) {
        for (const error of await failuresOfAllKinds(running)) {
          expect([error.code, error.message]).toEqual(["internal", "no such thing"]);
        }
      }
    },
  },
  {
    title: "answers a value that is no error as internal, with its text",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async ping() {
            // oxlint-disable-next-line no-throw-literal
            throw "just a string";
          },
        },
      });
      const error = await failure(talk.ping({ text: "" }));
      expect([error.code, error.message]).toEqual(["internal", "just a string"]);
    },
  },
  {
    title: "keeps the code of an RpcError that a handler throws, for every code",
    async run(world) {
      const codes = [
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
      ] as const;
      const fail = ({ n = 0 }): never => {
        throw new RpcError(codes[n] ?? "unknown", `number ${n}`);
      };
      const { talk } = await world.start({
        talk: {
          ping: fail,
          async *story(line) {
            yield fail(line);
          },
        },
      });
      for (const [n, code] of codes.entries()) {
        const stream = await talk.story({ text: "", n });
        for (const error of [await failure(talk.ping({ text: "", n })), await failure(stream.recv())]) {
          expect([error.code, error.message]).toEqual([code, `number ${n}`]);
        }
      }
    },
  },
  {
    title: "carries the text of an error exactly, whatever characters it has",
    async run(world) {
      const text = "per cent % and quotes \"', tab\t, line\nfeed, \u00e9, \u4e16\u754c, \u{1f600}, : = ,";
      const { talk } = await world.start({
        talk: {
          ping() {
            throw new RpcError("aborted", text);
          },
          async chat() {
            throw new RpcError("aborted", text);
          },
        },
      });
      const stream = await talk.chat();
      expect((await failure(stream.recv())).message).toBe(text);
      expect((await failure(talk.ping({ text: "" }))).message).toBe(text);
    },
  },
  {
    title: "says on an error which method failed and which peer it came from",
    async run(world) {
      const broken = (): never => {
        throw new Error("broken");
      };
      const running = await world.start({
        talk: { chat: broken, story: broken, collect: async () => broken(), ask: broken, ping: broken },
      });
      const found = await failuresOfAllKinds(running);
      expect(found.map(({ method }) => method)).toEqual([
        "Talk/Chat",
        "Talk/Story",
        "Talk/Collect",
        "Talk/Ask",
        "Talk/Ping",
      ]);
      for (const { peer } of found.slice(0, 3)) expect(peer).toEqual(expect.stringMatching(/./));
    },
  },
  {
    title: "gives each call an error of its own, and never the handler's",
    async run(world) {
      const shared = new RpcError("aborted", "always the same", { cause: "secret" });
      const { talk } = await world.start({
        talk: {
          ping() {
            throw shared;
          },
          async chat() {
            throw shared;
          },
        },
      });
      const stream = await talk.chat();
      const seen = [
        await failure(talk.ping({ text: "" })),
        await failure(talk.ping({ text: "" })),
        await failure(stream.recv()),
      ];
      expect(new Set([...seen, shared]).size).toBe(4);
      expect(seen.map(({ method }) => method)).toEqual(["Talk/Ping", "Talk/Ping", "Talk/Chat"]);
      for (const { cause } of seen) expect(cause).toBeUndefined();
    },
  },
  {
    title: "throws a business status from the call and from recv, with status, message and extra [B76]",
    async run(world) {
      const refuse = (): never => {
        throw new BizStatusError(404, "no such book", { shelf: "7", "mixed-Case": "\u4e66" });
      };
      const { talk } = await world.start({
        talk: {
          ping: refuse,
          async *story() {
            yield { text: "first" };
            refuse();
          },
          async collect() {
            return refuse();
          },
          async chat() {
            refuse();
          },
        },
      });
      const story = await talk.story({ text: "" });
      expect(await story.recv()).toEqual({ text: "first" });
      const collect = await talk.collect();
      const chat = await talk.chat();
      for (const error of [
        await bizStatus(talk.ping({ text: "" })),
        await bizStatus(story.recv()),
        await bizStatus(story.recv()),
        await bizStatus(collect.closeAndRecv()),
        await bizStatus(chat.recv()),
      ]) {
        expect([error.status, error.message, { ...error.extra }]).toEqual([
          404,
          "no such book",
          { shelf: "7", "mixed-Case": "\u4e66" },
        ]);
      }
    },
  },
  {
    title: "carries a business status without text and extra, and a negative one [B76]",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          ping({ n }) {
            throw new BizStatusError(n ?? 0, "");
          },
        },
      });
      for (const n of [1, -1, 2_147_483_647, -2_147_483_648]) {
        const error = await bizStatus(talk.ping({ text: "", n }));
        expect([error.status, error.message, { ...error.extra }]).toEqual([n, "", {}]);
      }
    },
  },
  {
    title: "answers an unknown method with unimplemented, at once, and names it",
    async run(world) {
      const running = await world.start({ talk: { ping: (line) => line } });
      const { chat, ping } = Talk.methods;
      const methods = { gone: { ...chat, name: "Gone" }, missing: { ...ping, name: "Missing" } };
      const client = running.client({ ...Talk, methods });
      const stream = await client.gone();
      for (const [name, error] of [
        ["Gone", await failure(stream.recv())],
        ["Missing", await failure(client.missing({ text: "" }))],
      ] as const) {
        expect(error.code).toBe("unimplemented");
        expect(error.message).toContain(name);
      }
      expect(await running.talk.ping({ text: "still here" })).toEqual({ text: "still here" });
    },
  },
  {
    title: "answers an unknown service with unimplemented, at once, and names it",
    async run(world) {
      const running = await world.start({ talk: { ping: (line) => line } });
      const client = running.client({ ...Talk, name: "Nobody" });
      const stream = await client.chat();
      for (const error of [await failure(stream.recv()), await failure(client.ping({ text: "" }))]) {
        expect(error.code).toBe("unimplemented");
        expect(error.message).toContain("Nobody");
      }
      expect(await running.talk.ping({ text: "still here" })).toEqual({ text: "still here" });
    },
  },
  {
    title: "serves a ping-pong method that is called as a stream: one message each way [B3]",
    async run(world) {
      const running = await world.start({
        talk: { ping: ({ text }, call) => (call.setTrailer({ t: "1" }), { text: `${text}!` }) },
      });
      const { ping } = Talk.methods;
      const methods = { ping: { ...ping, kind: "bidi" as const } };
      const client = running.client({ ...Talk, methods: methods as never }) as unknown as {
        ping(): ReturnType<Running["talk"]["chat"]>;
      };
      const stream = await client.ping();
      await stream.send({ text: "hello" });
      await stream.closeSend();
      expect(await stream.recv()).toEqual({ text: "hello!" });
      expect(await stream.recv()).toBeUndefined();
      expect((await stream.trailer()).get("t")).toBe("1");
    },
  },
  {
    title: "refuses a streaming method that is called as a single call, and says to open a stream",
    async run(world) {
      const running = await world.start({ talk: { chat: async () => {} } });
      const { chat } = Talk.methods;
      const methods = { chat: { ...chat, kind: "pingpong" as const } };
      const client = running.client({ ...Talk, methods: methods as never }) as unknown as Running["talk"];
      const error = await failure(client.chat({ text: "" } as never));
      expect(error.code).toBe("unimplemented");
      expect(error.message).toContain("open a stream");
    },
  },
  {
    title: "fails a message that the codec cannot encode with invalid_argument, and the stream goes on",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async *chat(stream) {
            yield* stream;
          },
        },
      });
      const stream = await talk.chat();
      const error = await failure(stream.send({ text: 7 } as never));
      expect([error.code, error.method]).toEqual(["invalid_argument", "Talk/Chat"]);
      await stream.send({ text: "fits" });
      expect(await stream.recv()).toEqual({ text: "fits" });
      await stream.closeSend();
      expect(await stream.recv()).toBeUndefined();
    },
  },
  {
    title: "fails the recv of a message that cannot be decoded, and the stream goes on",
    async run(world) {
      const running = await world.start({
        blob: {
          async *source() {
            yield Uint8Array.of(1, 2);
            yield new TextEncoder().encode('{"text":"fine"}');
          },
        },
      });
      // Raw bytes where the client expects JSON.
      const methods = { source: { ...Talk.methods.story, name: "Source" } };
      const stream = await running.client({ ...Talk, name: "Blob", methods }).source({ text: "" });
      const error = await failure(stream.recv());
      expect([error.code, error.method]).toEqual(["internal", "Blob/Source"]);
      expect(await stream.recv()).toEqual({ text: "fine" });
      expect(await stream.recv()).toBeUndefined();
    },
  },
  {
    title: "answers a request that cannot be decoded with internal, and goes on",
    async run(world) {
      const running = await world.start({ talk: { ping: (line) => line } });
      const { ping } = Talk.methods;
      const garbage = { encode: () => Uint8Array.of(0xff, 0xfe), decode: () => undefined };
      const client = running.client({ ...Talk, methods: { ping: { ...ping, request: garbage } } });
      expect((await failure(client.ping(undefined as never))).code).toBe("internal");
      expect(await running.talk.ping({ text: "still here" })).toEqual({ text: "still here" });
    },
  },
  {
    title: "answers a handler whose result does not fit its type with internal",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          ping: () => ({ text: 7 }) as never,
          async *story() {
            yield { text: "good" };
            yield { text: 7 } as never;
          },
        },
      });
      const error = await failure(talk.ping({ text: "" }));
      expect(error.code).toBe("internal");
      expect(error.message).toContain("Line.text");
      const stream = await talk.story({ text: "" });
      expect(await stream.recv()).toEqual({ text: "good" });
      expect((await failure(stream.recv())).message).toContain("Line.text");
    },
  },
  {
    title: "runs the finally blocks of an async generator whose message does not fit",
    async run(world) {
      const cleaned = new Gate();
      const { talk } = await world.start({
        talk: {
          async *story() {
            try {
              yield { text: 7 } as never;
            } finally {
              cleaned.open();
            }
          },
        },
      });
      const stream = await talk.story({ text: "" });
      expect((await failure(stream.recv())).code).toBe("internal");
      await cleaned.opened;
    },
  },
  {
    title: "refuses a message over the limit with resource_exhausted, and the stream goes on",
    limitMs: 8_000,
    async run(world) {
      const { blob } = await world.start(
        {
          blob: {
            async *pipe(stream) {
              yield* stream;
            },
            swap: (bytes) => (bytes.byteLength === 1 ? new Uint8Array(200_000) : bytes),
          },
        },
        { limits: { maxMessageBytes: 100_000 } },
      );
      const stream = await blob.pipe();
      const error = await failure(stream.send(new Uint8Array(100_001)));
      expect([error.code, error.method]).toEqual(["resource_exhausted", "Blob/Pipe"]);
      expect(error.message).toMatch(/100,?001.*100,?000/);
      await stream.send(new Uint8Array(100_000));
      expect((await stream.recv())?.byteLength).toBe(100_000);
      await stream.closeSend();
      expect(await stream.recv()).toBeUndefined();
      expect((await failure(blob.swap(new Uint8Array(100_001)))).code).toBe("resource_exhausted");
      expect((await failure(blob.swap(new Uint8Array(1)))).code).toBe("resource_exhausted");
      expect((await blob.swap(new Uint8Array(10))).byteLength).toBe(10);
    },
  },
  {
    title: "refuses metainfo and metadata over the limit before anything is sent",
    async run(world) {
      const { talk } = await world.start({ talk: { ping: (line) => line } });
      const metadata = { big: "x".repeat(40_000) };
      for (const error of [
        await failure(talk.ping({ text: "" }, { metadata })),
        await failure(talk.chat({ metadata })),
      ]) {
        expect(error.code).toBe("resource_exhausted");
        expect(error.message).toContain("maxMetadataBytes");
      }
      expect(await talk.ping({ text: "ok" }, { metadata: { big: "x".repeat(20_000) } })).toEqual({
        text: "ok",
      });
    },
  },
  {
    title: "refuses a header over the limit in the handler that sets it, and the call goes on",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            const { code } = await failure(() => stream.setHeader({ big: "x".repeat(40_000) }));
            await stream.send({ text: code });
          },
        },
      });
      const stream = await talk.chat();
      expect(await stream.recv()).toEqual({ text: "resource_exhausted" });
      expect((await stream.header()).size).toBe(0);
    },
  },
  {
    title: "leaves errors of tasks that a handler started and did not await to the handler [B30]",
    async run(world) {
      const caught = new Gate<string>();
      const { talk } = await world.start({
        talk: {
          async chat() {
            const task = Promise.reject(new Error("in a task of my own"));
            task.catch(({ message }: Error) => caught.open(message));
          },
        },
      });
      const stream = await talk.chat();
      expect(await stream.recv()).toBeUndefined();
      expect(await caught.opened).toBe("in a task of my own");
    },
  },
  {
    title: "makes no unhandled rejection of promises of a failed call that nobody looks at",
    async run(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.recv();
            throw new RpcError("resource_exhausted", "too much");
          },
        },
      });
      const stream = await talk.chat();
      void stream.header();
      void stream.trailer();
      void stream.send({ text: "" });
      await failure(stream.recv());
      void stream.send({ text: "after the end" });
      void stream.send({ text: "again" });
      void stream.closeSend();
      const other = await talk.chat();
      other.cancel();
      void other.send({ text: "cancelled" });
      void other.header();
      void other.trailer();
    },
  },
];
