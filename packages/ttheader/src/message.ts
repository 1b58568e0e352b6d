import {
  BizStatusError,
  type CallStart,
  decodeSideEntry,
  encodeSideEntry,
  type Field,
  type Fields,
  isHiddenName,
  noFields,
  type Reply,
  type SideEntry,
} from "@slipstream/stream";
import { MessageType } from "@slipstream/thrift";
import { bizStatusPairs } from "./error-numbers.ts";
import { SIDE_ENTRY_KEY } from "./fields.ts";
import { Flag, IntKey, ProtocolId } from "./format.ts";
import type { FrameHeadInit, IntPair, StringPair } from "./frame-encode.ts";
import { startInts, startPairs, startSideEntry } from "./start.ts";

/** The trailer of a ping-pong reply: a side entry like the other, whose fields are the header. */
export const TRAILER_ENTRY_KEY = "slipstream-trailer";
/** "This connection is about to close", on a reply of a server that shuts down. */
export const CLOSING_KEY = "crrst";

/** Volo writes backward values under this prefix, Kitex under their bare names. */
const BACKWARD = "RPC_BACKWARD_";
const noBackward: ReadonlyMap<string, string> = new Map();

/** The head of a ping-pong request, as Kitex's TTHeader handlers fill it. */
export function requestHead(
  start: CallStart,
  id: number,
  oneway: boolean,
  extensions: boolean,
): FrameHeadInit {
  const ints: IntPair[] = [
    [IntKey.transportType, "unframed"],
    [IntKey.toService, start.service],
    [IntKey.toMethod, start.method],
    [IntKey.messageType, String(oneway ? MessageType.oneway : MessageType.call)],
    ...startInts(start, true),
  ];
  return {
    flags: Flag.none,
    sequenceId: id,
    protocolId: ProtocolId.thriftBinary,
    // Always there, be it empty: it also asks the server for its own.
    strings: startPairs(start, extensions ? (startSideEntry(start) ?? {}) : undefined),
    ints,
  };
}

/** The head of a reply. `isSlipstream`: the request asked for a side entry. */
export function replyHead(
  reply: Reply,
  id: number,
  { isSlipstream, isClosing }: { readonly isSlipstream: boolean; readonly isClosing: boolean },
): FrameHeadInit {
  const strings: StringPair[] = [];
  let isExact = true;
  for (const [name, value] of reply.backward) {
    // A Kitex client acts on these names, whoever set them.
    if (name === "" || isFrameworkName(name)) isExact = false;
    else strings.push([name, value]);
  }
  const error = "error" in reply.outcome ? reply.outcome.error : undefined;
  if (error instanceof BizStatusError) strings.push(...bizStatusPairs(error));
  if (isClosing) strings.push([CLOSING_KEY, "1"]);
  if (isSlipstream) {
    const side: SideEntry = {
      ...(reply.header.length > 0 && { fields: reply.header }),
      ...(!isExact && { backward: reply.backward }),
    };
    strings.push([SIDE_ENTRY_KEY, encodeSideEntry(side)]);
    if (reply.trailer.length > 0)
      strings.push([TRAILER_ENTRY_KEY, encodeSideEntry({ fields: reply.trailer })]);
  }
  const isException = error !== undefined && !(error instanceof BizStatusError);
  return {
    flags: Flag.none,
    sequenceId: id,
    protocolId: ProtocolId.thriftBinary,
    strings: strings.length > 0 ? strings : undefined,
    ints: [[IntKey.messageType, String(isException ? MessageType.exception : MessageType.reply)]],
  };
}

/** What the pairs of a reply say beside its outcome. */
export interface ReplyFields {
  readonly header: Fields;
  readonly trailer: Fields;
  readonly backward: ReadonlyMap<string, string>;
  /** A side entry came: the server is Slipstream. */
  readonly isSlipstream: boolean;
  readonly isClosing: boolean;
}

/** @throws RpcError `internal` when a side entry is malformed. */
export function readReplyFields(pairs: ReadonlyMap<string, string> | undefined): ReplyFields {
  const sideText = pairs?.get(SIDE_ENTRY_KEY);
  const trailerText = pairs?.get(TRAILER_ENTRY_KEY);
  const side = sideText === undefined ? {} : decodeSideEntry(sideText);
  return {
    header: side.fields ?? noFields,
    trailer: (trailerText === undefined ? undefined : decodeSideEntry(trailerText).fields) ?? noFields,
    backward: side.backward ?? nativeBackward(pairs),
    isSlipstream: sideText !== undefined,
    isClosing: pairs?.has(CLOSING_KEY) ?? false,
  };
}

function nativeBackward(pairs: ReadonlyMap<string, string> | undefined): ReadonlyMap<string, string> {
  if (pairs === undefined || pairs.size === 0) return noBackward;
  const backward: Field[] = [];
  for (const [key, value] of pairs) {
    if (key.startsWith(BACKWARD) && key.length > BACKWARD.length)
      backward.push([key.slice(BACKWARD.length), value]);
    else if (key !== "" && !isFrameworkName(key)) backward.push([key, value]);
  }
  return backward.length === 0 ? noBackward : new Map(backward as [string, string][]);
}

function isFrameworkName(name: string): boolean {
  return (
    name === "rip" ||
    name === CLOSING_KEY ||
    name === "crc32c" ||
    name.startsWith("PV_") ||
    isHiddenName(name)
  );
}
