import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import tls from "node:tls";
import { fileURLToPath } from "node:url";
import { generate } from "selfsigned";
import type { Fields, H2Session, SessionHandler, SessionOptions } from "../src/index.ts";
import { ALPN, createClientSession, createServerSession } from "../src/node.ts";
import { RecordedSession, type RecordedStream } from "./handlers.ts";

/** Whether the machine has a program. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Runs a program to its end. Gives what it printed on both outputs; fails when it takes too long. */
export function run(program: string, args: readonly string[], timeoutMs = 60_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", reject);
    child.on("close", (_, signal) => {
      if (signal === null) resolve(output);
      else reject(new Error(`${program} was ended by ${signal}: ${output}`));
    });
  });
}

/** Builds h2spec from its Go module into a folder for temporary files. Returns where it is. */
export function buildH2spec(): string {
  const folder = join(tmpdir(), "slipstream-h2spec-2.2.1");
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "h2spec");
  const module = join(dirname(fileURLToPath(import.meta.url)), "h2spec");
  execFileSync("go", ["build", "-o", program, "github.com/summerwind/h2spec/cmd/h2spec"], {
    cwd: module,
    stdio: "pipe",
  });
  return program;
}

export interface TlsFiles {
  readonly key: string;
  readonly cert: string;
}

/** A certificate for localhost. */
export async function certificate(): Promise<TlsFiles> {
  const pem = await generate([{ name: "commonName", value: "localhost" }], {
    algorithm: "sha256",
    keySize: 2048,
  });
  return { key: pem.private, cert: pem.cert };
}

export interface Listening {
  readonly port: number;
  readonly sessions: H2Session[];
  readonly recorded: RecordedSession[];
  close(): Promise<void>;
}

/** A server of ours on a port of loopback. */
export async function listen(
  answer: (recorded: RecordedStream, request: Fields) => void,
  options: SessionOptions = {},
  tlsFiles?: TlsFiles,
): Promise<Listening> {
  const sessions: H2Session[] = [];
  const recorded: RecordedSession[] = [];
  const sockets = new Set<net.Socket>();
  const accept = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    const handler = new RecordedSession(answer);
    recorded.push(handler);
    sessions.push(createServerSession(socket, handler, options));
  };
  const server =
    tlsFiles === undefined
      ? net.createServer(accept)
      : tls.createServer({ ...tlsFiles, ALPNProtocols: [ALPN] }, accept);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    sessions,
    recorded,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

/** A client of ours, connected. */
export async function connect(
  port: number,
  options: SessionOptions = {},
  tlsFiles?: TlsFiles,
): Promise<{ session: H2Session; recorded: RecordedSession; socket: net.Socket }> {
  const recorded = new RecordedSession();
  const socket =
    tlsFiles === undefined
      ? net.connect(port, "127.0.0.1")
      : tls.connect({
          port,
          host: "127.0.0.1",
          servername: "localhost",
          ca: tlsFiles.cert,
          ALPNProtocols: [ALPN],
        });
  await new Promise<void>((resolve, reject) => {
    socket.once(tlsFiles === undefined ? "connect" : "secureConnect", resolve);
    socket.once("error", reject);
  });
  const session = createClientSession(socket, recorded satisfies SessionHandler, options);
  await new Promise<void>((resolve) => {
    recorded.whenSettings = resolve;
  });
  return { session, recorded, socket };
}

/** Resolves when the stream is over. */
export function closed(recorded: RecordedStream): Promise<void> {
  return new Promise((resolve) => {
    if (recorded.isClosed) resolve();
    else recorded.whenClosed = resolve;
  });
}
