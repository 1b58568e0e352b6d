const MAX_ENTRIES = 512;
const MAX_LENGTH = 64;

/**
 * `compute`, remembering its latest results. Keys of metainfo are few and come again with every call, and converting them costs
 * more than the rest of sending them. What is remembered is bounded, for they may also come from a stranger.
 */
export function recent<T>(compute: (text: string) => T): (text: string) => T {
  const results = new Map<string, T>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = compute(text);
    if (text.length <= MAX_LENGTH) {
      if (results.size >= MAX_ENTRIES) results.clear();
      results.set(text, result);
    }
    return result;
  };
}
