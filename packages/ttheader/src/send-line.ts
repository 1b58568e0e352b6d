import type { Outbox } from "./parts.ts";
import type { SendHalf } from "./send-half.ts";

/** Streams that wait for room on one link, served in turn so that none of them has it all. */
export class SendLine {
  #line: SendHalf[] = [];

  /** Puts a stream at the end of the line, once. */
  join(sender: SendHalf): void {
    if (sender.isInLine) return;
    sender.isInLine = true;
    this.#line.push(sender);
  }

  /** Lets streams write until the link is full or nobody waits. */
  serve(outbox: Outbox): void {
    while (this.#line.length > 0 && !outbox.isBlocked) {
      const line = this.#line;
      this.#line = [];
      for (let at = 0; at < line.length; at++) {
        if (outbox.isBlocked) {
          // Who has not had a turn comes before who has.
          this.#line = [...line.slice(at), ...this.#line];
          break;
        }
        const sender = line[at] as SendHalf;
        sender.isInLine = false;
        if (sender.pump()) this.join(sender);
      }
    }
  }
}
