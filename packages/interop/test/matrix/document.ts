import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const file = join(import.meta.dirname, "..", "..", "..", "..", "docs", "interop.md");
const place = /(<!-- matrix: .*-->\n)[\s\S]*(<!-- end of matrix -->)/;

/** Puts the table into docs/interop.md, if it says something new. */
export function writeTable(table: string): void {
  const old = readFileSync(file, "utf8");
  if (!place.test(old)) throw new Error(`${file} has no place for the matrix`);
  const text = old.replace(place, (_, begin: string, end: string) => `${begin}\n${table}\n\n${end}`);
  if (text !== old) writeFileSync(file, text);
}
