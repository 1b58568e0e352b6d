import type { Span } from "./source.ts";

/** Something wrong, or doubtful, at one place of an IDL file. */
export interface Diagnostic {
  /** No model is made when there is an error; a warning changes nothing. */
  readonly severity: "error" | "warning";
  /** What is wrong: what was expected and what is there. One line, no full stop. */
  readonly message: string;
  /** What to write instead. */
  readonly help?: string;
  readonly span: Span;
}

/** Colours the parts of a formatted diagnostic; each function returns its text with marks around it. */
export interface DiagnosticStyle {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const plain = (text: string): string => text;
const plainStyle: DiagnosticStyle = { error: plain, warning: plain, strong: plain, faint: plain };

/**
 * A diagnostic for a person: `path:line:column: severity: message`, the source line, a caret under the place, and
 * the help.
 */
export function formatDiagnostic(diagnostic: Diagnostic, style: DiagnosticStyle = plainStyle): string {
  const { span, severity, message, help } = diagnostic;
  const { line, column } = span.source.position(span.start);
  const text = span.source.lineText(line);
  const excerpt = excerptOf(text, column - 1, Math.max(1, span.end - span.start));
  const number = String(line);
  const blank = " ".repeat(number.length);
  const lines = [
    `${style.strong(`${visible(span.source.path)}:${line}:${column}:`)} ${style[severity](`${severity}:`)} ${style.strong(message)}`,
    `  ${style.faint(`${number} |`)} ${excerpt.text}`,
    `  ${style.faint(`${blank} |`)} ${excerpt.padding}${style[severity](excerpt.marks)}`,
  ];
  if (help !== undefined) lines.push(`  ${blank} ${style.faint("=")} ${help}`);
  return lines.join("\n");
}

/** Text of a file as it can be shown on one line of a terminal: control characters become dots. */
export function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "·");
}

const maxExcerpt = 160;

/** The line as it can be shown: tabs as blanks, a very long line cut around the place. */
function excerptOf(
  line: string,
  at: number,
  length: number,
): { text: string; padding: string; marks: string } {
  const from = line.length > maxExcerpt ? Math.max(0, at - maxExcerpt / 2) : 0;
  const shown = visible(line.slice(from, from + maxExcerpt).replaceAll("\t", " "));
  const padding = " ".repeat(at - from);
  const marks = "^".padEnd(Math.max(1, Math.min(length, shown.length - (at - from))), "~");
  return { text: shown, padding, marks };
}
