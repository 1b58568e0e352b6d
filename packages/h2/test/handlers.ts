import type {
  Field,
  Fields,
  PeerSettings,
  SessionEvent,
  SessionHandler,
  Stream,
  StreamClose,
  StreamHandler,
} from "../src/index.ts";

/** A list of fields from pairs. */
export function fields(...pairs: readonly (readonly [name: string, value: string | Uint8Array])[]): Fields {
  return pairs.map(([name, value]): Field => ({ name, value }));
}

/** And back, values that are bytes as arrays. */
export function pairs(list: Fields): [string, string | number[]][] {
  return list.map(({ name, value }) => [name, typeof value === "string" ? value : [...value]]);
}

export const REQUEST: Fields = fields(
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/echo"],
  [":authority", "test"],
);
export const RESPONSE: Fields = fields([":status", "200"]);

/** Writes down what a stream is told, as a list of events, and takes its data as it comes unless told otherwise. */
export class RecordedStream implements StreamHandler {
  stream!: Stream;
  takesData = true;
  readonly events: string[] = [];
  headers: Fields | undefined;
  trailers: Fields | undefined;
  readonly interim: Fields[] = [];
  /** Bytes that were not taken. */
  held = 0;
  received = 0;
  chunks: Uint8Array[] = [];
  isEnded = false;
  isClosed = false;
  reason: StreamClose | undefined;
  drains = 0;
  whenHeaders: (() => void) | undefined;
  whenData: ((bytes: Uint8Array) => void) | undefined;
  whenDrained: (() => void) | undefined;
  whenEnded: (() => void) | undefined;
  whenClosed: (() => void) | undefined;

  onInformational(list: Fields): void {
    this.events.push("informational");
    this.interim.push(list);
  }
  onHeaders(list: Fields, endStream: boolean): void {
    this.events.push(endStream ? "headers+end" : "headers");
    this.headers = list;
    this.whenHeaders?.();
  }
  onData(chunk: Uint8Array, start: number, end: number): void {
    this.events.push(`data ${end - start}`);
    this.received += end - start;
    this.chunks.push(chunk.slice(start, end));
    this.whenData?.(chunk.slice(start, end));
    if (this.takesData) this.stream.consume(end - start);
    else this.held += end - start;
  }
  onTrailers(list: Fields): void {
    this.events.push("trailers");
    this.trailers = list;
  }
  onEnd(): void {
    this.events.push("end");
    this.isEnded = true;
    this.whenEnded?.();
  }
  onDrain(): void {
    this.drains++;
    this.whenDrained?.();
  }
  onClose(reason: StreamClose | undefined): void {
    this.events.push(reason === undefined ? "close" : `close ${reason.by} ${reason.code}`);
    this.isClosed = true;
    this.reason = reason;
    this.whenClosed?.();
  }

  /** All data so far. */
  get bytes(): Uint8Array {
    return Uint8Array.from(this.chunks.flatMap((chunk) => [...chunk]));
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
  takeHeld(): void {
    const { held } = this;
    this.held = 0;
    this.stream.consume(held);
  }
}

/** Writes down what a session is told. On a server, `answer` sees every new stream. */
export class RecordedSession implements SessionHandler {
  readonly streams: RecordedStream[] = [];
  readonly requests: Fields[] = [];
  readonly settings: PeerSettings[] = [];
  readonly goaways: { last: number; code: number; debug: string }[] = [];
  readonly events: SessionEvent[] = [];
  isClosed = false;
  error: Error | undefined;
  whenClosed: (() => void) | undefined;
  whenSettings: (() => void) | undefined;
  readonly #answer: ((recorded: RecordedStream, request: Fields) => void) | undefined;

  constructor(answer?: (recorded: RecordedStream, request: Fields) => void) {
    this.#answer = answer;
  }

  onStream(stream: Stream, request: Fields, endStream: boolean): StreamHandler {
    const recorded = new RecordedStream();
    recorded.stream = stream;
    recorded.headers = request;
    recorded.events.push(endStream ? "request+end" : "request");
    this.streams.push(recorded);
    this.requests.push(request);
    this.#answer?.(recorded, request);
    return recorded;
  }
  onSettings(settings: PeerSettings): void {
    this.settings.push(settings);
    this.whenSettings?.();
  }
  onGoaway(last: number, code: number, debug: Uint8Array): void {
    this.goaways.push({ last, code, debug: Buffer.from(debug).toString() });
  }
  onClose(error: Error | undefined): void {
    this.isClosed = true;
    this.error = error;
    this.whenClosed?.();
  }
  onEvent(event: SessionEvent): void {
    this.events.push(event);
  }

  /** The options whose limits were passed. */
  get limits(): string[] {
    return this.events.filter((event) => event.type === "limit").map((event) => event.limit ?? "");
  }
}

/** Answers with what came. */
export function echo(recorded: RecordedStream): void {
  recorded.stream.respond(RESPONSE);
  recorded.whenData = (bytes) => recorded.stream.write(bytes);
  recorded.whenEnded = () => recorded.stream.end(TRAILERS);
}

export const TRAILERS: Fields = fields(["x-trailer", "done"]);
