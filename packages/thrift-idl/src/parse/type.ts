import { type Cursor, SyntaxFailure } from "./cursor.ts";
import { stringValue } from "./literal.ts";
import type { AnnotationSyntax, TypeSyntax } from "./syntax.ts";

/** Types and values nest at most so deep: a limit that only a program that builds IDL could reach. */
export const maxNesting = 100;

/** `map<…>`, `set<…>`, `list<…>` or a name, with annotations behind it. */
export function parseType(cursor: Cursor, depth = 0): TypeSyntax {
  const first = cursor.token;
  if (depth > maxNesting) throw new SyntaxFailure(cursor.span(), `types nest at most ${maxNesting} deep`);
  const { text } = cursor.expectWord("a type");
  if (text === "slist") {
    throw new SyntaxFailure(cursor.span(first), "slist is no longer a type of Thrift", 'write "string"');
  }
  const container = (text === "map" || text === "set" || text === "list") && opensContainer(cursor);
  if (!container) {
    const annotations = parseAnnotations(cursor);
    return { kind: "name", name: text, annotations, span: cursor.span(first) };
  }
  skipCppType(cursor);
  cursor.expectPunctuation("<", `behind ${text}`);
  const inner = parseType(cursor, depth + 1);
  if (text === "map") {
    cursor.expectPunctuation(",", "between the key and the value type of a map");
    const value = parseType(cursor, depth + 1);
    cursor.expectPunctuation(">", "at the end of the map type");
    const span = cursor.spanFrom(first);
    return { kind: "map", key: inner, value, annotations: parseAnnotations(cursor), span };
  }
  cursor.expectPunctuation(">", `at the end of the ${text} type`);
  const span = cursor.spanFrom(first);
  skipCppType(cursor);
  return { kind: text, element: inner, annotations: parseAnnotations(cursor), span };
}

function opensContainer(cursor: Cursor): boolean {
  return cursor.isPunctuation("<") || (cursor.isWord("cpp_type") && cursor.ahead(1).kind === "string");
}

/** `cpp_type "…"` chooses a class in C++ and means nothing elsewhere. */
function skipCppType(cursor: Cursor): void {
  if (!cursor.isWord("cpp_type") || cursor.ahead(1).kind !== "string") return;
  cursor.next();
  cursor.next();
}

/** `(key = "value", …)`, or nothing. */
export function parseAnnotations(cursor: Cursor): readonly AnnotationSyntax[] {
  if (!cursor.accept("(")) return [];
  const annotations: AnnotationSyntax[] = [];
  while (!cursor.isPunctuation(")")) {
    const key = cursor.expectWord('the name of an annotation, or ")"');
    if (cursor.accept("=")) {
      const help =
        cursor.token.kind === "end" ? undefined : `write ${key.text} = ${JSON.stringify(cursor.token.text)}`;
      if (cursor.token.kind !== "string") throw cursor.unexpected("the annotation's value in quotes", help);
      const value = stringValue(cursor.next());
      annotations.push({ key: key.text, value, span: cursor.spanFrom(key) });
    } else {
      annotations.push({ key: key.text, value: "1", span: cursor.span(key) });
    }
    cursor.acceptSeparator();
  }
  cursor.next();
  return annotations;
}
