import { type MethodModel, packageOf, type ServiceModel, type Type } from "@slipstream/thrift-idl";
import type { FileContext } from "./context.ts";
import { docComment } from "./doc.ts";
import { argumentTypes, fieldDescriptor } from "./fields.ts";
import { group, hardline, indent, type Layout } from "./layout.ts";
import {
  array,
  arrow,
  call,
  type Expression,
  generic,
  object,
  objectType,
  plain,
  propertyName,
  quoted,
} from "./syntax.ts";
import { descriptor, typeText } from "./types.ts";

/** The descriptor of a service, with the types of its methods spelled out. */
export function printService(context: FileContext, service: ServiceModel): Layout {
  const property = context.methods(service);
  const base = service.extends === undefined ? undefined : `${context.reference(service.extends)}.methods`;
  const types = service.methods.map((method) => [
    docComment(method),
    `${propertyName(property(method))}: `,
    methodType(context, method),
  ]);
  const methods: Layout[] = service.methods.map((method) => [
    `${propertyName(property(method))}: `,
    methodDescriptor(context, method).layout,
  ]);
  if (base !== undefined) methods.unshift(`...${base}`);

  const options = object([`package: ${quoted(packageOf(service.file))}`]);
  const build = arrow(parametersOf(service), object(methods, methods.length > 0));
  const create = call(context.value("service"), [plain(quoted(service.name)), options, build]);
  const name = context.reference(service);
  const type = serviceType(context.type("Service"), base, types);
  return [docComment(service), [`export const ${name}: `, type, " = ", create.layout, ";"]];
}

function serviceType(name: string, base: string | undefined, methods: readonly Layout[]): Layout {
  const own = objectType(methods, true);
  if (base === undefined) return generic(name, [own]);
  if (methods.length === 0) return generic(name, [`typeof ${base}`]);
  return [`${name}<`, indent([hardline, `typeof ${base} & `, own]), hardline, ">"];
}

/** Those of the builder's parameters that are used: methods `m`, types `t`. */
function parametersOf({ methods }: ServiceModel): readonly string[] {
  if (methods.length === 0) return [];
  const usesTypes = methods.some((method) => {
    if (isStream(method)) return false;
    const isPlain = method.response !== undefined && !isReference(method.response);
    return isPlain || method.arguments.length > 0 || method.throws.length > 0;
  });
  return usesTypes ? ["m", "t"] : ["m"];
}

/** True for types whose descriptor is a name. */
function isReference(type: Type): boolean {
  return type.kind === "struct" || (type.kind === "typedef" && isReference(type.definition.type));
}

function isStream({ kind }: MethodModel): boolean {
  return kind === "client" || kind === "server" || kind === "bidi";
}

function methodType(context: FileContext, method: MethodModel): Layout {
  const response = method.response === undefined ? "void" : typeText(context, method.response);
  return generic(context.type("Method"), [quoted(method.kind), requestType(context, method), response]);
}

/** One argument is the request itself; none or several are an object. */
function requestType(context: FileContext, method: MethodModel): Layout {
  const [only, ...others] = method.arguments;
  if (only === undefined) return "Record<string, never>";
  if (others.length === 0) return typeText(context, only.type);
  return group(objectType(argumentTypes(context, method.arguments, context.properties(method.arguments))));
}

function methodDescriptor(context: FileContext, method: MethodModel): Expression {
  const name = plain(quoted(method.name));
  const response = method.response === undefined ? plain("m.void") : descriptor(context, method.response);
  const [request] = method.arguments;
  if (isStream(method) && request !== undefined) {
    return call(`m.${method.kind}`, [name, descriptor(context, request.type), response]);
  }
  const property = context.properties(method.arguments);
  const args = array(method.arguments.map((field) => fieldDescriptor(context, field, property(field))));
  if (method.kind === "oneway") return call("m.oneway", [name, args]);
  if (method.throws.length === 0) return call(`m.${method.kind}`, [name, args, response]);
  const throws = method.throws.map((field) => fieldDescriptor(context, field, field.name, "default"));
  return call(`m.${method.kind}`, [name, args, response, array(throws)]);
}
