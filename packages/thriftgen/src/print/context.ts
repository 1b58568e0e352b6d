import type {
  Definition,
  Diagnostic,
  EnumMember,
  FieldModel,
  FileModel,
  Named,
  ServiceModel,
} from "@slipstream/thrift-idl";
import { assignProperties, camelCase, identifierOf, NameTable } from "../names.ts";
import type { PrintOptions } from "../options.ts";
import type { SharedNames } from "./shared-names.ts";

/** Where generated code finds its functions and types. */
export const runtimeModule = "@slipstream/thrift/codegen";

/** What one module knows while it is printed: its names, and what it has to import. */
export class FileContext {
  readonly file: FileModel;
  readonly options: Required<PrintOptions>;
  readonly diagnostics: Diagnostic[] = [];
  readonly #shared: SharedNames;
  readonly #locals: NameTable;
  /** From the exported to the local name. */
  readonly #runtimeValues = new Map<string, string>();
  readonly #runtimeTypes = new Map<string, string>();
  /** Local names of the modules of other files. */
  readonly #modules = new Map<FileModel, string>();

  constructor(file: FileModel, options: Required<PrintOptions>, shared: SharedNames) {
    this.file = file;
    this.options = options;
    this.#shared = shared;
    this.#locals = new NameTable(shared.namesOf(file).values());
    this.#tell("definition", file.definitions, shared.namesOf(file), same);
  }

  /** A function of the runtime, to be imported. */
  value(name: string): string {
    return this.#import(this.#runtimeValues, name);
  }

  /** A type of the runtime, to be imported. */
  type(name: string): string {
    return this.#import(this.#runtimeTypes, name);
  }

  /** A definition, of this file or of another one, as code refers to it. */
  reference(definition: Definition): string {
    const name = this.#shared.nameOf(definition);
    if (definition.file === this.file) return name;
    let module = this.#modules.get(definition.file);
    if (module === undefined) {
      module = this.#locals.take(identifierOf(definition.file.name));
      this.#modules.set(definition.file, module);
    }
    return `${module}.${name}`;
  }

  /** Properties of fields or arguments, none of which may be called as one that is taken. */
  properties(fields: readonly FieldModel[], taken?: Iterable<string>): Naming {
    const names = assignProperties(namesOf(fields), (name) => this.fieldName(name), taken);
    return this.#tell("field", fields, names, (name) => this.fieldName(name));
  }

  /** An IDL name of a field or an argument as a property, if nothing stands in its way. */
  fieldName(name: string): string {
    return this.options.fieldNames === "camelCase" ? camelCase(name) : name;
  }

  methods(service: ServiceModel): Naming {
    return this.#tell("method", service.methods, methodProperties(service), camelCase);
  }

  members(members: readonly EnumMember[]): Naming {
    return this.#tell("enum value", members, assignProperties(namesOf(members), same), same);
  }

  error(named: Named, message: string, help: string): void {
    this.diagnostics.push({ severity: "error", message, help, span: named.span });
  }

  /** What is imported, once all else is printed. */
  imports(): { readonly runtime: readonly string[]; readonly modules: ReadonlyMap<FileModel, string> } {
    const names = [
      ...[...this.#runtimeValues].map(([name, local]) => ({ name, text: importText(name, local) })),
      ...[...this.#runtimeTypes].map(([name, local]) => ({ name, text: `type ${importText(name, local)}` })),
    ];
    names.sort((a, b) => compareNames(a.name, b.name));
    return { runtime: names.map(({ text }) => text), modules: this.#modules };
  }

  #import(imported: Map<string, string>, name: string): string {
    let local = imported.get(name);
    if (local === undefined) {
      local = this.#locals.take(name);
      imported.set(name, local);
    }
    return local;
  }

  /** Warns of names that are not what one would expect. */
  #tell(
    what: string,
    all: readonly Named[],
    names: ReadonlyMap<string, string>,
    expected: (name: string) => string,
  ): Naming {
    for (const named of all) {
      const wanted = expected(named.name);
      const name = names.get(named.name) ?? wanted;
      if (name === wanted) continue;
      const message = `${what} "${named.name}" is called ${name} in TypeScript, since ${wanted} is taken`;
      this.diagnostics.push({ severity: "warning", message, span: named.span });
    }
    return ({ name }) => names.get(name) ?? name;
  }
}

/** How a thing of the IDL is called in TypeScript. */
export type Naming = (named: Named) => string;

function namesOf(all: readonly Named[]): readonly string[] {
  return all.map(({ name }) => name);
}

function same(name: string): string {
  return name;
}

/** A method that is inherited is called as in the service it comes from. */
function methodProperties(service: ServiceModel): ReadonlyMap<string, string> {
  const inherited =
    service.extends === undefined ? new Map<string, string>() : methodProperties(service.extends);
  const own = assignProperties(namesOf(service.methods), camelCase, inherited.values());
  return new Map([...inherited, ...own]);
}

function importText(name: string, local: string): string {
  return local === name ? name : `${name} as ${local}`;
}

/** Letter by letter, A before a before B, as Biome orders imports. */
function compareNames(a: string, b: string): number {
  const key = (text: string): string =>
    text.replaceAll(/[A-Za-z]/g, (c) => c.toLowerCase() + (c < "a" ? "0" : "1"));
  return key(a) < key(b) ? -1 : 1;
}
