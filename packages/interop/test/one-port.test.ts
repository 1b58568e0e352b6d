import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type Call,
  type KitexPeer,
  type Protocol,
  startKitexDriver,
  startKitexServer,
  startRecordingProxy,
} from "../src/index.ts";
import { createCaller } from "../src/slipstream/caller.ts";
import { type SlipstreamServer, startSlipstreamServer } from "../src/slipstream/server.ts";
import { serverTransports, Transports } from "../src/slipstream/transports.ts";
import { buildLimitMs, describeKitex } from "./kitex-suite.ts";

/** Most of them want a connection of their own, all in the same moment: no more than a listener keeps waiting. */
const each = 60;

describeKitex("one port of ours and many Kitex clients", () => {
  let driver: KitexPeer;
  let transports: Transports;
  let ours: SlipstreamServer;

  beforeAll(async () => {
    driver = await startKitexDriver();
    transports = new Transports();
    const caller = createCaller((call) => transports.for(call));
    // Framed and plain Thrift name no service: one alone takes them all.
    ours = await startSlipstreamServer(serverTransports(), caller, { onlyLab: true });
  }, buildLimitMs);

  afterAll(async () => {
    await ours?.[Symbol.asyncDispose]();
    await transports?.[Symbol.asyncDispose]();
    await driver?.[Symbol.asyncDispose]();
  });

  const call = (protocol: Protocol, method: string, more: Partial<Call> = {}): Call => ({
    target: ours.target,
    protocol,
    method,
    handlers: true,
    messages: [{ text: "{i}" }],
    ...more,
  });

  it("serves clients of every protocol at once [B11][B12]", async () => {
    const outcomes = await Promise.all([
      driver.many(each, call("ttheader", "Ping")),
      driver.many(each, call("ttheader-framed", "Once")),
      driver.many(each, call("ttheader-framed", "Ping", { connection: "short" })),
      driver.many(each, call("framed", "Ping")),
      driver.many(each, call("plain", "Ping")),
      driver.many(each, call("ttheader-streaming", "Chat")),
      driver.many(each, call("ttheader-streaming", "Chat", { connection: "short" })),
      driver.many(each, call("grpc", "Ping")),
      driver.many(each, call("grpc", "Chat")),
    ]);
    for (const outcome of outcomes) expect(outcome).toEqual({ succeeded: each, failed: {} });
  });

  it("answers a Kitex client that multiplexes ping-pong on one connection", async () => {
    await using proxy = await startRecordingProxy(ours.target);
    const multiplexed = call("ttheader-framed", "Ping", { target: proxy.target, connection: "mux" });
    expect(await driver.many(each, multiplexed)).toEqual({ succeeded: each, failed: {} });
    expect(proxy.connections).toBe(1);
  });

  it("is matched by our client against a Kitex server that multiplexes", async () => {
    await using kitex = await startKitexServer({ handlers: true, mux: true });
    const caller = createCaller((one) => transports.for(one));
    const outcome = await caller.many(each, call("ttheader", "Ping", { target: kitex.target }));
    expect(outcome).toEqual({ succeeded: each, failed: {} });
  });
});
