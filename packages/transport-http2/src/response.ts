import type { Field as H2Field, Fields as H2Fields } from "@slipstream/h2";
import {
  BizStatusError,
  type CallError,
  encodeSideEntry,
  type Fields,
  RpcError,
  type SideEntry,
} from "@slipstream/stream";
import { errorToStatus, httpToError, statusToError } from "./errors.ts";
import { decodeMessage, encodeMessage } from "./grpc-message.ts";
import { areExactFields, findField, pushNativeFields, userFields } from "./native-fields.ts";
import { readSide, sideEntryName } from "./request.ts";

/** The status that goes with a business status, which must not be success: a gRPC peer would ignore it. */
const bizGrpcStatus = 13;

const heads = new Map<string, H2Fields>();

/** The constant part of a response's header section: one array for each form, so that its compressed form is kept. */
export function responseHead(contentType: string, isCompressed: boolean): H2Fields {
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

/** What is wrong with a response that is none of gRPC's; `undefined` when nothing is. */
export function checkResponse(fields: H2Fields): RpcError | undefined {
  const status = findField(fields, ":status");
  const contentType = findField(fields, "content-type");
  if (status === "200" && contentType !== undefined && isGrpc.test(contentType)) return undefined;
  // A gRPC server behind another status says better what is wrong.
  if (
    contentType !== undefined &&
    isGrpc.test(contentType) &&
    findField(fields, "grpc-status") !== undefined
  ) {
    return undefined;
  }
  return httpToError(status, contentType);
}

const isGrpc = /^application\/grpc(?:[+;].*)?$/;

export function responseEncoding(fields: H2Fields): string | undefined {
  return findField(fields, "grpc-encoding");
}

/** Header or trailer as the user set it. @throws BadRequest for a malformed side entry */
export function readFields(fields: H2Fields): {
  readonly fields: Fields;
  readonly backward: ReadonlyMap<string, string>;
} {
  const sideText = findField(fields, sideEntryName);
  const side = sideText === undefined ? {} : readSide(sideText);
  return { fields: side.fields ?? userFields(fields), backward: side.backward ?? noBackward };
}

export const noBackward: ReadonlyMap<string, string> = new Map();

/** How a call ended, from its trailer section: `undefined` for success. */
export function readStatus(fields: H2Fields): CallError | undefined {
  const text = findField(fields, "grpc-status");
  if (text === "0") return undefined;
  const message = decodeMessage(findField(fields, "grpc-message") ?? "");
  if (text === undefined) return new RpcError("unknown", "the trailer has no grpc-status");
  if (!/^\d{1,9}$/.test(text))
    return new RpcError("unknown", `grpc-status ${JSON.stringify(text)} is no number`);
  const status = Number(text);
  if (status === 0) return undefined;
  const biz = findField(fields, "biz-status");
  return biz === undefined
    ? statusToError(status, message)
    : readBizStatus(biz, message, findField(fields, "biz-extra"));
}

function readBizStatus(text: string, message: string, extra: string | undefined): CallError {
  const status = Number(text);
  const record = extra ? readExtra(extra) : {};
  if (!/^[+-]?\d{1,10}$/.test(text) || status !== (status | 0) || !record) {
    return new RpcError(
      "internal",
      `malformed business status: biz-status ${text}, biz-extra ${extra ?? "missing"}`,
    );
  }
  return status === 0 ? statusToError(bizGrpcStatus, message) : new BizStatusError(status, message, record);
}

function readExtra(extra: string): Record<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(extra);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return Object.values(value).every((item) => typeof item === "string")
      ? (value as Record<string, string>)
      : undefined;
  } catch {
    return undefined;
  }
}
