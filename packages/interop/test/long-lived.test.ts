import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type Caller,
  type KitexPeer,
  type KitexServer,
  type Protocol,
  startKitexDriver,
  startKitexServer,
  startRecordingProxy,
} from "../src/index.ts";
import { createCaller } from "../src/slipstream/caller.ts";
import { type SlipstreamServer, startSlipstreamServer } from "../src/slipstream/server.ts";
import { serverTransports, Transports } from "../src/slipstream/transports.ts";
import { buildLimitMs, describeKitex } from "./kitex-suite.ts";
import type { Side } from "./matrix/cell.ts";

const batches = 20;
const atOnce = 100;

describeKitex("a connection that lives long", () => {
  let kitexServer: KitexServer;
  let kitexDriver: KitexPeer;
  let transports: Transports;
  let ourCaller: Caller;
  let ourServer: SlipstreamServer;

  beforeAll(async () => {
    kitexServer = await startKitexServer();
    kitexDriver = await startKitexDriver();
    transports = new Transports();
    ourCaller = createCaller((call) => transports.for(call));
    ourServer = await startSlipstreamServer(serverTransports(), ourCaller);
  }, buildLimitMs);

  afterAll(async () => {
    await ourServer?.[Symbol.asyncDispose]();
    await transports?.[Symbol.asyncDispose]();
    await kitexDriver?.[Symbol.asyncDispose]();
    await kitexServer?.[Symbol.asyncDispose]();
  });

  it.each([
    ["Slipstream", "ttheader-streaming"],
    ["Kitex", "ttheader-streaming"],
    ["Slipstream", "grpc"],
    ["Kitex", "grpc"],
  ] satisfies [Side, Protocol][])(
    `carries the streams of %s over %s, ${batches * atOnce} in batches, with failures and cancels among them`,
    async (from, protocol) => {
      const [caller, server] = from === "Kitex" ? [kitexDriver, ourServer] : [ourCaller, kitexServer];
      await using proxy = await startRecordingProxy(server.target);
      const call = { target: proxy.target, protocol, method: "Chat" } as const;
      const cancelled = {
        ...call,
        script: [{ send: { text: "quiet" } }, { cancel: true }, { recv: -1 }],
      } as const;
      for (let i = 0; i < batches; i++) {
        const [many, failed] = await Promise.all([
          caller.many(atOnce, { ...call, messages: [{ text: "{i}" }, { text: "again {i}" }] }),
          caller.call({ ...call, messages: [{ text: "err=no" }] }),
          // A cancel can make a Kitex client close its connection.
          ...(from === "Slipstream" ? [caller.call(cancelled)] : []),
        ]);
        expect(many).toEqual({ succeeded: atOnce, failed: {} });
        expect(failed.error?.text).toContain("no");
      }
      expect(proxy.connections).toBe(1);
    },
    60_000,
  );
});
