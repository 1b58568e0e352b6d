import { describe, expect, it } from "vitest";
import { type Certificate, createCertificate, everyWay, openPort, read } from "./port.ts";

/** Handlers that wait until they are let go. */
function waiting() {
  let started = 0;
  let allStarted = (): void => {};
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const reasons: unknown[] = [];
  const wait = async (signal: AbortSignal): Promise<void> => {
    if (++started === 2 * everyWay.length) allStarted();
    await new Promise<void>((resolve) => {
      let isReleased = false;
      void released.then(() => {
        isReleased = true;
        resolve();
      });
      signal.addEventListener("abort", () => {
        // It also ends when the handler has returned.
        if (isReleased) return;
        reasons.push(signal.reason);
        resolve();
      });
    });
  };
  return {
    handlers: {
      ping: async (text: string, call: { readonly signal: AbortSignal }) => {
        await wait(call.signal);
        return text;
      },
      chat: async (stream: {
        readonly signal: AbortSignal;
        recv(): Promise<{ readonly text: string } | undefined>;
        send(line: { readonly text: string }): Promise<void>;
      }) => {
        const line = await stream.recv();
        await wait(stream.signal);
        if (line) await stream.send(line);
      },
    },
    allStarted: new Promise<void>((resolve) => (allStarted = resolve)),
    release: () => release(),
    reasons,
  };
}

/** A call and a stream in flight on every protocol, and connections that idle. */
async function busyPort(
  handlers: ReturnType<typeof waiting>["handlers"],
  certificate: Certificate | undefined,
) {
  const port = await openPort({ certificate }, handlers as never);
  const results = everyWay.flatMap((way) => {
    const client = port.client(way);
    const chat = async (): Promise<unknown> => {
      const stream = await client.chat();
      await stream.send({ text: `${way} stream` });
      const line = await stream.recv();
      expect(await stream.recv()).toBeUndefined();
      return line?.text;
    };
    return [client.ping(`${way} call`), chat()];
  });
  const keepAlive = await port.connect();
  const answered = read(keepAlive, (text) => text.includes("ok\n"));
  keepAlive.write("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
  await answered;
  const silent = await port.connect();
  return { port, results, idle: [keepAlive, silent] };
}

describe.each([
  ["without TLS", undefined],
  ["with TLS", await createCertificate()],
])("a port of every protocol that shuts down, %s", (_name, certificate) => {
  it("loses no call that was accepted, over all protocols at once", async () => {
    const { handlers, allStarted, release, reasons } = waiting();
    const { port, results, idle } = await busyPort(handlers, certificate);
    await using _ = port;
    await allStarted;
    const closed = port.server.close({ graceMs: 10_000 });
    // Nobody gets in any more.
    await expect(port.client("Framed").ping("late", { timeoutMs: 2_000 })).rejects.toMatchObject({
      code: "unavailable",
    });
    release();
    expect(await Promise.all(results)).toEqual(everyWay.flatMap((way) => [`${way} call`, `${way} stream`]));
    await closed;
    expect(reasons).toEqual([]);
    for (const socket of idle) expect(socket.closed || (await read(socket)) === "").toBe(true);
  });

  it("tells handlers through their signal when the limit is over, and closes everything in bounded time", async () => {
    const { handlers, allStarted, reasons } = waiting();
    const { port, results } = await busyPort(handlers, certificate);
    await using _ = port;
    await allStarted;
    const outcomes = Promise.allSettled(results);
    const before = performance.now();
    await port.server.close({ graceMs: 200 });
    expect(performance.now() - before).toBeLessThan(3_000);
    expect(reasons).toHaveLength(2 * everyWay.length);
    for (const reason of reasons) expect(reason).toMatchObject({ code: "unavailable" });
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
    }
  });
});
