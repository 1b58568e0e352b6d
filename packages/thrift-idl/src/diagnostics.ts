import { type Diagnostic, visible } from "./diagnostic.ts";
import type { Span } from "./source.ts";

/** So many of one file are told; a file with more is likely not IDL at all. */
const maxPerFile = 100;

/** Where the stages put what they find. */
export class DiagnosticSink {
  readonly #list: Diagnostic[] = [];
  readonly #errorsByPath = new Map<string, number>();

  get hasErrors(): boolean {
    return this.#errorsByPath.size > 0;
  }

  /** Help that takes a search is given as a function, and made only for errors that are told. */
  error(span: Span, message: string, help?: string | (() => string | undefined)): void {
    const path = span.source.path;
    const count = (this.#errorsByPath.get(path) ?? 0) + 1;
    this.#errorsByPath.set(path, count);
    if (count > maxPerFile) return;
    const note = count === maxPerFile ? " (more errors in this file are not shown)" : "";
    this.#add("error", span, message + note, typeof help === "function" ? help() : help);
  }

  warning(span: Span, message: string, help?: string): void {
    this.#add("warning", span, message, help);
  }

  /** All that was found, file by file in the order in which the files were met, from the top of each to its end. */
  sorted(): readonly Diagnostic[] {
    const order = new Map<string, number>();
    for (const { span } of this.#list) order.set(span.source.path, order.get(span.source.path) ?? order.size);
    const rank = (d: Diagnostic): number => order.get(d.span.source.path) ?? 0;
    return this.#list.toSorted((a, b) => rank(a) - rank(b) || a.span.start - b.span.start);
  }

  #add(severity: Diagnostic["severity"], span: Span, message: string, help: string | undefined): void {
    const told = { severity, message: visible(message), span };
    this.#list.push(help === undefined ? told : { ...told, help: visible(help) });
  }
}
