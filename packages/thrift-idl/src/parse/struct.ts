import { parseItems } from "./block.ts";
import type { Cursor } from "./cursor.ts";
import { leadingDoc, trailingDoc } from "./doc.ts";
import { parseInt } from "./literal.ts";
import type { EnumMemberSyntax, FieldSyntax, IntSyntax, NameSyntax } from "./syntax.ts";
import { parseAnnotations, parseType } from "./type.ts";
import { parseValue } from "./value.ts";

/** The name of something that is declared here. */
export function parseName(cursor: Cursor, what: string): NameSyntax {
  const { text } = cursor.token;
  const span = cursor.span();
  cursor.expectWord(what);
  if (text.includes(".")) {
    cursor.sink.error(
      span,
      `${what} cannot contain a dot: "${text}"`,
      `write ${text.replaceAll(/\.+/g, "_")}`,
    );
  }
  return { text, span };
}

/** Fields of a struct, arguments of a method, or its exceptions, up to the closing bracket. */
export function parseFields(cursor: Cursor, close: "}" | ")", what: string): readonly FieldSyntax[] {
  return parseItems(cursor, close, what, () => parseField(cursor));
}

function parseField(cursor: Cursor): FieldSyntax {
  const before = leadingDoc(cursor);
  const id = parseFieldId(cursor);
  const requiredness = parseRequiredness(cursor);
  const type = parseType(cursor);
  // `&` asks the C++ generator for a reference.
  cursor.accept("&");
  const name = parseName(cursor, "the name of a field");
  const defaultValue = cursor.accept("=") ? parseValue(cursor) : undefined;
  skipXsd(cursor);
  const annotations = parseAnnotations(cursor);
  cursor.acceptSeparator();
  return { id, requiredness, type, name, defaultValue, annotations, doc: before ?? trailingDoc(cursor) };
}

function parseFieldId(cursor: Cursor): IntSyntax | undefined {
  if (cursor.token.kind !== "int") return undefined;
  const id = parseInt(cursor, "a field id");
  cursor.expectPunctuation(":", "behind the field id");
  return id;
}

function parseRequiredness(cursor: Cursor): FieldSyntax["requiredness"] {
  if (cursor.ahead(1).kind !== "word") return "default";
  if (cursor.accept("required")) return "required";
  return cursor.accept("optional") ? "optional" : "default";
}

/** `xsd_optional`, `xsd_nillable` and `xsd_attrs { … }` were meant for XML schemas and mean nothing elsewhere. */
export function skipXsd(cursor: Cursor): void {
  for (;;) {
    if (cursor.accept("xsd_all") || cursor.accept("xsd_optional") || cursor.accept("xsd_nillable")) continue;
    if (!cursor.isWord("xsd_attrs") || cursor.ahead(1).text !== "{") return;
    cursor.next();
    cursor.next();
    parseFields(cursor, "}", "xsd_attrs");
  }
}

/** Members of an enum, up to the closing brace. */
export function parseEnumMembers(cursor: Cursor, what: string): readonly EnumMemberSyntax[] {
  return parseItems(cursor, "}", what, () => {
    const before = leadingDoc(cursor);
    const name = parseName(cursor, "the name of an enum value");
    const value = cursor.accept("=") ? parseInt(cursor, "an integer as the enum value") : undefined;
    const annotations = parseAnnotations(cursor);
    cursor.acceptSeparator();
    return { name, value, annotations, doc: before ?? trailingDoc(cursor) };
  });
}
