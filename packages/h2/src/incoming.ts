import { ErrorCode, H2Error } from "./error.ts";
import type { Section } from "./field.ts";
import { Flag, FrameType, getUint31, getUint32, MAX_31_BITS } from "./frame.ts";
import { FrameParser, type FrameSink } from "./frame-parser.ts";
import { fragmentOf, HeaderBlock } from "./header-block.ts";
import { Decoder } from "./hpack/decoder.ts";
import type { ResolvedOptions } from "./options.ts";
import { Rate } from "./rate.ts";
import { Progress, type SessionStream, type StreamOwner } from "./stream.ts";
import type { Countdown } from "./watchdog.ts";

/** What the frames of a peer are about. */
export interface FrameOwner extends StreamOwner {
  findStream(id: number): SessionStream | undefined;
  /** Neither side has opened it yet (RFC 9113, 5.1). */
  isIdle(id: number): boolean;
  /** A whole header or trailer section. */
  onSection(streamId: number, section: Section, endStream: boolean): void;
  /** DATA came for a stream that is over. */
  onLateData(streamId: number): void;
  /** A stream that is over was reset by us not long ago, so that the peer may not have known. */
  wasResetHere(streamId: number): boolean;
  /** The peer broke a rule on one stream. */
  failStream(streamId: number, code: number, message: string): void;
  onReset(stream: SessionStream, code: number): void;
  onSettings(payload: Uint8Array, start: number, end: number): void;
  onSettingsAck(): void;
  onPingAck(payload: Uint8Array, start: number): void;
  onGoaway(lastStreamId: number, code: number, debug: Uint8Array): void;
  /** The receiving side has enough to say something about the path. */
  probe(): void;
}

/** Takes the peer's frames, one by one, and checks what can be said of a frame by itself (RFC 9113, 6). */
export class Incoming implements FrameSink<SessionStream | undefined> {
  readonly parser: FrameParser<SessionStream | undefined>;
  readonly decoder: Decoder;

  readonly #owner: FrameOwner;
  readonly #block: HeaderBlock;
  readonly #blockTimeout: Countdown;
  readonly #resetRate: Rate;
  readonly #pingRate: Rate;
  readonly #settingsRate: Rate;
  readonly #windowUpdateRate: Rate;
  readonly #uselessRate: Rate;
  /** How many WINDOW_UPDATE frames, and PING frames, have been allowed for what we sent. */
  #windowUpdateCredit = 0;
  #pingCredit = 0;

  constructor(owner: FrameOwner, options: ResolvedOptions, isServer: boolean, blockTimeout: Countdown) {
    this.#owner = owner;
    this.parser = new FrameParser<SessionStream | undefined>(this, isServer);
    this.decoder = new Decoder({ tableBytes: 4096, listBytes: options.maxHeaderListBytes });
    this.#block = new HeaderBlock(options);
    this.#blockTimeout = blockTimeout;
    this.#resetRate = new Rate("resetRate", options.resetRate, "resets");
    this.#pingRate = new Rate("pingRate", options.pingRate, "PING frames");
    this.#settingsRate = new Rate("settingsRate", options.settingsRate, "SETTINGS frames");
    this.#windowUpdateRate = new Rate("windowUpdateRate", options.windowUpdateRate, "WINDOW_UPDATE frames");
    this.#uselessRate = new Rate("uselessFrameRate", options.uselessFrameRate, "frames that move nothing");
  }

  /** @throws LimitError when the peer has caused too many. */
  countReset(): void {
    this.#resetRate.count();
  }

  /** @throws LimitError when there were too many. */
  countUseless(): void {
    this.#uselessRate.count();
  }

