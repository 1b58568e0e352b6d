import type { DiagnosticSink } from "../diagnostics.ts";
import type { Type, TypedefModel } from "../model.ts";
import { maxNesting } from "../parse/type.ts";
import { type Scope, unknownType, type Writable } from "./scope.ts";
import { resolveTypeSyntax } from "./types.ts";

/** So many parts may a type have once typedefs are written out: those who compile types write them out. */
const maxParts = 1000;

interface Size {
  readonly depth: number;
  readonly parts: number;
}

/** Resolves all typedefs, and refuses those that lead back to themselves or grow without measure. */
export function checkTypedefs(scopes: readonly Scope[], sink: DiagnosticSink): void {
  const typedefs = scopes.flatMap(({ names }) => [...names.values()]).filter((d) => d.kind === "typedef");
  for (const { scope, syntax, model } of typedefs) {
    model.type = resolveTypeSyntax(scope, syntax.type, sink) ?? unknownType;
  }

  const sizes = new Map<TypedefModel, Size>();
  const open: TypedefModel[] = [];
  const measure = (type: Type): Size => {
    switch (type.kind) {
      case "list":
      case "set":
        return grow([measure(type.element)]);
      case "map":
        return grow([measure(type.key), measure(type.value)]);
      case "typedef":
        return grow([measureTypedef(type.definition)]);
      default:
        return { depth: 1, parts: 1 };
    }
  };
  const measureTypedef = (typedef: TypedefModel): Size => {
    const known = sizes.get(typedef);
    if (known !== undefined) return known;
    const at = open.indexOf(typedef);
    if (at >= 0) throw new TypedefProblem(typedef, cycleText(open.slice(at)));
    if (open.length > maxNesting)
      throw new TypedefProblem(typedef, `typedefs nest at most ${maxNesting} deep`);
    open.push(typedef);
    const size = measure(typedef.type);
    open.pop();
    sizes.set(typedef, size);
    if (size.depth > maxNesting) throw new TypedefProblem(typedef, `types nest at most ${maxNesting} deep`);
    if (size.parts > maxParts) {
      throw new TypedefProblem(typedef, `a type has at most ${maxParts} parts, typedefs written out`);
    }
    return size;
  };

  for (const { model } of typedefs) {
    while (!sizes.has(model)) {
      try {
        measureTypedef(model);
      } catch (problem) {
        if (!(problem instanceof TypedefProblem)) throw problem;
        const { typedef } = problem;
        sink.error(typedef.span, problem.message);
        // Cut here, so that whoever follows typedefs comes to an end, and this is told once.
        typedef.type = unknownType;
        sizes.set(typedef, { depth: 1, parts: 1 });
        open.length = 0;
      }
    }
  }
}

class TypedefProblem extends Error {
  /** The one to blame. */
  readonly typedef: Writable<TypedefModel>;

  constructor(typedef: TypedefModel, message: string) {
    super(message);
    this.typedef = typedef;
  }
}

function grow(parts: readonly Size[]): Size {
  return {
    depth: 1 + Math.max(...parts.map((part) => part.depth)),
    parts: parts.reduce((sum, part) => sum + part.parts, 1),
  };
}

function cycleText(cycle: readonly TypedefModel[]): string {
  const names = [...cycle, ...cycle.slice(0, 1)].map(({ name }) => name);
  return `typedef "${names[0]}" leads back to itself: ${names.join(" -> ")}`;
}
