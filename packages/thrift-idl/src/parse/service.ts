import { parseItems } from "./block.ts";
import type { Cursor } from "./cursor.ts";
import { leadingDoc, trailingDoc } from "./doc.ts";
import { parseFields, parseName } from "./struct.ts";
import type { MethodSyntax } from "./syntax.ts";
import { parseAnnotations, parseType } from "./type.ts";

/** Methods of a service, up to the closing brace. */
export function parseMethods(cursor: Cursor, what: string): readonly MethodSyntax[] {
  return parseItems(cursor, "}", what, () => parseMethod(cursor));
}

function parseMethod(cursor: Cursor): MethodSyntax {
  const before = leadingDoc(cursor);
  const oneway = cursor.isWord("oneway") && cursor.ahead(1).kind === "word" && cursor.accept("oneway");
  const responseStart = cursor.token;
  const isVoid = cursor.isWord("void") && cursor.ahead(1).kind === "word" && cursor.accept("void");
  const response = isVoid ? undefined : parseType(cursor);
  const responseSpan = response?.span ?? cursor.span(responseStart);
  const name = parseName(cursor, "the name of a method");
  cursor.expectPunctuation("(", `behind ${name.text}`);
  const args = parseFields(cursor, ")", `the arguments of ${name.text}`);
  const throwsSpan = cursor.isWord("throws") ? cursor.span() : undefined;
  const throws = throwsSpan === undefined ? [] : parseThrows(cursor, name.text);
  const annotations = parseAnnotations(cursor);
  if (cursor.isWord("throws") && cursor.ahead(1).text === "(") {
    throw cursor.unexpected("the end of the method", "write throws (…) before the annotations");
  }
  cursor.acceptSeparator();
  const doc = before ?? trailingDoc(cursor);
  return { name, doc, oneway, response, responseSpan, arguments: args, throws, throwsSpan, annotations };
}

function parseThrows(cursor: Cursor, method: string): MethodSyntax["throws"] {
  cursor.next();
  cursor.expectPunctuation("(", "behind throws");
  return parseFields(cursor, ")", `the exceptions of ${method}`);
}