  dataHead(streamId: number, length: number, content: number, flags: number): SessionStream | undefined {
    if (this.#block.isUnfinished) this.#expectContinuation();
    const owner = this.#owner;
    const { receiveWindow } = owner;
    receiveWindow.arrived(length);
    const stream = owner.findStream(streamId);
    if (content === 0 && (flags & Flag.END_STREAM) === 0) this.#uselessRate.count();
    if (owner.growth.arrived(length)) owner.probe();
    if (stream === undefined || stream.receiving !== Progress.OPEN) {
      this.#misplacedData(streamId, stream);
    } else if (length > stream.receiveWindow && length > 0) {
      // The window may be below 0, after a change of SETTINGS.
      owner.failStream(streamId, ErrorCode.FLOW_CONTROL_ERROR, "more DATA than the stream's window allows");
    } else {
      stream.receiveWindow -= length;
      stream.unreadBytes += content;
      receiveWindow.unreadBytes += content;
    }
    receiveWindow.replenish();
    return stream;
  }

  #misplacedData(streamId: number, stream: SessionStream | undefined): void {
    if (streamId === 0 || this.#owner.isIdle(streamId))
      this.#refuse(`DATA on stream ${streamId}, which is not open`);
    if (stream === undefined) {
      this.#owner.onLateData(streamId);
    } else if (stream.receiving === Progress.ENDED) {
      this.#owner.failStream(streamId, ErrorCode.STREAM_CLOSED, "DATA after END_STREAM");
    } else {
      this.#owner.failStream(streamId, ErrorCode.PROTOCOL_ERROR, "DATA before the header section");
    }
  }

  dataPart(stream: SessionStream | undefined, bytes: Uint8Array, start: number, end: number): void {
    if (stream === undefined || stream.receiving !== Progress.OPEN) return;
    const length = end - start;
    if (stream.contentLeft >= 0) {
      if (length > stream.contentLeft) {
        this.#owner.failStream(stream.id, ErrorCode.PROTOCOL_ERROR, "more content than content-length says");
        return;
      }
      stream.contentLeft -= length;
    }
    stream.handler.onData(bytes, start, end);
  }

  dataEnd(stream: SessionStream | undefined, flags: number): void {
    if ((flags & Flag.END_STREAM) === 0 || stream === undefined || stream.receiving !== Progress.OPEN) return;
    this.endOf(stream);
  }

  /** The peer ended its side of the stream. */
  endOf(stream: SessionStream): void {
    if (stream.contentLeft > 0) {
      this.#owner.failStream(stream.id, ErrorCode.PROTOCOL_ERROR, "less content than content-length says");
    } else {
      stream.receivingEnded();
    }
  }

  unknownFrame(): void {
    if (this.#block.isUnfinished) this.#expectContinuation();
    this.#uselessRate.count();
  }

  frame(type: number, flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#block.isUnfinished && type !== FrameType.CONTINUATION) this.#expectContinuation();
    const length = end - start;
    switch (type) {
      case FrameType.HEADERS:
        this.#headers(flags, streamId, bytes, start, end);
        break;
      case FrameType.CONTINUATION:
        this.#continuation(flags, streamId, bytes, start, end);
        break;
      case FrameType.WINDOW_UPDATE:
        this.#expect(length === 4, "WINDOW_UPDATE", length);
        this.#windowUpdate(streamId, getUint31(bytes, start));
        break;
      case FrameType.RST_STREAM:
        this.#expect(length === 4, "RST_STREAM", length);
        this.#reset(streamId, getUint32(bytes, start));
        break;
      case FrameType.SETTINGS:
        this.#settings(flags, streamId, bytes, start, end);
        break;
      case FrameType.PING:
        this.#expect(length === 8, "PING", length);
        this.#ping(flags, streamId, bytes, start, end);
        break;
      case FrameType.GOAWAY:
        this.#expect(length >= 8, "GOAWAY", length);
        if (streamId !== 0) this.#refuse("GOAWAY on a stream");
        this.#uselessRate.count();
        this.#owner.onGoaway(
          getUint31(bytes, start),
          getUint32(bytes, start + 4),
          bytes.slice(start + 8, end),
        );
        break;
      case FrameType.PRIORITY:
        this.#priority(streamId, bytes, start, length);
        break;
      case FrameType.PUSH_PROMISE:
        this.#refuse("PUSH_PROMISE, which our SETTINGS_ENABLE_PUSH does not allow");
    }
  }

  #headers(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId === 0) this.#refuse("HEADERS on stream 0");
    if ((flags & (Flag.PADDED | Flag.PRIORITY)) !== 0)
      [start, end] = fragmentOf(flags, streamId, bytes, start, end);
    if ((flags & Flag.END_HEADERS) !== 0) {
      this.#section(streamId, flags, bytes, start, end);
      return;
    }
    this.#block.begin(streamId, flags, bytes, start, end);
    this.#blockTimeout.start();
  }

