import { posix, resolve, sep } from "node:path";
import type { Diagnostic, FileModel, Model } from "@slipstream/thrift-idl";
import type { PrintOptions } from "./options.ts";
import { FileContext } from "./print/context.ts";
import { printModule } from "./print/module.ts";
import { SharedNames } from "./print/shared-names.ts";

export interface GenerateOptions extends PrintOptions {
  /**
   * The directory whose structure the output mirrors: `root/a/b.thrift` becomes `a/b.ts`.
   *
   * @defaultValue the deepest directory that has all files, included ones too
   */
  readonly root?: string;
}

export interface GeneratedFile {
  /** Relative to the output directory, with "/" between its parts. */
  readonly path: string;
  readonly text: string;
}

export interface GenerateResult {
  /** One module for each file of the model, in the model's order; empty when a diagnostic is an error. */
  readonly files: readonly GeneratedFile[];
  /** What could not be printed, and which names had to be changed. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A file has no place of its own in the output. */
export class PlacementError extends Error {
  override readonly name = "PlacementError";
}

/**
 * Prints a model as TypeScript. The same model gives the same text, wherever it is printed.
 *
 * @throws PlacementError when a file lies outside of `root`, or two files would become the same module
 */
export function generate(model: Model, options: GenerateOptions = {}): GenerateResult {
  const { importExtension = ".js", i64 = "bigint", fieldNames = "idl" } = options;
  const places = placesOf(model.files, options.root);
  const shared = new SharedNames();
  const diagnostics: Diagnostic[] = [];
  const files = model.files.map((file): GeneratedFile => {
    const context = new FileContext(file, { importExtension, i64, fieldNames }, shared);
    const own = placeOf(places, file);
    const text = printModule(context, own, (other) =>
      importPath(own, placeOf(places, other), importExtension),
    );
    diagnostics.push(...context.diagnostics);
    return { path: modulePath(own), text };
  });
  const hasErrors = diagnostics.some(({ severity }) => severity === "error");
  return { files: hasErrors ? [] : files, diagnostics: withoutRepetition(diagnostics) };
}

/** Where each IDL file lies below the root. */
function placesOf(files: readonly FileModel[], root: string | undefined): ReadonlyMap<FileModel, string> {
  const absolute = new Map(files.map((file) => [file, resolve(file.path).split(sep).join("/")]));
  const base =
    root === undefined ? commonDirectory([...absolute.values()]) : resolve(root).split(sep).join("/");
  const places = new Map<FileModel, string>();
  const taken = new Map<string, FileModel>();
  for (const [file, path] of absolute) {
    const place = posix.relative(base, path);
    if (place.startsWith("../"))
      throw new PlacementError(`${file.path} lies outside of the root directory ${root}`);
    const other = taken.get(modulePath(place));
    if (other !== undefined) {
      throw new PlacementError(
        `${other.path} and ${file.path} would both become ${modulePath(place)}; rename one of them`,
      );
    }
    taken.set(modulePath(place), file);
    places.set(file, place);
  }
  return places;
}

function commonDirectory(paths: readonly string[]): string {
  let common = posix.dirname(paths[0] ?? "/");
  for (const path of paths)
    while (!path.startsWith(common === "/" ? "/" : `${common}/`)) common = posix.dirname(common);
  return common;
}

function placeOf(places: ReadonlyMap<FileModel, string>, file: FileModel): string {
  const place = places.get(file);
  if (place === undefined) throw new RangeError(`${file.path} is not a file of the model`);
  return place;
}

function modulePath(place: string): string {
  return `${withoutExtension(place)}.ts`;
}

function withoutExtension(path: string): string {
  return path.replace(/(?<=[^/])\.[^./]*$/, "");
}

function importPath(from: string, to: string, extension: string): string {
  const path = posix.relative(posix.dirname(from), withoutExtension(to));
  return `${path.startsWith("../") ? "" : "./"}${path}${extension}`;
}

/** A thing that is printed at several places is told once. */
function withoutRepetition(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter(({ message, span: { source, start } }) => {
    const key = `${source.path}:${start}:${message}`;
    return !seen.has(key) && seen.add(key);
  });
}
