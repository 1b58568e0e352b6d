/** Where the command writes, one line at a time. */
export interface Output {
  /** What became of each file. */
  readonly log: (line: string) => void;
  /** Errors and warnings. */
  readonly error: (line: string) => void;
  /** @defaultValue false */
  readonly hasColors?: boolean;
}
