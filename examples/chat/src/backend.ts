import { setTimeout as sleep } from "node:timers/promises";
import { createServer, type Server } from "@slipstream/rpc/server";
import type { BidiServerStream } from "@slipstream/stream";
import { ttheader } from "@slipstream/transport-ttheader";
import { answer } from "./answers.ts";
import { arrival } from "./arrival.ts";
import { Chat, Ending, type Piece, type Said } from "./gen/chat.ts";
import type { Done } from "./seen.ts";

/** About the pace of a model. */
const paceMs = 28;

type Conversation = BidiServerStream<Said, Piece>;

/** Answers what is said, over TTHeader. */
export function createBackend(): Server {
  return createServer({ transports: [ttheader()], name: "backend" }).add(Chat, {
    async talk(stream) {
      const startedMs = performance.now();
      let pieces = 0;
      await stream.sendHeader({ backend: JSON.stringify(arrival(stream)) });
      let current = nothing;
      for await (const said of stream) {
        pieces += await current.stop();
        current = said.text === "" ? nothing : new Answer(stream, said);
      }
      pieces += await current.finished;
      const done: Done = { pieces, tookMs: performance.now() - startedMs };
      stream.setTrailer({ backend: JSON.stringify(done) });
    },
  });
}

/** An answer that is being given while the next words of the user are listened to. */
class Answer {
  /** How many pieces it had. */
  readonly finished: Promise<number>;
  readonly #stopping = new AbortController();

  constructor(stream: Conversation, said: Said) {
    this.finished = this.#give(stream, said);
    // When the stream breaks, the loop over what the user says hears of it, too.
    this.finished.catch(() => {});
  }

  stop(): Promise<number> {
    this.#stopping.abort();
    return this.finished;
  }

  async #give(stream: Conversation, { turn, text }: Said): Promise<number> {
    const { signal } = this.#stopping;
    let pieces = 0;
    for (const piece of answer(text)) {
      await sleep(paceMs, undefined, { signal: AbortSignal.any([signal, stream.signal]) }).catch(() => {});
      if (signal.aborted) break;
      await stream.send({ turn, text: piece });
      pieces++;
    }
    await stream.send({ turn, text: "", ending: signal.aborted ? Ending.INTERRUPTED : Ending.COMPLETE });
    return pieces + 1;
  }
}

const nothing: Pick<Answer, "stop" | "finished"> = {
  finished: Promise.resolve(0),
  stop: () => Promise.resolve(0),
};
