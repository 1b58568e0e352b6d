import { Context, withPersistentValue, withValue } from "@slipstream/metainfo";
import { type Client, createClient } from "@slipstream/rpc";
import { createServer, type Listening, type Server } from "@slipstream/rpc/server";
import type { CallOptions, ClientTransport, Header, ServerTransport } from "@slipstream/stream";
import { TestService } from "./gen/echo.ts";
import { HopService } from "./hop-service.ts";
import { backFrom, type Run, type Seen } from "./seen.ts";

/** A service of the chain, and what carries the calls to it. */
export interface Hop {
  readonly service: string;
  /** The two ends of what carries the calls; for most transports one object is both. */
  readonly server: ServerTransport;
  readonly client: ClientTransport;
  /** How the client writes the server's address, where that is not just host and port. @defaultValue its `target` */
  readonly target?: (listening: Listening) => string;
}

type TestClient = Client<typeof TestService>;

/** Starts the services, calls each method once through all of them, and stops them. */
export async function runChain(hops: readonly Hop[]): Promise<readonly Run[]> {
  const seen: Seen[] = [];
  const servers: Server[] = [];
  // From the back: each service is a client of the next one.
  let next: TestClient | undefined;
  for (const hop of hops.toReversed()) {
    const { service } = hop;
    const server = createServer({ transports: [hop.server], name: service });
    server.add(TestService, new HopService(service, next, (what) => seen.push(what)));
    const listening = await server.listen({ host: "127.0.0.1" });
    servers.unshift(server);
    const target = hop.target?.(listening) ?? listening.target;
    next = createClient(TestService, { transport: hop.client, target });
  }
  try {
    const runs: Run[] = [];
    for (const call of calls) {
      const result = await call.run(next as TestClient);
      runs.push({ ...result, method: call.method, what: call.what, hops: seen.splice(0).toReversed() });
    }
    return runs;
  } finally {
    for (const server of servers) await server.close();
    for (const { client } of hops) await client.close();
  }
}

const timeoutMs = 1_000;

/** Set once, by the client. No service hands any of it on: it travels by itself. */
const context = withValue(withPersistentValue(Context.background, "user", "ann"), "ticket", "T-42");

type Result = Pick<Run, "sent" | "answer" | "back">;

interface Call {
  readonly method: string;
  readonly what: string;
  run(client: TestClient): Promise<Result>;
}

const words = ["three", "short", "words"];

const calls: readonly Call[] = [
  {
    method: "EchoPingPong",
    what: "one request, one response",
    async run(client) {
      let header: Header | undefined;
      let trailer: Header | undefined;
      const options: CallOptions = {
        context,
        timeoutMs,
        onHeader: (got) => {
          header = got;
        },
        onTrailer: (got) => {
          trailer = got;
        },
      };
      const { message } = await client.echoPingPong({ message: "hello" }, options);
      return { sent: ["hello"], answer: [message ?? ""], back: backFrom(header, trailer) };
    },
  },
  {
    method: "EchoClient",
    what: "many requests, one response",
    async run(client) {
      const stream = await client.echoClient({ context, timeoutMs });
      for (const message of words) await stream.send({ message });
      const { message } = await stream.closeAndRecv();
      const back = backFrom(await stream.header(), await stream.trailer());
      return { sent: words, answer: [message ?? ""], back };
    },
  },
  {
    method: "EchoServer",
    what: "one request, many responses",
    async run(client) {
      const stream = await client.echoServer({ message: "count to three" }, { context, timeoutMs });
      const answer: string[] = [];
      for await (const { message } of stream) answer.push(message ?? "");
      const back = backFrom(await stream.header(), await stream.trailer());
      return { sent: ["count to three"], answer, back };
    },
  },
  {
    method: "Echo",
    what: "both ways at once",
    async run(client) {
      await using stream = await client.echo({ context, timeoutMs });
      const answer: string[] = [];
      for (const message of words) {
        await stream.send({ message });
        answer.push((await stream.recv())?.message ?? "");
      }
      // Our agreement on how the stream ends: the client closes its side, and the services answer by ending theirs.
      await stream.closeSend();
      await stream.recv();
      const back = backFrom(await stream.header(), await stream.trailer());
      return { sent: words, answer, back };
    },
  },
];
