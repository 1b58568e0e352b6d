import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { FrameCutter } from "./frame-cutter.ts";

/** Something that passed a recording proxy. */
export interface Passage {
  readonly from: "client" | "server";
  /** Number of the connection, from 1. */
  readonly conn: number;
  /** The bytes: one whole frame on a TTHeader connection, one read on others. */
  readonly bytes?: Uint8Array;
  /** That side closed the connection. */
  readonly close?: true;
}

/** A proxy on loopback that keeps what passes, in the order in which it passed. */
export interface RecordingProxy extends AsyncDisposable {
  /** `host:port` to connect to. */
  readonly target: string;
  readonly passages: readonly Passage[];
  /** How many connections were accepted so far. */
  readonly connections: number;
  /** Breaks every connection, as a dying peer does. */
  breakConnections(): void;
  /** Resolves when no connection is open. */
  quiet(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1 in front of `target` (`host:port`). */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const [host, port] = target.split(":") as [string, string];
  const passages: Passage[] = [];
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  let connections = 0;
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    const conn = ++connections;
    const upstream = connect({ port: Number(port), host, allowHalfOpen: true });
    carry(client, upstream, (passage) => passages.push({ from: "client", conn, ...passage }));
    carry(upstream, client, (passage) => passages.push({ from: "server", conn, ...passage }));
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true));
      socket.once("close", () => {
        sockets.delete(socket);
        if (sockets.size === 0) for (const resolve of waiting.splice(0)) resolve();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const breakConnections = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    passages,
    get connections() {
      return connections;
    },
    breakConnections,
    async quiet() {
      if (sockets.size > 0) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async [Symbol.asyncDispose]() {
      breakConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function carry(from: Socket, to: Socket, record: (passage: Pick<Passage, "bytes" | "close">) => void): void {
  const frames = new FrameCutter();
  from.on("data", (bytes) => {
    for (const part of frames.cut(bytes)) record({ bytes: part });
    if (!to.write(bytes)) {
      from.pause();
      to.once("drain", () => from.resume());
    }
  });
  from.on("error", () => {}); // "close" follows
  from.once("end", () => {
    for (const part of frames.rest()) record({ bytes: part });
    record({ close: true });
    to.end();
  });
  from.once("close", () => {
    if (!from.readableEnded) to.destroy();
  });
}
