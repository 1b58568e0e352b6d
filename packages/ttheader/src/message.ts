import {
  BizStatusError,
  type CallError,
  emptySideEntry,
  encodeSideEntry,
  type Field,
  isHiddenName,
  type Reply,
  type SideEntry,
} from "@slipstream/stream";
import { encodeMessageHead, MessageType } from "@slipstream/thrift";
import { bizStatusPairs } from "./error-numbers.ts";
import { SIDE_ENTRY_KEY } from "./fields.ts";
import * as Flag from "./format/flag.ts";
import * as IntKey from "./format/int-key.ts";
import * as ProtocolId from "./format/protocol-id.ts";
import { FIXED_BYTES } from "./format.ts";
import { encodeFrame, type IntPair, pairsBound, type StringPair, writePairs } from "./frame-encode.ts";
import type { FrameHead } from "./frame-head.ts";
import { HeaderBlock, hasSections } from "./header-block.ts";
import { byMethod } from "./method-heads.ts";
import { noBackward, TRAILER_ENTRY_KEY } from "./reply.ts";
import type { Session } from "./session.ts";

/** "This connection is about to close", on a reply of a server that shuts down. */
export const CLOSING_KEY = "crrst";

/** Volo writes backward values under this prefix, Kitex under their bare names. */
const BACKWARD = "RPC_BACKWARD_";

/** How a reply is to be written. */
export interface ReplyForm {
  /** The request asked for a side entry. */
  readonly isSlipstream: boolean;
  /** The connection closes behind it. */
  readonly isClosing: boolean;
}

/** Writes a ping-pong reply: its Thrift message is `envelope` and `body` behind it. */
export function writeReply(
  session: Session,
  reply: Reply,
  id: number,
  form: ReplyForm,
  envelope: Uint8Array,
  body?: Uint8Array,
): void {
  const { outcome } = reply;
  const error = "error" in outcome ? outcome.error : undefined;
  const isException = error !== undefined && !(error instanceof BizStatusError);
  const strings = replyStrings(reply, form, error);
  const frame = {
    flags: Flag.none,
    protocolId: ProtocolId.thriftBinary,
    strings: strings.length > 0 ? strings : undefined,
    ints: isException ? exceptionInts : replyInts,
  };
  const writer = session.beginFrame(frame.flags, frame.protocolId, pairsBound(frame), envelope, body);
  writePairs(writer, frame);
  session.endFrame(id);
}

const replyInts: readonly IntPair[] = [[IntKey.messageType, String(MessageType.reply)]];
const exceptionInts: readonly IntPair[] = [[IntKey.messageType, String(MessageType.exception)]];
const bareSlipstream: readonly StringPair[] = [[SIDE_ENTRY_KEY, emptySideEntry]];

/** A reply to Slipstream that has nothing beside its message, which is most of them, up to its struct and without ids. */
export const bareReplyOf: (method: string) => Uint8Array = byMethod((method) =>
  encodeFrame({ ...bareReply, payload: encodeMessageHead(MessageType.reply, method, 0) }),
);

/** Whether a reply has nothing beside its message. */
export function isBare({ outcome, backward, header, trailer }: Reply): boolean {
  return "message" in outcome && backward.size === 0 && header.length === 0 && trailer.length === 0;
}

const bareReply = {
  flags: Flag.none,
  sequenceId: 0,
  protocolId: ProtocolId.thriftBinary,
  strings: bareSlipstream,
  ints: replyInts,
};
const bareReplySections = new HeaderBlock(encodeFrame(bareReply).subarray(FIXED_BYTES + 2));

/** Whether a reply's head is known to say no more than that the server is Slipstream. */
export function isBareReply(head: FrameHead): boolean {
  return hasSections(head, bareReplySections);
}

function replyStrings(
  { backward, header, trailer }: Reply,
  { isSlipstream, isClosing }: ReplyForm,
  error: CallError | undefined,
): readonly StringPair[] {
  const strings: StringPair[] = [];
  let isExact = true;
  for (const [name, value] of backward) {
    // A Kitex client acts on these names, whoever set them.
    if (name === "" || isFrameworkName(name)) isExact = false;
    else strings.push([name, value]);
  }
  if (error instanceof BizStatusError) strings.push(...bizStatusPairs(error));
  if (isClosing) strings.push([CLOSING_KEY, "1"]);
  if (isSlipstream) {
    const side: SideEntry = {
      ...(header.length > 0 && { fields: header }),
      ...(!isExact && { backward }),
    };
    strings.push([SIDE_ENTRY_KEY, encodeSideEntry(side)]);
    if (trailer.length > 0) strings.push([TRAILER_ENTRY_KEY, encodeSideEntry({ fields: trailer })]);
  }
  return strings;
}

/** The backward values of any server that are pairs of their own. */
export function nativeBackward(pairs: ReadonlyMap<string, string> | undefined): ReadonlyMap<string, string> {
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
