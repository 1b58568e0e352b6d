export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string | number | undefined;
  /** Stands at the right of its column. */
  readonly isNumber?: boolean;
}

/** Rows under their heads, in columns as wide as they must be. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [
    columns.map(({ head }) => head),
    ...rows.map((row) => columns.map(({ cell }) => `${cell(row) ?? "-"}`)),
  ];
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)));
  const format = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (columns[i]?.isNumber ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("   ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("   ");
  return [format(lines[0] ?? []), rule, ...lines.slice(1).map(format)].map((line) => `  ${line}`).join("\n");
}
