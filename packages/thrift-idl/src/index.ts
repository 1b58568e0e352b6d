export type { ModelResult } from "./build-model.ts";
export { buildModel } from "./build-model.ts";
export type { IncludeOptions } from "./check/files.ts";
export { formatType } from "./check/types.ts";
export type { Diagnostic, DiagnosticStyle } from "./diagnostic.ts";
export { formatDiagnostic } from "./diagnostic.ts";
export type {
  Annotation,
  BaseType,
  BaseTypeName,
  BoolValue,
  ConstModel,
  Definition,
  DoubleValue,
  EnumMember,
  EnumModel,
  EnumType,
  EnumValue,
  FieldModel,
  FileModel,
  IntValue,
  ListType,
  ListValue,
  MapType,
  MapValue,
  MethodKind,
  MethodModel,
  Model,
  Named,
  ResolvedType,
  ServiceModel,
  SetType,
  StringValue,
  StructModel,
  StructType,
  StructValue,
  Type,
  TypedefModel,
  TypedefType,
  Value,
} from "./model.ts";
export { allMethods, packageOf, resolveType } from "./model.ts";
export type { Position, Span } from "./source.ts";
export { SourceFile } from "./source.ts";
