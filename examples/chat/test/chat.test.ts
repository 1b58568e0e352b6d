import { existsSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { createClient } from "@slipstream/rpc";
import { ttheader } from "@slipstream/transport-ttheader";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningChat, startChat } from "../src/chat.ts";
import { Chat, Ending } from "../src/gen/chat.ts";

const executablePath = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)))
  .find((path) => existsSync(path));
const whySkipped = executablePath === undefined ? " (skipped: no chromium on the PATH)" : "";

let chat: RunningChat;
beforeAll(async () => {
  chat = await startChat(0);
});
afterAll(async () => await chat?.[Symbol.asyncDispose]());

describe.skipIf(executablePath === undefined)(`the page in Chromium${whySkipped}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath as string,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });
  afterAll(async () => await browser?.close());

  async function opened(width = 1280, height = 800): Promise<Page & AsyncDisposable> {
    const page = await browser.newPage({ viewport: { width, height } });
    await page.goto(chat.url);
    return Object.assign(page, { [Symbol.asyncDispose]: () => page.close() });
  }

  async function say(page: Page, words: string): Promise<Locator> {
    await page.getByLabel("Message").fill(words);
    await page.getByRole("button", { name: "Send" }).click();
    return page.locator(".theirs").last();
  }

  function hop(page: Page, name: string, row: string): Locator {
    return page
      .locator(`[data-hop="${name}"] .row`, { has: page.locator("dt", { hasText: row }) })
      .locator("dd");
  }

  it("streams an answer piece by piece, and shows what each hop saw", async () => {
    await using page = await opened();
    const answer = await say(page, "hello");
    await expect.poll(() => answer.getAttribute("data-state")).toBe("coming");
    await expect.poll(() => answer.getAttribute("data-state"), { timeout: 15_000 }).toBe("complete");
    expect(await answer.textContent()).toMatch(/^Hello! I am a small program.*in the middle of a word\.$/);
    expect(await page.locator("#state").textContent()).toBe("connected");

    expect(await hop(page, "page", "Persistent").textContent()).toBe("user = ada");
    expect(await hop(page, "gateway", "Persistent").textContent()).toBe("user = ada");
    expect(await hop(page, "backend", "Persistent").locator("code").allTextContents()).toEqual([
      "user = ada",
      "tenant = acme",
    ]);
    expect(await hop(page, "gateway", "Transient").textContent()).toBe("screen = 1280x800");
    expect(await hop(page, "backend", "Transient").textContent()).toBe("route = primary");
    expect(await hop(page, "gateway", "Metadata").textContent()).toBe("authorization = Bearer demo");
    expect(await hop(page, "backend", "Metadata").textContent()).toBe("none");
    const left = await Promise.all(
      ["gateway", "backend"].map((name) => hop(page, name, "Time left").textContent()),
    );
    const [atGateway = 0, atBackend = 0] = left.map((text) => Number(text?.replace(/[, ms]/g, "")));
    expect(atGateway).toBeGreaterThan(110_000);
    expect(atGateway).toBeLessThanOrEqual(120_000);
    // The wire rounds up to whole milliseconds.
    expect(atBackend).toBeLessThanOrEqual(atGateway + 1);
    expect(await hop(page, "page", "Header after").textContent()).toMatch(/ms$/);

    await page.getByRole("button", { name: "End conversation" }).click();
    await page.getByText("conversation ended").waitFor();
    const pieces = await hop(page, "page", "Pieces").textContent();
    expect(Number(pieces)).toBeGreaterThan(20);
    expect(await hop(page, "gateway", "Pieces").textContent()).toBe(pieces);
    expect(await hop(page, "backend", "Pieces").textContent()).toBe(pieces);
  });

  it("lets the user interrupt, by other words or without any, on the same stream", async () => {
    await using page = await opened();
    const first = await say(page, "tell me about streams");
    await expect.poll(() => first.textContent()).toContain("These words");
    const interrupted = page.locator(".theirs").first();
    const second = await say(page, "what about deadlines?");
    await expect.poll(() => interrupted.getAttribute("data-state")).toBe("interrupted");
    await expect.poll(() => second.textContent()).toContain("time limit");
    await page.getByRole("button", { name: "Stop" }).click();
    await expect.poll(() => second.getAttribute("data-state")).toBe("interrupted");
    expect(await page.getByRole("button", { name: "Send" }).isDisabled()).toBe(true);
    expect(await page.locator(".note").count()).toBe(0);
  });

  it("shows a time limit that passes, and begins anew with the next words", async () => {
    await using page = await opened();
    // Nobody wants to wait for ten seconds.
    await page
      .locator("option")
      .first()
      .evaluate((option: HTMLOptionElement) => {
        option.value = "1000";
      });
    await page.getByLabel("Time limit").selectOption("10 s");
    await say(page, "tell me about deadlines");
    await page.locator(".note.error").waitFor();
    expect(await page.locator(".note.error").textContent()).toContain("deadline_exceeded");
    const next = await say(page, "hello");
    await expect.poll(() => next.textContent()).toContain("Hello!");
  });

  it("fits a phone: the conversation first, the hops a tap away, nothing to scroll sideways", async () => {
    await using page = await opened(390, 844);
    await say(page, "hello");
    expect(await page.locator("#hops").isVisible()).toBe(false);
    await page.getByRole("button", { name: "Hops" }).click();
    await hop(page, "backend", "Persistent").waitFor();
    for (const view of ["Hops", "Chat"]) {
      await page.getByRole("button", { name: view }).click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    }
  });
});

describe("the gateway's port", () => {
  it("serves the page, conversations over TTHeader, and nothing to those who speak neither", async () => {
    const page = await fetch(chat.url);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect((await fetch(`${chat.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${chat.url}/rpc`)).status).toBe(404);

    await using transport = ttheader();
    const client = createClient(Chat, { transport, target: `127.0.0.1:${chat.port}` });
    const stream = await client.talk();
    await stream.send({ turn: 1, text: "hello" });
    expect(await stream.recv()).toEqual({ turn: 1, text: "Hello!" });
    await stream.send({ turn: 2, text: "" });
    await stream.closeSend();
    let last: unknown;
    for await (const piece of stream) last = piece;
    expect(last).toEqual({ turn: 1, text: "", ending: Ending.INTERRUPTED });

    const garbage = connect(chat.port, "127.0.0.1");
    garbage.write("\u0000\u0001\u0002 this is no protocol that anybody here knows");
    garbage.on("error", () => {});
    const answers: unknown[] = [];
    for await (const bytes of garbage) answers.push(bytes);
    expect(answers).toEqual([]);
    expect((await fetch(`${chat.url}/healthz`)).status).toBe(200);
  });
});
