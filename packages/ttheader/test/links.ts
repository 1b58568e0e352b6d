import { type Framing, streamFraming } from "../src/frame-reader.ts";
import type { Link, LinkReceiver } from "../src/link.ts";
import { cutAt, join } from "./arbitrary-frames.ts";

/** How much a link takes before it says that it is full. */
const HIGH_WATER_BYTES = 16 * 1024;

/** One end of a pair of links in memory: what is written here arrives there in a later turn, cut as `cuts` says. */
export class MemoryLink implements Link {
  readonly framing: Framing = streamFraming;
  /** It copies what is written. */
  readonly isEmpty = true;
  receiver: LinkReceiver | undefined;
  other: MemoryLink | undefined;
  isPaused = false;
  isClosed = false;
  writes = 0;
  writtenBytes = 0;
  readonly #cuts: readonly number[];
  #inbound: Uint8Array[] = [];
  #inboundBytes = 0;
  #hasEnded = false;
  #isDelivering = false;

  constructor(cuts: readonly number[] = []) {
    this.#cuts = cuts;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const { other } = this;
    if (this.isClosed || other === undefined) return true;
    this.writes++;
    const bytes = join(chunks);
    this.writtenBytes += bytes.length;
    other.#inbound.push(...cutAt(bytes, this.#cuts));
    other.#inboundBytes += bytes.length;
    other.#deliverLater();
    return other.#inboundBytes < HIGH_WATER_BYTES;
  }

  schedule(flush: () => void): void {
    setImmediate(flush);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.#deliverLater();
  }

  end(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.other !== undefined) {
      this.other.#hasEnded = true;
      this.other.#deliverLater();
    }
  }

  destroy(): void {
    this.#inbound = [];
    this.end();
  }

  /** Breaks the link under both ends. */
  break(): void {
    for (const end of [this, this.other]) {
      if (end === undefined || end.isClosed) continue;
      end.isClosed = true;
      setImmediate(() => end.receiver?.onClose(new Error("read ECONNRESET")));
    }
  }

  #deliverLater(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    setImmediate(() => {
      this.#isDelivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    for (;;) {
      if (this.isPaused) return;
      const chunk = this.#inbound.shift();
      if (chunk === undefined) break;
      this.#inboundBytes -= chunk.length;
      if (!this.isClosed && chunk.length > 0) this.receiver?.onData(chunk);
    }
    if (this.#hasEnded) {
      this.isClosed = true;
      this.receiver?.onClose();
      this.#hasEnded = false;
    } else if (this.other?.isClosed === false) {
      this.other.receiver?.onDrain();
    }
  }
}

/** Two links, each the other's peer. */
export function linkPair(cuts: readonly number[] = []): [client: MemoryLink, server: MemoryLink] {
  const client = new MemoryLink(cuts);
  const server = new MemoryLink(cuts);
  client.other = server;
  server.other = client;
  return [client, server];
}
