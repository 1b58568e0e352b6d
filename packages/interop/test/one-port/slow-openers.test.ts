import { chooseTransport } from "@slipstream/stream/node";
import { http2 } from "@slipstream/transport-http2";
import { ttheader } from "@slipstream/transport-ttheader";
import { websocketServer } from "@slipstream/transport-websocket/server";
import { expect, it } from "vitest";
import { everyWay, openPort, read } from "./port.ts";

it("serves calls while 2,000 connections say what they are a byte at a time [B12]", async () => {
  await using port = await openPort({ detectTimeoutMs: 60_000 });
  const preface = Buffer.from("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  const sockets = [];
  for (let i = 0; i < 20; i++) {
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => port.connect()))));
  }
  for (const socket of sockets) socket.write(preface.subarray(0, 1));
  expect(await Promise.all(everyWay.map((way) => port.client(way).ping(way)))).toEqual(everyWay);
  for (const socket of sockets) socket.write(preface.subarray(1, 3));
  expect(await port.client("TTHeader").ping("between")).toBe("between");
  const answers = sockets.map((socket) => read(socket));
  for (const socket of sockets) socket.write(preface.subarray(3));
  for (const answer of await Promise.all(answers)) expect(answer).toContain("200 OK");
  expect(port.refusals()).toEqual([]);
}, 60_000);

it("tells the protocol of 100,000 connections that come byte by byte, each from as few as it needs [B12]", () => {
  const transports = [ttheader(), http2(), websocketServer()].sort((a, b) => a.detectOrder - b.detectOrder);
  const openings = [
    ["http2", "PRI * HTTP/2.0\r\n", 8],
    ["ttheader", "\0\0\x01\x5e\x10\0\0\x02\0\0\0\x01\0\x05\0\0", 6],
    ["ttheader", "\0\0\x01\x5e\x10\0\0\0\0\0\0\x01\0\x05\0\0", 6],
    ["ttheader", "\0\0\0\x20\x80\x01\0\x01\0\0\0\x04Ping", 6],
    ["ttheader", "\x80\x01\0\x01\0\0\0\x04Ping\0\0\0\x01", 2],
    ["websocket", "GET / HTTP/1.1\r\n", 4],
    ["websocket", "POST /x HTTP/1.1", 5],
    [undefined, "SSH-2.0-OpenSSH_", 1],
  ] as const;
  const heads = openings.map(([, text]) => Buffer.from(text, "latin1"));
  for (let i = 0; i < 100_000; i++) {
    const [name, , needed] = openings[i % openings.length] as (typeof openings)[number];
    const head = heads[i % openings.length] as Buffer;
    let count = 1;
    let found = chooseTransport(transports, head.subarray(0, count));
    while (found === "more") found = chooseTransport(transports, head.subarray(0, ++count));
    if (found?.name !== name || count !== needed) {
      expect([found?.name, count], openings[i % openings.length]?.[1]).toEqual([name, needed]);
    }
  }
});
