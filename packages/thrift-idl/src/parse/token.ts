/** A comment as written, its marks included. */
export interface Comment {
  readonly start: number;
  readonly end: number;
}

export type TokenKind = "word" | "int" | "double" | "string" | "punctuation" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As written; for strings with the quotes. Of a number that is followed by letters, the number. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** The comments between the token before and this one. */
  readonly comments: readonly Comment[];
}
