import { allocate } from "@slipstream/stream";
import type { Link } from "./link.ts";
import {
  type CreditWindow,
  type ExchangeTable,
  type Outbox,
  type SessionParts,
  tooMuchUnread,
} from "./parts.ts";
import type { Exchange } from "./session.ts";

/** For a page: a few streams, and a link that copies what it is given and cannot hold its peer back. */
export const lightParts: SessionParts = {
  exchanges: () => new ExchangeMap(),
  outbox: (link, onRoom) => new TurnOutbox(link, onRoom),
  inflow: (_, { maxUnreadBytes }, onStalled) => ({
    check(receiver) {
      if (receiver.unreadCost >= maxUnreadBytes) onStalled(receiver, tooMuchUnread(receiver, maxUnreadBytes));
    },
    hold() {},
    close() {},
  }),
  windows: ({ streamWindowBytes }) => ({ create: () => new FixedWindow(streamWindowBytes) }),
};

/** What a page has unread stays within what it was meant to be, however fast it reads. */
class FixedWindow implements CreditWindow {
  readonly #bytes: number;
  #granted: number;
  #taken = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#granted = bytes;
  }

  take(cost: number): boolean {
    this.#taken += cost;
    return this.#granted - this.#taken <= this.#bytes / 2;
  }

  renew(): number {
    this.#granted = this.#taken + this.#bytes;
    return this.#granted;
  }

  end(): void {}
}

class ExchangeMap implements ExchangeTable {
  readonly #map = new Map<number, Exchange>();

  get size(): number {
    return this.#map.size;
  }

  get(id: number): Exchange | undefined {
    return this.#map.get(id);
  }

  add(exchange: Exchange): void {
    this.#map.set(exchange.id, exchange);
  }

  delete(id: number): void {
    this.#map.delete(id);
  }

  values(): Exchange[] {
    return [...this.#map.values()];
  }
}

/** More than this is not kept until the end of the turn, nor for the next. */
const FLUSH_BYTES = 256 * 1024;
const FIRST_BYTES = 16 * 1024;
const noBytes = new Uint8Array(0);

/** Puts all frames of a turn into one piece of memory, and uses it again. */
class TurnOutbox implements Outbox {
  bytes: Uint8Array = noBytes;
  isBlocked = false;
  readonly #link: Link;
  readonly #onRoom: () => void;
  #end = 0;
  #isScheduled = false;
  #isClosed = false;

  constructor(link: Link, onRoom: () => void) {
    this.#link = link;
    this.#onRoom = onRoom;
  }

  get pendingBytes(): number {
    return this.#end;
  }

  reserve(size: number, rest = noBytes): number {
    const { bytes } = this;
    const needed = this.#end + size + rest.length;
    if (needed > bytes.length) {
      this.bytes = allocate(Math.max(needed, 2 * bytes.length, FIRST_BYTES));
      this.bytes.set(bytes.subarray(0, this.#end));
    }
    return this.#end;
  }

  commit(end: number, rest = noBytes, release?: (rest: Uint8Array) => void): void {
    this.bytes.set(rest, end);
    release?.(rest);
    if (this.#isClosed) return;
    this.#end = end + rest.length;
    if (this.#end >= FLUSH_BYTES) {
      this.flush();
    } else if (!this.isBlocked && !this.#isScheduled) {
      this.#isScheduled = true;
      this.#link.schedule(() => {
        this.#isScheduled = false;
        this.flush();
      });
    }
  }

  onDrain(): void {
    this.isBlocked = false;
    this.flush();
    if (!this.isBlocked) this.#onRoom();
  }

  flush(isClosing = false): void {
    if ((this.isBlocked && !isClosing) || this.#end === 0) return;
    const piece = this.bytes.subarray(0, this.#end);
    this.#end = 0;
    this.isBlocked = !this.#link.write([piece]);
    if (this.bytes.length > FLUSH_BYTES) this.bytes = noBytes;
  }

  close(): void {
    this.#isClosed = true;
    this.#end = 0;
    this.bytes = noBytes;
  }
}
