import { resolveType, type StructModel } from "@slipstream/thrift-idl";
import type { FileContext, Naming } from "./context.ts";

/** What every `Error` has as a string: a field of another type would make the type of the exception impossible. */
const errorProperties: ReadonlySet<string> = new Set(["name", "message", "stack"]);

/** The property of each field of a struct. */
export function fieldProperties(context: FileContext, { kind, fields }: StructModel): Naming {
  if (kind !== "exception") return context.properties(fields);
  const taken = fields.flatMap(({ name, type }) => {
    const resolved = resolveType(type);
    const isString = resolved.kind === "base" && (resolved.name === "string" || resolved.name === "uuid");
    const property = context.fieldName(name);
    return errorProperties.has(property) && !isString ? [property] : [];
  });
  return context.properties(fields, taken);
}
