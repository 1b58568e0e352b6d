import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Proxy } from "../proxy.ts";
import { bundle, gzippedKib } from "./bundle.ts";
import { chromiumPath, launch, whySkipped } from "./chromium.ts";
import type { PageLab } from "./page.ts";
import { type Serving, serve } from "./world.ts";

const script = await bundle(new URL("page.ts", import.meta.url));

describe("the bundle for browsers", () => {
  it("has no Node shims, and stays under 30 KiB gzipped", async () => {
    const text = await bundle(new URL("smallest.ts", import.meta.url));
    expect(text.match(/["'`]node:.{0,20}|\brequire\(.{0,20}|\bprocess\..{0,20}/)).toBeNull();
    const kib = gzippedKib(text);
    console.log(`rpc + thrift + transport-websocket for a browser: ${kib.toFixed(1)} KiB gzipped`);
    expect(kib).toBeLessThan(30);
  });
});

describe.skipIf(chromiumPath === undefined)(`in Chromium${whySkipped}`, () => {
  let browser: Browser;
  let serving: Serving;
  beforeAll(async () => {
    browser = await launch();
    serving = await serve(script);
  });
  afterAll(async () => {
    await browser?.close();
    await serving?.server.close({ graceMs: 0 });
  });

  /** Opens the page, and closes it with all its connections. */
  async function opened(port: number, path = "/"): Promise<Page & AsyncDisposable> {
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error("in the page:", error));
    await page.goto(`http://127.0.0.1:${port}${path}`);
    await page.waitForFunction(() => "lab" in globalThis);
    return Object.assign(page, { [Symbol.asyncDispose]: () => page.close() });
  }

  function run<K extends keyof PageLab>(
    page: Page,
    name: K,
    ...args: Parameters<PageLab[K]>
  ): Promise<Awaited<ReturnType<PageLab[K]>>> {
    return page.evaluate(
      async ([method, list]) => {
        // What runs at once within `evaluate` may do what the page's policy forbids.
        await new Promise((resolve) => setTimeout(resolve));
        return await (globalThis as unknown as { lab: Record<string, (...args: unknown[]) => unknown> }).lab[
          method
        ]?.(...list);
      },
      [name, args] as const,
    ) as Promise<Awaited<ReturnType<PageLab[K]>>>;
  }

  for (const path of ["/", "/strict"]) {
    describe(
      path === "/" ? "on a page that may compile codecs" : "on a page whose policy forbids eval",
      () => {
        it("makes ping-pong calls, metainfo and trailer included", async () => {
          await using page = await opened(serving.port, path);
          const { line, trailers } = await run(page, "pingPong");
          expect(line).toEqual({ text: "hi" });
          expect(trailers).toEqual([
            JSON.stringify([
              ["k1", "v1"],
              ["k2", "v2"],
            ]),
          ]);
        });

        it("reads a server's stream to its trailer", async () => {
          await using page = await opened(serving.port, path);
          const lines = ["once", "upon", "a", "time"];
          expect(await run(page, "serverStream")).toEqual({ lines, trailer: "v1" });
        });

        it("streams to a server", async () => {
          await using page = await opened(serving.port, path);
          expect(await run(page, "clientStream")).toEqual({ text: "abc", n: 3 });
        });

        it("has the header of a bidirectional stream before any data, and the trailer after it", async () => {
          await using page = await opened(serving.port, path);
          const { header, line, end, trailer } = await run(page, "headerBeforeData");
          expect([header, line, end, trailer]).toEqual(["v1", { text: "go" }, undefined, "v1"]);
        });
      },
    );
  }

  it("cancels the server's handler when the loop over its stream is left", async () => {
    await using page = await opened(serving.port);
    serving.cancelled.length = 0;
    expect(await run(page, "leaveLoop")).toBe(3);
    await expect.poll(() => serving.cancelled).toEqual(["cancelled"]);
  });

  it("reads 1,000,000 messages in a flat heap, though it pauses 20 ms every 5,000 of them", {
    timeout: 120_000,
  }, async () => {
    await using page = await opened(serving.port);
    const session = await page.context().newCDPSession(page);
    const heaps: number[] = [];
    let mostQueued = 0;
    await page.exposeFunction("checkpoint", async () => {
      mostQueued = Math.max(mostQueued, serving.transport.queuedBytes);
      heaps.push(await heapAfterGc(session));
    });
    const started = performance.now();
    expect(await run(page, "readSlowly", 1_000_000, 5_000, 20, 100_000)).toBe(1_000_000);
    const seconds = (performance.now() - started) / 1000;
    const [first = 0, ...later] = heaps;
    const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(2);
    console.log(
      `1,000,000 messages in ${seconds.toFixed(1)} s; heap after GC, MiB, every 100,000: ${heaps.map(mib).join(" ")}; ` +
        `most queued on the server: ${mostQueued} bytes`,
    );
    expect(later).toHaveLength(9);
    expect(Math.max(...later) - first).toBeLessThan(1024 * 1024);
    expect(mostQueued).toBeLessThan(1024 * 1024);
  });

  it("carries 16 MiB each way, by a stream and by a call", { timeout: 60_000 }, async () => {
    await using page = await opened(serving.port);
    expect(await run(page, "large", 16 * 1024 * 1024)).toEqual([true, true]);
  });

  it("uploads more than its buffers hold", { timeout: 60_000 }, async () => {
    await using page = await opened(serving.port);
    expect(await run(page, "upload", 1_000, 64 * 1024)).toEqual({ text: "", n: 1_000 });
  });

  it("finds a server that has gone without a word, by its heartbeat", async () => {
    await using proxy = await Proxy.to(serving.port);
    await using page = await opened(proxy.port);
    await run(page, "ask", { text: "" }, 5_000);
    // Nothing but heartbeats goes to and fro, and both sides are content.
    const before = proxy.chunks;
    await expect.poll(() => proxy.chunks, { timeout: 5_000 }).toBeGreaterThan(before + 8);
    expect(await run(page, "states")).toEqual(["connecting", "open"]);
    const broken = run(page, "untilBroken");
    await expect.poll(() => serving.server.activeCalls).toBe(1);
    proxy.freeze();
    expect(await broken).toMatchObject({ code: "unavailable" });
  });

  it("fails open calls when the server goes, waits while it is away, and connects again for the next call", async () => {
    let restarting = await serve(script);
    await using page = await opened(restarting.port);
    const shown = page.locator("#state");
    await run(page, "ask", { text: "before" }, 5_000);
    expect(await shown.textContent()).toBe("open");
    const broken = run(page, "untilBroken");
    await expect.poll(() => restarting.server.activeCalls).toBe(1);
    await restarting.server.close({ graceMs: 0 });
    expect(await broken).toMatchObject({ code: "unavailable" });
    await expect.poll(() => shown.textContent()).toBe("closed");
    expect(await run(page, "failToAsk", 1_000)).toEqual({ code: "unavailable", retryable: true });
    expect(await run(page, "states")).toContain("waiting");
    const { port } = restarting;
    restarting = await serve(script, port);
    expect(await run(page, "ask", { text: "after" }, 5_000)).toEqual({ text: "after" });
    expect(await shown.textContent()).toBe("open");
    const states = await run(page, "states");
    expect(states.slice(0, 3)).toEqual(["connecting", "open", "closed"]);
    expect(states.slice(-2)).toEqual(["connecting", "open"]);
    await restarting.server.close({ graceMs: 0 });
  });
});

/** All that the page's objects hold, array buffers included. */
async function heapAfterGc(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  const usage = (await session.send("Runtime.getHeapUsage")) as {
    usedSize: number;
    backingStorageSize?: number;
  };
  return usage.usedSize + (usage.backingStorageSize ?? 0);
}
