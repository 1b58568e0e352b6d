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
    const lost = cursor.token.kind === "end" || cursor.atDefinition() || cursor.isPunctuation("}");
    if (lost) {
      cursor.report(cursor.unexpected(`"${close}" at the end of ${what}`));
      return items;
    }
    const begin = cursor.index;
    try {
      items.push(parseItem());
    } catch (failure) {
      cursor.report(failure);
      cursor.skipItem(begin, close);
      // A closing bracket of another kind stops the search without an item, and is no end of this list.
      if (cursor.index === begin && !cursor.isPunctuation("}") && !cursor.atDefinition()) cursor.next();
    }
  }
}
