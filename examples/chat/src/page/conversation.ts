import { Context, withPersistentValue, withValue } from "@slipstream/metainfo";
import type { Client } from "@slipstream/rpc";
import { type BidiStreaming, RpcError } from "@slipstream/stream";
import type { Chat, Piece, Said } from "../gen/chat.ts";

/** What the page sends along with a conversation. */
export interface Along {
  readonly persistent: Readonly<Record<string, string>>;
  readonly transient: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly timeLimitMs: number;
}

/** What the page has measured so far, in milliseconds from the moment the conversation was opened. */
export interface Timings {
  headerMs?: number;
  firstPieceMs?: number;
  pieces: number;
  totalMs?: number;
}

/** What a conversation tells the page, in this order: header, pieces, then either trailer or failure. */
export interface Listener {
  onHeader(entries: Readonly<Record<string, string>>): void;
  onPiece(piece: Piece): void;
  onTrailer(entries: Readonly<Record<string, string>>): void;
  onFailure(error: RpcError): void;
  /** Some timing has changed. */
  onTimings(timings: Timings): void;
}

/** One stream, as long as the user and the backend talk on it. */
export class Conversation {
  readonly along: Along;
  readonly #stream: BidiStreaming<Said, Piece>;
  #turn = 0;

  private constructor(stream: BidiStreaming<Said, Piece>, along: Along) {
    this.#stream = stream;
    this.along = along;
  }

  /** @throws RpcError when there is no connection. */
  static async open(client: Client<typeof Chat>, along: Along, listener: Listener): Promise<Conversation> {
    let context: Context = Context.background;
    for (const [key, value] of Object.entries(along.persistent))
      context = withPersistentValue(context, key, value);
    for (const [key, value] of Object.entries(along.transient)) context = withValue(context, key, value);
    const { metadata, timeLimitMs: timeoutMs } = along;
    const openedMs = performance.now();
    const stream = await client.talk({ context, metadata, timeoutMs });
    void follow(stream, openedMs, listener);
    return new Conversation(stream, along);
  }

  /** Says something, which interrupts an answer that is on its way; returns the turn's number. */
  say(text: string): number {
    this.#turn++;
    // A failure is told by the end of the stream.
    this.#stream.send({ turn: this.#turn, text }).catch(() => {});
    return this.#turn;
  }

  interrupt(): void {
    this.say("");
  }

  /** Ends it in order: the trailer comes when both services are done. */
  end(): void {
    void this.#stream.closeSend();
  }
}

async function follow(
  stream: BidiStreaming<Said, Piece>,
  openedMs: number,
  listener: Listener,
): Promise<void> {
  const timings: Timings = { pieces: 0 };
  const told = (more: Partial<Timings>): void => listener.onTimings(Object.assign(timings, more));
  const sinceOpened = (): number => performance.now() - openedMs;
  try {
    const header = await stream.header();
    listener.onHeader(header.toRecord());
    told({ headerMs: sinceOpened() });
    for await (const piece of stream) {
      listener.onPiece(piece);
      told({ pieces: timings.pieces + 1, firstPieceMs: timings.firstPieceMs ?? sinceOpened() });
    }
    listener.onTrailer((await stream.trailer()).toRecord());
  } catch (thrown) {
    listener.onFailure(RpcError.from(thrown));
  }
  told({ totalMs: sinceOpened() });
}
