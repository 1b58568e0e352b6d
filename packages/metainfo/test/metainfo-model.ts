/**
 * Metainfo as its specification tells it, in the most naive form: lists of pairs, copied at every step, searched from end to end. It
 * shares no code and no data structure with the package.
 */
export type Pair = readonly [key: string, value: string];

interface Node {
  readonly persistent: readonly Pair[];
  readonly transient: readonly Pair[];
  readonly upstream: readonly Pair[];
}

export interface ModelContext {
  readonly node: Node | undefined;
  readonly received: { pairs: Pair[] } | undefined;
  readonly toSend: { pairs: Pair[] } | undefined;
}

type Space = keyof Node;

export const bare: ModelContext = { node: undefined, received: undefined, toSend: undefined };
const noPairs: Node = { persistent: [], transient: [], upstream: [] };

/** Lone surrogates, one UTF-16 unit after the other. */
export function mended(text: string): string {
  return Array.from(text)
    .map((c) => (c.length === 1 && c >= "\ud800" && c <= "\udfff" ? "\ufffd" : c))
    .join("");
}

function find(pairs: readonly Pair[], key: string): string | undefined {
  return pairs.filter(([k]) => k === mended(key)).map(([, v]) => v)[0];
}

function put(pairs: readonly Pair[], key: string, value: string): Pair[] {
  const pair: Pair = [mended(key), mended(value)];
  if (find(pairs, key) === undefined) return [...pairs, pair];
  return pairs.map((old) => (old[0] === pair[0] ? pair : old));
}

function drop(pairs: readonly Pair[], key: string): Pair[] {
  return pairs.filter(([k]) => k !== mended(key));
}

function change(context: ModelContext, changes: Partial<Node>): ModelContext {
  return { ...context, node: { ...noPairs, ...context.node, ...changes } };
}

export function withValue(context: ModelContext, key: string, value: string): ModelContext {
  if (key === "" || value === "") return context;
  const { transient, upstream } = context.node ?? noPairs;
  const isUpstream = find(upstream, key) !== undefined;
  if (!isUpstream && find(transient, key) === mended(value)) return context;
  return change(context, { transient: put(transient, key, value), upstream: drop(upstream, key) });
}

export function withPersistentValue(context: ModelContext, key: string, value: string): ModelContext {
  if (key === "" || value === "") return context;
  const { persistent } = context.node ?? noPairs;
  if (find(persistent, key) === mended(value)) return context;
  return change(context, { persistent: put(persistent, key, value) });
}

export function batch(write: typeof withValue, context: ModelContext, pairs: readonly Pair[]): ModelContext {
  if (pairs.length === 0) return context;
  return pairs.reduce((result, [key, value]) => write(result, key, value), change(context, {}));
}

export function delValue(context: ModelContext, key: string): ModelContext {
  if (getValue(context, key) === undefined) return context;
  const { transient, upstream } = context.node ?? noPairs;
  return change(context, { transient: drop(transient, key), upstream: drop(upstream, key) });
}

export function delPersistentValue(context: ModelContext, key: string): ModelContext {
  if (getPersistentValue(context, key) === undefined) return context;
  return change(context, { persistent: drop(context.node?.persistent ?? [], key) });
}

export function transferForward(context: ModelContext): ModelContext {
  if (context.node === undefined) return context;
  return change(context, { transient: [], upstream: context.node.transient });
}

export function getValue(context: ModelContext, key: string): string | undefined {
  return find(context.node?.transient ?? [], key) ?? find(context.node?.upstream ?? [], key);
}

export function getPersistentValue(context: ModelContext, key: string): string | undefined {
  return find(context.node?.persistent ?? [], key);
}

export function rangeValues(context: ModelContext): Pair[] {
  return [...(context.node?.upstream ?? []), ...(context.node?.transient ?? [])];
}

export function rangePersistentValues(context: ModelContext): Pair[] {
  return [...(context.node?.persistent ?? [])];
}

