import { ErrorCode } from "./error.ts";
import type { ResolvedOptions, SessionOptions } from "./options.ts";
import { type Countdown, Watchdog } from "./watchdog.ts";

/** A stream is looked at so many times during its time-out. */
const STALL_CHECKS = 4;

interface TimeoutOwner {
  readonly openStreams: number;
  timedOut(limit: keyof SessionOptions, message: string, code: number): void;
  checkStalls(maxStalls: number): void;
  ping(done: (rttMs: number | undefined) => void): void;
}

/** All that a session waits for, and keepalive. */
export class Timeouts {
  readonly handshake: Countdown;
  readonly settings: Countdown;
  readonly headers: Countdown;
  readonly write: Countdown;
  readonly stalls: Countdown;

  readonly #owner: TimeoutOwner;
  readonly #watchdog: Watchdog;
  readonly #withoutStreams: boolean;
  readonly #keepalive: Countdown;
  readonly #keepaliveAnswer: Countdown;
  /** Something came since keepalive looked last. */
  #hasHeard = false;

  constructor(owner: TimeoutOwner, options: ResolvedOptions) {
    const { handshakeTimeoutMs, settingsTimeoutMs, writeTimeoutMs, keepaliveIntervalMs, keepaliveTimeoutMs } =
      options;
    const stallMs = options.stalledStreamTimeoutMs / STALL_CHECKS;
    const watchdog = new Watchdog([
      handshakeTimeoutMs,
      settingsTimeoutMs,
      writeTimeoutMs,
      stallMs,
      ...(keepaliveIntervalMs > 0 ? [keepaliveIntervalMs, keepaliveTimeoutMs] : []),
    ]);
    this.#owner = owner;
    this.#watchdog = watchdog;
    this.#withoutStreams = options.keepaliveWithoutStreams;
    this.handshake = watchdog.countdown(handshakeTimeoutMs, () =>
      owner.timedOut(
        "handshakeTimeoutMs",
        "the peer's preface and SETTINGS did not come",
        ErrorCode.PROTOCOL_ERROR,
      ),
    );
    this.headers = watchdog.countdown(handshakeTimeoutMs, () =>
      owner.timedOut(
        "handshakeTimeoutMs",
        "a header section was begun and not finished",
        ErrorCode.ENHANCE_YOUR_CALM,
      ),
    );
    this.settings = watchdog.countdown(settingsTimeoutMs, () =>
      owner.timedOut(
        "settingsTimeoutMs",
        "the peer did not acknowledge our SETTINGS",
        ErrorCode.SETTINGS_TIMEOUT,
      ),
    );
    this.write = watchdog.countdown(writeTimeoutMs, () =>
      owner.timedOut(
        "writeTimeoutMs",
        "the link took nothing of what is to be sent",
        ErrorCode.ENHANCE_YOUR_CALM,
      ),
    );
    this.stalls = watchdog.countdown(stallMs, () => owner.checkStalls(STALL_CHECKS));
    this.#keepalive = watchdog.countdown(keepaliveIntervalMs, () => this.#checkLife());
    this.#keepaliveAnswer = watchdog.countdown(keepaliveTimeoutMs, () => {
      if (this.#hasHeard) this.#keepalive.start();
      else owner.timedOut("keepaliveTimeoutMs", "the peer did not answer a PING", ErrorCode.NO_ERROR);
    });
    if (this.#withoutStreams) this.#keepalive.start();
  }

  /** Bytes came. */
  heard(): void {
    this.#hasHeard = true;
  }

  streamOpened(): void {
    if (!this.#keepalive.isRunning && !this.#keepaliveAnswer.isRunning) this.#keepalive.start();
  }

  stop(): void {
    this.#watchdog.stop();
  }

  #checkLife(): void {
    if (this.#owner.openStreams === 0 && !this.#withoutStreams) return;
    if (this.#hasHeard) {
      this.#keepalive.start();
    } else {
      this.#owner.ping(() => {});
      this.#keepaliveAnswer.start();
    }
    this.#hasHeard = false;
  }
}
