/**
 * The part of a checked model of `@slipstream/thrift-idl` that descriptors are made from. Written out here, so that this
 * package depends on no tool; a test holds that the real model fits.
 */
export interface IdlFile {
  /** Base name without extension. */
  readonly name: string;
  readonly namespaces: ReadonlyMap<string, string>;
  readonly definitions: readonly IdlDefinition[];
}

export type IdlDefinition =
  | IdlStruct
  | IdlService
  | { readonly kind: "const" | "typedef" | "enum"; readonly name: string };

export interface IdlStruct {
  readonly kind: "struct" | "union" | "exception";
  readonly name: string;
  readonly fields: readonly IdlField[];
}

export interface IdlField {
  readonly id: number;
  readonly name: string;
  readonly requiredness: "required" | "optional" | "default";
  readonly type: IdlType;
  readonly defaultValue?: IdlValue;
}

export interface IdlService {
  readonly kind: "service";
  readonly name: string;
  readonly extends?: IdlService;
  readonly methods: readonly IdlMethod[];
}

export interface IdlMethod {
  readonly name: string;
  readonly kind: "pingpong" | "oneway" | "unary" | "client" | "server" | "bidi";
  readonly arguments: readonly IdlField[];
  readonly response?: IdlType;
  readonly throws: readonly IdlField[];
}

export type IdlType =
  | {
      readonly kind: "base";
      readonly name: "bool" | "i8" | "i16" | "i32" | "i64" | "double" | "string" | "binary" | "uuid";
    }
  | { readonly kind: "list" | "set"; readonly element: IdlType }
  | { readonly kind: "map"; readonly key: IdlType; readonly value: IdlType }
  | { readonly kind: "typedef"; readonly definition: { readonly type: IdlType } }
  | {
      readonly kind: "enum";
      readonly definition: { readonly members: readonly { readonly name: string; readonly value: number }[] };
    }
  | { readonly kind: "struct"; readonly definition: IdlStruct };

export type IdlValue =
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "double"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "enum"; readonly value: number }
  | { readonly kind: "list"; readonly items: readonly IdlValue[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [IdlValue, IdlValue])[] }
  | {
      readonly kind: "struct";
      readonly struct: IdlStruct;
      readonly fields: readonly (readonly [IdlField, IdlValue])[];
    };
