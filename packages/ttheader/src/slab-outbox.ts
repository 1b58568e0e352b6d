import { allocate } from "@slipstream/stream";
import type { Link } from "./link.ts";
import type { Outbox } from "./parts.ts";

const SLAB_BYTES = 64 * 1024;
/** Payloads from here on leave as they are, beside the slab; copying smaller ones is cheaper than another piece. */
const BY_REFERENCE_BYTES = 4096;
/** So much leaves before the end of the turn: soon at first, so that the peer has something to do meanwhile, then in larger writes. */
const FIRST_FLUSH_BYTES = 8 * 1024;
const MAX_FLUSH_BYTES = 256 * 1024;
/** A call counts as so much at least, however small it is: the peer has as much to do for it. */
const CALL_BYTES = 512;
/** A slab that had to be larger, for a single message, does not stay. */
const MAX_SLAB_BYTES = 1024 * 1024;

const noBytes = new Uint8Array(0);

class Slab {
  readonly bytes: Uint8Array;
  end = 0;
  /** Outboxes that have something in it which their links were not given yet. */
  users = 0;
  /** Whether a link may hold a part of it for longer: such a slab is filled up, and never written again. */
  isHeld = false;

  constructor(size: number) {
    this.bytes = allocate(size);
  }
}

// One for all connections: one each would be most of an idle connection's memory. Slabs are written from their start again
// as soon as the links have let go of them: new memory for every 64 KiB would keep the garbage collector busy.
let slab = new Slab(SLAB_BYTES);
/** Those that nobody uses, enough for one flush. */
const spares: Slab[] = [];
let spareBytes = 0;

function nextSlab(size: number): Slab {
  const at = spares.findIndex(({ bytes }) => bytes.length >= size);
  const [spare] = at < 0 ? [] : spares.splice(at, 1);
  if (spare === undefined) return new Slab(Math.ceil(size / SLAB_BYTES) * SLAB_BYTES);
  spareBytes -= spare.bytes.length;
  return spare;
}

function letGo(used: Slab, isHeld: boolean): void {
  used.users--;
  if (isHeld) used.isHeld = true;
  if (used.users > 0) return;
  if (used === slab && used.bytes.length > MAX_SLAB_BYTES) slab = nextSlab(SLAB_BYTES);
  if (used.isHeld) return;
  used.end = 0;
  if (used === slab || spareBytes + used.bytes.length > MAX_FLUSH_BYTES) return;
  spareBytes += used.bytes.length;
  spares.push(used);
}

/** A payload that leaves as it is, and who wants to hear that it has left. */
interface Lent {
  readonly payload: Uint8Array;
  readonly release: (payload: Uint8Array) => void;
}

/**
 * An outbox in memory that all connections share. Small payloads are copied to where the frames are written; a large one
 * goes as it is.
 */
export class SlabOutbox implements Outbox {
  bytes: Uint8Array = noBytes;
  isBlocked = false;
  readonly #link: Link;
  readonly #onRoom: () => void;
  /** What of `bytes` is ours and in no piece yet. */
  #runStart = 0;
  #runEnd = 0;
  /** Where it writes, and has something that the link was not given yet. */
  #slab: Slab | undefined;
  /** The same of slabs that are full. */
  #fullSlabs: Slab[] = [];
  #pieces: Uint8Array[] = [];
  #lent: Lent[] = [];
  #pendingBytes = 0;
  #pendingCalls = 0;
  #isScheduled = false;
  #flushBytes: number;
  #isClosed = false;

