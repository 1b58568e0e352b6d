/** Text of at most this many bytes is worth making here. */
export const shortTextBytes = 16;

type Bytes = { readonly [index: number]: number };

const text = String.fromCharCode;

/**
 * Text of up to sixteen bytes, if all of them are ASCII, else `undefined`. One call with all the letters takes a third of
 * the time of a native decoder, most of which is the way there; hence a case for each length.
 */
export function readShortText(bytes: Bytes, at: number, size: number): string | undefined {
  if (size === 0) return "";
  const a = bytes[at] as number;
  if (size === 1) return a > 127 ? undefined : text(a);
  const b = bytes[at + 1] as number;
  if (size === 2) return (a | b) > 127 ? undefined : text(a, b);
  const c = bytes[at + 2] as number;
  if (size === 3) return (a | b | c) > 127 ? undefined : text(a, b, c);
  const d = bytes[at + 3] as number;
  if ((a | b | c | d) > 127) return undefined;
  if (size === 4) return text(a, b, c, d);
  const e = bytes[at + 4] as number;
  if (size === 5) return e > 127 ? undefined : text(a, b, c, d, e);
  const f = bytes[at + 5] as number;
  if (size === 6) return (e | f) > 127 ? undefined : text(a, b, c, d, e, f);
  const g = bytes[at + 6] as number;
  if (size === 7) return (e | f | g) > 127 ? undefined : text(a, b, c, d, e, f, g);
  const h = bytes[at + 7] as number;
  if ((e | f | g | h) > 127) return undefined;
  if (size === 8) return text(a, b, c, d, e, f, g, h);
  const i = bytes[at + 8] as number;
  if (size === 9) return i > 127 ? undefined : text(a, b, c, d, e, f, g, h, i);
  const j = bytes[at + 9] as number;
  if (size === 10) return (i | j) > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j);
  const k = bytes[at + 10] as number;
  if (size === 11) return (i | j | k) > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k);
  const l = bytes[at + 11] as number;
  if ((i | j | k | l) > 127) return undefined;
  if (size === 12) return text(a, b, c, d, e, f, g, h, i, j, k, l);
  const m = bytes[at + 12] as number;
  if (size === 13) return m > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m);
  const n = bytes[at + 13] as number;
  if (size === 14) return (m | n) > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
  const o = bytes[at + 14] as number;
  if (size === 15) return (m | n | o) > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
  const p = bytes[at + 15] as number;
  return (m | n | o | p) > 127 ? undefined : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
}
