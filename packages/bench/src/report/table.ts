import { median } from "../results.ts";

/** A Markdown table; all columns but the first are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)];
}

/** The median, and the lowest and highest of what was measured. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return "–";
  return `**${short(median(values))}** (${short(Math.min(...values))} to ${short(Math.max(...values))})`;
}

/** Three digits, as many as the machine's noise leaves. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (value >= 1e4) return `${Math.round(value / 1e3)}k`;
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
