import { type Fields, noFields, type Reply, RpcError } from "@slipstream/stream";
import { type ApplicationException, decodeException, MessageType, readMessageHead } from "@slipstream/thrift";
import { nativeFields, readSideEntry, SIDE_ENTRY_KEY } from "./fields.ts";
import { FrameError } from "./frame-error.ts";

/** The trailer of a ping-pong reply: a side entry like the other, whose fields are the header. */
export const TRAILER_ENTRY_KEY = "slipstream-trailer";

type Pairs = ReadonlyMap<string, string> | undefined;
type Backward = ReadonlyMap<string, string>;

export const noBackward: Backward = new Map();

/** What the pairs of a reply say beside its outcome. */
export interface ReplyFields {
  readonly header: Fields;
  readonly trailer: Fields;
  readonly backward: Backward;
}

/**
 * What a reply says that holds `pairs`: `native` are the backward values which are pairs of their own.
 * @throws RpcError `internal` when a side entry is malformed.
 */
export function readReplyFields(pairs: Pairs, native: (pairs: Pairs) => Backward): ReplyFields {
  const side = readSideEntry(pairs, SIDE_ENTRY_KEY);
  return {
    header: side.fields ?? noFields,
    trailer: readSideEntry(pairs, TRAILER_ENTRY_KEY).fields ?? noFields,
    backward: side.backward ?? native(pairs),
  };
}

/** Those of a server that is Slipstream. */
export function slipstreamBackward(pairs: Pairs): Backward {
  const fields = pairs ? nativeFields(pairs) : noFields;
  return fields.length === 0 ? noBackward : new Map(fields as [string, string][]);
}

/**
 * What the Thrift message in `bytes[start, end)` answers to a call; `toError` makes an error of an EXCEPTION.
 * @throws FrameError when it cannot be read: nobody knows what comes behind it.
 */
export function readOutcome(
  bytes: Uint8Array,
  start: number,
  end: number,
  method: string,
  id: number,
  toError: (exception: ApplicationException) => RpcError,
): Reply["outcome"] {
  const message = readMessageHead(bytes, start, end);
  if (message === undefined)
    throw new FrameError("unknown", "the reply holds no strict Thrift binary message");
  if (message.type === MessageType.exception) {
    const exception = decodeException(bytes, start, end);
    if (exception === undefined) throw new FrameError("truncated", "the reply's exception cannot be read");
    return { error: toError(exception) };
  }
  if (message.type !== MessageType.reply) return wrong(2, `message type ${message.type} came as a reply`);
  if (message.method !== method) {
    return wrong(3, `wrong method name, expected ${method}, got ${message.method}`);
  }
  if (message.sequenceId !== id) {
    return wrong(4, `reply to ${method} out of order: expected sequence id ${id}, got ${message.sequenceId}`);
  }
  return { message: bytes.subarray(message.bodyStart, end) };
}

function wrong(thriftType: number, text: string): Reply["outcome"] {
  return { error: new RpcError("internal", text, { origin: { thriftType, side: "client" } }) };
}
