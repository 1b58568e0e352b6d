import { ErrorCode, errorCodeName, H2Error } from "./error.ts";
import type { ConnectionWindow, WindowGrowth } from "./flow-control.ts";
import { Flag, FrameType } from "./frame.ts";
import type { Release } from "./output.ts";
import { SendQueue } from "./send-queue.ts";
import type { Sender, Waiting } from "./sender.ts";
import type { Fields, Stream, StreamClose, StreamHandler } from "./types.ts";

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly sender: Sender;
  readonly receiveWindow: ConnectionWindow;
  readonly growth: WindowGrowth;
  /** Both sides ended the stream, or `reason` did. */
  streamOver(stream: SessionStream, reason: StreamClose | undefined): void;
  /** The stream has bytes that the windows hold back. */
  streamHeldBack(): void;
}

/** How far our side, or the peer's, has come (RFC 9113, 5.1 and 8.1). */
export const Progress = { BEFORE_HEADERS: 0, OPEN: 1, ENDING: 2, ENDED: 3 } as const;

const NO_FIELDS: Fields = [];
const NO_TRAILERS: readonly [] = [];

/** Of a stream whose owner is not known yet. */
export const UNHANDLED: StreamHandler = {
  onInformational() {},
  onHeaders() {},
  onData() {},
  onTrailers() {},
  onEnd() {},
  onDrain() {},
  onClose() {},
};

export class SessionStream implements Stream, Waiting {
  readonly id: number;
  handler: StreamHandler;
  sending: number;
  receiving: number;
  /** What the peer lets us send; negative when it made the window smaller meanwhile. */
  sendWindow: number;
  /** What the peer may still send, and what it sent and the application has not taken. */
  receiveWindow: number;
  unreadBytes = 0;
  /** Content that `content-length` announced and that has not come; -1: nothing was announced. */
  contentLeft = -1;
  /** How many times in a row a look found the peer's window holding up what waits. */
  stalls = 0;
  isClosed = false;
  closeReason: StreamClose | undefined;

  readonly #owner: StreamOwner;
  /** The size of the window that the peer last had. */
  #windowBytes: number;
  /** What the windows, or a full link, hold back. */
  #queue: SendQueue | undefined;
  #wantsDrain = false;
  /** The trailer section that follows what waits. */
  #trailers: readonly [shared?: Fields | undefined, fields?: Fields | undefined] = NO_TRAILERS;

  constructor(
    owner: StreamOwner,
    id: number,
    handler: StreamHandler,
    sending: number,
    sendWindow: number,
    receiveWindow: number,
  ) {
    this.#owner = owner;
    this.id = id;
    this.handler = handler;
    this.sending = sending;
    this.receiving = Progress.BEFORE_HEADERS;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.#windowBytes = receiveWindow;
  }

  get bufferedBytes(): number {
    return this.#queue === undefined ? 0 : this.#queue.bytes;
  }

  // Sending.

  inform(fields: Fields): void {
    if (this.sending === Progress.ENDED) return;
    this.#expectBeforeHeaders("an interim response");
    this.#owner.sender.headers(this.id, 0, NO_FIELDS, fields);
  }

  respond(shared: Fields, fields?: Fields, endStream = false): void {
    if (this.sending === Progress.ENDED) return;
    this.#expectBeforeHeaders("the header section");
    this.#owner.sender.headers(this.id, endStream ? Flag.END_STREAM : 0, shared, fields);
    this.sending = Progress.OPEN;
    if (endStream) this.#sendingEnded();
  }

