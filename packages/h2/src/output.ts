import { Flag, FRAME_HEAD_BYTES, FrameType, putFrameHead, putFrameLength, putUint32 } from "./frame.ts";
import type { Link } from "./link.ts";
import { allocate } from "./platform.ts";

const SLAB_BYTES = 64 * 1024;
/** Payloads from here on leave by reference, beside the slab: copying them would cost more than another buffer in the write. */
const BY_REFERENCE_BYTES = 4096;
/** So much is handed to the link without waiting for the turn's end: soon at first, so that the peer has something to do meanwhile, then in larger writes. */
const FIRST_FLUSH_BYTES = 8 * 1024;
const MAX_FLUSH_BYTES = 256 * 1024;
/** A call counts as so much at least, however small it is: the peer has as much to do for it. */
const CALL_BYTES = 512;

/** Hears that its bytes are needed no more. */
export type Release = (bytes: Uint8Array) => void;

interface Lent {
  readonly bytes: Uint8Array;
  readonly release: Release;
}

/** A slab and where it is free. Bytes before that are not written again before the links have let go of them. */
class Slab {
  readonly bytes: Uint8Array;
  free = 0;
  /** A link may hold a part of it for longer: such a slab is filled up, and never written again. */
  isHeld: boolean;

  constructor(size: number) {
    this.bytes = allocate(size);
    this.isHeld = size !== SLAB_BYTES;
  }
}

/**
 * Slabs with room, shared by all sessions: an idle connection holds none. Sessions in the middle of a turn have taken theirs. They are used again, since new memory
 * for every 64 KiB keeps the garbage collector busy.
 */
const slabs: Slab[] = [];
const MAX_SHARED_SLABS = 4;

function takeSlab(room: number): Slab {
  const slab = slabs.pop();
  return slab !== undefined && slab.bytes.length - slab.free >= room
    ? slab
    : new Slab(Math.max(SLAB_BYTES, room));
}

function returnSlab(slab: Slab, isHeld: boolean): void {
  if (isHeld) slab.isHeld = true;
  else if (!slab.isHeld) slab.free = 0;
  if (slabs.length < MAX_SHARED_SLABS && slab.bytes.length - slab.free >= 1024) slabs.push(slab);
}

const NO_SLAB = new Slab(0);

/** Collects the frames of a turn of the event loop and hands them to the link in one write. */
export class Output {
  /** The link has taken more than it likes: nothing but what must go out at once should follow. */
  isBlocked = false;
  /** Bytes that went to the link while it was blocked. */
  blockedBytes = 0;

  readonly #link: Link;
  readonly #onBlocked: () => void;
  readonly #flush: () => void;
  #slab = NO_SLAB;
  /** Slabs that this turn has filled. */
  #full: Slab[] | undefined;
  /** Where in the slab the bytes begin that are not in `#chunks` yet. */
  #start = 0;
  #chunks: Uint8Array[] = [];
  #lent: Lent[] = [];
  /** Bytes that the link was not given yet, and how many calls are in them. */
  #pending = 0;
  #calls = 0;
  /** As many are handed to the link at once. */
  #flushBytes = FIRST_FLUSH_BYTES;
  #isScheduled = false;
  #isClosed = false;

  /** The DATA frame that ends the slab, if any: more bytes of its stream make it longer. */
  #openStream = 0;
  #openAt = 0;

