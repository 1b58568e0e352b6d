import { type CallStart, type Ended, neverEnded, type Reply, type RpcError } from "@slipstream/stream";
import type { FrameHead } from "./frame-head.ts";
import type { Exchange } from "./session.ts";
import type { SlipstreamClientSession } from "./slipstream-client-session.ts";

/** A ping-pong call as its client has it: over when its reply has come. */
export class ClientCall implements Exchange {
  readonly id: number;
  readonly start: CallStart;
  readonly queuedBytes = 0;
  readonly reply: Promise<Reply>;
  readonly #session: SlipstreamClientSession;
  #resolve!: (reply: Reply) => void;
  #reject!: (error: RpcError) => void;
  #stopWatching: (() => void) | undefined;
  #isEnded = false;

  constructor(session: SlipstreamClientSession, id: number, start: CallStart) {
    this.#session = session;
    this.id = id;
    this.start = start;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Cancels the call when it ends before its time. */
  watch(ended: Ended): void {
    if (ended === neverEnded) return;
    const stop = ended.onEnd((reason) => {
      if (!this.#end()) return;
      this.#session.abandon(this, reason);
      this.#reject(reason);
    });
    if (this.#isEnded) stop();
    else this.#stopWatching = stop;
  }

  /** @throws FrameError or RpcError when the reply cannot be read: nobody knows what comes behind it. */
  onReply(head: FrameHead): void {
    this.settle(this.#session.readReply(head, this));
  }

  settle(reply: Reply): void {
    if (this.#end()) this.#resolve(reply);
  }

  onOversize(error: RpcError): void {
    this.#fail(error);
  }

  onConnectionLost(error: RpcError): void {
    this.#fail(error);
  }

  // What belongs to streams; a peer that sends it for a call is not heeded.
  onHeader(): void {}
  onData(): void {}
  onTrailer(): void {}
  onRst(): void {}
  onCredit(): void {}
  onStalled(): void {}

  #fail(error: RpcError): void {
    if (this.#end()) this.#reject(error);
  }

  #end(): boolean {
    if (this.#isEnded) return false;
    this.#isEnded = true;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#session.remove(this);
    return true;
  }
}
