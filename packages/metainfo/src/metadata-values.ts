import { decodeBase64 } from "./base64.ts";
import { isHTTPFieldValue } from "./http-syntax.ts";
import { isBinaryName } from "./metadata-names.ts";
import { describe } from "./string-map.ts";
import { decodeUtf8, wellFormed } from "./text.ts";

/** Bytes under names that end in `-bin`, text under all others. */
export type MetadataValue = string | Uint8Array;

/** The type of the values of `Name`, as far as it is known when compiling. */
export type MetadataValueOf<Name extends string> = string extends Name
  ? MetadataValue
  : Lowercase<Name> extends `${string}-bin`
    ? Uint8Array
    : string;

/**
 * A value that an application sets under `name` (in lower case), as it is kept: bytes are copied.
 *
 * @throws TypeError when it is of the wrong type or holds control characters.
 */
export function checkMetadataValue(name: string, value: MetadataValue): MetadataValue {
  if (isBinaryName(name)) {
    if (isBytes(value)) return new Uint8Array(value);
    throw new TypeError(
      `the value of metadata name "${name}" must be a Uint8Array, for it ends in "-bin", got ${describe(value)}`,
    );
  }
  if (typeof value !== "string") {
    const hint = isBytes(value) ? '; names of bytes end in "-bin"' : "";
    throw new TypeError(
      `the value of metadata name "${name}" must be a string, got ${describe(value)}${hint}`,
    );
  }
  if (!isHTTPFieldValue(value)) {
    throw new TypeError(
      `the value of metadata name "${name}" must not hold control characters, got ${JSON.stringify(value)}`,
    );
  }
  return wellFormed(value);
}

/**
 * A received value of `name` (in lower case) as an application sees it. Bytes under a name of text are UTF-8, or else Latin-1; text
 * under a name of bytes is base64, several values joined by commas. What cannot be decoded is dropped.
 */
export function receivedValues(name: string, value: MetadataValue): readonly MetadataValue[] {
  if (!isBinaryName(name)) return [typeof value === "string" ? wellFormed(value) : decodeText(value)];
  if (typeof value !== "string") return [value];
  return value
    .split(",")
    .map((part) => decodeBase64(part.trim()))
    .filter((bytes) => bytes !== undefined);
}

function decodeText(bytes: Uint8Array): string {
  return decodeUtf8(bytes) ?? Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** Also of another realm, such as a frame or a worker's message. */
function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || Object.prototype.toString.call(value) === "[object Uint8Array]";
}
