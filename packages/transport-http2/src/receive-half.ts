import { type CallError, ReceiveQueue, RpcError } from "@slipstream/stream";
import { decompress, type Encoding } from "./compression.ts";
import { MessageParser, type MessageSink, prefixBytes } from "./message-parser.ts";

/** The stream that a {@link ReceiveHalf} is of. */
export interface ReceiveHost {
  /** The peer may send as many bytes more. */
  consume(bytes: number): void;
  /** The peer's bytes are no messages, or not such as are allowed: the stream is to end with this. */
  onBroken(error: RpcError): void;
}

/**
 * The receiving half of a stream of messages. The peer is given new room when the application takes a message; the bytes of
 * an unfinished one count as taken while nothing else waits, so that a message larger than the window gets through. So what
 * waits is never more than the window and one message.
 */
export class ReceiveHalf implements MessageSink {
  /** How messages with flag 1 are compressed; a client learns it with the header, when somebody may wait already. */
  encoding: Encoding | undefined;
  readonly #host: ReceiveHost;
  readonly #maxMessageBytes: number;
  readonly #parser: MessageParser;
  readonly #queue: ReceiveQueue;
  #unconsumed = 0;
  /** The size on the wire of a message that is unpacked at once. */
  #packedBytes = -1;
  /** Messages that are unpacked when they are taken: what waits is what came. */
  #compressed: WeakSet<Uint8Array> | undefined;
  #broken: RpcError | undefined;
  #isDiscarding = false;
  #isSettling = false;

  constructor(host: ReceiveHost, maxMessageBytes: number) {
    this.#host = host;
    this.#maxMessageBytes = maxMessageBytes;
    this.#parser = new MessageParser(maxMessageBytes, this);
    this.#queue = new ReceiveQueue((message) => this.#consume(prefixBytes + this.#sizeOnWire(message)));
  }

  /** Takes DATA off the wire. */
  push(chunk: Uint8Array, start: number, end: number): void {
    if (this.#isDiscarding) {
      this.#host.consume(end - start);
      return;
    }
    this.#unconsumed += end - start;
    try {
      this.#parser.push(chunk, start, end);
    } catch (thrown) {
      this.#host.onBroken(RpcError.from(thrown));
      return;
    }
    if (this.#queue.length === 0) {
      this.#consume(this.#unconsumed);
    } else if (!this.#isSettling) {
      this.#isSettling = true;
      settleLater(this);
    }
  }

  onMessage(message: Uint8Array, isCompressed: boolean): void {
    if (isCompressed) {
      if (this.encoding !== "gzip") {
        throw new RpcError(
          "internal",
          "a message is marked as compressed, and grpc-encoding names no compression",
        );
      }
      if (this.#queue.isAwaited) {
        this.#packedBytes = message.length;
        this.#queue.push(decompress(message, this.#maxMessageBytes));
        this.#packedBytes = -1;
        return;
      }
      this.#compressed ??= new WeakSet();
      this.#compressed.add(message);
    }
    this.#queue.push(message);
  }

  #sizeOnWire(message: Uint8Array): number {
    return this.#packedBytes < 0 ? message.length : this.#packedBytes;
  }

  /** As `ByteStream.recv`. */
  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    if (this.#broken !== undefined) throw this.#broken;
    const message = this.#queue.recv();
    this.#consumeRest();
    return message instanceof Promise ? message : this.#unpack(message);
  }

  /** As `ByteStream.tryRecv`. */
  tryRecv(): Uint8Array | undefined {
    if (this.#broken !== undefined) return undefined;
    const message = this.#queue.tryRecv();
    this.#consumeRest();
    try {
      return this.#unpack(message);
    } catch {
      // The next `recv` throws it.
      return undefined;
    }
  }

  /** The peer's last word. What came before is still given out, then `error`, or the end. */
  end(error?: CallError): void {
    if (error === undefined && this.#parser.isPartial) {
      this.#queue.end(new RpcError("internal", "the peer ended the stream in the middle of a message"));
    } else {
      this.#queue.end(error);
    }
  }

  /** Nobody is to get what waits: `recv` gives `error`, or the end, from now on. */
  discard(error?: CallError): void {
    this.#isDiscarding = true;
    this.#queue.end(error);
    this.#queue.clear();
    this.#consume(this.#unconsumed);
  }

  /** Takes messages that stay out of the chunks in which they came: a small one must not keep a large chunk alive. */
  settle(): void {
    this.#isSettling = false;
    this.#queue.replaceNew((message) => {
      if (message.buffer.byteLength <= 2 * message.byteLength) return message;
      const copy = Uint8Array.prototype.slice.call(message);
      if (this.#compressed?.has(message)) this.#compressed.add(copy);
      return copy;
    });
  }

  #unpack(message: Uint8Array | undefined): Uint8Array | undefined {
    if (message === undefined || this.#compressed?.has(message) !== true) return message;
    try {
      return decompress(message, this.#maxMessageBytes);
    } catch (thrown) {
      this.#broken = RpcError.from(thrown);
      this.#host.onBroken(this.#broken);
      throw thrown;
    }
  }

  /** With the last message that waited, what has come of the next one counts as taken: it may be what fills the window. */
  #consumeRest(): void {
    if (this.#unconsumed > 0 && this.#queue.length === 0) this.#consume(this.#unconsumed);
  }

  #consume(bytes: number): void {
    const count = Math.min(bytes, this.#unconsumed);
    if (count === 0) return;
    this.#unconsumed -= count;
    this.#host.consume(count);
  }
}

/** One array for all: one that is thrown away might be of the old generation by then, and keep the streams alive. */
const unsettled: ReceiveHalf[] = [];

/** After this turn, in which most messages are taken. */
function settleLater(half: ReceiveHalf): void {
  if (unsettled.push(half) === 1) setImmediate(settleAll);
}

function settleAll(): void {
  for (let i = 0; i < unsettled.length; i++) unsettled[i]?.settle();
  unsettled.length = 0;
}
