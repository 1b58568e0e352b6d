/** Names that a program cannot use at the top of a module, as values or as types. */
const reserved: ReadonlySet<string> = new Set(
  [
    // Words of JavaScript.
    "await break case catch class const continue debugger default delete do else enum export extends false finally for",
    "function if implements import in instanceof interface let new null package private protected public return static",
    "super switch this throw true try typeof var void while with yield arguments eval undefined NaN Infinity globalThis",
    // Words that TypeScript takes for something else in the place of a type.
    "abstract any asserts bigint boolean infer intrinsic keyof never number object readonly string symbol unique unknown",
    // What generated code uses itself.
    "Map ReadonlyMap ReadonlySet Readonly Record Set Uint8Array m t",
  ].flatMap((words) => words.split(" ")),
);

/** Names that would be seen as something else on a client, a handler or a message. */
const reservedProperties: ReadonlySet<string> = new Set(["__proto__", "constructor", "then"]);

/** Gives out names, each once: the wanted one, or, where that is taken, the same with `_` behind it. */
export class NameTable {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  isFree(name: string): boolean {
    return !reserved.has(name) && !this.#taken.has(name);
  }

  take(wanted: string): string {
    let name = wanted;
    while (!this.isFree(name)) name += "_";
    this.#taken.add(name);
    return name;
  }
}

/** A name that can be taken as it is comes before those that give way to it, so the order of names does not matter. */
export function assignNames(wanted: readonly string[]): ReadonlyMap<string, string> {
  const table = new NameTable(wanted);
  return new Map(wanted.map((name) => [name, reserved.has(name) ? table.take(`${name}_`) : name]));
}

/**
 * Properties for IDL names: the converted name, unless another one has it, whose own name counts first; then the name as in
 * the IDL, and if that is taken too, with `_` behind it.
 */
export function assignProperties(
  names: readonly string[],
  convert: (name: string) => string,
  taken: Iterable<string> = [],
): ReadonlyMap<string, string> {
  const others = new Set(taken);
  const used = new Set([...names, ...others]);
  return new Map(
    names.map((name) => {
      const wanted = convert(name);
      const isFree = wanted === name ? !others.has(name) : !used.has(wanted);
      const property = freeProperty(isFree ? wanted : name, others);
      others.add(property);
      used.add(property);
      return [name, property];
    }),
  );
}

function freeProperty(name: string, taken: ReadonlySet<string>): string {
  let free = reservedProperties.has(name) ? `${name}_` : name;
  while (taken.has(free)) free += "_";
  return free;
}

/** `EchoClient`, `echo_client` and `ECHO_CLIENT` become `echoClient`, `HTTPGet` becomes `httpGet`. */
export function camelCase(name: string): string {
  const edges = /^(_*)(.*?)(_*)$/.exec(name);
  const [, before = "", inner = "", after = ""] = edges ?? [];
  const parts = inner.split(/_+/).filter((part) => part !== "");
  const shouting = parts.length > 0 && !/[a-z]/.test(inner);
  const words = parts.map((part, i) => {
    const word = shouting ? part.toLowerCase() : part;
    return i === 0 ? lowerFirst(word) : word.charAt(0).toUpperCase() + word.slice(1);
  });
  return before + words.join("") + after;
}

/** The first letter, or, of an acronym, all but the last of its capitals. */
function lowerFirst(word: string): string {
  const capitals = /^[A-Z]+/.exec(word)?.[0] ?? "";
  const rest = word.slice(capitals.length);
  const count = capitals.length > 1 && /^[a-z]/.test(rest) ? capitals.length - 1 : capitals.length;
  return word.slice(0, count).toLowerCase() + word.slice(count);
}

/** What makes an identifier of the base name of a file. */
export function identifierOf(fileName: string): string {
  const name = fileName.replaceAll(/[^A-Za-z0-9_$]/g, "_");
  return /^\d/.test(name) || name === "" ? `_${name}` : name;
}