  #expectBeforeHeaders(what: string): void {
    if (this.sending === Progress.BEFORE_HEADERS) return;
    throw new H2Error(
      ErrorCode.INTERNAL_ERROR,
      `stream ${this.id}: ${what} after the header section`,
      this.id,
    );
  }

  write(bytes: Uint8Array, prefix?: Uint8Array, release?: Release): boolean {
    if (this.sending !== Progress.OPEN) {
      this.#expectHeadersSent();
      return true;
    }
    const { sender } = this.#owner;
    const size = prefix === undefined ? bytes.length : bytes.length + prefix.length;
    if (
      this.#queue !== undefined ||
      size > this.sendWindow ||
      size > sender.window ||
      size > sender.maxFrameSize ||
      size === 0 ||
      sender.output.isBlocked
    ) {
      return size === 0 || this.#enqueue(bytes, prefix, release);
    }
    this.sendWindow -= size;
    sender.window -= size;
    sender.sentBytes += size;
    sender.sends++;
    sender.output.data(this.id, prefix, bytes, sender.maxFrameSize, release);
    return !sender.output.isBlocked || this.#askForDrain();
  }

  end(shared?: Fields, fields?: Fields): void {
    if (this.sending !== Progress.OPEN) {
      this.#expectHeadersSent();
      return;
    }
    this.sending = Progress.ENDING;
    if (this.#queue === undefined) this.#finishSending(shared, fields);
    else this.#trailers = [shared, fields];
  }

  #expectHeadersSent(): void {
    if (this.sending !== Progress.BEFORE_HEADERS) return;
    throw new H2Error(
      ErrorCode.INTERNAL_ERROR,
      `stream ${this.id}: respond() comes before write() and end()`,
      this.id,
    );
  }

  #enqueue(bytes: Uint8Array, prefix: Uint8Array | undefined, release: Release | undefined): boolean {
    this.#queue ??= new SendQueue();
    if (prefix !== undefined && prefix.length > 0) this.#queue.push(Uint8Array.prototype.slice.call(prefix));
    if (bytes.length > 0) this.#queue.push(bytes, release);
    this.#pump();
    return (this.#queue === undefined && !this.#owner.sender.output.isBlocked) || this.#askForDrain();
  }

  #askForDrain(): false {
    this.#wantsDrain = true;
    if (this.#queue === undefined) this.#owner.sender.wait(this);
    return false;
  }

  /** Sends as much of what waits as the windows and the link let out. */
  #pump(): void {
    const { sender } = this.#owner;
    while (this.#queue !== undefined && this.sendWindow > 0) {
      if (!sender.isOpen) {
        sender.wait(this);
        break;
      }
      this.#sendFrame(this.#queue);
    }
    if (this.#queue !== undefined) this.#owner.streamHeldBack();
  }

  #sendFrame(queue: SendQueue): void {
    const { sender } = this.#owner;
    const size = Math.min(queue.bytes, this.sendWindow, sender.window, sender.maxFrameSize);
    this.sendWindow -= size;
    sender.window -= size;
    sender.sentBytes += size;
    sender.sends++;
    this.stalls = 0;
    sender.output.beginData(this.id, size);
    queue.take(size, sender.output);
    if (queue.bytes > 0) return;
    this.#queue = undefined;
    if (this.sending === Progress.ENDING) this.#finishSending(...this.#trailers);
  }

  takeTurn(): boolean {
    if (this.#queue !== undefined && this.sendWindow > 0) this.#sendFrame(this.#queue);
    if (this.#queue === undefined) return this.#wantsDrain;
    if (this.sendWindow > 0) this.#owner.sender.wait(this);
    return false;
  }

  tellRoom(): void {
    if (!this.#wantsDrain || this.#queue !== undefined) return;
    if (!this.#owner.sender.isOpen) {
      this.#owner.sender.wait(this);
      return;
    }
    this.#wantsDrain = false;
    this.handler.onDrain();
  }

  /** The peer made the window larger, or smaller. The sender's `resume` is to follow. */
  changeSendWindow(by: number): void {
    this.sendWindow += by;
    if (this.#queue !== undefined && this.sendWindow > 0) this.#owner.sender.wait(this);
  }

  #finishSending(shared?: Fields, fields?: Fields): void {
    const { sender } = this.#owner;
    if (shared === undefined && fields === undefined) {
      sender.output.endData(this.id);
    } else {
      try {
        sender.headers(this.id, Flag.END_STREAM, shared ?? NO_FIELDS, fields);
      } catch (error) {
        if (!(error instanceof H2Error)) throw error;
        this.resetBecause(ErrorCode.INTERNAL_ERROR, `trailers: ${error.message}`);
        return;
      }
    }
    this.#sendingEnded();
  }

  #sendingEnded(): void {
    this.sending = Progress.ENDED;
    if (this.receiving === Progress.ENDED) this.#owner.streamOver(this, undefined);
  }

  reset(code: number): void {
    this.resetBecause(code, `reset here with ${errorCodeName(code)}`);
  }

  resetBecause(code: number, message: string): void {
    if (this.isClosed) return;
    this.#owner.sender.output.numberFrame(FrameType.RST_STREAM, this.id, code);
    this.#owner.streamOver(this, { code, by: "local", unprocessed: false, message });
  }

  /** Nothing is sent or received any more; what waits is forgotten. */
  close(reason: StreamClose | undefined): void {
    this.isClosed = true;
    this.closeReason = reason;
    this.sending = Progress.ENDED;
    this.receiving = Progress.ENDED;
    this.#queue = undefined;
    this.#trailers = NO_TRAILERS;
    this.#wantsDrain = false;
    this.#owner.sender.leave(this);
    this.#owner.receiveWindow.unreadBytes -= this.unreadBytes;
    this.unreadBytes = 0;
    this.handler.onClose(reason);
  }

  // Receiving.

  /** The peer ended its side, in order. */
  receivingEnded(): void {
    this.receiving = Progress.ENDED;
    this.handler.onEnd();
    if (this.sending === Progress.ENDED) this.#owner.streamOver(this, undefined);
  }

  /** Our SETTINGS made the window larger, or smaller. */
  changeReceiveWindow(by: number): void {
    this.receiveWindow += by;
    this.#windowBytes = this.#owner.growth.windowBytes;
    this.#replenish(this.unreadBytes);
  }

  consume(bytes: number): void {
    if (!(bytes > 0) || this.unreadBytes === 0) return;
    const { receiveWindow } = this.#owner;
    const unread = this.unreadBytes;
    const taken = Math.min(bytes, unread);
    this.unreadBytes = unread - taken;
    receiveWindow.unreadBytes -= taken;
    receiveWindow.replenish();
    this.#replenish(unread);
  }

  /** Lets the peer send more, once half of its window is used and read. `unreadBytes` is what lay unread until now. */
  #replenish(unreadBytes: number): void {
    const left = this.receiveWindow + this.unreadBytes;
    const before = this.#windowBytes;
    if (left > before >> 1 || this.receiving === Progress.ENDED) return;
    const { growth, sender, receiveWindow } = this.#owner;
    // The window grows only here: for a stream that has used it, and whose reader keeps up. One that lags behind would have half of it unread.
    const keepsUp = unreadBytes <= (before * 3) / 8;
    this.#windowBytes = keepsUp ? growth.renewed() : Math.min(before, growth.windowBytes);
    const increment = this.#windowBytes - left;
    if (increment <= 0) return;
    this.receiveWindow += increment;
    sender.output.numberFrame(FrameType.WINDOW_UPDATE, this.id, increment);
    receiveWindow.replenish(true);
  }
}
