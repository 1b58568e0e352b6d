import type { Field as H2Field, Fields as H2Fields } from "@slipstream/h2";
import { decodeBase64, encodeBase64 } from "@slipstream/metainfo";
import { type Field, type Fields, isHiddenName, noFields } from "@slipstream/stream";
import { remembered } from "./known-names.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Names that HTTP/2, Node or gRPC keep for themselves. */
const refused =
  /^(?:connection|keep-alive|proxy-connection|transfer-encoding|upgrade|host|te|content-length|http2-settings|user-agent)$/;
// oxlint-disable-next-line no-control-regex -- to find them is its purpose
const controls = /[\x00-\x08\x0a-\x1f\x7f]/;
const edgeBlanks = /^[ \t]+|[ \t]+$/g;

/** What a name may carry. */
const nameForm = remembered((name): "none" | "text" | "bytes" => {
  if (!token.test(name) || refused.test(name)) return "none";
  return name.endsWith("-bin") ? "bytes" : "text";
});

const isHidden = remembered(isHiddenName);

/** Whether a text value arrives at any HTTP/2 peer as it was sent. */
export function isExactValue(value: string): boolean {
  const { length } = value;
  for (let i = 0; i < length; i++) {
    const unit = value.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return value.charCodeAt(0) !== 0x20 && value.charCodeAt(length - 1) !== 0x20;
}

/** Whether all entries of a header, trailer or metadata arrive exactly as native fields. */
export function areExactFields(fields: Fields): boolean {
  return fields.every(([name, value]) => {
    const form = nameForm(name);
    return typeof value === "string" ? form === "text" && isExactValue(value) : form === "bytes";
  });
}

/** Adds entries of a header, trailer or metadata as far as HTTP/2 can carry them. */
export function pushNativeFields(target: H2Field[], fields: Fields): void {
  for (const [name, value] of fields) pushNativeField(target, name.toLowerCase(), value);
}

/** One field, unless its name or value has no place in HTTP/2. Values under a `-bin` name travel as base64. */
export function pushNativeField(target: H2Field[], name: string, value: string | Uint8Array): void {
  const form = nameForm(name);
  if (form === "none") return;
  if (form === "bytes") {
    target.push({ name, value: encodeBase64(typeof value === "string" ? encoder.encode(value) : value) });
  } else if (typeof value === "string") {
    if (isExactValue(value)) target.push({ name, value });
    // Blanks at the ends are no part of a value in HTTP.
    else if (!controls.test(value)) target.push({ name, value: value.replace(edgeBlanks, "") });
  }
}

/** The value of a received field as text: bytes that are no UTF-8 come as what they are closest to. */
export function textOf(value: string | Uint8Array): string {
  return typeof value === "string" ? value : decoder.decode(value);
}

/** What a peer set, without the names of the framework; undecodable `-bin` values are left out. */
export function userFields(fields: H2Fields): Fields {
  let user: Field[] | undefined;
  for (const { name, value } of fields) {
    if (isHidden(name)) continue;
    user ??= [];
    if (!name.endsWith("-bin")) {
      user.push([name, textOf(value)]);
      continue;
    }
    for (const part of textOf(value).split(",")) {
      const bytes = decodeBase64(part.trim());
      if (bytes) user.push([name, bytes]);
    }
  }
  return user ?? noFields;
}

/** The value of the last field of this name. */
export function findField(fields: H2Fields, name: string): string | undefined {
  for (let i = fields.length - 1; i >= 0; i--) {
    const field = fields[i] as H2Field;
    if (field.name === name) return textOf(field.value);
  }
  return undefined;
}

/** Whether several calls may get the same list: bytes can be changed by whoever gets them. */
export function areShareable(fields: Fields): boolean {
  for (const [, value] of fields) if (typeof value !== "string") return false;
  return true;
}
