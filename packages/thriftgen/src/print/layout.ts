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
  /** Those before are printed already. */
  readonly from: number;
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
  return { kind: "fill", items, from: 0 };
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
  return new Renderer(width).render(layout);
}

class Renderer {
  readonly #width: number;
  readonly #out: string[] = [];
  /** What is still to be printed, the next at the end. */
  readonly #stack: Command[] = [];
  #column = 0;

  constructor(width: number) {
    this.#width = width;
  }

  render(layout: Layout): string {
    this.#stack.push({ indentation: 0, isFlat: false, layout });
    for (let command = this.#stack.pop(); command !== undefined; command = this.#stack.pop()) {
      this.#print(command);
    }
    return this.#out.join("").replaceAll(/ +$/gm, "");
  }

  #print(command: Command): void {
    const { layout, isFlat } = command;
    if (typeof layout === "string") {
      this.#out.push(layout);
      this.#column += layout.length;
      return;
    }
    if (isList(layout)) {
      for (let i = layout.length - 1; i >= 0; i--) this.#push(command, layout[i] ?? "");
      return;
    }
    switch (layout.kind) {
      case "group":
        this.#push(
          command,
          layout.content,
          !layout.isBroken && (isFlat || this.#fits(command, layout.content)),
        );
        break;
      case "indent":
        this.#push(command, layout.content, isFlat, 2);
        break;
      case "if-broken":
        if (!isFlat) this.#push(command, layout.content);
        break;
      case "choice":
        this.#choose(command, layout.states);
        break;
      case "fill":
        if (isFlat) this.#push(command, join(", ", layout.items));
        else this.#fill(command, layout);
        break;
      case "line":
        this.#line(command, layout.flat);
    }
  }

  #push({ indentation, isFlat }: Command, layout: Layout, flat = isFlat, by = 0): void {
    this.#stack.push({ indentation: indentation + by, isFlat: flat, layout });
  }

  #line({ indentation, isFlat }: Command, flat: Line["flat"]): void {
    if (isFlat && flat !== undefined) {
      this.#out.push(flat);
      this.#column += flat.length;
    } else {
      this.#out.push(`\n${" ".repeat(indentation)}`);
      this.#column = indentation;
    }
  }

  /** A state but the last is taken as on one line, except for the groups in it that must break. */
  #choose(command: Command, [first = "", ...others]: readonly Layout[]): void {
    if (!mustBreak(first) && (command.isFlat || this.#fits(command, first))) {
      this.#push(command, first, true);
      return;
    }
    const best = others.slice(0, -1).find((state) => this.#fits(command, state));
    if (best !== undefined) this.#push(command, best, true);
    else this.#push(command, others.at(-1) ?? first, false);
  }

  /** Prints the first item and decides about the line between it and the second; the rest comes again. */
  #fill(command: Command, { items, from }: Fill): void {
    const item = items[from];
    const next = items[from + 1];
    if (item === undefined) return;
    if (next !== undefined) {
      const pair = [item, ", ", next, ","];
      const isOneLine = fits({ ...command, isFlat: true, layout: pair }, [], this.#width - this.#column);
      this.#push(command, { kind: "fill", items, from: from + 1 });
      this.#push(command, line, isOneLine);
      this.#push(command, ",");
    }
    this.#push(command, item, true);
  }

  /** True when the layout, on one line, and all that follows up to the next line break fit the rest of the line. */
  #fits(command: Command, layout: Layout): boolean {
    return fits({ ...command, isFlat: true, layout }, this.#stack, this.#width - this.#column);
  }
}

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
    } else if (isList(layout)) {
      for (let i = layout.length - 1; i >= 0; i--) stack.push({ ...command, layout: layout[i] ?? "" });
    } else if (layout.kind === "line") {
      if (!isFlat || layout.flat === undefined) return true;
      left -= layout.flat.length;
    } else {
      const content = contentOf(layout, isFlat);
      const isBroken = layout.kind === "group" && layout.isBroken;
      if (content !== undefined) stack.push({ ...command, isFlat: isFlat && !isBroken, layout: content });
    }
  }
  return false;
}

function contentOf(layout: Group | Indent | IfBroken | Choice | Fill, isFlat: boolean): Layout | undefined {
  switch (layout.kind) {
    case "group":
    case "indent":
      return layout.content;
    case "if-broken":
      return isFlat ? undefined : layout.content;
    case "choice":
      return isFlat ? layout.states[0] : layout.states.at(-1);
    case "fill":
      return isFlat ? join(", ", layout.items) : [layout.items[layout.from] ?? "", ",", line];
  }
}
