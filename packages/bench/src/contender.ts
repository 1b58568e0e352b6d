/** Something that is measured: a server in one process, a client in another, one connection between them. */
export interface Contender {
  readonly name: string;
  /** Whether its messages are really encoded and decoded; else the payload's bytes are all there is. */
  readonly isTyped: boolean;
  /** One line for the report: the API it is used through, and what was tuned. */
  readonly note: string;
  /** Packages whose versions the report prints. */
  readonly packages: readonly string[];
  startServer(): Promise<{ readonly port: number }>;
  connect(port: number): Promise<BenchClient>;
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
  /** Pairs that the server has to read. */
  readonly metadata?: readonly (readonly [string, string])[];
  readonly onMessage: (length: number) => void;
  /** The stream is over on both sides. */
  readonly onEnd: (error?: unknown) => void;
}

export interface BidiStream {
  send(payload: Uint8Array): void;
  end(): void;
}

export type Operation = keyof BenchClient;
