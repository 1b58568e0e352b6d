/** Where strings under string keys are read from: a `Map`, or an object's own enumerable properties. */
export type StringMap = ReadonlyMap<string, string> | Readonly<Record<string, string>>;

/** Where strings under string keys are written to. */
export type MutableStringMap = Map<string, string> | Record<string, string>;

export function entriesOf(map: StringMap): Iterable<readonly [string, string]> {
  return isMap(map) ? map : Object.entries(map);
}

export function setEntry(map: MutableStringMap, key: string, value: string): void {
  if (isMap(map)) map.set(key, value);
  // Assigning would change the prototype of an ordinary object.
  else if (key === "__proto__")
    Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  else map[key] = value;
}

function isMap<M extends ReadonlyMap<string, string>>(map: M | Readonly<Record<string, string>>): map is M {
  return map instanceof Map;
}

/** Key spaces and carriers hold strings only; from JavaScript anything may come. */
export function requireString(value: unknown, what: string): asserts value is string {
  if (typeof value !== "string") throw new TypeError(`${what} must be a string, got ${describe(value)}`);
}

export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
