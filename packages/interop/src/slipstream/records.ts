import {
  type Context,
  type ContextKey,
  contextKey,
  fromIncomingContext,
  getAllPersistentValues,
  getAllValues,
  type Metadata,
} from "@slipstream/metainfo";
import type { MetaHandler } from "@slipstream/rpc/server";
import type { ServerCall, ServerStart } from "@slipstream/stream";
import type { CallRecord, Stage } from "../calls.ts";
import { describeFailure } from "./failures.ts";

// The TypeScript half of go/record.go.

const startKey: ContextKey<ServerStart> = contextKey("what the transport knew");

/** Keeps what the transport knew of a call for its record. */
export const keepStart: MetaHandler = {
  onReadStream: (context, start) => context.setValue(startKey, start),
  onReadCall: (context, start) => context.setValue(startKey, start),
};

/** What the transport knew of the call of a handler's context. */
export function startOf(context: Context): ServerStart | undefined {
  return context.getValue(startKey);
}

type Draft = { -readonly [K in keyof CallRecord]: CallRecord[K] };

/** What one handler sees, as its call goes on. */
export class LiveRecord {
  readonly #began = performance.now();
  readonly #record: Draft;
  #waiting: (() => void)[] = [];

  constructor(call: ServerCall) {
    const { context, info, signal } = call;
    const deadlineMs = context.remainingMs();
    const metadata = fromIncomingContext(context);
    this.#record = {
      method: info.method,
      service: info.service,
      persistent: Object.fromEntries(getAllPersistentValues(context)),
      transient: Object.fromEntries(getAllValues(context)),
      ...(metadata === undefined ? {} : { metadata: textOf(metadata) }),
      caller: startOf(context)?.caller ?? "",
      transport: info.peer?.protocol ?? "",
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      received: [],
      halfClosed: false,
    };
    const ended = () =>
      this.change({ contextError: describeFailure(signal.reason), contextEndMs: this.#elapsed() });
    if (signal.aborted) ended();
    else signal.addEventListener("abort", ended, { once: true });
  }

  get now(): CallRecord {
    return this.#record;
  }

  change(parts: Partial<CallRecord>): void {
    Object.assign(this.#record, parts);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  returned(): void {
    this.change({ returnedMs: this.#elapsed() });
  }

  has(stage: Stage): boolean {
    const { contextEndMs, returnedMs, halfClosed } = this.#record;
    if (stage === "ended") return contextEndMs !== undefined;
    if (stage === "returned") return returnedMs !== undefined;
    return stage === "started" || halfClosed;
  }

  /** Resolves at the next change. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #elapsed(): number {
    return performance.now() - this.#began;
  }
}

/** The recorded calls of one server, by the name that their messages gave. */
export class Records {
  readonly #records = new Map<string, LiveRecord>();
  #waiting: (() => void)[] = [];

  keep(name: string, record: LiveRecord): void {
    this.#records.set(name, record);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async observe(name: string, until: Stage, timeoutMs: number): Promise<CallRecord> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, timeoutMs, "late");
    });
    try {
      for (;;) {
        const record = this.#records.get(name);
        if (record?.has(until)) return record.now;
        const change = record?.next() ?? new Promise<void>((resolve) => this.#waiting.push(resolve));
        if ((await Promise.race([change, limit])) === "late") {
          const what = record ? `is not ${until}` : "was not made";
          throw new Error(`the call recorded as "${name}" ${what} within ${timeoutMs} ms`);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

export function textOf(metadata: Metadata): Record<string, string[]> {
  const text: Record<string, string[]> = {};
  for (const [name, value] of metadata.fields()) {
    (text[name] ??= []).push(typeof value === "string" ? value : Buffer.from(value).toString("latin1"));
  }
  return text;
}
