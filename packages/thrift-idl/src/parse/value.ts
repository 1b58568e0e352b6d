import { type Cursor, SyntaxFailure } from "./cursor.ts";
import { parseInt, stringValue } from "./literal.ts";
import type { ValueSyntax } from "./syntax.ts";
import { maxNesting } from "./type.ts";

/** The right side of a constant or of a default. */
export function parseValue(cursor: Cursor, depth = 0): ValueSyntax {
  if (depth > maxNesting) throw new SyntaxFailure(cursor.span(), `values nest at most ${maxNesting} deep`);
  const { token } = cursor;
  const span = cursor.span();
  switch (token.kind) {
    case "int":
      return parseInt(cursor, "a value");
    case "double":
      cursor.next();
      return { kind: "double", value: Number(token.text), span };
    case "string":
      cursor.next();
      return { kind: "string", value: stringValue(token), span };
    case "word":
      cursor.next();
      return { kind: "name", name: token.text, span };
    default:
      if (cursor.accept("[")) return parseList(cursor, depth);
      if (cursor.accept("{")) return parseMap(cursor, depth);
      throw cursor.unexpected("a value");
  }
}

function parseList(cursor: Cursor, depth: number): ValueSyntax {
  const open = cursor.previous ?? cursor.token;
  const items: ValueSyntax[] = [];
  while (!cursor.accept("]")) {
    if (cursor.token.kind === "end") throw cursor.unexpected('"]" at the end of the list');
    items.push(parseValue(cursor, depth + 1));
    cursor.acceptSeparator();
  }
  return { kind: "list", items, span: cursor.spanFrom(open) };
}

function parseMap(cursor: Cursor, depth: number): ValueSyntax {
  const open = cursor.previous ?? cursor.token;
  const entries: (readonly [ValueSyntax, ValueSyntax])[] = [];
  while (!cursor.accept("}")) {
    if (cursor.token.kind === "end") throw cursor.unexpected('"}" at the end of the map');
    const key = parseValue(cursor, depth + 1);
    cursor.expectPunctuation(":", "between the key and the value");
    entries.push([key, parseValue(cursor, depth + 1)]);
    cursor.acceptSeparator();
  }
  return { kind: "map", entries, span: cursor.spanFrom(open) };
}
