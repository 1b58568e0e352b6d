import { ErrorCode, H2Error } from "./error.ts";
import { Flag, FrameType } from "./frame.ts";
import type { FrameParser } from "./frame-parser.ts";
import type { Decoder } from "./hpack/decoder.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { DEFAULT_WINDOW, type LocalSettings, settingsPayload } from "./settings.ts";
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
  /** All windows of open streams change with the initial one (RFC 9113, 6.9.2). */
  readonly #onWindowChange: (by: number) => void;
  readonly #ackTimeout: Countdown;
  readonly #unacknowledged: LocalSettings[] = [];
  #tableBytes = 4096;
  #listBytes: number;

  constructor(
    output: Output,
    parser: FrameParser<unknown>,
    decoder: Decoder,
    options: ResolvedOptions,
    ackTimeout: Countdown,
    onWindowChange: (by: number) => void,
  ) {
    this.#output = output;
    this.#parser = parser;
    this.#decoder = decoder;
    this.#ackTimeout = ackTimeout;
    this.#onWindowChange = onWindowChange;
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
    const { streamWindowBytes, headerTableBytes, maxConcurrentStreams, maxFrameBytes, maxHeaderListBytes } =
      change;
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
    if (by !== 0) this.#onWindowChange(by);
  }
}
