import type { DiagnosticSink } from "../diagnostics.ts";
import { type MethodKind, type MethodModel, resolveType, type ServiceModel, type Type } from "../model.ts";
import type { MethodSyntax, ServiceSyntax } from "../parse/syntax.ts";
import { didYouMean } from "../suggest.ts";
import { kindOfMethod, warnOfMisplacedMode } from "./annotations.ts";
import { checkFields } from "./fields.ts";
import { lookUp, type Scope, unknownType, type Writable } from "./scope.ts";
import { formatType, resolveTypeSyntax } from "./types.ts";
import type { ValueChecker } from "./values.ts";

/** Methods of a service by themselves; what it extends is checked when all services have theirs. */
export function checkMethods(
  scope: Scope,
  service: ServiceSyntax,
  values: ValueChecker,
  sink: DiagnosticSink,
): readonly MethodModel[] {
  warnOfMisplacedMode(service.annotations, "a service", sink);
  const names = new Map<string, MethodSyntax>();
  const methods: MethodModel[] = [];
  for (const syntax of service.methods) {
    const { text, span } = syntax.name;
    const first = names.get(text);
    if (first !== undefined) {
      const { line } = span.source.position(first.name.span.start);
      sink.error(span, `method "${text}" is defined twice in ${service.name.text}`, `see line ${line}`);
    }
    names.set(text, syntax);
    methods.push(checkMethod(scope, syntax, values, sink));
  }
  return methods;
}

function checkMethod(
  scope: Scope,
  syntax: MethodSyntax,
  values: ValueChecker,
  sink: DiagnosticSink,
): MethodModel {
  const kind = kindOfMethod(syntax, sink);
  const response = syntax.response && (resolveTypeSyntax(scope, syntax.response, sink) ?? unknownType);
  const args = checkFields(scope, syntax.arguments, "argument", values, sink);
  const throws = checkFields(scope, syntax.throws, "throws", values, sink);

  warnOfMisplacedMode(syntax.response?.annotations ?? [], "the type of a response", sink);
  for (const argument of syntax.arguments) {
    warnOfMisplacedMode([...argument.annotations, ...argument.type.annotations], "an argument", sink);
  }
  throws.forEach(({ type }, i) => {
    const span = syntax.throws[i]?.type.span;
    const resolved = resolveType(type);
    if (span === undefined || type === unknownType) return;
    if (resolved.kind === "struct" && resolved.definition.kind === "exception") return;
    sink.error(span, `${formatType(type)} is not an exception`, 'define it with "exception" to throw it');
  });
  if (syntax.oneway) checkOneway(syntax, sink);
  if (kind !== "oneway" && kind !== "pingpong") checkStreaming(syntax, kind, args[0]?.type, response, sink);

  return {
    kind,
    name: syntax.name.text,
    ...(syntax.doc === undefined ? undefined : { doc: syntax.doc }),
    annotations: syntax.annotations,
    span: syntax.name.span,
    arguments: args,
    ...(response === undefined ? undefined : { response }),
    throws,
  };
}

function checkOneway(syntax: MethodSyntax, sink: DiagnosticSink): void {
  const name = syntax.name.text;
  if (syntax.response !== undefined) {
    sink.error(
      syntax.responseSpan,
      `${name} is oneway, so it cannot return anything`,
      `write oneway void ${name}`,
    );
  }
  if (syntax.throwsSpan !== undefined && syntax.throws.length > 0) {
    sink.error(syntax.throwsSpan, `${name} is oneway, so it cannot throw`, "leave out oneway, or throws");
  }
}

