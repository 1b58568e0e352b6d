import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { AddressInfo } from "node:net";

/** Answers a request; `raw` has its fields as they came, names and values in turns. */
export type Serve = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]) => void;

interface NodeServer extends AsyncDisposable {
  readonly target: string;
  readonly sessions: readonly ServerHttp2Session[];
}

/** A server of Node's own, without gRPC in it, on a free port. It takes sections of any number of fields. */
export async function startNodeServer(serve: Serve, options: ServerOptions = {}): Promise<NodeServer> {
  const server = createServer({ maxHeaderListPairs: 4_000, ...options } as ServerOptions);
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => {});
  });
  server.on("stream", (stream, headers, _flags, raw?: string[]) => {
    stream.on("error", () => {});
    serve(stream, headers, raw ?? []);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
