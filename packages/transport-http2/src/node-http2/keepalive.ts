import type { SessionSettings } from "../session-engine.ts";

interface Pinged {
  readonly openStreams: number;
  ping(done: (rttMs: number | undefined) => void): void;
}

/** Asks the peer now and then whether it is there. */
export class Keepalive {
  readonly #session: Pinged;
  readonly #settings: SessionSettings;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(session: Pinged, settings: SessionSettings, onSilence: () => void) {
    this.#session = session;
    this.#settings = settings;
    this.#onSilence = onSilence;
    if (settings.keepaliveWithoutStreams) this.streamOpened();
  }

  streamOpened(): void {
    const { keepaliveIntervalMs } = this.#settings;
    if (keepaliveIntervalMs === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#ask(), keepaliveIntervalMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #ask(): void {
    this.#timer = undefined;
    if (this.#session.openStreams === 0 && !this.#settings.keepaliveWithoutStreams) return;
    this.#timer = setTimeout(this.#onSilence, this.#settings.keepaliveTimeoutMs).unref();
    this.#session.ping((rttMs) => {
      // Without an answer the session is over, which stops this by itself.
      if (rttMs === undefined) return;
      this.stop();
      this.streamOpened();
    });
  }
}