  constructor(link: Link, onRoom: () => void) {
    this.#link = link;
    this.#onRoom = onRoom;
    this.#flushBytes = firstFlushBytes(link);
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  reserve(length: number, rest?: Uint8Array): number {
    const size = rest === undefined || this.#goesAsItIs(rest) ? length : length + rest.length;
    if (size > slab.bytes.length - slab.end) slab = nextSlab(size);
    if (this.#slab !== slab || this.#runEnd !== slab.end) {
      this.#seal();
      this.#use(slab);
      this.#runStart = slab.end;
      this.#runEnd = slab.end;
    }
    return slab.end;
  }

  commit(end: number, rest?: Uint8Array, release?: (rest: Uint8Array) => void): void {
    if (rest === undefined) {
      this.#take(end);
    } else if (this.#goesAsItIs(rest)) {
      const size = this.#advance(end);
      this.#seal();
      this.#pieces.push(rest);
      if (release !== undefined) this.#lent.push({ payload: rest, release });
      this.#wrote(size + rest.length);
    } else {
      this.bytes.set(rest, end);
      this.#take(end + rest.length);
      release?.(rest);
    }
  }

  beginCall(): void {
    if (this.#pendingCalls * CALL_BYTES >= this.#flushBytes) this.#flushEarly();
    this.#pendingCalls++;
  }

  onDrain(): void {
    this.isBlocked = false;
    this.flush();
    if (!this.isBlocked) this.#onRoom();
  }

  readonly #endTurn = (): void => {
    this.#isScheduled = false;
    this.#flushBytes = firstFlushBytes(this.#link);
    this.flush();
  };

  flush(isClosing = false): void {
    if ((this.isBlocked && !isClosing) || this.#pendingBytes === 0) return;
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pendingBytes = 0;
    this.#pendingCalls = 0;
    if (!this.#link.write(pieces)) this.isBlocked = true;
    const isHeld = this.#link.isEmpty !== true;
    this.#letGo(isHeld);
    if (this.#lent.length === 0) return;
    const lent = this.#lent;
    this.#lent = [];
    if (!isHeld) for (const { payload, release } of lent) release(payload);
  }

  close(): void {
    this.#isClosed = true;
    this.#pieces = [];
    this.#lent = [];
    this.#pendingBytes = 0;
    this.#runStart = 0;
    this.#runEnd = 0;
    this.#letGo(false);
  }

  /** Whether a payload is a piece of its own. */
  #goesAsItIs(payload: Uint8Array): boolean {
    return payload.length >= BY_REFERENCE_BYTES && this.#link.chunksAreMessages !== true;
  }

  #take(end: number): void {
    this.#wrote(this.#advance(end));
  }

  /** Counts what was written up to `end`, and returns how much it is. */
  #advance(end: number): number {
    const size = end - this.#runEnd;
    this.#runEnd = end;
    slab.end = end;
    return size;
  }

  #use(next: Slab): void {
    if (this.#slab === next) return;
    if (this.#slab !== undefined) this.#fullSlabs.push(this.#slab);
    this.#slab = next;
    this.bytes = next.bytes;
    next.users++;
  }

  /** Also so that an idle connection keeps no slab alive. */
  #letGo(isHeld: boolean): void {
    if (this.#slab === undefined) return;
    letGo(this.#slab, isHeld);
    this.#slab = undefined;
    this.bytes = noBytes;
    if (this.#fullSlabs.length === 0) return;
    for (const full of this.#fullSlabs) letGo(full, isHeld);
    this.#fullSlabs = [];
  }

  #seal(): void {
    if (this.#runEnd > this.#runStart) {
      this.#pieces.push(this.bytes.subarray(this.#runStart, this.#runEnd));
      this.#runStart = this.#runEnd;
    }
  }

  #wrote(size: number): void {
    if (this.#isClosed) {
      this.close();
      return;
    }
    this.#pendingBytes += size;
    if (this.isBlocked) return;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#link.schedule(this.#endTurn);
    }
    if (this.#pendingBytes >= this.#flushBytes) this.#flushEarly();
  }

  #flushEarly(): void {
    this.#flushBytes = Math.min(MAX_FLUSH_BYTES, 4 * this.#flushBytes);
    this.flush();
  }
}

/** What is one message to the peer is not cut smaller: each costs it more than a write. */
function firstFlushBytes(link: Link): number {
  return link.chunksAreMessages === true ? MAX_FLUSH_BYTES : FIRST_FLUSH_BYTES;
}
