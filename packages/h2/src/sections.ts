/** What a header or trailer section means to its stream (RFC 9113, 8.1). */

import { ErrorCode, H2Error } from "./error.ts";
import {
  contentLength,
  describeMalformed,
  isRequest,
  isResponse,
  isTrailer,
  Kind,
  type ReceivedField,
  sectionKinds,
  valueOf,
} from "./field.ts";
import type { FrameOwner, Incoming } from "./incoming.ts";
import { Progress, type SessionStream } from "./stream.ts";

export interface SectionOwner extends FrameOwner {
  /** A section of the stream was larger than we allow. */
  onOversizedSection(streamId: number): void;
}

export interface ServerSectionOwner extends SectionOwner {
  /** Takes note of a new request. Returns whether there is to be a stream for it. */
  admit(streamId: number): boolean;
  acceptStream(streamId: number, fields: ReceivedField[], contentLeft: number, endStream: boolean): void;
}

/** A section of a request. */
export function requestSection(
  owner: ServerSectionOwner,
  incoming: Incoming,
  streamId: number,
  fields: ReceivedField[] | undefined,
  endStream: boolean,
): void {
  const stream = owner.findStream(streamId);
  if (stream !== undefined) {
    trailerSection(owner, incoming, stream, fields, endStream);
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
  if (fields === undefined) {
    owner.onOversizedSection(streamId);
    return;
  }
  const kinds = sectionKinds(fields);
  const content = contentLength(kinds, fields);
  if (!isRequest(kinds, fields)) {
    owner.failStream(streamId, ErrorCode.PROTOCOL_ERROR, `malformed request: ${describeMalformed(fields)}`);
  } else if (content === undefined || (endStream && content > 0)) {
    owner.failStream(streamId, ErrorCode.PROTOCOL_ERROR, "malformed request: content-length is wrong");
  } else {
    owner.acceptStream(streamId, fields, content, endStream);
  }
}

/** A section of a response. */
export function responseSection(
  owner: SectionOwner,
  incoming: Incoming,
  streamId: number,
  fields: ReceivedField[] | undefined,
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
    trailerSection(owner, incoming, stream, fields, endStream);
    return;
  }
  if (fields === undefined) {
    owner.onOversizedSection(streamId);
    return;
  }
  const kinds = sectionKinds(fields);
  if (!isResponse(kinds)) {
    owner.failStream(streamId, ErrorCode.PROTOCOL_ERROR, `malformed response: ${describeMalformed(fields)}`);
    return;
  }
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
  const content = contentLength(kinds, fields);
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
  fields: ReceivedField[] | undefined,
  endStream: boolean,
): void {
  const { id } = stream;
  if (stream.receiving === Progress.ENDED) {
    owner.failStream(id, ErrorCode.STREAM_CLOSED, "HEADERS after END_STREAM");
  } else if (fields === undefined) {
    owner.onOversizedSection(id);
  } else if (!endStream) {
    owner.failStream(id, ErrorCode.PROTOCOL_ERROR, "a second header section that does not end the stream");
  } else if (!isTrailer(sectionKinds(fields))) {
    owner.failStream(id, ErrorCode.PROTOCOL_ERROR, `malformed trailers: ${describeMalformed(fields)}`);
  } else {
    stream.handler.onTrailers(fields);
    if (!stream.isClosed) incoming.endOf(stream);
  }
}
