import type { DiagnosticSink } from "../diagnostics.ts";
import type { SourceFile } from "../source.ts";
import { didYouMean } from "../suggest.ts";
import { Cursor, definitionWords, SyntaxFailure } from "./cursor.ts";
import { leadingDoc, trailingDoc } from "./doc.ts";
import { tokenize } from "./lexer.ts";
import { stringValue } from "./literal.ts";
import { parseMethods } from "./service.ts";
import { parseEnumMembers, parseFields, parseName, skipXsd } from "./struct.ts";
import type {
  AnnotationSyntax,
  DefinitionSyntax,
  DocumentSyntax,
  IncludeSyntax,
  NameSyntax,
  NamespaceSyntax,
} from "./syntax.ts";
import { parseAnnotations, parseType } from "./type.ts";
import { parseValue } from "./value.ts";

/** Statements of old IDL that concern other languages; each is followed by one word or string. */
const leftovers: ReadonlySet<string> = new Set([
  "cpp_include",
  "cpp_namespace",
  "php_namespace",
  "py_module",
  "perl_package",
  "ruby_namespace",
  "smalltalk_category",
  "smalltalk_prefix",
  "java_package",
  "cocoa_prefix",
  "csharp_namespace",
  "delphi_namespace",
  "xsd_namespace",
]);

const statementWords: readonly string[] = ["include", "namespace", ...definitionWords];

/** Parses one file. What cannot be understood is told and left out; never throws for what the file contains. */
export function parseDocument(source: SourceFile, sink: DiagnosticSink): DocumentSyntax {
  return new DocumentParser(new Cursor(source, tokenize(source, sink), sink)).parse();
}

class DocumentParser {
  readonly #cursor: Cursor;
  readonly #includes: IncludeSyntax[] = [];
  readonly #namespaces: NamespaceSyntax[] = [];
  readonly #definitions: DefinitionSyntax[] = [];
  readonly #broken = new Set<string>();

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  parse(): DocumentSyntax {
    const cursor = this.#cursor;
    while (cursor.token.kind !== "end") {
      const begin = cursor.index;
      try {
        this.#parseStatement();
      } catch (failure) {
        cursor.report(failure);
        this.#skipStatement(begin);
        for (const word of cursor.wordsSince(begin)) this.#broken.add(word);
      }
    }
    return {
      source: cursor.source,
      includes: this.#includes,
      namespaces: this.#namespaces,
      definitions: this.#definitions,
      broken: this.#broken,
    };
  }

