import { setTimeout } from "node:timers/promises";
import type { Failure, Outcome } from "./calls.ts";
import { type Exchange, protocolNames } from "./exchanges.ts";
import { type KitexPeer, startKitexDriver } from "./kitex.ts";
import { type Passage, startRecordingProxy } from "./proxy.ts";

/** What is kept of an exchange; the READMEs of the fixtures describe it. */
export interface Recording {
  readonly what: string;
  readonly protocol: string;
  readonly server: string;
  readonly clientSaw: unknown;
  readonly events: readonly object[];
}

const lateFramesMs = 300;

/**
 * Has a new Kitex client make the calls of an exchange through a recording proxy in front of a server on `target`.
 * New, because Kitex numbers the streams of a whole process: every recording begins with stream 1.
 */
export async function record(exchange: Exchange, server: KitexPeer, target: string): Promise<Recording> {
  await using proxy = await startRecordingProxy(target);
  const saw: object[] = [];
  {
    await using driver = await startKitexDriver();
    for (const call of exchange.calls) {
      saw.push(clientSaw(call.method, await driver.call({ ...call, target: proxy.target })));
    }
    await Promise.race([proxy.quiet(), setTimeout(lateFramesMs)]);
  }
  await proxy.quiet();
  return {
    what: exchange.what,
    protocol: exchange.calls.map((call) => protocolNames[call.protocol])[0] ?? "",
    server: exchange.handlers ? "with TTHeader and HTTP/2 meta handlers" : "stock",
    clientSaw: saw.length === 1 ? saw[0] : saw,
    events: await events(proxy.passages, server),
  };
}

async function events(passages: readonly Passage[], codec: KitexPeer): Promise<object[]> {
  const frames = passages.flatMap(({ bytes }) => (bytes !== undefined && isTtheader(bytes) ? [bytes] : []));
  const words = (await codec.readFrames(frames)).values();
  return passages.map(({ from, conn, bytes }) => {
    if (bytes === undefined) return { from, conn, close: true };
    const hex = Buffer.from(bytes).toString("hex");
    return isTtheader(bytes) ? { from, conn, ...words.next().value, hex } : { from, conn, hex };
  });
}

const isTtheader = (bytes: Uint8Array): boolean =>
  bytes.length >= 14 && bytes[4] === 0x10 && bytes[5] === 0x00;

function clientSaw(method: string, outcome: Outcome): object {
  const { messages, header, headerErr, trailer, trailerErr, backward, error, ended } = outcome;
  const streaming =
    trailer !== null || trailerErr !== undefined || header !== null || headerErr !== undefined;
  return {
    method,
    got: messages.length === 0 ? null : messages.map(withoutPort),
    err: error === null ? (ended ? "EOF" : null) : failure(error),
    ...(streaming ? { header, headerErr, trailer, trailerErr } : {}),
    ...(backward !== null && Object.keys(backward).length > 0 ? { backward } : {}),
  };
}

function failure({ type, text, typeId, status, statusMessage, biz, refused }: Failure): object {
  const extra = biz && { code: biz.code, msg: biz.message, extra: biz.extra };
  return { type, text, typeId, status, statusMsg: statusMessage, biz: extra, refused };
}

function withoutPort<T extends { readonly info?: Readonly<Record<string, string>> }>(message: T): T {
  if (message.info?.["from.addr"] === undefined) return message;
  return { ...message, info: { ...message.info, "from.addr": "127.0.0.1:0" } };
}
