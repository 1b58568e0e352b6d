import type { SourceFile, Span } from "../source.ts";

/** What an IDL file says, word by word, before anything is looked up. */
export interface DocumentSyntax {
  readonly source: SourceFile;
  readonly includes: readonly IncludeSyntax[];
  readonly namespaces: readonly NamespaceSyntax[];
  readonly definitions: readonly DefinitionSyntax[];
  /** Words of definitions that could not be parsed, so their names too: using those is no further error. */
  readonly broken: ReadonlySet<string>;
}

export interface NameSyntax {
  readonly text: string;
  readonly span: Span;
}

export interface AnnotationSyntax {
  readonly key: string;
  readonly value: string;
  readonly span: Span;
}

export interface IncludeSyntax {
  readonly path: string;
  readonly span: Span;
}

export interface NamespaceSyntax {
  readonly language: string;
  readonly name: string;
  readonly annotations: readonly AnnotationSyntax[];
  readonly span: Span;
}

interface Documented {
  readonly name: NameSyntax;
  readonly doc: string | undefined;
  readonly annotations: readonly AnnotationSyntax[];
}

export type DefinitionSyntax = ConstSyntax | TypedefSyntax | EnumSyntax | StructSyntax | ServiceSyntax;

export interface ConstSyntax extends Documented {
  readonly kind: "const";
  readonly type: TypeSyntax;
  readonly value: ValueSyntax;
}

export interface TypedefSyntax extends Documented {
  readonly kind: "typedef";
  readonly type: TypeSyntax;
}

export interface EnumSyntax extends Documented {
  readonly kind: "enum";
  readonly members: readonly EnumMemberSyntax[];
}

export interface EnumMemberSyntax extends Documented {
  readonly value: IntSyntax | undefined;
}

export interface StructSyntax extends Documented {
  readonly kind: "struct" | "union" | "exception";
  readonly fields: readonly FieldSyntax[];
}

export interface FieldSyntax extends Documented {
  readonly id: IntSyntax | undefined;
  readonly requiredness: "required" | "optional" | "default";
  readonly type: TypeSyntax;
  readonly defaultValue: ValueSyntax | undefined;
}

export interface ServiceSyntax extends Documented {
  readonly kind: "service";
  readonly extends: NameSyntax | undefined;
  readonly methods: readonly MethodSyntax[];
}

export interface MethodSyntax extends Documented {
  readonly oneway: boolean;
  /** `undefined` is `void`. */
  readonly response: TypeSyntax | undefined;
  /** Where the response type, or `void`, stands. */
  readonly responseSpan: Span;
  readonly arguments: readonly FieldSyntax[];
  readonly throws: readonly FieldSyntax[];
  /** Where `throws` stands. */
  readonly throwsSpan: Span | undefined;
}

export type TypeSyntax = NamedTypeSyntax | ListTypeSyntax | MapTypeSyntax;

interface TypeBase {
  readonly annotations: readonly AnnotationSyntax[];
  readonly span: Span;
}

export interface NamedTypeSyntax extends TypeBase {
  readonly kind: "name";
  readonly name: string;
}

export interface ListTypeSyntax extends TypeBase {
  readonly kind: "list" | "set";
  readonly element: TypeSyntax;
}

export interface MapTypeSyntax extends TypeBase {
  readonly kind: "map";
  readonly key: TypeSyntax;
  readonly value: TypeSyntax;
}

export type ValueSyntax =
  | IntSyntax
  | { readonly kind: "double"; readonly value: number; readonly span: Span }
  | { readonly kind: "string"; readonly value: string; readonly span: Span }
  | { readonly kind: "name"; readonly name: string; readonly span: Span }
  | { readonly kind: "list"; readonly items: readonly ValueSyntax[]; readonly span: Span }
  | {
      readonly kind: "map";
      readonly entries: readonly (readonly [key: ValueSyntax, value: ValueSyntax])[];
      readonly span: Span;
    };

export interface IntSyntax {
  readonly kind: "int";
  readonly value: bigint;
  readonly span: Span;
}