export function setMetaInfoFromMap(context: ModelContext, entries: readonly Pair[]): ModelContext {
  if (entries.length === 0) return context;
  const prefixes: [string, Space][] = [
    ["RPC_TRANSIT_UPSTREAM_", "upstream"],
    ["RPC_TRANSIT_", "transient"],
    ["RPC_PERSIST_", "persistent"],
  ];
  const found = entries.flatMap(([name, value]): [Space, string, string][] => {
    const prefix = prefixes.find(([p]) => name.startsWith(p));
    return prefix === undefined ? [] : [[prefix[1], name.slice(prefix[0].length), value]];
  });
  return merged(context, found);
}

export function fromHTTPHeader(context: ModelContext, fields: readonly Pair[]): ModelContext {
  const found = fields.flatMap(([name, value]): [Space, string, string][] => {
    const lowerCase = asciiCase(name, "lower");
    const rest = asciiCase(name.slice("rpc-xxxxxxx-".length).replace(/-/g, "_"), "upper");
    if (lowerCase.startsWith("rpc-transit-")) return [["transient", rest, value]];
    if (lowerCase.startsWith("rpc-persist-")) return [["persistent", rest, value]];
    return [];
  });
  return merged(context, found);
}

function merged(context: ModelContext, found: readonly [Space, string, string][]): ModelContext {
  const valid = found.filter(([, key, value]) => key !== "" && value !== "");
  const before = rangeValues(context).length + rangePersistentValues(context).length;
  if (before + valid.length === 0) return context;
  return valid.reduce(
    (result, [space, key, value]) =>
      change(result, { [space]: put((result.node ?? noPairs)[space], key, value) }),
    change(context, {}),
  );
}

export function saved(context: ModelContext): Pair[] {
  return [
    ...(context.node?.transient ?? []).map(([k, v]): Pair => [`RPC_TRANSIT_${k}`, v]),
    ...(context.node?.persistent ?? []).map(([k, v]): Pair => [`RPC_PERSIST_${k}`, v]),
  ];
}

/** As it ends up in a header that keeps one value for each name; order does not matter there. */
export function headers(context: ModelContext): Record<string, string> {
  const winning = rangeValues(context).filter(
    ([key], index, all) => !all.slice(index + 1).some(([later]) => later === key),
  );
  const written = [
    ...winning.map(([k, v]) => ["rpc-transit-", k, v] as const),
    ...rangePersistentValues(context).map(([k, v]) => ["rpc-persist-", k, v] as const),
  ];
  const result: Record<string, string> = {};
  for (const [prefix, key, value] of written) {
    if (!Array.from(key).every((c) => "!#$%&'*+-.^_`|~".includes(c) || /^[0-9A-Za-z]$/.test(c))) continue;
    if (Array.from(value).some((c) => (c < " " && c !== "\t") || c === "\x7f")) continue;
    result[prefix + asciiCase(key.replace(/_/g, "-"), "lower")] = value;
  }
  return result;
}

function asciiCase(text: string, to: "lower" | "upper"): string {
  const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const lower = "abcdefghijklmnopqrstuvwxyz";
  const [from, into] = to === "lower" ? [upper, lower] : [lower, upper];
  return Array.from(text, (c) => into[from.indexOf(c)] ?? c).join("");
}

type Side = "received" | "toSend";

export function mark(side: Side, context: ModelContext): ModelContext {
  return context[side] === undefined ? { ...context, [side]: { pairs: [] } } : context;
}

export function store(side: Side, context: ModelContext, pairs: readonly Pair[]): boolean {
  const box = context[side];
  if (box === undefined || pairs.length === 0) return false;
  for (const [key, value] of pairs) box.pairs = put(box.pairs, key, value);
  return true;
}

export function stored(side: Side, context: ModelContext): Pair[] {
  return [...(context[side]?.pairs ?? [])];
}
