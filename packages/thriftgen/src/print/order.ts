import {
  type Definition,
  type FieldModel,
  type FileModel,
  resolveType,
  type Type,
  type Value,
} from "@slipstream/thrift-idl";

/** The definitions of a file in source order, except that what a module needs while it is loaded comes first. */
export function orderDefinitions(file: FileModel): readonly Definition[] {
  const ordered = new Set<Definition>();
  const visit = (definition: Definition): void => {
    if (definition.file !== file || ordered.has(definition)) return;
    for (const needed of neededBy(definition)) visit(needed);
    ordered.add(definition);
  };
  for (const definition of file.definitions) visit(definition);
  return [...ordered];
}

/** Structs need nothing: their fields are listed when they are first used. */
function neededBy(definition: Definition): readonly Definition[] {
  switch (definition.kind) {
    case "const":
      return neededByValue(definition.value);
    case "typedef":
      return namedIn(definition.type);
    case "service":
      return [
        ...(definition.extends === undefined ? [] : [definition.extends]),
        ...definition.methods.flatMap((method) => [
          ...(method.response === undefined ? [] : neededByType(method.response)),
          ...[...method.arguments, ...method.throws].flatMap(neededByField),
        ]),
      ];
    default:
      return [];
  }
}

/** A typedef of a struct or an enum is a value too, made of what it names. */
function namedIn(type: Type): readonly Definition[] {
  return type.kind === "enum" || type.kind === "struct" || type.kind === "typedef" ? [type.definition] : [];
}

function neededByField({ type, defaultValue }: FieldModel): readonly Definition[] {
  return [...neededByType(type), ...(defaultValue === undefined ? [] : neededByValue(defaultValue))];
}

function neededByType(type: Type): readonly Definition[] {
  const resolved = resolveType(type);
  switch (resolved.kind) {
    case "base":
      return [];
    case "list":
    case "set":
      return neededByType(resolved.element);
    case "map":
      return [...neededByType(resolved.key), ...neededByType(resolved.value)];
    default:
      return [resolved.definition];
  }
}

function neededByValue(value: Value): readonly Definition[] {
  if (value.constant !== undefined) return [value.constant];
  switch (value.kind) {
    case "enum":
      return [value.enum];
    case "list":
      return value.items.flatMap(neededByValue);
    case "map":
      return value.entries.flatMap(([key, each]) => [...neededByValue(key), ...neededByValue(each)]);
    case "struct":
      return [value.struct, ...value.fields.flatMap(([, each]) => neededByValue(each))];
    default:
      return [];
  }
}
