import type { DiagnosticSink } from "../diagnostics.ts";
import type { SourceFile } from "../source.ts";
import type { Comment, Token, TokenKind } from "./token.ts";

const none: readonly Comment[] = [];

const blank = /[ \t\v\f\r\n\ufeff]+/y;
const word = /[A-Za-z_][A-Za-z0-9_.]*/y;
const number = /[+-]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+)/y;
const wordRest = /[A-Za-z0-9_.]+/y;
// Letters beyond ASCII, so that a foreign name is told as one thing.
const foreignWord = /[\p{L}\p{N}\p{M}_.]+/uy;
const punctuation = "{}()[]<>=:,;*&";

/** Splits a file into tokens; the last one is of kind `end`. What cannot be a token is told and left out. */
export function tokenize(source: SourceFile, sink: DiagnosticSink): readonly Token[] {
  const { text } = source;
  const tokens: Token[] = [];
  let comments: Comment[] | undefined;
  let at = 0;
  // Quotes of which one was never closed: later strings end on their line, so that no text is searched twice.
  let unclosed = "";

  const match = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    return pattern.test(text) ? pattern.lastIndex : -1;
  };
  const error = (end: number, message: string, help?: string): void =>
    sink.error({ source, start: at, end }, message, help);
  const push = (kind: TokenKind, end: number, part = text.slice(at, end)): void => {
    tokens.push({ kind, text: part, start: at, end, comments: comments ?? none });
    comments = undefined;
    at = end;
  };

  while (at < text.length) {
    const c = text.charAt(at);
    let end: number;
    if ((end = match(blank)) >= 0) {
      at = end;
    } else if ((end = match(word)) >= 0 && !(text.charCodeAt(end) > 0x7f && match(foreignWord) > end)) {
      push("word", end);
    } else if (c === "#" || text.startsWith("//", at)) {
      end = endOfLine(text, at);
      (comments ??= []).push({ start: at, end });
      at = end;
    } else if (text.startsWith("/*", at)) {
      const close = text.indexOf("*/", at + 2);
      end = close < 0 ? text.length : close + 2;
      if (close < 0) error(at + 2, "this comment is never closed", 'write "*/" where it ends');
      (comments ??= []).push({ start: at, end });
      at = end;
    } else if (c === '"' || c === "'") {
      const line = endOfLine(text, at);
      end = endOfString(text, at, unclosed.includes(c) ? line : text.length);
      if (end < 0) {
        end = line;
        unclosed += c;
        error(end, "this string is never closed", `write ${c} where it ends`);
      } else if (text.startsWith("\\\\", end - 3) && end - at > 3) {
        const span = { source, start: end - 3, end };
        sink.warning(
          span,
          "thriftgo takes the quote behind \\\\ for a part of the string, which then goes on",
        );
      }
      push("string", end);
    } else if (punctuation.includes(c)) {
      push("punctuation", at + 1);
    } else if ((end = match(number)) >= 0) {
      const digits = text.slice(at, end);
      wordRest.lastIndex = end;
      if (wordRest.test(text)) {
        end = wordRest.lastIndex;
        error(end, `"${text.slice(at, end)}" is not a number`, "a name starts with a letter or _");
      }
      push(isDouble(digits) ? "double" : "int", end, digits);
    } else if ((end = match(foreignWord)) >= 0) {
      error(
        end,
        `"${text.slice(at, end)}" is not a name`,
        "names consist of the letters A to Z and a to z, digits and _",
      );
      push("word", end);
    } else {
      const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
      end = at + character.length;
      error(end, `unexpected ${describeCharacter(character)}`);
      at = end;
    }
  }
  push("end", at);
  return tokens;
}

function isDouble(text: string): boolean {
  return !/^[+-]?0[xX]/.test(text) && /[.eE]/.test(text);
}

function endOfLine(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x0a || c === 0x0d) return i;
  }
  return text.length;
}

/** Offset behind the closing quote, or -1 if `to` comes first. A backslash keeps the quote behind it from closing. */
function endOfString(text: string, from: number, to: number): number {
  const quote = text.charCodeAt(from);
  for (let i = from + 1; i < to; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i++;
    else if (c === quote) return i + 1;
  }
  return -1;
}

function describeCharacter(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return /^[\x21-\x7e]$/.test(character) ? `"${character}"` : `character U+${code}`;
}
