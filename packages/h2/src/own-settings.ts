import { ErrorCode, H2Error } from "./error.ts";
import type { WindowGrowth } from "./flow-control.ts";
import { Flag, FrameType, MAX_31_BITS } from "./frame.ts";
import type { FrameParser } from "./frame-parser.ts";
import type { Decoder } from "./hpack/decoder.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { DEFAULT_WINDOW, type LocalSettings, settingsPayload } from "./settings.ts";
import type { SessionStream } from "./stream.ts";
import type { SettingsChange } from "./types.ts";
import type { Countdown } from "./watchdog.ts";

/**
 * What our SETTINGS say, and what we hold the peer to meanwhile: more is allowed from the moment it is said, less from the moment the peer acknowledges it
 * (RFC 9113, 6.5.3).
 */
export class OwnSettings {
  maxConcurrentStreams: number;
  /** The window that a stream starts with. */
  initialWindow: number = DEFAULT_WINDOW;

  readonly #output: Output;
  readonly #parser: FrameParser<unknown>;
  readonly #decoder: Decoder;
  readonly #growth: WindowGrowth;
  /** Their windows change with the initial one (RFC 9113, 6.9.2). */
  readonly #openStreams: () => readonly SessionStream[];
  readonly #ackTimeout: Countdown;
  readonly #unacknowledged: LocalSettings[] = [];
  #tableBytes = 4096;
  #listBytes: number;

  constructor(
    output: Output,
    { parser, decoder }: { readonly parser: FrameParser<unknown>; readonly decoder: Decoder },
    options: ResolvedOptions,
    ackTimeout: Countdown,
    growth: WindowGrowth,
    openStreams: () => readonly SessionStream[],
  ) {
    this.#output = output;
    this.#parser = parser;
    this.#decoder = decoder;
    this.#ackTimeout = ackTimeout;
    this.#growth = growth;
    this.#openStreams = openStreams;
    this.maxConcurrentStreams = options.maxConcurrentStreams;
    this.#listBytes = options.maxHeaderListBytes;
  }

  send(settings: LocalSettings): void {
    this.#output.frame(FrameType.SETTINGS, 0, 0, settingsPayload(settings));
    this.#unacknowledged.push(settings);
    this.#ackTimeout.start();
    const { initialWindowSize, headerTableSize, maxFrameSize, maxConcurrentStreams, maxHeaderListSize } =
      settings;
    this.maxConcurrentStreams = maxConcurrentStreams ?? this.maxConcurrentStreams;
    this.#listBytes = maxHeaderListSize ?? this.#listBytes;
    this.#setTable(Math.max(this.#tableBytes, headerTableSize ?? 0));
    this.#setWindow(Math.max(this.initialWindow, initialWindowSize ?? 0));
    this.#parser.maxFrameSize = Math.max(this.#parser.maxFrameSize, maxFrameSize ?? 0);
  }

  change(change: SettingsChange): void {
    const { headerTableBytes, maxConcurrentStreams, maxFrameBytes, maxHeaderListBytes } = change;
    let { streamWindowBytes } = change;
    if (streamWindowBytes !== undefined) {
      streamWindowBytes = Math.min(streamWindowBytes, this.#largestInitialWindow());
      this.#growth.windowBytes = streamWindowBytes;
    }
    this.send({
      ...(headerTableBytes === undefined ? {} : { headerTableSize: headerTableBytes }),
      ...(maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }),
      ...(streamWindowBytes === undefined ? {} : { initialWindowSize: streamWindowBytes }),
      ...(maxFrameBytes === undefined ? {} : { maxFrameSize: maxFrameBytes }),
      ...(maxHeaderListBytes === undefined ? {} : { maxHeaderListSize: maxHeaderListBytes }),
    });
  }

  acknowledged(): void {
    const settings = this.#unacknowledged.shift();
    if (settings === undefined) {
      throw new H2Error(
        ErrorCode.PROTOCOL_ERROR,
        "an acknowledgement of SETTINGS that were not sent (RFC 9113, 6.5)",
      );
    }
    if (this.#unacknowledged.length === 0) this.#ackTimeout.stop();
    else this.#ackTimeout.start();
    const { initialWindowSize, headerTableSize, maxFrameSize } = settings;
    if (headerTableSize !== undefined) this.#setTable(headerTableSize);
    if (initialWindowSize !== undefined) this.#setWindow(initialWindowSize);
    if (maxFrameSize !== undefined) this.#parser.maxFrameSize = maxFrameSize;
  }

  /** RFC 9113, 6.5. */
  acknowledge(): void {
    this.#output.frame(FrameType.SETTINGS, Flag.ACK, 0, new Uint8Array(0));
  }

  #setTable(bytes: number): void {
    this.#tableBytes = bytes;
    this.#decoder.setLimits({ tableBytes: bytes, listBytes: this.#listBytes });
  }

  #setWindow(bytes: number): void {
    const by = bytes - this.initialWindow;
    this.initialWindow = bytes;
    if (by === 0) return;
    for (const stream of this.#openStreams()) stream.changeReceiveWindow(by);
  }

  /** Windows that have grown beyond the initial one must stay below 2^31 with a new one. */
  #largestInitialWindow(): number {
    let grown = 0;
    for (const { receiveWindow } of this.#openStreams()) {
      grown = Math.max(grown, receiveWindow - this.initialWindow);
    }
    return MAX_31_BITS - grown;
  }
}
