import { type OutgoingHttpHeaders, sensitiveHeaders } from "node:http2";
import { ErrorCode, type Field, type Fields, H2Error } from "@slipstream/h2";

/** Names that Node refuses to send twice (`lib/internal/http2/util.js`, kSingleValueHeaders): the first one stays. */
const isSingle =
  /^(?:access-control-(?:allow-credentials|max-age|request-method)|age|authorization|content-(?:encoding|language|length|location|md5|range|type)|date|dnt|etag|expires|from|host|if-(?:match|modified-since|none-match|range|unmodified-since)|last-modified|location|max-forwards|proxy-authorization|range|referer|retry-after|tk|upgrade-insecure-requests|user-agent|x-content-type-options)$/;
/** Above it a peer on nghttp2 ends the whole connection (one HPACK string of 64 KiB, coded). */
const maxStringBytes = 64 * 1024 - 1;
/** Above it, likewise: nghttp2 takes 8 CONTINUATION frames of 16 KiB. */
const maxBlockBytes = 128 * 1024;
/** What a field counts beside its bytes (RFC 9113, 6.5.2). */
const fieldOverhead = 32;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ascii = /^[\x20-\x7e\t]*$/;

/**
 * Fields as `node:http2` takes them: values of one name together, and strings of which each character is a byte.
 *
 * @throws H2Error when they are larger than `maxListBytes`, or than what Node can send.
 */
export function toNodeHeaders(shared: Fields, more: Fields, maxListBytes: number): OutgoingHttpHeaders {
  const headers: Record<string | symbol, string | string[]> = Object.create(null);
  const secret: string[] = [];
  let size = 0;
  for (const { name, value, neverIndexed } of [...shared, ...more]) {
    const bytes = toLatin1(value);
    size += name.length + bytes.length + fieldOverhead;
    if (bytes.length > maxStringBytes) {
      throw new H2Error(
        ErrorCode.INTERNAL_ERROR,
        `field ${name} has ${bytes.length} bytes; node:http2 carries up to ${maxStringBytes}`,
      );
    }
    const present = headers[name];
    if (present === undefined) headers[name] = bytes;
    else if (!isSingle.test(name))
      headers[name] = Array.isArray(present) ? [...present, bytes] : [present, bytes];
    if (neverIndexed === true) secret.push(name);
  }
  const limit = Math.min(maxListBytes, maxBlockBytes);
  if (size > limit) {
    throw new H2Error(
      ErrorCode.INTERNAL_ERROR,
      `the fields count ${size} bytes, and up to ${limit} can be sent`,
    );
  }
  if (secret.length > 0) headers[sensitiveHeaders] = secret;
  return headers as OutgoingHttpHeaders;
}

/** So many sections are remembered, and none of more names and values, or characters in them. */
const places = 4;
const maxKnownTexts = 64;
const maxKnownLength = 2048;

/** The sections that came last. Most calls bring the same as others before: they are given the same list, which who reads it knows again. */
export class ReceivedSections {
  readonly #raw: (readonly string[])[] = [];
  readonly #fields: Fields[] = [];
  #next = 0;

  read(raw: readonly string[]): Fields {
    for (let i = 0; i < this.#raw.length; i++) {
      if (areSame(this.#raw[i] as readonly string[], raw)) return this.#fields[i] as Fields;
    }
    const fields = fromRawHeaders(raw);
    if (isKnowable(raw, fields)) {
      const at = this.#next++ % places;
      this.#raw[at] = raw;
      this.#fields[at] = fields;
    }
    return fields;
  }
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  // From the end: what changes from call to call stands there.
  for (let i = a.length - 1; i >= 0; i--) if (a[i] !== b[i]) return false;
  return true;
}

/** Bytes may be changed by whoever gets them. */
function isKnowable(raw: readonly string[], fields: Fields): boolean {
  if (raw.length > maxKnownTexts) return false;
  const length = raw.reduce((sum, text) => sum + text.length, 0);
  return length <= maxKnownLength && fields.every(({ value }) => typeof value === "string");
}

/** Fields from Node's raw form: names and values in turns, in the order in which they came. */
function fromRawHeaders(raw: readonly string[]): Fields {
  const fields: Field[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    fields.push({ name: raw[at] as string, value: fromLatin1(raw[at + 1] as string) });
  }
  return fields;
}

function toLatin1(value: string | Uint8Array): string {
  if (typeof value !== "string") return Buffer.from(value).toString("latin1");
  return ascii.test(value) ? value : Buffer.from(value, "utf8").toString("latin1");
}

function fromLatin1(value: string): string | Uint8Array {
  if (ascii.test(value)) return value;
  const bytes = new Uint8Array(Buffer.from(value, "latin1"));
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes;
  }
}