function checkStreaming(
  syntax: MethodSyntax,
  kind: MethodKind,
  request: Type | undefined,
  response: Type | undefined,
  sink: DiagnosticSink,
): void {
  const { text: name, span } = syntax.name;
  const count = syntax.arguments.length;
  if (count !== 1) {
    sink.error(
      syntax.arguments[1]?.name.span ?? span,
      `a streaming method has exactly one argument, ${name} has ${count === 0 ? "none" : count}`,
      count === 0 ? `write ${name}(1: Request request)` : "put them into one struct",
    );
  }
  if (syntax.response === undefined && !syntax.oneway) {
    sink.error(
      syntax.responseSpan,
      `a streaming method has a response, ${name} is void`,
      "write the struct that the stream answers with; it may be empty",
    );
  }
  if (kind === "unary") return;
  const argument = syntax.arguments[0];
  if (argument !== undefined && request !== undefined) requireStruct(request, argument.type.span, sink);
  if (response !== undefined) requireStruct(response, syntax.responseSpan, sink);
  if (syntax.throwsSpan !== undefined && syntax.throws.length > 0) {
    sink.warning(
      syntax.throwsSpan,
      `streams have no place for declared exceptions: what ${name} throws arrives as an internal error with its text`,
      "leave out throws, and send a BizStatusError or a field of the response",
    );
  }
}

function requireStruct(type: Type, span: MethodSyntax["responseSpan"], sink: DiagnosticSink): void {
  if (type === unknownType || resolveType(type).kind === "struct") return;
  sink.error(span, `messages of a stream are structs, not ${formatType(type)}`, "put it into a struct");
}

/** Finds what services extend, refuses circles and methods that a base has already. */
export function checkInheritance(scopes: readonly Scope[], sink: DiagnosticSink): void {
  const services = scopes.flatMap(({ names }) => [...names.values()]).filter((d) => d.kind === "service");
  for (const { scope, syntax, model } of services) findBase(scope, syntax, model, sink);
  for (const { syntax, model } of services) cutCircle(syntax, model, sink);
  for (const { model } of services) refuseOverrides(model, sink);
}

function findBase(
  scope: Scope,
  syntax: ServiceSyntax,
  model: Writable<ServiceModel>,
  sink: DiagnosticSink,
): void {
  if (syntax.extends === undefined) return;
  const { text, span } = syntax.extends;
  const found = lookUp(scope, text);
  if (found === "broken") return;
  if (found?.kind === "service") {
    model.extends = found.model;
    return;
  }
  if (found !== undefined) {
    sink.error(span, `"${text}" is a ${found.kind}, not a service`);
    return;
  }
  sink.error(span, `unknown service "${text}"`, () => {
    const included = scope.includes.find(({ names }) => names.get(text)?.kind === "service");
    if (included !== undefined) return `write ${included.file.name}.${text}`;
    const services = [...scope.names.values()].filter(({ kind }) => kind === "service");
    return didYouMean(
      text,
      services.map(({ model: { name } }) => name),
    );
  });
}

function cutCircle(syntax: ServiceSyntax, model: Writable<ServiceModel>, sink: DiagnosticSink): void {
  const chain: ServiceModel[] = [];
  for (let service = model.extends; service !== undefined && service !== model; service = service.extends) {
    // A circle further up, which is told where it is.
    if (chain.includes(service)) return;
    chain.push(service);
    if (chain.length > maxBases) {
      sink.error(model.span, `a service extends at most ${maxBases} others`);
      delete model.extends;
      return;
    }
    if (service.extends === model) {
      const names = [model, ...chain, model].map(({ name }) => name);
      sink.error(
        syntax.extends?.span ?? model.span,
        `service "${model.name}" extends itself: ${names.join(" -> ")}`,
      );
      delete model.extends;
      return;
    }
  }
  if (model.extends === model) {
    sink.error(syntax.extends?.span ?? model.span, `service "${model.name}" extends itself`);
    delete model.extends;
  }
}

const maxBases = 100;

function refuseOverrides(model: ServiceModel, sink: DiagnosticSink): void {
  const bases = new Map<string, ServiceModel>();
  for (let base = model.extends; base !== undefined; base = base.extends) {
    for (const method of base.methods) bases.set(method.name, base);
  }
  for (const { name, span } of model.methods) {
    const base = bases.get(name);
    if (base === undefined) continue;
    sink.error(
      span,
      `${base.name}, which ${model.name} extends, has a method "${name}" already`,
      "leave this one out",
    );
  }
}
