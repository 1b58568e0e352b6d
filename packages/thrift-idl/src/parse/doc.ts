import type { SourceFile } from "../source.ts";
import type { Cursor } from "./cursor.ts";
import type { Comment } from "./token.ts";

/** The comment that belongs to the item that begins here: the lines right above it, up to a blank line. */
export function leadingDoc(cursor: Cursor): string | undefined {
  const { source, token } = cursor;
  if (token.comments.length === 0) return undefined;
  const own = token.comments.slice(trailingCount(cursor));
  let nextLine = lineOf(source, token.start);
  let first = own.length;
  while (first > 0) {
    const comment = own[first - 1];
    if (comment === undefined || lineOf(source, comment.end) < nextLine - 1) break;
    nextLine = lineOf(source, comment.start);
    first--;
  }
  return docOf(source, own.slice(first));
}

/** The comment that stands behind an item on its line; to be asked right after the item and its separator. */
export function trailingDoc(cursor: Cursor): string | undefined {
  const beforeSeparator = cursor.previous !== undefined && /^[,;]$/.test(cursor.previous.text);
  const own = beforeSeparator ? (cursor.previous?.comments ?? []) : [];
  const { comments } = cursor.token;
  if (own.length === 0 && comments.length === 0) return undefined;
  return docOf(cursor.source, [...own, ...comments.slice(0, trailingCount(cursor))]);
}

/** How many of the comments before this token stand on the line of the token before, with a line break behind them. */
function trailingCount({ source, token, previous }: Cursor): number {
  if (previous === undefined) return 0;
  const line = lineOf(source, previous.end);
  const count = token.comments.filter((comment) => lineOf(source, comment.start) === line).length;
  const last = token.comments[count - 1];
  if (last === undefined) return 0;
  return token.kind === "end" || lineOf(source, last.end) < lineOf(source, token.start) ? count : 0;
}

function lineOf(source: SourceFile, offset: number): number {
  return source.position(offset).line;
}

function docOf(source: SourceFile, comments: readonly Comment[]): string | undefined {
  const lines = comments.flatMap(({ start, end }) => commentLines(source.text.slice(start, end)));
  while (lines.length > 0 && lines[0] === "") lines.shift();
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  return lines.length === 0 ? undefined : lines.join("\n");
}

function commentLines(comment: string): string[] {
  if (!comment.startsWith("/*")) return [comment.replace(/^(?:\/{2,}|#+) ?/, "").trimEnd()];
  const inner = comment.replace(/^\/\*+/, "").replace(/\*+\/$/, "");
  const [first = "", ...rest] = inner.split(/\r\n|\r|\n/);
  const starred = rest.every((line) => /^\s*(?:\*|$)/.test(line));
  const indent = starred ? 0 : commonIndent(rest);
  const text = (line: string): string => (starred ? line.replace(/^\s*\*? ?/, "") : line.slice(indent));
  return [first.trim(), ...rest.map((line) => text(line).trimEnd())];
}

function commonIndent(lines: readonly string[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const line of lines) if (line.trim() !== "") least = Math.min(least, line.search(/\S/));
  return Number.isFinite(least) ? least : 0;
}
