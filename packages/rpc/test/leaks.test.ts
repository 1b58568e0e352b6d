import { createHook } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { Context, withCancel, withSignal } from "@slipstream/metainfo";
import { callWithTimeout, createClient } from "@slipstream/rpc";
import { createServer } from "@slipstream/rpc/server";
import { RpcError } from "@slipstream/stream";
import { memory } from "@slipstream/transport-memory";
import { describe, expect, it } from "vitest";
import { failure } from "./failures.ts";
import { echo, Talk } from "./talk.ts";

/** Timers that our sources made and that are still armed. */
function watchTimers(): { readonly armed: () => readonly string[]; readonly stop: () => void } {
  const alive = new Map<number, string>();
  const hook = createHook({
    init(id, type) {
      const stack = type === "Timeout" ? (new Error().stack ?? "") : "";
      if (/packages\/(?:rpc|stream|metainfo|transport-memory)\/src/.test(stack)) alive.set(id, stack);
    },
    destroy: (id) => void alive.delete(id),
  }).enable();
  return { armed: () => [...alive.values()], stop: () => hook.disable() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function use(
  round: (client: ReturnType<typeof createClient<typeof Talk>>) => Promise<void>,
): Promise<void> {
  const transport = memory();
  const server = createServer({ transports: [transport] }).add(Talk, {
    ...echo,
    async chat(stream) {
      const line = await stream.recv();
      if (line?.text === "fail") throw new RpcError("aborted", "as asked");
      if (line) await stream.send(line);
      await stream.recv();
    },
  });
  await server.listen();
  const client = createClient(Talk, { transport });
  for (let i = 0; i < 5; i++) await round(client);
  while (server.activeCalls > 0) await turn();
  await server.close();
}

/** Calls of every kind, each ended in another way. */
const everyWay =
  (options: object) =>
  async (client: ReturnType<typeof createClient<typeof Talk>>): Promise<void> => {
    await client.ping({ text: "" }, options);
    await client.note({ text: "" }, options);
    for await (const _ of await client.story({ text: "", n: 3 }, options));
    for await (const _ of await client.story({ text: "", n: 3 }, options)) break;
    const collect = await client.collect(options);
    await collect.send({ text: "" });
    await collect.closeAndRecv();
    const ended = await client.chat(options);
    await ended.send({ text: "" });
    await ended.recv();
    await ended.closeSend();
    await ended.recv();
    const failed = await client.chat(options);
    await failed.send({ text: "fail" });
    await failure(failed.recv());
    const cancelled = await client.chat(options);
    cancelled.cancel();
    const unread = await client.chat(options);
    await unread.closeSend();
    await unread.trailer();
  };

describe("calls that are over", () => {
  it("leave no timer armed, of deadlines, recv timeouts, steps and grace", async () => {
    const timers = watchTimers();
    try {
      await use(everyWay({ timeoutMs: 60_000, recvTimeoutMs: 60_000 }));
      await use(everyWay({ timeoutMs: 60_000, recvTimeoutMs: { timeoutMs: 60_000, cancelRemote: false } }));
      await use(async (client) => {
        const stream = await client.chat();
        await stream.send({ text: "" });
        await callWithTimeout(60_000, stream.cancel.bind(stream), () => stream.recv());
        await stream.closeSend();
        await stream.recv();
      });
      // Timers that were cleared are reported a turn later.
      for (let i = 0; i < 5; i++) await turn();
      expect(timers.armed()).toEqual([]);
    } finally {
      timers.stop();
    }
  });

  it("would be caught if they left one", async () => {
    const timers = watchTimers();
    try {
      let finish!: () => void;
      const step = callWithTimeout(
        60_000,
        () => {},
        () => new Promise<void>((resolve) => (finish = resolve)),
      );
      expect(timers.armed()).toHaveLength(1);
      finish();
      await step;
    } finally {
      timers.stop();
    }
  });

  it("leave no listener on the signal and the context that they were made with", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    await use(everyWay({ signal }));
    const parent = withSignal(Context.background, signal);
    await use(everyWay({ context: parent }));
    await use(everyWay({ context: withCancel(parent).context, timeoutMs: 60_000 }));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("have listened to the signal while they went on", async () => {
    const controller = new AbortController();
    const transport = memory();
    await using server = createServer({ transports: [transport] }).add(Talk, echo);
    await server.listen();
    const stream = await createClient(Talk, { transport }).chat({ signal: controller.signal });
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(1);
    stream.cancel();
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });
});
