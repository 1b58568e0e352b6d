const maxNames = 512;
const maxNameLength = 64;

/**
 * `compute`, remembering its latest results. Names, paths and types are few and come again with every call, and judging them costs more than the
 * rest of reading or writing a field. What is remembered is bounded, for they may also come from a stranger.
 */
export function remembered<T>(compute: (name: string) => T): (name: string) => T {
  const results = new Map<string, T>();
  return (name) => {
    const known = results.get(name);
    if (known !== undefined) return known;
    const result = compute(name);
    if (name.length <= maxNameLength) {
      if (results.size >= maxNames) results.clear();
      results.set(name, result);
    }
    return result;
  };
}
