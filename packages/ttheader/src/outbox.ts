import { allocate } from "@slipstream/stream";
import type { Link } from "./link.ts";

const SLAB_BYTES = 64 * 1024;
/** Payloads from here on leave as they are, beside the slab; copying smaller ones is cheaper than another piece. */
const BY_REFERENCE_BYTES = 4096;
/** More than this is not kept until the end of the turn. */
const FLUSH_BYTES = 256 * 1024;

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
  if (used.users > 0 || used.isHeld) return;
  used.end = 0;
  if (used === slab || spareBytes + used.bytes.length > FLUSH_BYTES) return;
  spareBytes += used.bytes.length;
  spares.push(used);
}

/** A payload that leaves as it is, and who wants to hear that it has left. */
interface Lent {
  readonly payload: Uint8Array;
  readonly release: (payload: Uint8Array) => void;
}

/**
 * Gathers the frames of a turn and gives them to the link at once. A frame is written into `bytes` between
 * {@link reserve} and {@link commit}; a large payload follows as it is.
 */
export class Outbox {
  /** Where {@link reserve} made room. */
  bytes: Uint8Array = noBytes;
  /** Whether the link holds all that it wants to. */
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
  #isScheduled = false;
  #isClosed = false;

  constructor(link: Link, onRoom: () => void) {
    this.#link = link;
    this.#onRoom = onRoom;
  }

  /** Bytes that the link has not been given. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Whether a payload of so many bytes is to be given to {@link commit} as it is. */
  takesByReference(size: number): boolean {
    return size >= BY_REFERENCE_BYTES && this.#link.chunksAreMessages !== true;
  }

  /** Makes room for `size` bytes in a row, and returns where in `bytes` it begins. Nothing else may write before `commit`. */
  reserve(size: number): number {
    if (size > slab.bytes.length - slab.end) slab = nextSlab(size);
    if (this.#slab !== slab || this.#runEnd !== slab.end) {
      this.#seal();
      this.#use(slab);
      this.#runStart = slab.end;
      this.#runEnd = slab.end;
    }
    return slab.end;
  }

  /**
   * Takes what was written up to `end`, and `payload` behind it as it is. `release` is called if the link lets go of it at
   * once.
   */
  commit(end: number, payload?: Uint8Array, release?: (payload: Uint8Array) => void): void {
    const size = end - this.#runEnd;
    this.#runEnd = end;
    slab.end = end;
    if (payload === undefined) {
      this.#wrote(size);
    } else {
      this.#seal();
      this.#pieces.push(payload);
      if (release !== undefined) this.#lent.push({ payload, release });
      this.#wrote(size + payload.length);
    }
  }

  /** The link has room again. */
  onDrain(): void {
    this.isBlocked = false;
    this.flush();
    if (!this.isBlocked) this.#onRoom();
  }

  /** Gives the link what there is, unless it has too much already. */
  readonly flush = (): void => {
    this.#isScheduled = false;
    if (this.isBlocked || this.#pendingBytes === 0) return;
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pendingBytes = 0;
    if (!this.#link.write(pieces)) this.isBlocked = true;
    const isHeld = this.#link.isEmpty !== true;
    this.#letGo(isHeld);
    if (this.#lent.length === 0) return;
    const lent = this.#lent;
    this.#lent = [];
    if (!isHeld) for (const { payload, release } of lent) release(payload);
  };

  /** Takes nothing more, and forgets what it has. */
  close(): void {
    this.#isClosed = true;
    this.#pieces = [];
    this.#lent = [];
    this.#pendingBytes = 0;
    this.#runStart = 0;
    this.#runEnd = 0;
    this.#letGo(false);
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
    if (this.#pendingBytes >= FLUSH_BYTES) {
      this.flush();
    } else if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.#link.schedule(this.flush);
    }
  }
}
