import { connect, type NetConnectOpts, type Socket } from "node:net";
import { allocate } from "./text.ts";

/** Memory that was read into, while a listener has it. */
export interface LentMemory {
  /**
   * Asks for the memory instead of copying from it. When the answer is no, the next read is likely to go where the answer can be
   * yes: it pays for who keeps most of what comes.
   */
  keep(): boolean;
}

/**
 * The event of a socket that lends what it reads: its listener has the bytes, the first argument, until it returns, then they are
 * read over; unless it keeps the {@link LentMemory}, the second. Where nobody listens for it, there is `data` as ever.
 */
export const lentDataEvent = "slipstreamLentData";

/** What Node reads at once too. */
const readBytes = 64 * 1024;

// One for all sockets: what was read is dealt with before anything else is. Node's own way, new memory for each read, keeps the
// garbage collector busy, and is for nothing where large messages are put together in memory of their own.
let common: Uint8Array | undefined;

class ReadMemory implements LentMemory {
  #isCommon = true;
  #isWanted = false;

  keep(): boolean {
    this.#isWanted = true;
    return !this.#isCommon;
  }

  /** Where to read next. An idle socket has none of its own, unless the last that it read was kept. */
  next(): Uint8Array {
    this.#isCommon = !this.#isWanted;
    this.#isWanted = false;
    if (!this.#isCommon) return allocate(readBytes);
    common ??= allocate(readBytes);
    return common;
  }
}

/** Connects as `net.connect` does. */
export function connectLending(to: NetConnectOpts): Socket {
  const memory = new ReadMemory();
  const lend = (length: number, { buffer }: Uint8Array): boolean => {
    const bytes = new Uint8Array(buffer, 0, length);
    return socket.emit(lentDataEvent, bytes, memory) || socket.push(Buffer.from(bytes));
  };
  const socket = connect({ ...to, onread: { buffer: () => memory.next(), callback: lend } });
  return socket;
}
