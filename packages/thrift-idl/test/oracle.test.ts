import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  buildModel,
  type FieldModel,
  type FileModel,
  type MethodModel,
  resolveType,
  SourceFile,
  type Type,
} from "../src/index.ts";
import { printIdl } from "./print-idl.ts";
import { type Idl, type IdlField, idlArbitrary } from "./random-idl.ts";

const hasCompiler = spawnSync("thrift", ["--version"], { timeout: 10_000 }).status === 0;

/** What `thrift --gen json` says of a file. */
function apacheView(text: string): unknown {
  const directory = mkdtempSync(join(tmpdir(), "slipstream-idl-"));
  try {
    writeFileSync(join(directory, "a.thrift"), text);
    // It hangs on some texts, hence the limit.
    execFileSync("thrift", ["--gen", "json", "-out", directory, "a.thrift"], {
      cwd: directory,
      timeout: 20_000,
    });
    return JSON.parse(readFileSync(join(directory, "a.json"), "utf8"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The same of our model, in its words: no typedefs, enums are i32, `req_out` is the default requiredness. */
function ourView(file: FileModel): unknown {
  const definitions = file.definitions;
  return {
    name: file.name,
    namespaces: Object.fromEntries(file.namespaces),
    enums: definitions
      .filter((d) => d.kind === "enum")
      .map(({ name, members }) => ({
        name,
        members: members.map((m) => ({ name: m.name, value: m.value })),
      })),
    structs: definitions
      .filter((d) => "fields" in d)
      .map(({ kind, name, fields }) => ({
        name,
        isException: kind === "exception",
        isUnion: kind === "union",
        fields: fields.map(viewField),
      })),
    services: definitions
      .filter((d) => d.kind === "service")
      .map((service) => ({
        name: service.name,
        ...(service.extends && { extends: service.extends.name }),
        functions: service.methods.map(viewMethod),
      })),
  };
}

function viewMethod(method: MethodModel): unknown {
  // It says req_out of exceptions, which nobody may write otherwise.
  const exceptions = method.throws.map((field) => ({ ...field, requiredness: "default" as const }));
  return {
    name: method.name,
    ...(method.response === undefined
      ? { returnTypeId: "void" }
      : { returnTypeId: typeId(method.response), ...viewDetail("returnType", method.response) }),
    oneway: method.kind === "oneway",
    ...viewAnnotations(method.annotations),
    arguments: method.arguments.map(viewField),
    exceptions: exceptions.map(viewField),
  };
}

const requiredness = { required: "required", optional: "optional", default: "req_out" };

function viewField(field: FieldModel): unknown {
  return {
    key: field.id,
    name: field.name,
    typeId: typeId(field.type),
    ...viewDetail("type", field.type),
    ...viewAnnotations(field.annotations),
    required: requiredness[field.requiredness],
  };
}

function viewAnnotations(annotations: FieldModel["annotations"]): object {
  if (annotations.length === 0) return {};
  return { annotations: Object.fromEntries(annotations.map(({ key, value }) => [key, value])) };
}

function typeId(type: Type): string {
  const resolved = resolveType(type);
  if (resolved.kind === "base") return resolved.name;
  if (resolved.kind === "struct") return resolved.definition.kind;
  return resolved.kind === "enum" ? "i32" : resolved.kind;
}

function viewDetail(key: string, type: Type): object {
  const resolved = resolveType(type);
  switch (resolved.kind) {
    case "list":
    case "set":
      return {
        [key]: {
          typeId: resolved.kind,
          elemTypeId: typeId(resolved.element),
          ...viewDetail("elemType", resolved.element),
        },
      };
    case "map":
      return {
        [key]: {
          typeId: "map",
          keyTypeId: typeId(resolved.key),
          ...viewDetail("keyType", resolved.key),
          valueTypeId: typeId(resolved.value),
          ...viewDetail("valueType", resolved.value),
        },
      };
    case "struct":
      return { [key]: { typeId: resolved.definition.kind, class: resolved.definition.name } };
    default:
      return {};
  }
}

/** Without defaults and constants, which its JSON rounds, and with names that are no words of its own. */
function forApache(idl: Idl): Idl {
  const fields = (list: readonly IdlField[]): IdlField[] =>
    list.map(({ value: _, ...field }) => ({
      ...field,
      annotations: Object.fromEntries(
        Object.entries(field.annotations).map(([key, text]) => [
          `x.${key}`,
          text.replace(/[^\w .,;()=]/g, ""),
        ]),
      ),
    }));
  return {
    namespaces: Object.fromEntries(
      Object.entries(idl.namespaces).map(([language, name]) => [language, `n_${name}`]),
    ),
    definitions: idl.definitions
      .filter(({ kind }) => kind !== "const")
      .map((definition) => {
        if ("fields" in definition) return { ...definition, fields: fields(definition.fields) };
        if (definition.kind !== "service") return definition;
        const methods = definition.methods.map((m) => ({
          ...m,
          args: fields(m.args),
          throws: fields(m.throws),
        }));
        return { ...definition, methods };
      }),
  };
}

describe.skipIf(!hasCompiler)(
  "the Apache compiler (skipped where the command thrift is not installed)",
  () => {
    it("understands the same of random files as we do", () => {
      fc.assert(
        fc.property(idlArbitrary.map(forApache), (idl) => {
          const text = printIdl(idl, { separator: ",", quote: '"', comment: "//", lineBreak: "\n" });
          const { model } = buildModel([new SourceFile("a.thrift", text)]);
          expect(model?.roots.map(ourView)).toEqual([expect.objectContaining({})]);
          expect(apacheView(text)).toMatchObject(model?.roots.map(ourView)[0] as object);
        }),
        { numRuns: 40 },
      );
    });
  },
);
