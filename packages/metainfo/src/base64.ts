const letters = /^[\w+/=]*$/;

/** The bytes in standard base64 without padding, as gRPC writes `-bin` metadata. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replace(/=+$/, "");
}

/** The bytes of standard base64, padded or not; `undefined` when `text` is not that. */
export function decodeBase64(text: string): Uint8Array | undefined {
  // `atob` skips blanks, which are no base64 in a header; of all else it takes what we do.
  if (!letters.test(text)) return undefined;
  let units: string;
  try {
    units = atob(text);
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(units.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = units.charCodeAt(i);
  return bytes;
}
