import type { DiagnosticSink } from "../diagnostics.ts";
import { parseDocument } from "../parse/document.ts";
import type { DocumentSyntax, IncludeSyntax } from "../parse/syntax.ts";
import { baseNameOf, directoryOf, isAbsolute, joinPath, normalizePath } from "../path.ts";
import { SourceFile } from "../source.ts";
import { didYouMean } from "../suggest.ts";
import type { Scope } from "./scope.ts";

/** Where the texts of included files come from. */
export interface IncludeOptions {
  /**
   * The text of a file, or `undefined` when there is none of that path. Paths have "/" between their parts, and are as
   * relative or absolute as the paths of the root files and the search directories.
   *
   * @defaultValue nothing can be included but the other root files
   */
  readonly read?: (path: string) => string | undefined;
  /**
   * Searched for included files, in this order, after the directory of the including file. Last comes the path as it is
   * written.
   */
  readonly includeDirs?: readonly string[];
}

const maxIncludeDepth = 200;

/** Parses files and what they include, each once. An included file comes before those that include it. */
export class FileLoader {
  /** In the order in which they were finished. */
  readonly scopes: Scope[] = [];
  readonly #sink: DiagnosticSink;
  readonly #options: IncludeOptions;
  readonly #roots = new Map<string, SourceFile>();
  readonly #sources = new Map<string, SourceFile | undefined>();
  readonly #loaded = new Map<string, Scope>();
  /** The files on the way to the one at hand. */
  readonly #open: string[] = [];

  constructor(roots: readonly SourceFile[], options: IncludeOptions, sink: DiagnosticSink) {
    this.#sink = sink;
    this.#options = options;
    for (const root of roots) this.#roots.set(normalizePath(root.path), root);
  }

  load(source: SourceFile): Scope {
    const path = normalizePath(source.path);
    const known = this.#loaded.get(path);
    if (known !== undefined) return known;
    this.#open.push(path);
    const document = parseDocument(source, this.#sink);
    const scope = this.#scopeOf(document, path);
    this.#open.pop();
    this.#loaded.set(path, scope);
    this.scopes.push(scope);
    return scope;
  }

  #scopeOf(document: DocumentSyntax, path: string): Scope {
    const includes = new Set<Scope>();
    const missing = new Set<string>();
    for (const include of document.includes) {
      const included = this.#include(include, path);
      if (included === undefined) missing.add(baseNameOf(normalizePath(include.path)));
      else includes.add(included);
    }
    const file = {
      path,
      name: baseNameOf(path),
      namespaces: this.#namespacesOf(document),
      includes: [...includes].map((scope) => scope.file),
      definitions: [],
    };
    return { document, file, includes: [...includes], missing, names: new Map() };
  }

  #include(include: IncludeSyntax, from: string): Scope | undefined {
    const source = this.#find(include.path, directoryOf(from));
    if (source === undefined) {
      this.#tellMissing(include, from);
      return undefined;
    }
    const path = normalizePath(source.path);
    const at = this.#open.indexOf(path);
    if (at >= 0) {
      const circle = [...this.#open.slice(at), path].join(" -> ");
      this.#sink.error(
        include.span,
        `files include each other in a circle: ${circle}`,
        "move what both need into a third file",
      );
      return undefined;
    }
    if (this.#open.length >= maxIncludeDepth) {
      this.#sink.error(include.span, `files include each other at most ${maxIncludeDepth} deep`);
      return undefined;
    }
    return this.load(source);
  }

  #find(path: string, directory: string): SourceFile | undefined {
    for (const candidate of this.#candidates(path, directory)) {
      const source = this.#read(candidate);
      if (source !== undefined) return source;
    }
    return undefined;
  }

  #candidates(path: string, directory: string): readonly string[] {
    if (isAbsolute(path)) return [normalizePath(path)];
    const directories = [directory, ...(this.#options.includeDirs ?? []), ""];
    return [...new Set(directories.map((each) => joinPath(each, path)))];
  }

  #read(path: string): SourceFile | undefined {
    const root = this.#roots.get(path);
    if (root !== undefined) return root;
    if (!this.#sources.has(path)) {
      const text = this.#options.read?.(path);
      this.#sources.set(path, text === undefined ? undefined : new SourceFile(path, text));
    }
    return this.#sources.get(path);
  }

  #tellMissing(include: IncludeSyntax, from: string): void {
    this.#sink.error(include.span, `cannot find the included file "${include.path}"`, () => {
      const looked = this.#candidates(include.path, directoryOf(from)).join(", ");
      return didYouMean(include.path, this.#roots.keys()) ?? `looked for ${looked}`;
    });
  }

  #namespacesOf(document: DocumentSyntax): ReadonlyMap<string, string> {
    const namespaces = new Map<string, string>();
    for (const { language, name, span } of document.namespaces) {
      if (namespaces.has(language)) {
        this.#sink.warning(span, `namespace ${language} stands twice; the first one counts`);
      } else namespaces.set(language, name);
    }
    return namespaces;
  }
}
