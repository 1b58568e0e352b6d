import {
  createClientSession,
  createServerSession,
  type Fields,
  type H2Session,
  type SessionOptions,
} from "../src/index.ts";
import { echo, REQUEST, RecordedSession, RecordedStream } from "./handlers.ts";
import { Network } from "./memory-link.ts";
import { RawPeer } from "./raw-peer.ts";

export interface PairOptions {
  readonly client?: SessionOptions;
  readonly server?: SessionOptions;
  /** What the server does with a stream; it echoes by default. */
  readonly answer?: (recorded: RecordedStream, request: Fields) => void;
  readonly chunkBytes?: number;
}

/** A client and a server of ours on a network that moves when told, past their first SETTINGS. */
export class Pair {
  readonly network: Network = new Network();
  readonly client: H2Session;
  readonly server: H2Session;
  readonly atClient: RecordedSession = new RecordedSession();
  readonly atServer: RecordedSession;

  constructor(options: PairOptions = {}) {
    if (options.chunkBytes !== undefined) this.network.chunkBytes = options.chunkBytes;
    this.atServer = new RecordedSession(options.answer ?? echo);
    this.server = createServerSession(this.network.b, this.atServer, options.server);
    this.client = createClientSession(this.network.a, this.atClient, options.client);
    this.settle();
  }

  settle(): void {
    this.network.settle();
  }

  open(request: Fields = REQUEST, endStream = false): RecordedStream {
    const recorded = new RecordedStream();
    recorded.stream = this.client.open(recorded, [], request, endStream);
    return recorded;
  }

  /** What the server heard of the stream that the client opened. */
  served(client: RecordedStream): RecordedStream {
    const found = this.atServer.streams.find(({ stream }) => stream.id === client.stream.id);
    if (found === undefined) throw new Error(`the server has not seen stream ${client.stream.id}`);
    return found;
  }
}

/** A server of ours and a client that does as it is told. */
export function serverAndRaw(
  options: SessionOptions = {},
  answer: PairOptions["answer"] = echo,
): { network: Network; raw: RawPeer; server: H2Session; atServer: RecordedSession } {
  const network = new Network();
  const atServer = new RecordedSession(answer);
  const server = createServerSession(network.b, atServer, options);
  const raw = new RawPeer(network, network.a);
  return { network, raw, server, atServer };
}

/** A client of ours and a server that does as it is told. */
export function clientAndRaw(options: SessionOptions = {}): {
  network: Network;
  raw: RawPeer;
  client: H2Session;
  atClient: RecordedSession;
  open: (request?: Fields, endStream?: boolean) => RecordedStream;
} {
  const network = new Network();
  const atClient = new RecordedSession();
  const client = createClientSession(network.a, atClient, options);
  const raw = new RawPeer(network, network.b, true);
  network.settle();
  const open = (request: Fields = REQUEST, endStream = false): RecordedStream => {
    const recorded = new RecordedStream();
    recorded.stream = client.open(recorded, [], request, endStream);
    network.settle();
    return recorded;
  };
  return { network, raw, client, atClient, open };
}
