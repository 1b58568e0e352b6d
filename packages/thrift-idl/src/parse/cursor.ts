import type { DiagnosticSink } from "../diagnostics.ts";
import type { SourceFile, Span } from "../source.ts";
import type { Token } from "./token.ts";

/** Thrown inside the parser when an item cannot be understood; the list that holds the item goes on with the next. */
export class SyntaxFailure extends Error {
  readonly span: Span;
  readonly help: string | undefined;

  constructor(span: Span, message: string, help?: string) {
    super(message);
    this.span = span;
    this.help = help;
  }
}

/** The words that begin a definition. */
export const definitionWords: readonly string[] = [
  "const",
  "typedef",
  "enum",
  "senum",
  "struct",
  "union",
  "exception",
  "service",
];

/** A place in a list of tokens, with what the parsing functions ask and expect of it. */
export class Cursor {
  readonly source: SourceFile;
  readonly sink: DiagnosticSink;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: SourceFile, tokens: readonly Token[], sink: DiagnosticSink) {
    this.source = source;
    this.sink = sink;
    this.#tokens = tokens;
  }

  get token(): Token {
    return this.ahead(0);
  }

  get index(): number {
    return this.#at;
  }

  /** The token `n` places on; behind the end it is the end. */
  ahead(n: number): Token {
    const token = this.#tokens[Math.min(this.#at + n, this.#tokens.length - 1)];
    if (token === undefined) throw new RangeError("a token list ends with an end token");
    return token;
  }

  /** The token before this one. */
  get previous(): Token | undefined {
    return this.#tokens[this.#at - 1];
  }

  /** All words from token number `begin` to this one. */
  wordsSince(begin: number): readonly string[] {
    return this.#tokens.slice(begin, this.#at).flatMap(({ kind, text }) => (kind === "word" ? [text] : []));
  }

  next(): Token {
    const token = this.token;
    if (token.kind !== "end") this.#at++;
    return token;
  }

  isPunctuation(text: string): boolean {
    return this.token.kind === "punctuation" && this.token.text === text;
  }

  isWord(text: string): boolean {
    return this.token.kind === "word" && this.token.text === text;
  }

  /** Takes the punctuation or word if it is there. */
  accept(text: string): boolean {
    const found = this.isPunctuation(text) || this.isWord(text);
    if (found) this.next();
    return found;
  }

  expectPunctuation(text: string, where: string): Token {
    if (!this.isPunctuation(text)) throw this.unexpected(`"${text}" ${where}`);
    return this.next();
  }

  expectWord(what: string): Token {
    if (this.token.kind !== "word") throw this.unexpected(what);
    return this.next();
  }

  expectString(what: string): Token {
    if (this.token.kind !== "string") throw this.unexpected(what);
    return this.next();
  }

  acceptSeparator(): boolean {
    return this.accept(",") || this.accept(";");
  }

  span(token: Token = this.token): Span {
    return { source: this.source, start: token.start, end: token.end };
  }

  /** From the given token to the end of the one before this. */
  spanFrom(first: Token): Span {
    return {
      source: this.source,
      start: first.start,
      end: Math.max(first.end, this.previous?.end ?? first.end),
    };
  }

  unexpected(expected: string, help?: string): SyntaxFailure {
    return new SyntaxFailure(this.span(), `expected ${expected}, found ${describe(this.token)}`, help);
  }

  report(failure: unknown): void {
    if (!(failure instanceof SyntaxFailure)) throw failure;
    this.sink.error(failure.span, failure.message, failure.help);
  }

  /** True for the first token of a line. */
  startsLine(): boolean {
    const { previous } = this;
    return previous === undefined || this.#lineOf(previous.end) < this.#lineOf(this.token.start);
  }

  /** True where a definition begins that cannot be an item of a block: the block before it was never closed. */
  atDefinition(): boolean {
    const [first, second, third] = [this.token, this.ahead(1), this.ahead(2)];
    if (first.kind !== "word" || second.kind !== "word" || !definitionWords.includes(first.text))
      return false;
    if (first.text === "const" || first.text === "typedef") return this.startsLine();
    return third.text === "{" || third.text === "extends";
  }

  /** True where a method begins at the beginning of a line: arguments before it were never closed. */
  atMethod(): boolean {
    const skip = this.isWord("oneway") ? 1 : 0;
    const [type, name, open, first] = [0, 1, 2, 3].map((n) => this.ahead(n + skip));
    if (type?.kind !== "word" || name?.kind !== "word" || open?.text !== "(") return false;
    return (first?.kind === "int" || first?.text === ")") && this.startsLine();
  }

  /**
   * After a failure in the item that began at token number `begin`: goes behind the next separator, or to where the
   * next item or the end of the list is likely. Pairs of brackets are passed over whole.
   */
  skipItem(begin: number, close: string): void {
    let depth = 0;
    while (this.token.kind !== "end" && !this.atDefinition()) {
      if (depth === 0) {
        if (this.isPunctuation(close) || this.isPunctuation("}") || this.acceptSeparator()) return;
        if (this.#at > begin && this.#looksLikeItem()) return;
      }
      const { kind, text } = this.next();
      if (kind !== "punctuation") continue;
      if ("{([".includes(text)) depth++;
      else if ("})]".includes(text)) depth = Math.max(0, depth - 1);
    }
  }

  #looksLikeItem(): boolean {
    if (this.token.kind === "int") return this.ahead(1).text === ":";
    return this.token.kind === "word" && this.startsLine();
  }

  #lineOf(offset: number): number {
    return this.source.position(offset).line;
  }
}

function describe(token: Token): string {
  if (token.kind === "end") return "the end of the file";
  if (token.kind === "string") return `the string ${shorten(token.text)}`;
  return `"${shorten(token.text)}"`;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 40 ? `${line.slice(0, 40)}…` : line;
}
