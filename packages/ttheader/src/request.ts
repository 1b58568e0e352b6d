import { type CallStart, encodeSideEntry } from "@slipstream/stream";
import * as Flag from "./format/flag.ts";
import * as FrameKind from "./format/frame-kind.ts";
import * as IntKey from "./format/int-key.ts";
import * as ProtocolId from "./format/protocol-id.ts";
import type { FrameTemplate } from "./frame-templates.ts";
import { pairBound } from "./head-writer.ts";
import type { Session } from "./session.ts";
import { startBound, startSideEntry, writeStartInts, writeStartStrings } from "./start.ts";

/** Writes the HEADER that opens a stream, and keeps it in `template`. */
export function writeHeader(session: Session, start: CallStart, id: number, template?: FrameTemplate): void {
  const { extensions } = session.options;
  const { method } = start;
  const side = extensions ? startSideEntry(start) : undefined;
  const sideEntry = side && encodeSideEntry(side);
  const bound = startBound(start, sideEntry) + pairBound(1) + pairBound(method.length);
  const writer = session.beginFrame(Flag.streaming, ProtocolId.thriftStruct, bound);
  writeStartStrings(writer, start, sideEntry);
  writer.beginInts();
  writer.int(IntKey.frameKind, String(FrameKind.header));
  writer.int(IntKey.toMethod, method);
  writeStartInts(writer, start, extensions);
  writer.endSection();
  session.endFrame(id, template);
}

/**
 * Writes a ping-pong request: `envelope` is its Thrift message up to the struct. What is written up to there is kept in
 * `template`.
 */
export function writeRequest(
  session: Session,
  start: CallStart,
  id: number,
  type: number,
  /** As Kitex's TTHeader handlers fill it. */
  transportType: "unframed" | "framed",
  envelope: Uint8Array,
  request: Uint8Array,
  template?: FrameTemplate,
): void {
  const { extensions } = session.options;
  // Always there, be it empty: it also asks the server for its own.
  const sideEntry = extensions ? encodeSideEntry(startSideEntry(start) ?? {}) : undefined;
  const names = transportType.length + start.service.length + start.method.length + 1;
  const bound = startBound(start, sideEntry) + pairBound(names) + 3 * pairBound(0);
  const writer = session.beginFrame(Flag.none, ProtocolId.thriftBinary, bound, envelope, request);
  writeStartStrings(writer, start, sideEntry);
  writer.beginInts();
  writer.int(IntKey.transportType, transportType);
  writer.int(IntKey.toService, start.service);
  writer.int(IntKey.toMethod, start.method);
  writer.int(IntKey.messageType, String(type));
  writeStartInts(writer, start, true);
  writer.endSection();
  session.endFrame(id, template);
}
