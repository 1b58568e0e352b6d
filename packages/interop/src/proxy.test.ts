import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startRecordingProxy } from "./proxy.ts";

/** A TTHeader frame of 22 bytes with a number in it. */
function frame(number: number): Buffer {
  const bytes = Buffer.alloc(22);
  bytes.writeUInt32BE(18, 0);
  bytes.writeUInt16BE(0x1000, 4);
  bytes.writeUInt32BE(number, 8);
  return bytes;
}

describe("the recording proxy", () => {
  let server: Server;
  let target: string;

  beforeEach(async () => {
    server = createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => server.close());

  const open = (address: string): Socket => connect(Number(address.split(":")[1]), "127.0.0.1");

  it("keeps TTHeader frames whole, however they are cut, and passes every byte on", async () => {
    await using proxy = await startRecordingProxy(target);
    const socket = open(proxy.target);
    const sent = Buffer.concat([frame(1), frame(2), frame(3)]);
    const echoed: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => echoed.push(bytes));
    socket.setNoDelay(true);
    for (const byte of sent) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.end();
    await once(socket, "close");
    await proxy.quiet();
    expect(Buffer.concat(echoed)).toEqual(sent);
    for (const from of ["client", "server"]) {
      const passed = proxy.passages.filter((passage) => passage.from === from);
      expect(passed.map(({ bytes }) => bytes && Buffer.from(bytes))).toEqual([
        frame(1),
        frame(2),
        frame(3),
        undefined,
      ]);
    }
  });

  it("keeps other bytes as they were read, and numbers the connections", async () => {
    await using proxy = await startRecordingProxy(target);
    for (const text of ["first one", "second one"]) {
      const socket = open(proxy.target);
      socket.end(text);
      socket.resume();
      await once(socket, "close");
    }
    const fromClient = proxy.passages.filter(({ from, bytes }) => from === "client" && bytes !== undefined);
    expect(fromClient.map(({ conn, bytes }) => `${conn} ${Buffer.from(bytes ?? []).toString()}`)).toEqual([
      "1 first one",
      "2 second one",
    ]);
    expect(proxy.connections).toBe(2);
  });

  it("breaks connections when told to", async () => {
    await using proxy = await startRecordingProxy(target);
    const socket = open(proxy.target);
    socket.write("hello, server");
    await once(socket, "data");
    const broken = new Promise((resolve) => socket.on("error", resolve));
    proxy.breakConnections();
    expect(await broken).toMatchObject({ code: "ECONNRESET" });
  });
});
