import {
  BizStatusError,
  type CallError,
  type Code,
  codeFromNumber,
  codeToNumber,
  RpcError,
  type RpcErrorOrigin,
} from "@slipstream/stream";
import {
  type ApplicationException,
  ApplicationExceptionType,
  defaultExceptionText,
} from "@slipstream/thrift";
import * as StreamErrorNumber from "./format/stream-error-number.ts";

const FIRST_STREAM_ERROR = 12001;
const LAST_STREAM_ERROR = 12015;
/** Thrift exception types and gRPC codes overlap from 1 to 10, so ours travel moved away from both. */
const OUR_CODES = 12100;

/** Texts are cut here, so that a frame with an error in it can always be written. */
const MAX_TEXT = 16 * 1024;
const MAX_PATH = 4 * 1024;

/** An error as an EXCEPTION message. */
export function toException(error: RpcError): ApplicationException {
  return { type: exceptionType(error), message: error.message.slice(0, MAX_TEXT) };
}

function exceptionType(error: RpcError): number {
  // One that came from downstream goes on as it came.
  if (error.origin?.thriftType !== undefined) return error.origin.thriftType | 0;
  return error.code === "internal"
    ? ApplicationExceptionType.internalError
    : OUR_CODES + codeToNumber(error.code);
}

/** An exception of a peer that is not Slipstream: without a text it gets Kitex's for the number. */
export function withKitexText({ type, message }: ApplicationException): ApplicationException {
  return { type, message: message === "" ? defaultExceptionText(type) : message };
}

/** The error that an EXCEPTION in a TRAILER or a reply means. */
export function fromException({ type, message }: ApplicationException, origin: RpcErrorOrigin): RpcError {
  return new RpcError(codeOfException(type), message, { origin: { ...origin, thriftType: type } });
}

function codeOfException(type: number): Code {
  if (type === ApplicationExceptionType.unknownMethod || type === ApplicationExceptionType.unknownService)
    return "unimplemented";
  if (type === ApplicationExceptionType.noServiceName) return "invalid_argument";
  if (type >= 2 && type <= 10) return "internal";
  if (type >= FIRST_STREAM_ERROR && type <= LAST_STREAM_ERROR) return codeOfStreamError(type);
  return codeFromNumber(type - OUR_CODES) ?? "unknown";
}

function codeOfStreamError(number: number): Code {
  switch (number) {
    case StreamErrorNumber.unexpectedHeader:
    case StreamErrorNumber.illegalBizError:
    case StreamErrorNumber.illegalFrame:
      return "internal";
    case StreamErrorNumber.illegalOperation:
      return "failed_precondition";
    case StreamErrorNumber.transportClosing:
      return "unavailable";
    case StreamErrorNumber.recvTimeout:
    case StreamErrorNumber.streamTimeout:
      return "deadline_exceeded";
    case StreamErrorNumber.applicationException:
      return "unknown";
    default:
      return "cancelled";
  }
}

/** String pair of an RST: the services that the cancel came through. */
export const CANCEL_PATH_KEY = "ttscp";

/** What an RST says. */
export interface Cancellation extends ApplicationException {
  /** Services that the cancel came through, joined by ","; empty when nobody has a name. */
  readonly path: string;
}

/** A client's reason to stop, as an RST. `caller` is the client's own service name. */
export function toCancellation(reason: RpcError, caller = ""): Cancellation {
  const { ttstream, cancelPath } = reason.origin ?? {};
  return {
    type: cancellationType(reason.code, ttstream),
    message: reason.message.slice(0, MAX_TEXT),
    path: [cancelPath, caller].filter(Boolean).join(",").slice(-MAX_PATH),
  };
}

function cancellationType(code: Code, inherited: number | undefined): number {
  // A stream that ends because the handler that opened it ended passes that end on.
  if (inherited !== undefined && inherited >= StreamErrorNumber.cancelledByUser) return inherited;
  if (code === "cancelled") return StreamErrorNumber.cancelledByUser;
  if (code === "deadline_exceeded") return StreamErrorNumber.streamTimeout;
  return StreamErrorNumber.internalCancelled;
}

/** Kitex's error for an RST without a payload that can be read. */
export const bareCancellation: ApplicationException = { type: 13, message: "rst" };

/** The error that an RST means: its payload's number counts, whoever sent it. */
export function fromCancellation(
  rst: ApplicationException,
  path: string,
  side: "client" | "server",
): RpcError {
  const isTimeout =
    rst.type === StreamErrorNumber.recvTimeout || rst.type === StreamErrorNumber.streamTimeout;
  const isStreamError = rst.type >= FIRST_STREAM_ERROR && rst.type <= LAST_STREAM_ERROR;
  return new RpcError(isTimeout ? "deadline_exceeded" : "cancelled", rst.message, {
    origin: {
      ...(isStreamError ? { ttstream: rst.type } : { thriftType: rst.type }),
      ...(path && { cancelPath: path }),
      side,
    },
  });
}

/** A business status as pairs of a TRAILER or a reply. */
export function bizStatusPairs(error: BizStatusError): [string, string][] {
  const pairs: [string, string][] = [
    ["biz-status", String(error.status)],
    ["biz-message", error.message],
  ];
  if (Object.keys(error.extra).length > 0) pairs.push(["biz-extra", goJson(error.extra)]);
  return pairs;
}

/** JSON as Go writes it, with the characters of HTML escaped. */
function goJson(record: Readonly<Record<string, string>>): string {
  return JSON.stringify(record).replace(
    /[<>&\u2028\u2029]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * The business status that the pairs hold; undefined when `biz-status` is missing, malformed or 0, which is no error.
 * With a `biz-extra` that is no JSON object of strings it is an RpcError `internal`, Kitex's 12003.
 */
export function readBizStatus(pairs: ReadonlyMap<string, string> | undefined): CallError | undefined {
  const status = pairs?.get("biz-status");
  if (pairs === undefined || status === undefined || !/^[+-]?\d{1,10}$/.test(status)) return undefined;
  const number = Number(status);
  if (number === 0 || number !== (number | 0)) return undefined;
  const message = pairs.get("biz-message") ?? "";
  const extra = pairs.get("biz-extra");
  if (!extra) return new BizStatusError(number, message);
  const record = readExtra(extra);
  if (record !== undefined) return new BizStatusError(number, message, record);
  return new RpcError("internal", `biz-extra is no JSON object of strings: ${extra}`, {
    origin: { ttstream: StreamErrorNumber.illegalBizError },
  });
}

function readExtra(extra: string): Record<string, string> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(extra);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  if (Object.values(value).some((item) => typeof item !== "string")) return undefined;
  return value as Record<string, string>;
}
