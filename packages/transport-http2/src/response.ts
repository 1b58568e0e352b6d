import type { Field as H2Field, Fields as H2Fields } from "@slipstream/h2";
import { type CallError, encodeSideEntry, type Fields, RpcError, type SideEntry } from "@slipstream/stream";
import { errorToStatus } from "./errors.ts";
import { encodeMessage } from "./grpc-message.ts";
import { areExactFields, pushNativeFields } from "./native-fields.ts";
import { sideEntryName } from "./request.ts";

/** The status that goes with a business status, which must not be success: a gRPC peer would ignore it. */
export const bizGrpcStatus = 13;

const heads = new Map<string, H2Fields>();
let last:
  | { readonly contentType: string; readonly isCompressed: boolean; readonly head: H2Fields }
  | undefined;

/** The constant part of a response's header section: one array for each form, so that its compressed form is kept. */
export function responseHead(contentType: string, isCompressed: boolean): H2Fields {
  if (last !== undefined && last.contentType === contentType && last.isCompressed === isCompressed)
    return last.head;
  const head = knownHead(contentType, isCompressed);
  last = { contentType, isCompressed, head };
  return head;
}

function knownHead(contentType: string, isCompressed: boolean): H2Fields {
  const key = `${contentType}|${isCompressed}`;
  let head = heads.get(key);
  if (!head) {
    head = [
      { name: ":status", value: "200" },
      { name: "content-type", value: contentType },
      ...(isCompressed ? [{ name: "grpc-encoding", value: "gzip" }] : []),
    ];
    // The content type is the client's text; only a few are valid, but parameters could make more.
    if (heads.size < 100) heads.set(key, head);
  }
  return head;
}

export const noH2Fields: H2Fields = [];

/** Header set by the handler, for the response's header section. */
export function headerFields(
  header: Fields,
  isSlipstream: boolean,
  areExact: (fields: Fields) => boolean = areExactFields,
): H2Fields {
  if (header.length === 0) return noH2Fields;
  const fields: H2Field[] = [];
  pushNativeFields(fields, header);
  if (isSlipstream && !areExact(header)) {
    fields.push({ name: sideEntryName, value: encodeSideEntry({ fields: header }) });
  }
  return fields;
}

/** The trailer section of success. */
export const success: H2Fields = [
  { name: "grpc-status", value: "0" },
  { name: "grpc-message", value: "" },
];

/** The trailer section of success with more in it, as one list. */
export function successTrailer(fields: H2Fields): H2Fields {
  return fields.length === 0 ? success : [...success, ...fields];
}

/** What the trailer section has beyond {@link success}, or all of it for an error. */
export function trailerFields(
  error: CallError | undefined,
  trailer: Fields,
  backward: ReadonlyMap<string, string> | undefined,
  isSlipstream: boolean,
  areExact: (fields: Fields) => boolean = areExactFields,
): H2Fields {
  if (error === undefined && trailer.length === 0 && !(backward && backward.size > 0)) return noH2Fields;
  const fields: H2Field[] = error ? errorFields(error) : [];
  pushNativeFields(fields, trailer);
  if (isSlipstream) {
    const entry: { -readonly [K in keyof SideEntry]: SideEntry[K] } = {};
    if (!areExact(trailer)) entry.fields = trailer;
    if (backward && backward.size > 0) entry.backward = backward;
    if (entry.fields || entry.backward) fields.push({ name: sideEntryName, value: encodeSideEntry(entry) });
  }
  return fields;
}

function errorFields(error: CallError): H2Field[] {
  const message = { name: "grpc-message", value: encodeMessage(error.message) };
  if (error instanceof RpcError) {
    return [{ name: "grpc-status", value: String(errorToStatus(error)) }, message];
  }
  const fields: H2Field[] = [
    { name: "grpc-status", value: String(bizGrpcStatus) },
    message,
    { name: "biz-status", value: String(error.status) },
  ];
  if (Object.keys(error.extra).length > 0) fields.push({ name: "biz-extra", value: asciiJson(error.extra) });
  return fields;
}

function asciiJson(record: Readonly<Record<string, string>>): string {
  return JSON.stringify(record).replace(
    /[<>&\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
