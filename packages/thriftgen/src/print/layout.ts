/**
 * Text that knows where it may be broken into lines: what fits a line stays on it, what does not is broken from the outside
 * in. The choices are those of Prettier and Biome, so that their formatters leave the output as it is.
 */
export type Layout = string | readonly Layout[] | Group | Indent | Line | IfBroken | Choice | Fill;

interface Group {
  readonly kind: "group";
  readonly content: Layout;
  readonly isBroken: boolean;
}

interface Indent {
  readonly kind: "indent";
  readonly content: Layout;
}

interface Line {
  readonly kind: "line";
  /** What stands there when the group is on one line; `undefined`: the line always breaks here. */
  readonly flat: "" | " " | undefined;
}

interface IfBroken {
  readonly kind: "if-broken";
  readonly content: Layout;
}

interface Choice {
  readonly kind: "choice";
  readonly states: readonly Layout[];
}

interface Fill {
  readonly kind: "fill";
  readonly items: readonly Layout[];
}

/** A line break, or nothing. */
export const softline: Layout = { kind: "line", flat: "" };
/** A line break, or a blank. */
export const line: Layout = { kind: "line", flat: " " };
/** A line break. */
export const hardline: Layout = { kind: "line", flat: undefined };

/** Breaks all its own lines, or none. */
export function group(content: Layout, shouldBreak = false): Layout {
  return { kind: "group", content, isBroken: shouldBreak || mustBreak(content) };
}

/** The same group, broken; what is no group stays as it is. */
export function broken(layout: Layout): Layout {
  return typeof layout === "object" && "kind" in layout && layout.kind === "group"
    ? { ...layout, isBroken: true }
    : layout;
}

export function indent(content: Layout): Layout {
  return { kind: "indent", content };
}

/** Stands there only when the group around it is broken. */
export function ifBroken(content: Layout): Layout {
  return { kind: "if-broken", content };
}

/** The first state that fits its line, up to where it must be broken; else the last, broken wherever it can be. */
export function choice(...states: readonly Layout[]): Layout {
  return { kind: "choice", states };
}

/** As many items on each line as fit, separated by commas. */
export function fill(items: readonly Layout[]): Layout {
  return { kind: "fill", items };
}

export function join(separator: Layout, parts: readonly Layout[]): Layout {
  return parts.flatMap((part, i) => (i === 0 ? [part] : [separator, part]));
}

/** Lines one below the other. */
export function lines(parts: readonly Layout[]): Layout {
  return join(hardline, parts);
}

function mustBreak(layout: Layout): boolean {
  if (typeof layout === "string") return false;
  if (isList(layout)) return layout.some(mustBreak);
  switch (layout.kind) {
    case "line":
      return layout.flat === undefined;
    case "group":
      return layout.isBroken;
    case "indent":
      return mustBreak(layout.content);
    case "choice":
      return layout.states.slice(0, 1).some(mustBreak);
    case "fill":
      return layout.items.some(mustBreak);
    case "if-broken":
      return false;
  }
}

// `Array.isArray` does not narrow readonly arrays.
function isList(layout: Layout): layout is readonly Layout[] {
  return Array.isArray(layout);
}

interface Command {
  readonly indentation: number;
  readonly isFlat: boolean;
  readonly layout: Layout;
}

/** The text of a layout, in lines of at most `width` where that is possible. */
export function render(layout: Layout, width: number): string {
  const out: string[] = [];
  let column = 0;
  const stack: Command[] = [{ indentation: 0, isFlat: false, layout }];
  for (let command = stack.pop(); command !== undefined; command = stack.pop()) {
    const { indentation, isFlat, layout: current } = command;
    const push = (content: Layout, flat = isFlat, by = 0): void => {
      stack.push({ indentation: indentation + by, isFlat: flat, layout: content });
    };
    const doesFit = (content: Layout, flat: boolean): boolean =>
      fits({ indentation, isFlat: flat, layout: content }, stack, width - column);
    if (typeof current === "string") {
      out.push(current);
      column += current.length;
      continue;
    }
    if (isList(current)) {
      for (const part of current.toReversed()) push(part);
      continue;
    }
    switch (current.kind) {
      case "group":
        push(current.content, !current.isBroken && (isFlat || doesFit(current.content, true)));
        break;
      case "indent":
        push(current.content, isFlat, 2);
        break;
      case "if-broken":
        if (!isFlat) push(current.content);
        break;
      case "choice": {
        const [first = "", ...others] = current.states;
        if (!mustBreak(first) && (isFlat || doesFit(first, true))) push(first, true);
        else pushBest(others, push, doesFit);
        break;
      }
      case "fill":
        if (isFlat) push(join(", ", current.items));
        else pushFill(current.items, push, width - column);
        break;
      case "line":
        if (isFlat && current.flat !== undefined) {
          out.push(current.flat);
          column += current.flat.length;
        } else {
          out.push(`\n${" ".repeat(indentation)}`);
          column = indentation;
        }
    }
  }
  return out.join("").replaceAll(/[ ]+$/gm, "");
}

/** A state but the last is taken as on one line, except for the groups in it that must break. */
function pushBest(states: readonly Layout[], push: Push, doesFit: DoesFit): void {
  const best = states.slice(0, -1).find((state) => doesFit(state, true));
  if (best !== undefined) push(best, true);
  else push(states.at(-1) ?? "", false);
}

type Push = (content: Layout, isFlat?: boolean) => void;
type DoesFit = (content: Layout, isFlat: boolean) => boolean;

/** Prints the first item and decides about the line between it and the second; the rest comes again. */
function pushFill(items: readonly Layout[], push: Push, room: number): void {
  const [first, second] = items;
  if (first === undefined) return;
  if (second !== undefined) {
    const pair: Command = { indentation: 0, isFlat: true, layout: [first, ", ", second, ","] };
    push(fill(items.slice(1)));
    push(line, fits(pair, [], room));
    push(",");
  }
  push(first, true);
}

/** True when everything up to the next line break fits into the rest of the line. */
function fits(next: Command, rest: readonly Command[], room: number): boolean {
  const stack: Command[] = [next];
  let restIndex = rest.length;
  let left = room;
  while (left >= 0) {
    const command = stack.pop() ?? rest[--restIndex];
    if (command === undefined) return true;
    const { isFlat, layout } = command;
    if (typeof layout === "string") {
      left -= layout.length;
      continue;
    }
    const push = (content: Layout, flat = isFlat): void => {
      stack.push({ indentation: 0, isFlat: flat, layout: content });
    };
    if (isList(layout)) {
      for (const part of layout.toReversed()) push(part);
      continue;
    }
    switch (layout.kind) {
      case "group":
        push(layout.content, isFlat && !layout.isBroken);
        break;
      case "indent":
        push(layout.content);
        break;
      case "if-broken":
        if (!isFlat) push(layout.content);
        break;
      case "choice":
        push((isFlat ? layout.states[0] : layout.states.at(-1)) ?? "");
        break;
      case "fill":
        push(join([",", line], layout.items));
        break;
      case "line":
        if (!isFlat || layout.flat === undefined) return true;
        left -= layout.flat.length;
    }
  }
  return false;
}
