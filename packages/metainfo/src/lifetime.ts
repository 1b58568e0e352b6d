import { ContextError, type ContextErrorCode } from "./context-error.ts";

/** The longest delay a timer takes; longer ones are armed again when it fires. */
const MAX_TIMER_MS = 2 ** 31 - 1;

type Timer = ReturnType<typeof setTimeout>;

/** When and why a lifetime ended. A child ended by its parent shares the parent's. */
export class Ending {
  /** On the monotonic clock, in milliseconds. */
  readonly atMs: number;
  readonly #code: ContextErrorCode;
  #cause: unknown;

  constructor(atMs: number, code: ContextErrorCode, cause?: unknown) {
    this.atMs = atMs;
    this.#code = code;
    this.#cause = cause;
  }

  /** An error costs microseconds, and most contexts are cancelled when nobody listens any more: made when asked for. */
  get reason(): unknown {
    if (this.#cause === undefined) this.#cause = new ContextError(this.#code);
    return this.#cause;
  }
}

/** A place in the list of those whom a lifetime tells of its end. */
abstract class Subscriber {
  owner: Lifetime | undefined = undefined;
  previous: Subscriber | undefined = undefined;
  next: Subscriber | undefined = undefined;

  /** Wants to be told no more. */
  leave(): void {
    this.owner?.unsubscribe(this);
  }

  abstract ended(ending: Ending): void;
}

class Callback extends Subscriber {
  readonly #listener: (reason: unknown) => void;

  constructor(listener: (reason: unknown) => void) {
    super();
    this.#listener = listener;
  }

  override ended(ending: Ending): void {
    try {
      this.#listener(ending.reason);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

class Aborter extends Subscriber {
  readonly controller = new AbortController();

  override ended(ending: Ending): void {
    this.controller.abort(ending.reason);
  }
}

function nothing(): void {}

/**
 * How long a context lives: until it is cancelled, its deadline passes, its outer `AbortSignal` aborts or its
 * parent ends.
 *
 * Everything is lazy. A lifetime asks its parent, the clock and the signal when it is asked itself; it subscribes to them
 * (a link in the parent's list, a timer, an abort listener) only while somebody listens to it. So deriving registers nothing, and
 * a long-lived parent holds nothing of children to which nobody listens any more.
 */
export class Lifetime extends Subscriber {
  /** The earlier of its own and its parent's, in milliseconds on the monotonic clock; Infinity: none. */
  readonly deadlineMs: number;
  readonly #parent: Lifetime | undefined;
  readonly #source: AbortSignal | undefined;
  readonly #hasOwnDeadline: boolean;
  #ending: Ending | undefined = undefined;
  #first: Subscriber | undefined = undefined;
  #last: Subscriber | undefined = undefined;
  #timer: Timer | undefined = undefined;
  #aborter: Aborter | undefined = undefined;
  #hasChildren = false;

  constructor(parent: Lifetime | undefined, deadlineMs: number, source?: AbortSignal) {
    super();
    const inherited = parent === undefined ? Number.POSITIVE_INFINITY : parent.deadlineMs;
    this.#parent = parent;
    this.#hasOwnDeadline = deadlineMs < inherited;
    this.deadlineMs = this.#hasOwnDeadline ? deadlineMs : inherited;
    this.#source = source;
    if (parent !== undefined) parent.#hasChildren = true;
  }

  /** How it ended, or `undefined` while it lives. Says so even when the timer of a passed deadline could not run yet. */
  check(): Ending | undefined {
    if (this.#ending === undefined) this.#ending = this.#findEnding();
    return this.#ending;
  }

  /** Ends it and tells everybody; does nothing when it has ended. */
  end(cause?: unknown): void {
    if (this.check() === undefined) {
      // When it was is only for children to know whether their deadlines had passed before; a clock costs more than all else.
      const atMs = this.#hasChildren ? performance.now() : Number.NEGATIVE_INFINITY;
      this.#ending = new Ending(atMs, "cancelled", cause);
    }
    this.#tellAll();
  }

  onEnd(listener: (reason: unknown) => void): () => void {
    const callback = new Callback(listener);
    const ending = this.check();
    if (ending !== undefined) {
      callback.ended(ending);
      return nothing;
    }
    this.subscribe(callback);
    return () => callback.leave();
  }

  get signal(): AbortSignal {
    // Nothing else can end it, so the signal it was made of says all there is to say.
    if (this.#source !== undefined && this.#parent === undefined) return this.#source;
    if (this.#aborter === undefined) {
      this.#aborter = new Aborter();
      const ending = this.check();
      if (ending === undefined) this.subscribe(this.#aborter);
      else this.#aborter.ended(ending);
    }
    return this.#aborter.controller.signal;
  }

  /** The parent ended. */
  override ended(): void {
    this.check();
    this.#tellAll();
  }

  /** The outer signal aborted; the name is that of DOM's EventListener objects. */
  handleEvent(): void {
    this.check();
    this.#tellAll();
  }

  #findEnding(): Ending | undefined {
    const inherited = this.#parent?.check();
    if (inherited !== undefined) {
      // Whichever came first, even when nobody looked in between.
      return this.deadlineMs < inherited.atMs ? this.#deadlinePassed() : inherited;
    }
    if (this.#source?.aborted === true)
      return new Ending(performance.now(), "cancelled", this.#source.reason);
    if (this.#hasOwnDeadline && this.deadlineMs <= performance.now()) return this.#deadlinePassed();
    return undefined;
  }

  #deadlinePassed(): Ending {
    return new Ending(this.deadlineMs, "deadline_exceeded");
  }

  /** @internal */
  subscribe(subscriber: Subscriber): void {
    if (this.#first === undefined) this.#arm();
    subscriber.owner = this;
    subscriber.previous = this.#last;
    if (this.#last === undefined) this.#first = subscriber;
    else this.#last.next = subscriber;
    this.#last = subscriber;
  }

  /** @internal */
  unsubscribe(subscriber: Subscriber): void {
    this.#unlink(subscriber);
    if (this.#first === undefined) this.#disarm();
  }

  #unlink(subscriber: Subscriber): void {
    const { previous, next } = subscriber;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    subscriber.owner = undefined;
    subscriber.previous = undefined;
    subscriber.next = undefined;
  }

  #tellAll(): void {
    const ending = this.#ending;
    if (ending === undefined) return;
    this.#disarm();
    // One at a time from the front: a listener may take others back.
    for (let subscriber = this.#first; subscriber !== undefined; subscriber = this.#first) {
      this.#unlink(subscriber);
      subscriber.ended(ending);
    }
  }

  #arm(): void {
    this.#parent?.subscribe(this);
    this.#source?.addEventListener("abort", this);
    if (this.#hasOwnDeadline) this.#armTimer();
  }

  #armTimer(): void {
    const remainingMs = Math.ceil(this.deadlineMs - performance.now());
    this.#timer = setTimeout(onTimer, Math.min(Math.max(remainingMs, 0), MAX_TIMER_MS), this);
    // Node only: a pending deadline alone must not keep the process alive.
    (this.#timer as { unref?(): void }).unref?.();
  }

  #disarm(): void {
    this.leave();
    this.#source?.removeEventListener("abort", this);
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  /** @internal */
  timerFired(): void {
    this.#timer = undefined;
    // Timers may be early by a fraction of a millisecond, and long delays come in pieces.
    if (this.check() === undefined) this.#armTimer();
    else this.#tellAll();
  }
}

function onTimer(lifetime: Lifetime): void {
  lifetime.timerFired();
}
