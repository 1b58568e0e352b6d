import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { parseAddress } from "./address.ts";
import { dial } from "./dial-node.ts";
import { type LentMemory, lentDataEvent } from "./lending-socket-node.ts";

interface Ends {
  readonly client: Socket;
  readonly server: Socket;
  [Symbol.asyncDispose](): Promise<void>;
}

async function connect(): Promise<Ends> {
  const listening = createServer();
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  const accepted = once(listening, "connection");
  const { port } = listening.address() as { port: number };
  const client = await dial(parseAddress(`127.0.0.1:${port}`), { lendsData: true }).connected;
  const [server] = (await accepted) as [Socket];
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.destroy();
      await new Promise((resolve) => listening.close(resolve));
    },
  };
}

type Lent = [bytes: Uint8Array, memory: LentMemory];

/** What is lent next, as it was then. */
async function nextOf(
  client: Socket,
  keeps: boolean,
): Promise<{ bytes: Uint8Array; was: string; isKept: boolean }> {
  return new Promise((resolve) => {
    client.once(lentDataEvent, (...[bytes, memory]: Lent) => {
      resolve({ bytes, was: Buffer.from(bytes).toString(), isKept: keeps && memory.keep() });
    });
  });
}

describe("a socket that lends what it reads", () => {
  it("has `data` as ever where nobody listens for more", async () => {
    await using ends = await connect();
    const received: Buffer[] = [];
    ends.client.on("data", (chunk: Buffer) => received.push(chunk));
    const sent = Buffer.alloc(1_000_000, "some text");
    ends.server.end(sent);
    await once(ends.client, "end");
    expect(Buffer.concat(received).equals(sent)).toBe(true);
  });

  it("reads over what it lent, unless that is kept", async () => {
    await using ends = await connect();
    const { client, server } = ends;
    client.resume();
    const seen = [];
    for (const [text, keeps] of [
      ["one", false],
      ["two", true],
      ["six", true],
      ["ten", false],
    ] as const) {
      const next = nextOf(client, keeps);
      server.write(text);
      seen.push(await next);
    }
    expect(seen.map(({ was }) => was)).toEqual(["one", "two", "six", "ten"]);
    // The first to ask has memory that other sockets read into too.
    expect(seen.map(({ isKept }) => isKept)).toEqual([false, false, true, false]);
    expect(Buffer.from(seen[0]?.bytes ?? []).toString()).toBe("two");
    expect(Buffer.from(seen[2]?.bytes ?? []).toString()).toBe("six");
  });

  it("lends the same memory to all who keep none", async () => {
    await using one = await connect();
    await using other = await connect();
    const memories: ArrayBufferLike[] = [];
    for (const { client, server } of [one, other]) {
      client.resume();
      const next = nextOf(client, false);
      server.write("text");
      memories.push((await next).bytes.buffer);
    }
    expect(memories[0]).toBe(memories[1]);
  });

  it("reads nothing while it is paused", async () => {
    await using ends = await connect();
    const { client, server } = ends;
    const lengths: number[] = [];
    client.on(lentDataEvent, (bytes: Uint8Array) => {
      lengths.push(bytes.length);
      client.pause();
    });
    client.resume();
    const total = 300_000;
    server.end(Buffer.alloc(total));
    await Promise.all([once(server, "finish"), expect.poll(() => lengths.length).toBe(1)]);
    // As often as it would otherwise have been read.
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect(lengths.length).toBe(1);
    client.removeAllListeners(lentDataEvent);
    client.on(lentDataEvent, (bytes: Uint8Array) => lengths.push(bytes.length));
    client.resume();
    await once(client, "end");
    expect(lengths.reduce((sum, length) => sum + length)).toBe(total);
  });
});
