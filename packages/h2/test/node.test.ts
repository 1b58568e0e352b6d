import { once } from "node:events";
import net from "node:net";
import { describe, expect, it } from "vitest";
import { createClientSession, createServerSession } from "../src/node.ts";
import { echo, REQUEST, RecordedSession, RecordedStream } from "./handlers.ts";
import { closed, connect, listen } from "./tools.ts";

const whenClosed = (session: RecordedSession): Promise<void> =>
  new Promise((resolve) => {
    if (session.isClosed) resolve();
    else session.whenClosed = resolve;
  });

/** Two ends of a connection over loopback. */
async function sockets(): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
  const [accepted] = (await once(server, "connection")) as [net.Socket];
  server.close();
  return [client, accepted];
}

describe("a session on a socket", () => {
  it("of a client begins while the socket still connects", async () => {
    const server = await listen(echo);
    const session = createClientSession(net.connect(server.port, "127.0.0.1"), new RecordedSession());
    const call = new RecordedStream();
    call.stream = session.open(call, REQUEST);
    call.stream.write(Buffer.from("early"));
    call.stream.end();
    await closed(call);
    expect(call.text).toBe("early");
    session.shutdown();
    await server.close();
  });

  it("reads what was put back into it", async () => {
    const [client, accepted] = await sockets();
    const atClient = new RecordedSession();
    createClientSession(client, atClient);
    const [first] = (await once(accepted, "data")) as [Buffer];
    accepted.pause();
    accepted.unshift(first);
    createServerSession(accepted, new RecordedSession());
    await new Promise<void>((resolve) => {
      atClient.whenSettings = resolve;
    });
    client.destroy();
    await whenClosed(atClient);
  });

  it("that is destroyed already ends at once", async () => {
    const [client, accepted] = await sockets();
    client.destroy();
    await once(client, "close");
    const session = new RecordedSession();
    createClientSession(client, session);
    await whenClosed(session);
    expect(session.error).toBeInstanceOf(Error);
    accepted.destroy();
  });

  it("that the peer cuts off ends with an error", async () => {
    const server = await listen(() => {});
    const { recorded, session } = await connect(server.port);
    const call = new RecordedStream();
    call.stream = session.open(call, REQUEST);
    const [accepted] = server.recorded;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (accepted?.streams.length === 1) resolve();
        else setImmediate(look);
      };
      look();
    });
    await server.close();
    await whenClosed(recorded);
    expect(recorded.error).toBeInstanceOf(Error);
    expect(call.reason).toMatchObject({ by: "connection", unprocessed: false });
  });

  it("that cannot connect gives the error", async () => {
    const [client, accepted] = await sockets();
    const { port } = accepted.address() as net.AddressInfo;
    client.destroy();
    accepted.destroy();
    const session = new RecordedSession();
    createClientSession(net.connect(port, "127.0.0.1"), session);
    await whenClosed(session);
    expect(session.error).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("holds a fast writer up when the peer reads nothing, and goes on when it does", async () => {
    const [client, accepted] = await sockets();
    const session = new RecordedSession((recorded) => {
      recorded.stream.respond([{ name: ":status", value: "200" }]);
    });
    const server = createServerSession(accepted, session);
    const raw = createClientSession(client, new RecordedSession(), {
      streamWindowBytes: 0x7fffffff,
      connectionWindowBytes: 0x7fffffff,
    });
    const call = new RecordedStream();
    call.stream = raw.open(call, REQUEST);
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (call.headers !== undefined) resolve();
        else setImmediate(look);
      };
      look();
    });
    client.pause();
    const served = session.streams[0] as RecordedStream;
    const piece = Buffer.alloc(100_000);
    let written = 0;
    const room = (): boolean => {
      written += piece.length;
      return served.stream.write(piece);
    };
    while (room()) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (written > 500_000_000) throw new Error("nothing holds it up");
    }
    const drained = new Promise<void>((resolve) => {
      served.whenDrained = resolve;
    });
    client.resume();
    await drained;
    served.stream.end();
    call.stream.end();
    await closed(call);
    expect(call.received).toBe(written);
    server.destroy();
  }, 30_000);
});
