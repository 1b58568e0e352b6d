import {
  broken,
  choice,
  fill,
  group,
  hardline,
  ifBroken,
  indent,
  join,
  type Layout,
  line,
  softline,
} from "./layout.ts";

/** Pieces of TypeScript as layouts, broken into lines as Biome breaks them. */

/** An expression, with what decides how a list or a call of it is broken. */
export interface Expression {
  readonly layout: Layout;
  readonly shape: "string" | "number" | "numbers" | "array" | "object" | "function" | "other";
  /** How many elements or properties. */
  readonly size: number;
}

export function plain(layout: Layout): Expression {
  return { layout, shape: "other", size: 0 };
}

export function stringLiteral(text: string): Expression {
  return { layout: quoted(text), shape: "string", size: 0 };
}

export function numberLiteral(text: string): Expression {
  return { layout: text, shape: "number", size: 0 };
}

export function array(elements: readonly Expression[]): Expression {
  const size = elements.length;
  const layouts = elements.map(({ layout }) => layout);
  if (size === 0) return { layout: "[]", shape: "array", size };
  if (size > 1 && elements.every(({ shape }) => shape === "number")) {
    const layout = group(["[", indent([softline, fill(layouts), ifBroken(",")]), softline, "]"]);
    return { layout, shape: "numbers", size };
  }
  const layout = group(bracketed("[", softline, layouts, "]"), isTable(elements));
  return { layout, shape: "array", size };
}

/** Several arrays, or several objects, each of several parts, stand one below the other. */
function isTable(elements: readonly Expression[]): boolean {
  const isRow = (shape: Expression["shape"]) => (element: Expression) =>
    element.size > 1 && (element.shape === shape || (element.shape === "numbers" && shape === "array"));
  return elements.length > 1 && (elements.every(isRow("array")) || elements.every(isRow("object")));
}

export function object(properties: readonly Layout[], shouldBreak = false): Expression {
  const layout = properties.length === 0 ? "{}" : group(bracketed("{", line, properties, "}"), shouldBreak);
  return { layout, shape: "object", size: properties.length };
}

/** `(parameters) => body` */
export function arrow(parameters: readonly string[], body: Expression): Expression {
  return { layout: [`(${parameters.join(", ")}) =>`, arrowBody(body)], shape: "function", size: 0 };
}

/** Arrays and objects begin on the line of the arrow, all else goes to the next line where it does not fit. */
function arrowBody({ shape, layout }: Expression): Layout {
  if (shape === "object") return [" (", layout, ")"];
  if (shape === "array" || shape === "numbers") return [" ", layout];
  return group(indent([line, layout]));
}

/** What follows `name:` or `name =`. A text goes to the next line where it does not fit, all else is broken in itself. */
export function assigned({ shape, layout }: Expression): Layout {
  return shape === "string" ? group(indent([line, layout])) : [" ", layout];
}

/** A call. Its last argument may begin on the line of the call and end on the line of the closing bracket. */
export function call(callee: Layout, args: readonly Expression[]): Expression {
  const layouts = args.map(({ layout }) => layout);
  const last = args.at(-1);
  if (last === undefined) return plain([callee, "()"]);
  if (!canHug(last, args.at(-2))) return plain([callee, group(bracketed("(", softline, layouts, ")"))]);
  const others = layouts.slice(0, -1).flatMap((layout) => [layout, ", "]);
  const argumentList = choice(
    ["(", join(", ", layouts), ")"],
    ["(", others, group(broken(last.layout), true), ")"],
    ["(", indent([hardline, join([",", hardline], layouts), ","]), hardline, ")"],
  );
  return plain([callee, argumentList]);
}

function canHug(last: Expression, beforeLast: Expression | undefined): boolean {
  if (last.shape === "numbers") return beforeLast === undefined;
  if (last.shape === "function") return true;
  return (
    (last.shape === "array" || last.shape === "object") && last.size > 0 && last.shape !== beforeLast?.shape
  );
}

function bracketed(open: string, edge: Layout, parts: readonly Layout[], close: string): Layout {
  return [open, indent([edge, join([",", line], parts), ifBroken(",")]), edge, close];
}

/** `Name<A, B>` */
export function generic(name: string, args: readonly Layout[]): Layout {
  if (args.length === 1) return [name, "<", args, ">"];
  return [name, group(["<", indent([softline, join([",", line], args)]), softline, ">"])];
}

/** `{ a: A; b: B }` on one line where it fits. */
export function objectType(members: readonly Layout[], shouldBreak = false): Layout {
  if (members.length === 0) return "{}";
  return group(["{", indent([line, join([";", line], members), ifBroken(";")]), line, "}"], shouldBreak);
}

/** What follows `name:` or `type Name =`: one type, or several with `|` between them. */
export function unionType(members: readonly Layout[]): Layout {
  if (members.length <= 1) return [" ", members];
  return group(indent([line, ifBroken("| "), join([line, "| "], members.map(indent))]));
}

/** Text in quotes: in double ones, unless single ones save backslashes. */
export function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1);
  const doubles = text.split('"').length;
  const singles = text.split("'").length;
  if (doubles <= singles) return `"${inner}"`;
  return `'${inner.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** A property's name, in quotes or brackets where it needs them. */
export function propertyName(name: string): string {
  // In a literal, `__proto__: x` sets the prototype.
  if (name === "__proto__") return '["__proto__"]';
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}
