import { type AddressInfo, connect, createServer } from "node:net";
import type { Fields, SessionHandler, Stream, StreamHandler } from "@slipstream/h2";
import { createClientSession, createServerSession } from "@slipstream/h2/node";
import type { BidiOptions, Contender } from "../contender.ts";
import { checkMetadata, headerName } from "../messages.ts";

const request: Fields = [
  { name: ":method", value: "POST" },
  { name: ":scheme", value: "http" },
  { name: ":path", value: "/Bench/Bidi" },
];
const response: Fields = [{ name: ":status", value: "200" }];
const options = { maxConcurrentStreams: 25_000, stalledStreamTimeoutMs: 600_000 };

class Handler implements StreamHandler {
  stream!: Stream;
  onInformational(): void {}
  onHeaders(): void {}
  onTrailers(): void {}
  onDrain(): void {}
  onEnd(): void {}
  onClose(_reason: unknown): void {}
  onData(_chunk: Uint8Array, start: number, end: number): void {
    this.stream.consume(end - start);
  }
}

/** Sends back what comes. */
class Echo extends Handler {
  override onData(chunk: Uint8Array, start: number, end: number): void {
    this.stream.consume(end - start);
    this.stream.write(chunk.slice(start, end));
  }

  override onEnd(): void {
    this.stream.end();
  }
}

/** There are no messages in HTTP/2: an echo is there when all bytes are back. */
class Call extends Handler {
  readonly #options: BidiOptions;
  #expected = 0;
  #received = 0;

  constructor(bidi: BidiOptions) {
    super();
    this.#options = bidi;
  }

  send(payload: Uint8Array): void {
    this.#expected = payload.length;
    this.stream.write(payload);
  }

  end(): void {
    this.stream.end();
  }

  override onData(_chunk: Uint8Array, start: number, end: number): void {
    this.stream.consume(end - start);
    this.#received += end - start;
    while (this.#received >= this.#expected) {
      this.#received -= this.#expected;
      this.#options.onMessage(this.#expected);
    }
  }

  override onClose(reason: unknown): void {
    this.#options.onEnd(reason);
  }
}

class Connection implements SessionHandler {
  readonly #onReady: () => void;

  constructor(onReady: () => void = () => {}) {
    this.#onReady = onReady;
  }

  onStream(stream: Stream, fields: Fields): StreamHandler {
    checkMetadata((key) => fields.find(({ name }) => name === headerName(key))?.value.toString());
    const echo = new Echo();
    echo.stream = stream;
    stream.respond(response);
    return echo;
  }

  onSettings(): void {
    this.#onReady();
  }

  onGoaway(): void {}
  onClose(): void {}
  onEvent(): void {}
}

/** The sessions below `http2` by themselves: what is left when there is no gRPC, no message and no `rpc` above them. */
export const h2: Contender = {
  name: "h2",
  isTyped: false,
  note: "the sessions of `@slipstream/h2` by themselves: handlers, and streams of bytes without messages (which may travel joined); duplex and opening only",
  packages: [],
  async startServer() {
    const server = createServer((socket) => createServerSession(socket, new Connection(), options));
    await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
    return { port: (server.address() as AddressInfo).port };
  },
  async connect(port) {
    const socket = connect({ port, host: "127.0.0.1" });
    const session = await new Promise<ReturnType<typeof createClientSession>>((resolve) => {
      const opened = createClientSession(socket, new Connection(() => resolve(opened)), options);
    });
    return {
      bidi(bidi) {
        const call = new Call(bidi);
        const fields = bidi.metadata?.map(([key, value]) => ({ name: headerName(key), value }));
        call.stream = session.open(call, request, fields);
        return call;
      },
    };
  },
};
