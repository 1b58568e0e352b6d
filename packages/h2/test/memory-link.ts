import type { Link, LinkReceiver } from "../src/link.ts";

/** Two links, each the other's far end. Nothing moves until `settle`, which runs everything that is under way: tests need no time. */
export class Network {
  readonly a: MemoryLink = new MemoryLink(this);
  readonly b: MemoryLink = new MemoryLink(this);
  /** Into how large pieces the bytes are cut on the way. */
  chunkBytes: number = Number.POSITIVE_INFINITY;
  readonly #tasks: (() => void)[] = [];

  constructor() {
    this.a.peer = this.b;
    this.b.peer = this.a;
  }

  run(task: () => void): void {
    this.#tasks.push(task);
  }

  settle(): void {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) task();
  }
}

export class MemoryLink implements Link {
  peer!: MemoryLink;
  /** The most that `write` takes before it says that the link is full. */
  highWaterBytes: number = 64 * 1024;
  isPaused = false;
  isDestroyed = false;
  hasEnded = false;
  /** All that was written to this link and not yet given to the peer. */
  bufferedBytes = 0;
  writes = 0;
  readonly #network: Network;
  #receiver: LinkReceiver | undefined;
  #outbox: Uint8Array[] = [];
  #wantsDrain = false;
  #isClosed = false;
  #isHeld = false;

  constructor(network: Network) {
    this.#network = network;
  }

  start(receiver: LinkReceiver): void {
    this.#receiver = receiver;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.hasEnded || this.isDestroyed) return true;
    this.writes++;
    for (const chunk of chunks) {
      this.bufferedBytes += chunk.length;
      this.#outbox.push(chunk);
    }
    this.#network.run(() => this.#deliver());
    this.#wantsDrain = this.bufferedBytes >= this.highWaterBytes;
    return !this.#wantsDrain;
  }

  /** Stops what this side wrote on its way, as a peer does that reads nothing, or lets it go on. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.#network.run(() => this.#deliver());
  }

  #deliver(): void {
    while (this.#outbox.length > 0 && !this.peer.isPaused && !this.#isHeld) {
      const chunk = this.#outbox.shift() as Uint8Array;
      this.bufferedBytes -= chunk.length;
      for (let at = 0; at < chunk.length; at += this.#network.chunkBytes) {
        this.peer.receive(chunk.slice(at, Math.min(chunk.length, at + this.#network.chunkBytes)));
      }
    }
    if (this.#outbox.length > 0) return;
    if (this.#wantsDrain) {
      this.#wantsDrain = false;
      this.#receiver?.onDrain();
    }
    if (this.hasEnded) this.peer.close();
  }

  receive(chunk: Uint8Array): void {
    if (!this.isDestroyed && !this.#isClosed) this.#receiver?.onData(chunk);
  }

  close(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#network.run(() => this.#receiver?.onClose(error));
  }

  schedule(flush: () => void): void {
    this.#network.run(flush);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.#network.run(() => this.peer.#deliver());
  }

  end(): void {
    this.hasEnded = true;
    this.#network.run(() => this.#deliver());
  }

  destroy(): void {
    this.isDestroyed = true;
    this.close();
    this.peer.close();
  }
}