  #continuation(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const block = this.#block;
    if (!block.isUnfinished || streamId !== block.streamId)
      this.#refuse(`CONTINUATION on stream ${streamId} without HEADERS`);
    block.add(bytes, start, end);
    if ((flags & Flag.END_HEADERS) === 0) return;
    this.#blockTimeout.stop();
    const whole = block.finish();
    this.#section(streamId, block.flags, whole, 0, whole.length);
  }

  #section(streamId: number, flags: number, bytes: Uint8Array, start: number, end: number): void {
    const section = this.decoder.decode(bytes, start, end);
    this.#owner.onSection(streamId, section, (flags & Flag.END_STREAM) !== 0);
  }

  #windowUpdate(streamId: number, increment: number): void {
    const owner = this.#owner;
    const { sender } = owner;
    const credit = sender.sentBytes / 256 + sender.sends * 4;
    this.#windowUpdateRate.earn(credit - this.#windowUpdateCredit);
    this.#windowUpdateCredit = credit;
    this.#windowUpdateRate.count();
    if (streamId === 0) {
      if (increment === 0) this.#refuse("WINDOW_UPDATE of 0");
      if (sender.window + increment > MAX_31_BITS) {
        throw new H2Error(
          ErrorCode.FLOW_CONTROL_ERROR,
          "WINDOW_UPDATE makes the connection's window larger than 2^31-1 (RFC 9113, 6.9.1)",
        );
      }
      sender.window += increment;
      sender.resume();
      return;
    }
    const stream = owner.findStream(streamId);
    if (stream === undefined) {
      if (owner.isIdle(streamId)) this.#refuse(`WINDOW_UPDATE on stream ${streamId}, which is not open`);
    } else if (increment === 0) {
      owner.failStream(streamId, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
    } else if (stream.sendWindow + increment > MAX_31_BITS) {
      owner.failStream(
        streamId,
        ErrorCode.FLOW_CONTROL_ERROR,
        "WINDOW_UPDATE makes the window larger than 2^31-1",
      );
    } else {
      stream.changeSendWindow(increment);
      sender.resume();
    }
  }

  #reset(streamId: number, code: number): void {
    if (streamId === 0 || this.#owner.isIdle(streamId))
      this.#refuse(`RST_STREAM on stream ${streamId}, which is not open`);
    const stream = this.#owner.findStream(streamId);
    if (stream === undefined) {
      if (!this.#owner.wasResetHere(streamId)) this.#uselessRate.count();
      return;
    }
    this.#owner.onReset(stream, code);
  }

  #settings(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) this.#refuse("SETTINGS on a stream");
    const isAck = (flags & Flag.ACK) !== 0;
    this.#expect((end - start) % 6 === 0 && (!isAck || end === start), "SETTINGS", end - start);
    this.#settingsRate.count();
    if (isAck) this.#owner.onSettingsAck();
    else this.#owner.onSettings(bytes, start, end);
  }

  #ping(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    if (streamId !== 0) this.#refuse("PING on a stream");
    const { sends } = this.#owner.sender;
    this.#pingRate.earn(sends - this.#pingCredit);
    this.#pingCredit = sends;
    this.#pingRate.count();
    if ((flags & Flag.ACK) !== 0) this.#owner.onPingAck(bytes, start);
    else this.#owner.sender.output.frame(FrameType.PING, Flag.ACK, 0, bytes.subarray(start, end));
  }

  /** Priorities are of RFC 7540 and mean nothing any more (RFC 9113, 5.3); their form is still checked. */
  #priority(streamId: number, bytes: Uint8Array, start: number, length: number): void {
    if (streamId === 0) this.#refuse("PRIORITY on stream 0");
    this.#uselessRate.count();
    if (length === 5 && getUint31(bytes, start) !== streamId) return;
    const code = length === 5 ? ErrorCode.PROTOCOL_ERROR : ErrorCode.FRAME_SIZE_ERROR;
    // An idle stream cannot be reset (RFC 9113, 6.4).
    if (this.#owner.isIdle(streamId)) throw new H2Error(code, "PRIORITY that is malformed (RFC 9113, 6.3)");
    this.#owner.failStream(streamId, code, "PRIORITY that is malformed");
  }

  #expect(isLength: boolean, name: string, length: number): void {
    if (!isLength) throw new H2Error(ErrorCode.FRAME_SIZE_ERROR, `${name} of ${length} bytes (RFC 9113, 6)`);
  }

  #expectContinuation(): never {
    this.#refuse(`another frame within the header section of stream ${this.#block.streamId}`);
  }

  #refuse(what: string): never {
    throw new H2Error(ErrorCode.PROTOCOL_ERROR, `the peer sent ${what} (RFC 9113, 6)`);
  }
}
