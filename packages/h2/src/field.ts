/** What fields are, and which sections of them are well-formed (RFC 9113, 8.2 and 8.3). */

import type { Field } from "./types.ts";

/**
 * What a name means to a session. Decided once per name, when it is first read as a literal, and carried along by the compression table. Each kind is a
 * bit, so that a section can be judged by the sum of its fields.
 */
export const Kind = {
  REGULAR: 0x1,
  METHOD: 0x2,
  SCHEME: 0x4,
  AUTHORITY: 0x8,
  PATH: 0x10,
  STATUS: 0x20,
  CONTENT_LENGTH: 0x40,
  TE: 0x80,
  /** Not allowed in HTTP/2, or not a name at all, or not an allowed value. */
  MALFORMED: 0x100,
} as const;

const KINDS: ReadonlyMap<string, number> = new Map([
  [":method", Kind.METHOD],
  [":scheme", Kind.SCHEME],
  [":authority", Kind.AUTHORITY],
  [":path", Kind.PATH],
  [":status", Kind.STATUS],
  ["content-length", Kind.CONTENT_LENGTH],
  ["te", Kind.TE],
  // Connection-specific fields (RFC 9113, 8.2.2).
  ["connection", Kind.MALFORMED],
  ["keep-alive", Kind.MALFORMED],
  ["proxy-connection", Kind.MALFORMED],
  ["transfer-encoding", Kind.MALFORMED],
  ["upgrade", Kind.MALFORMED],
]);

const PSEUDO = Kind.METHOD | Kind.SCHEME | Kind.AUTHORITY | Kind.PATH | Kind.STATUS;

/** The characters of a token (RFC 9110, 5.6.2) that are not upper case. */
const TOKEN = new Uint8Array(128);
for (const c of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") TOKEN[c.charCodeAt(0)] = 1;

export function nameKind(name: string): number {
  const kind = KINDS.get(name);
  if (kind !== undefined) return kind;
  if (name.length === 0) return Kind.MALFORMED;
  for (let i = 0; i < name.length; i++) if (TOKEN[name.charCodeAt(i)] !== 1) return Kind.MALFORMED;
  return Kind.REGULAR;
}

/** A field as it came, with what the decoder already knows of it. */
export class ReceivedField implements Field {
  readonly name: string;
  readonly value: string | Uint8Array;
  readonly neverIndexed: boolean;
  /** Of the name alone. */
  readonly nameKind: number;
  /** Of the whole field: MALFORMED when the value is not one that this name may have. */
  readonly kind: number;
  /** As counted by tables and limits (RFC 7541, 4.1). */
  readonly size: number;

  constructor(
    name: string,
    kind: number,
    value: string | Uint8Array,
    valueBytes: number,
    isValueClean: boolean,
    neverIndexed: boolean,
  ) {
    this.name = name;
    this.value = value;
    this.neverIndexed = neverIndexed;
    this.nameKind = kind;
    this.kind = isValueClean && (kind === Kind.REGULAR || isValueOf(kind, value)) ? kind : Kind.MALFORMED;
    this.size = name.length + valueBytes + 32;
  }
}

const STATUS = /^[1-9]\d\d$/;
const DIGITS = /^\d{1,15}$/;

function isValueOf(kind: number, value: string | Uint8Array): boolean {
  if (typeof value !== "string") return kind === Kind.REGULAR;
  switch (kind) {
    case Kind.METHOD:
    case Kind.SCHEME:
    case Kind.PATH:
      return value !== "";
    case Kind.STATUS:
      return STATUS.test(value);
    case Kind.CONTENT_LENGTH:
      return DIGITS.test(value);
    case Kind.TE:
      return value === "trailers";
    default:
      return true;
  }
}

/** A header or trailer section as it came. The same one may be given out for several streams. */
export class Section {
  readonly fields: readonly ReceivedField[];
  /** Larger than we allow, so `fields` are only the start of it. */
  readonly isOverLimit: boolean;
  /** The sum of the fields' kinds; MALFORMED also for a pseudo-header field that comes twice or after a regular one (RFC 9113, 8.3). */
  readonly kinds: number;

  constructor(fields: readonly ReceivedField[], isOverLimit: boolean) {
    this.fields = fields;
    this.isOverLimit = isOverLimit;
    let kinds = 0;
    for (let i = 0; i < fields.length; i++) {
      const { kind } = fields[i] as ReceivedField;
      if ((kind & PSEUDO) !== 0 && (kinds & (kind | ~PSEUDO)) !== 0) kinds |= Kind.MALFORMED;
      kinds |= kind;
    }
    this.kinds = kinds;
  }
}

const REQUEST = Kind.METHOD | Kind.SCHEME | Kind.PATH;
const WRONG_IN_REQUEST = REQUEST | Kind.STATUS | Kind.MALFORMED;
const WRONG_IN_RESPONSE = PSEUDO | Kind.MALFORMED;

/** RFC 9113, 8.3.1; CONNECT (8.5) has no scheme and no path. */
export function isRequest({ kinds, fields }: Section): boolean {
  const pseudo = kinds & WRONG_IN_REQUEST;
  if (pseudo === REQUEST) return true;
  return (
    pseudo === Kind.METHOD && (kinds & Kind.AUTHORITY) !== 0 && valueOf(fields, Kind.METHOD) === "CONNECT"
  );
}

/** RFC 9113, 8.3.2. */
export function isResponse({ kinds }: Section): boolean {
  return (kinds & WRONG_IN_RESPONSE) === Kind.STATUS;
}

/** RFC 9113, 8.1: trailers have no pseudo-header fields. */
export function isTrailer({ kinds }: Section): boolean {
  return (kinds & WRONG_IN_RESPONSE) === 0;
}

/** The value of the first field of the kind. */
export function valueOf(fields: readonly ReceivedField[], kind: number): string {
  for (const field of fields) if (field.kind === kind) return field.value as string;
  return "";
}

/** How much content is announced (RFC 9113, 8.1.1): -1 when nothing is, `undefined` when several fields disagree. */
export function contentLength({ kinds, fields }: Section): number | undefined {
  if ((kinds & Kind.CONTENT_LENGTH) === 0) return -1;
  let length = -1;
  for (const field of fields) {
    if (field.kind !== Kind.CONTENT_LENGTH) continue;
    const value = Number(field.value);
    if (length !== -1 && length !== value) return undefined;
    length = value;
  }
  return length;
}

/** For the text of an error: what is wrong with a section. */
export function describeMalformed({ fields }: Section): string {
  const bad = fields.find((field) => field.kind === Kind.MALFORMED);
  if (bad === undefined) return `its pseudo-header fields are ${names(fields)}`;
  return `field ${JSON.stringify(bad.name.slice(0, 64))} is not allowed, or its value is not`;
}

function names(fields: readonly ReceivedField[]): string {
  const pseudo = fields.filter((field) => (field.kind & PSEUDO) !== 0).map((field) => field.name);
  return pseudo.length === 0 ? "missing" : `${pseudo.join(", ")} (missing, repeated, or after others)`;
}
