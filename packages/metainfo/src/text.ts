/** ES2024, in Node 20 and in browsers since 2023; older ones take the regular expression. */
interface WellFormedString {
  toWellFormed?(): string;
}

/**
 * `text` with each lone surrogate replaced by U+FFFD, as UTF-8 would do on the wire. Done when a string is set,
 * so that what is read here is what the next service reads, whatever the transport.
 */
export function wellFormed(text: string): string {
  return (text as WellFormedString).toWellFormed?.() ?? text.replace(/\p{Surrogate}/gu, "\ufffd");
}

const ascii = /^[\0-\x7f]*$/;

/** Lower-cases A to Z and nothing else. */
export function asciiLowerCase(text: string): string {
  const lowerCase = text.toLowerCase();
  if (lowerCase === text || ascii.test(text)) return lowerCase;
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Upper-cases a to z and nothing else. */
export function asciiUpperCase(text: string): string {
  const upperCase = text.toUpperCase();
  if (upperCase === text || ascii.test(text)) return upperCase;
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text whose UTF-8 is `bytes`, a byte order mark included; `undefined` when they are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
