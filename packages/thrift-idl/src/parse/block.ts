import type { Cursor } from "./cursor.ts";

/**
 * Items up to the closing bracket, which is taken. An item that fails is told and left out; a bracket that is missing
 * before the next definition or the end of the file is told at that place.
 */
export function parseItems<T>(
  cursor: Cursor,
  close: "}" | ")",
  what: string,
  parseItem: () => T,
): readonly T[] {
  const items: T[] = [];
  for (;;) {
    if (cursor.accept(close)) return items;
    if (isLost(cursor, close)) {
      cursor.report(cursor.unexpected(`"${close}" at the end of ${what}`));
      return items;
    }
    const begin = cursor.index;
    try {
      items.push(parseItem());
    } catch (failure) {
      cursor.report(failure);
      cursor.skipItem(begin, close);
      if (cursor.index === begin && !isLost(cursor, close)) cursor.next();
    }
  }
}

function isLost(cursor: Cursor, close: "}" | ")"): boolean {
  if (cursor.token.kind === "end" || cursor.atDefinition()) return true;
  return close === ")" && (cursor.isPunctuation("}") || cursor.atMethod());
}