  constructor(link: Link, onBlocked: () => void) {
    this.#link = link;
    this.#onBlocked = onBlocked;
    this.#flush = () => {
      this.#isScheduled = false;
      this.#flushBytes = FIRST_FLUSH_BYTES;
      this.flush();
    };
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#chunks = [];
    this.#lent = [];
    this.#slab = NO_SLAB;
    this.#full = undefined;
    this.#start = 0;
    this.#pending = 0;
  }

  /** The link has room again. */
  unblock(): void {
    this.isBlocked = false;
    this.blockedBytes = 0;
  }

  /** Where the next `size` bytes are to be written, in `bytes`; they count when they are committed. */
  reserve(size: number): number {
    if (this.#slab.free + size > this.#slab.bytes.length) {
      this.#seal();
      if (this.#slab !== NO_SLAB) (this.#full ??= []).push(this.#slab);
      this.#slab = takeSlab(size);
      this.#start = this.#slab.free;
    }
    return this.#slab.free;
  }

  get bytes(): Uint8Array {
    return this.#slab.bytes;
  }

  commit(size: number): void {
    this.#slab.free += size;
    this.#openStream = 0;
    this.#count(size);
  }

  /** Bytes that are no frame. */
  raw(content: Uint8Array): void {
    const at = this.reserve(content.length);
    this.bytes.set(content, at);
    this.commit(content.length);
  }

  /** The header section of a call follows: what there is of others leaves early. */
  beginCall(): void {
    if (this.#calls * CALL_BYTES >= this.#flushBytes) this.#flushEarly();
    this.#calls++;
  }

  /** A frame of the bytes given. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    const size = FRAME_HEAD_BYTES + payload.length;
    const at = this.reserve(size);
    const { bytes } = this;
    putFrameHead(bytes, at, payload.length, type, flags, streamId);
    bytes.set(payload, at + FRAME_HEAD_BYTES);
    this.commit(size);
  }

  /** A frame of one number: RST_STREAM, WINDOW_UPDATE. */
  numberFrame(type: number, streamId: number, value: number): void {
    const at = this.reserve(FRAME_HEAD_BYTES + 4);
    const { bytes } = this;
    putFrameHead(bytes, at, 4, type, 0, streamId);
    putUint32(bytes, at + FRAME_HEAD_BYTES, value);
    this.commit(FRAME_HEAD_BYTES + 4);
  }

  /**
   * Bytes of one stream, as a DATA frame or at the end of the one before, which must not become longer than `maxFrameSize`. The caller has seen to the
   * windows.
   */
  data(
    streamId: number,
    prefix: Uint8Array | undefined,
    content: Uint8Array,
    maxFrameSize: number,
    release?: Release,
  ): void {
    const prefixBytes = prefix === undefined ? 0 : prefix.length;
    const { length } = content;
    const isByReference = length >= BY_REFERENCE_BYTES;
    const copied = isByReference ? prefixBytes : prefixBytes + length;
    let slab = this.#slab;
    let at: number;
    const extended = slab.free - this.#openAt - FRAME_HEAD_BYTES + copied;
    if (
      streamId === this.#openStream &&
      !isByReference &&
      extended <= maxFrameSize &&
      slab.free + copied <= slab.bytes.length
    ) {
      putFrameLength(slab.bytes, this.#openAt, extended);
      at = slab.free;
      this.#count(copied);
    } else {
      const head = this.reserve(FRAME_HEAD_BYTES + copied);
      slab = this.#slab;
      putFrameHead(slab.bytes, head, prefixBytes + length, FrameType.DATA, 0, streamId);
      this.#openStream = isByReference ? 0 : streamId;
      this.#openAt = head;
      at = head + FRAME_HEAD_BYTES;
      this.#count(FRAME_HEAD_BYTES + copied);
    }
    slab.free = at + copied;
    const { bytes } = slab;
    for (let i = 0; i < prefixBytes; i++) bytes[at++] = (prefix as Uint8Array)[i] as number;
    if (isByReference) {
      this.#seal();
      this.#chunks.push(content);
      if (release !== undefined) this.lend(content, release);
      this.#count(length);
    } else {
      bytes.set(content, at);
      release?.(content);
    }
    if (this.#pending >= this.#flushBytes) this.#flushEarly();
  }

  /** The head of a DATA frame; its content follows, given to `append`. */
  beginData(streamId: number, length: number): void {
    const at = this.reserve(FRAME_HEAD_BYTES);
    putFrameHead(this.bytes, at, length, FrameType.DATA, 0, streamId);
    this.commit(FRAME_HEAD_BYTES);
  }

  append(content: Uint8Array): void {
    const { length } = content;
    if (length >= BY_REFERENCE_BYTES) {
      this.#seal();
      this.#chunks.push(content);
      this.#count(length);
    } else {
      const at = this.reserve(length);
      this.bytes.set(content, at);
      this.commit(length);
    }
    if (this.#pending >= this.#flushBytes) this.#flushEarly();
  }

  /** Has `release` called with `bytes` when the link has let go of all that was given to it until the next flush. */
  lend(bytes: Uint8Array, release: Release): void {
    this.#lent.push({ bytes, release });
  }

  /** Half-closes the stream: with its last DATA frame, if that has not left, or with an empty one. */
  endData(streamId: number): void {
    if (streamId === this.#openStream) {
      const flags = this.#openAt + 4;
      const { bytes } = this;
      bytes[flags] = (bytes[flags] as number) | Flag.END_STREAM;
      this.#openStream = 0;
      return;
    }
    const at = this.reserve(FRAME_HEAD_BYTES);
    putFrameHead(this.bytes, at, 0, FrameType.DATA, Flag.END_STREAM, streamId);
    this.commit(FRAME_HEAD_BYTES);
  }

  #count(size: number): void {
    this.#pending += size;
    if (this.isBlocked) this.blockedBytes += size;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#link.schedule(this.#flush);
  }

  #seal(): void {
    const { bytes, free } = this.#slab;
    if (free > this.#start) this.#chunks.push(bytes.subarray(this.#start, free));
    this.#start = free;
    this.#openStream = 0;
  }

  #flushEarly(): void {
    this.#flushBytes = Math.min(MAX_FLUSH_BYTES, this.#flushBytes * 4);
    this.flush();
  }

  /** Hands everything to the link now. */
  flush(): void {
    if (this.#pending === 0 || this.#isClosed) return;
    this.#seal();
    this.#pending = 0;
    this.#calls = 0;
    const chunks = this.#chunks;
    this.#chunks = [];
    const hasRoom = this.#link.write(chunks);
    const isHeld = this.#link.isEmpty !== true;
    this.#letGo(isHeld);
    if (this.#lent.length > 0) this.#giveBack(isHeld);
    if (hasRoom || this.isBlocked) return;
    this.isBlocked = true;
    this.#onBlocked();
  }

  /** What a link holds for longer is never given back: it has no way to tell. */
  #giveBack(isHeld: boolean): void {
    const lent = this.#lent;
    this.#lent = [];
    if (!isHeld) for (const { bytes, release } of lent) release(bytes);
  }

  #letGo(isHeld: boolean): void {
    if (this.#slab !== NO_SLAB) returnSlab(this.#slab, isHeld);
    if (this.#full !== undefined) for (const slab of this.#full) returnSlab(slab, isHeld);
    this.#slab = NO_SLAB;
    this.#full = undefined;
    this.#start = 0;
  }
}
