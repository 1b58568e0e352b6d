/** What a header or trailer section means to its stream (RFC 9113, 8.1). */

import { ErrorCode, H2Error } from "./error.ts";
import {
  contentLength,
  describeMalformed,
  isRequest,
  isResponse,
  isTrailer,
  Kind,
  type Section,
  valueOf,
} from "./field.ts";
import type { FrameOwner, Incoming } from "./incoming.ts";
import { Progress, type SessionStream } from "./stream.ts";
import type { Fields } from "./types.ts";

export interface SectionOwner extends FrameOwner {
  /** A section of the stream was larger than we allow. */
  onOversizedSection(streamId: number): void;
}

export interface ServerSectionOwner extends SectionOwner {
  /** Takes note of a new request. Returns whether there is to be a stream for it. */
  admit(streamId: number): boolean;
  acceptStream(streamId: number, fields: Fields, contentLeft: number, endStream: boolean): void;
}

/** A section of a request. */
export function requestSection(
  owner: ServerSectionOwner,
  incoming: Incoming,
  streamId: number,
  section: Section,
  endStream: boolean,
): void {
  const stream = owner.findStream(streamId);
  if (stream !== undefined) {
    trailerSection(owner, incoming, stream, section, endStream);
    return;
  }
  if (!owner.isIdle(streamId)) {
    if (owner.wasResetHere(streamId)) return;
    throw new H2Error(
      ErrorCode.STREAM_CLOSED,
      `HEADERS on stream ${streamId}, which is over (RFC 9113, 5.1)`,
    );
  }
  if ((streamId & 1) === 0) {
    throw new H2Error(
      ErrorCode.PROTOCOL_ERROR,
      `a client opened stream ${streamId}, an even number (RFC 9113, 5.1.1)`,
    );
  }
  if (!owner.admit(streamId)) return;
  if (section.isOverLimit) {
    owner.onOversizedSection(streamId);
    return;
  }
  const content = contentLength(section);
  if (!isRequest(section)) {
    owner.failStream(streamId, ErrorCode.PROTOCOL_ERROR, `malformed request: ${describeMalformed(section)}`);
  } else if (content === undefined || (endStream && content > 0)) {
    owner.failStream(streamId, ErrorCode.PROTOCOL_ERROR, "malformed request: content-length is wrong");
  } else {
    owner.acceptStream(streamId, section.fields, content, endStream);
  }
}

/** A section of a response. */
export function responseSection(
  owner: SectionOwner,
  incoming: Incoming,
  streamId: number,
  section: Section,
  endStream: boolean,
): void {
  const stream = owner.findStream(streamId);
  if (stream === undefined) {
    if (!owner.isIdle(streamId)) return;
    throw new H2Error(
      ErrorCode.PROTOCOL_ERROR,
      `HEADERS on stream ${streamId}, which is not open (RFC 9113, 5.1)`,
    );
  }
  if (stream.receiving !== Progress.BEFORE_HEADERS) {
    trailerSection(owner, incoming, stream, section, endStream);
    return;
  }
  if (section.isOverLimit) {
    owner.onOversizedSection(streamId);
    return;
  }
  if (!isResponse(section)) {
    owner.failStream(streamId, ErrorCode.PROTOCOL_ERROR, `malformed response: ${describeMalformed(section)}`);
    return;
  }
  const { fields } = section;
  const status = valueOf(fields, Kind.STATUS);
  if (status.startsWith("1")) {
    // 101 does not exist in HTTP/2 (RFC 9113, 8.6).
    if (endStream || status === "101") {
      owner.failStream(
        streamId,
        ErrorCode.PROTOCOL_ERROR,
        `malformed response: an interim ${status} that ends it`,
      );
      return;
    }
    incoming.countUseless();
    stream.handler.onInformational(fields);
    return;
  }
  const content = contentLength(section);
  if (content === undefined) {
    owner.failStream(streamId, ErrorCode.PROTOCOL_ERROR, "malformed response: content-length is wrong");
    return;
  }
  stream.receiving = Progress.OPEN;
  // Without content it says what a GET would have brought (RFC 9110, 8.6).
  stream.contentLeft = endStream ? -1 : content;
  stream.handler.onHeaders(fields, endStream);
  if (endStream && !stream.isClosed) stream.receivingEnded();
}

function trailerSection(
  owner: SectionOwner,
  incoming: Incoming,
  stream: SessionStream,
  section: Section,
  endStream: boolean,
): void {
  const { id } = stream;
  if (stream.receiving === Progress.ENDED) {
    owner.failStream(id, ErrorCode.STREAM_CLOSED, "HEADERS after END_STREAM");
  } else if (section.isOverLimit) {
    owner.onOversizedSection(id);
  } else if (!endStream) {
    owner.failStream(id, ErrorCode.PROTOCOL_ERROR, "a second header section that does not end the stream");
  } else if (!isTrailer(section)) {
    owner.failStream(id, ErrorCode.PROTOCOL_ERROR, `malformed trailers: ${describeMalformed(section)}`);
  } else {
    stream.handler.onTrailers(section.fields);
    if (!stream.isClosed) incoming.endOf(stream);
  }
}
