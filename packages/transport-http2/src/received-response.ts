import type { Fields as H2Fields } from "@slipstream/h2";
import { BizStatusError, type CallError, type Fields, RpcError } from "@slipstream/stream";
import { type Encoding, readEncoding, unknownEncoding } from "./compression.ts";
import { httpToError, statusToError } from "./errors.ts";
import { decodeMessage } from "./grpc-message.ts";
import { areShareable, findField, userFields } from "./native-fields.ts";
import { readSide } from "./received-request.ts";
import { RecentSections } from "./recent-sections.ts";
import { sideEntryName } from "./request.ts";
import { bizGrpcStatus } from "./response.ts";

/** What the header section of a response says. */
export interface ResponseHead {
  /** How the messages of the server are compressed. */
  readonly encoding: Encoding;
  /** Header as the handler set it. */
  readonly fields: Fields;
}

/** How a call ended, from its trailer section. */
export interface Trailer {
  /** `undefined` for success. */
  readonly error: CallError | undefined;
  readonly fields: Fields;
  readonly backward: ReadonlyMap<string, string>;
}

/** The responses of one connection. */
export class ResponseReader {
  readonly #heads: RecentSections<ResponseHead> = new RecentSections();
  readonly #trailers: RecentSections<Trailer> = new RecentSections();

  /** @throws RpcError for what is no response of gRPC's, or none that we can read */
  head(section: H2Fields): ResponseHead {
    const known = this.#heads.get(section);
    if (known !== undefined) return known;
    const head = readHead(section);
    if (areShareable(head.fields)) this.#heads.add(section, head);
    return head;
  }

  /** @throws BadRequest for a malformed side entry */
  trailer(section: H2Fields): Trailer {
    const known = this.#trailers.get(section);
    if (known !== undefined) return known;
    const { fields, backward } = readFields(section);
    const trailer = { error: readStatus(section), fields, backward };
    if (trailer.error === undefined && areShareable(fields)) this.#trailers.add(section, trailer);
    return trailer;
  }
}

function readHead(section: H2Fields): ResponseHead {
  const error = checkResponse(section);
  if (error !== undefined) throw error;
  const name = findField(section, "grpc-encoding");
  const encoding = readEncoding(name);
  if (encoding === undefined) throw unknownEncoding(name);
  return { encoding, fields: readFields(section).fields };
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
