import type { Pairs } from "./messages.ts";

/** What the report says of a contender. */
export interface Described {
  readonly name: string;
  /** One line for the report: the API it is used through, and what was tuned. */
  readonly note: string;
  /** Packages whose versions the report prints. */
  readonly packages: readonly string[];
  /** Over how many idle streams its memory is measured, where many take minutes to open. @defaultValue 10,000 */
  readonly idleStreams?: number;
}

/**
 * Something that is measured: a server in one process, a client in another, one connection between them. The processes
 * are made for it, and each loads the contender's module.
 */
export interface Contender extends Described {
  /** Whether its messages are really encoded and decoded; else the payload's bytes are all there is. */
  readonly isTyped: boolean;
  startServer(): Promise<{ readonly port: number }>;
  connect(port: number): Promise<BenchClient>;
}

/** A contender that is no JavaScript, and so starts processes of its own. */
export interface ForeignContender extends Described {
  /** Versions that the report prints beside those of `packages`. */
  readonly versions?: Readonly<Record<string, string>>;
  startPair(options: ProcessOptions): Promise<Pair>;
}

/** A contender that cannot run here; the report says why, and what to install. */
export interface AbsentContender {
  readonly name: string;
  readonly absent: string;
}

export type AnyContender = Contender | ForeignContender | AbsentContender;

export interface ProcessOptions {
  /** Folder for a CPU profile of every process. */
  readonly profileFolder?: string | undefined;
  /** Whether to run the packages' sources instead of what was built: slower, and needs no build. */
  readonly fromSources?: boolean;
  /** CPU that all processes are pinned to (`taskset`). */
  readonly cpu?: string | undefined;
}

/** A contender's server and client, connected, ready to be measured many times. */
export interface Pair extends AsyncDisposable {
  readonly name: string;
  /** Whether it can run a case of `cases.ts`. */
  can(caseName: string): boolean;
  /** Runs a case for about `seconds`; rejects when a message was lost or changed. */
  run(caseName: string, seconds: number): Promise<RunResult>;
  /** Memory that one open, idle stream takes, over `count` of them beside as many; `undefined` when it cannot hold them. */
  idleStreamBytes(count: number): Promise<SideBytes | undefined>;
}

export interface RunResult {
  /** Calls, messages, echoes or streams. */
  readonly operations: number;
  readonly seconds: number;
  readonly p50us?: number;
  readonly p99us?: number;
  readonly clientCpuSeconds: number;
  readonly serverCpuSeconds: number;
}

export interface SideBytes {
  readonly client: number;
  readonly server: number;
}

/** What a client can do; cases that need more are left out for it. Payload lengths are checked by the cases. */
export interface BenchClient {
  /** One message to the server and back: the length of the payload that came back. */
  unary?(payload: Uint8Array): Promise<number>;
  /** Makes the server send `count` messages; `onMessage` gets the length of each payload. */
  serverStream?(count: number, size: number, onMessage: (length: number) => void): Promise<void>;
  /** Sends `count` messages on one stream: how many the server counted. */
  clientStream?(count: number, payload: Uint8Array): Promise<number>;
  /** Opens a stream whose server answers each message with the same. */
  bidi?(options: BidiOptions): BidiStream;
}

export interface BidiOptions {
  /** Pairs that travel with the call, and that the server has to read. */
  readonly metadata?: Pairs;
  readonly onMessage: (length: number) => void;
  /** The stream is over on both sides. */
  readonly onEnd: (error?: unknown) => void;
}

export interface BidiStream {
  send(payload: Uint8Array): void;
  end(): void;
}

export type Operation = keyof BenchClient;
