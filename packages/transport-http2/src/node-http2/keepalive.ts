import type { Http2Session } from "node:http2";
import type { SessionSettings } from "../session-engine.ts";

interface Pinged {
  readonly openStreams: number;
  ping(done: (rttMs: number | undefined) => void): void;
}

/**
 * A silence that is looked into whatever the settings say. Node reads nothing more of a connection on which the peer broke
 * the rules, and so never learns that it was closed: nobody else would let go of it, nor of its calls.
 */
const longestSilenceMs = 300_000;

/** Asks a silent peer whether it is there. */
export class Keepalive {
  readonly #node: Http2Session;
  readonly #session: Pinged;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #withoutStreams: boolean;
  readonly #onSilence: () => void;
  #answerTimer: NodeJS.Timeout | undefined;

  constructor(
    node: Http2Session,
    session: Pinged,
    settings: Pick<SessionSettings, "keepaliveIntervalMs" | "keepaliveTimeoutMs" | "keepaliveWithoutStreams">,
    isServer: boolean,
    onSilence: () => void,
  ) {
    this.#node = node;
    this.#session = session;
    this.#intervalMs = settings.keepaliveIntervalMs || longestSilenceMs;
    this.#timeoutMs = settings.keepaliveTimeoutMs;
    // A client closes connections without streams by itself.
    this.#withoutStreams = settings.keepaliveWithoutStreams || isServer;
    this.#onSilence = onSilence;
    node.on("timeout", () => this.#ask());
    node.setTimeout(this.#intervalMs);
  }

  stop(): void {
    clearTimeout(this.#answerTimer);
    this.#node.setTimeout(0);
  }

  #ask(): void {
    if (this.#answerTimer !== undefined) return;
    // With the next stream Node's timer begins again.
    if (this.#session.openStreams === 0 && !this.#withoutStreams) return;
    this.#answerTimer = setTimeout(this.#onSilence, this.#timeoutMs).unref();
    this.#session.ping((rttMs) => {
      // Without an answer the session is over, which stops this by itself.
      if (rttMs === undefined) return;
      clearTimeout(this.#answerTimer);
      this.#answerTimer = undefined;
      this.#node.setTimeout(this.#intervalMs);
    });
  }
}
