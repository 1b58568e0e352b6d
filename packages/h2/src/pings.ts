import { FrameType, getUint32, putUint32 } from "./frame.ts";
import type { Output } from "./output.ts";
import { now } from "./platform.ts";

/** PING frames on their way (RFC 9113, 6.7), told apart by a number in their payload. */
export class Pings {
  readonly #output: Output;
  readonly #pending: Map<
    number,
    { readonly sentAt: number; readonly done: (rttMs: number | undefined) => void }
  > = new Map();
  #count = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** `done` gets `undefined` when the connection ends first. */
  send(done: (rttMs: number | undefined) => void): void {
    const payload = new Uint8Array(8);
    this.#count = (this.#count + 1) >>> 0;
    putUint32(payload, 4, this.#count);
    this.#pending.set(this.#count, { sentAt: now(), done });
    this.#output.frame(FrameType.PING, 0, 0, payload);
  }

  /** An acknowledgement of a PING that was never sent is ignored. */
  acknowledged(payload: Uint8Array, start: number): void {
    const number = getUint32(payload, start + 4);
    const ping = this.#pending.get(number);
    if (ping === undefined || getUint32(payload, start) !== 0) return;
    this.#pending.delete(number);
    ping.done(now() - ping.sentAt);
  }

  close(): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { done } of pending) done(undefined);
  }
}