  #parseStatement(): void {
    const cursor = this.#cursor;
    const { token } = cursor;
    if (token.kind === "word" && definitionWords.includes(token.text)) {
      this.#definitions.push(this.#parseDefinition());
    } else if (cursor.isWord("include")) {
      this.#parseInclude();
    } else if (cursor.isWord("namespace")) {
      this.#parseNamespace();
    } else if (token.kind === "word" && leftovers.has(token.text)) {
      cursor.next();
      if (cursor.token.kind !== "string") cursor.expectWord(`a name or a string behind ${token.text}`);
      else cursor.next();
    } else {
      throw cursor.unexpected(
        "a definition: const, typedef, enum, struct, union, exception or service",
        didYouMean(token.text, statementWords),
      );
    }
    cursor.acceptSeparator();
  }

  #parseInclude(): void {
    const cursor = this.#cursor;
    const keyword = cursor.next();
    this.#requireHeader(keyword.text);
    const span = cursor.span();
    const path = stringValue(cursor.expectString("the path of the included file in quotes"));
    if (/[\r\n]/.test(path))
      throw new SyntaxFailure(span, "the path of the included file is not closed on its line");
    this.#includes.push({ path, span });
  }

  #parseNamespace(): void {
    const cursor = this.#cursor;
    const keyword = cursor.next();
    this.#requireHeader(keyword.text);
    const language = cursor.accept("*")
      ? "*"
      : cursor.expectWord('a language, or "*", behind namespace').text;
    // The Apache compiler takes a string too.
    const nameToken = cursor.token;
    const isString = nameToken.kind === "string";
    const { text } = isString ? cursor.next() : cursor.expectWord("the namespace");
    const name = isString ? stringValue(nameToken) : text;
    const span = cursor.spanFrom(keyword);
    this.#namespaces.push({ language, name, span, annotations: parseAnnotations(cursor) });
  }

  #requireHeader(word: string): void {
    const cursor = this.#cursor;
    if (this.#definitions.length === 0 || cursor.previous === undefined) return;
    cursor.sink.error(
      cursor.span(cursor.previous),
      `${word} must stand before all definitions`,
      `move it above "${this.#definitions[0]?.name.text}"`,
    );
  }

  #parseDefinition(): DefinitionSyntax {
    const cursor = this.#cursor;
    const before = leadingDoc(cursor);
    const keyword = cursor.next().text;
    const parsed = this.#parseBody(keyword);
    const annotations: readonly AnnotationSyntax[] = parseAnnotations(cursor);
    cursor.acceptSeparator();
    return { ...parsed, annotations, doc: before ?? trailingDoc(cursor) };
  }

  #parseBody(keyword: string): DefinitionSyntax {
    const cursor = this.#cursor;
    const rest = { annotations: [], doc: undefined };
    switch (keyword) {
      case "const": {
        const type = parseType(cursor);
        const name = parseName(cursor, "the name of a constant");
        cursor.expectPunctuation("=", "and the value of the constant");
        return { kind: "const", type, name, value: parseValue(cursor), ...rest };
      }
      case "typedef": {
        const type = parseType(cursor);
        return { kind: "typedef", type, name: parseName(cursor, "the new name"), ...rest };
      }
      case "enum": {
        const name = parseName(cursor, "the name of an enum");
        cursor.expectPunctuation("{", "and the enum's values");
        return { kind: "enum", name, members: parseEnumMembers(cursor, `enum ${name.text}`), ...rest };
      }
      case "service": {
        const name = parseName(cursor, "the name of a service");
        const base = cursor.accept("extends") ? this.#parseReference("the service to extend") : undefined;
        cursor.expectPunctuation("{", "and the service's methods");
        return {
          kind: "service",
          name,
          extends: base,
          methods: parseMethods(cursor, `service ${name.text}`),
          ...rest,
        };
      }
      case "senum":
        throw this.#refuseSenum();
      default: {
        const kind = keyword === "union" || keyword === "exception" ? keyword : "struct";
        const name = parseName(cursor, `the name of ${kind === "exception" ? "an" : "a"} ${kind}`);
        skipXsd(cursor);
        cursor.expectPunctuation("{", `and the ${kind}'s fields`);
        return { kind, name, fields: parseFields(cursor, "}", `${kind} ${name.text}`), ...rest };
      }
    }
  }

  #parseReference(what: string): NameSyntax {
    const span = this.#cursor.span();
    return { text: this.#cursor.expectWord(what).text, span };
  }

  #refuseSenum(): SyntaxFailure {
    const cursor = this.#cursor;
    const span = cursor.span(cursor.previous);
    return new SyntaxFailure(
      span,
      "senum is no longer a part of Thrift",
      "write an enum, or a typedef of string with constants for the values",
    );
  }

  /** Goes to where the next statement is likely: one of its words at the beginning of a line, outside of braces. */
  #skipStatement(begin: number): void {
    const cursor = this.#cursor;
    let depth = 0;
    if (cursor.index === begin) cursor.next();
    while (cursor.token.kind !== "end") {
      const { kind, text } = cursor.token;
      if (cursor.atDefinition()) return;
      if (depth === 0 && kind === "word" && statementWords.includes(text) && cursor.startsLine()) return;
      cursor.next();
      if (kind === "punctuation" && text === "{") depth++;
      if (kind === "punctuation" && text === "}") depth = Math.max(0, depth - 1);
    }
  }
}
