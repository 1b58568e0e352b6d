import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type KitexPeer,
  type KitexServer,
  kitexUnavailable,
  startKitexDriver,
  startKitexServer,
} from "../src/index.ts";

const unavailable = kitexUnavailable();

describe.skipIf(unavailable)(`Kitex calls Kitex${unavailable ? ` (skipped: ${unavailable})` : ""}`, () => {
  let server: KitexServer;
  let driver: KitexPeer;

  beforeAll(async () => {
    server = await startKitexServer();
    driver = await startKitexDriver();
  }, 600_000);

  afterAll(async () => {
    await driver?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  it("echoes a bidirectional stream with metainfo, header and trailer over TTHeader streaming", async () => {
    const outcome = await driver.call({
      target: server.target,
      protocol: "ttheader-streaming",
      method: "Chat",
      persistent: { k2: "v2" },
      transient: { k1: "v1", "Mixed-Case": "ü x" },
      messages: [{ text: "as=bidi;h=h1:v1;t=t1:v1;meta" }, { text: "second" }],
    });
    expect(outcome.error).toBeNull();
    expect(outcome.messages).toMatchObject([
      {
        text: "echo:as=bidi;h=h1:v1;t=t1:v1;meta",
        info: { "P:k2": "v2", "T:k1": "v1", "T:Mixed-Case": "ü x" },
      },
      { text: "echo:second" },
    ]);
    expect(outcome.header).toEqual({ h1: "v1" });
    expect(outcome.trailer).toEqual({ t1: "v1" });
    expect(outcome.ended).toBe(true);
    const record = await server.observe("bidi", "returned");
    expect(record).toMatchObject({ service: "Lab", halfClosed: true, persistent: { k2: "v2" } });
  });
});
