import { patchHead, putInt32 } from "./head-writer.ts";
import type { Outbox } from "./parts.ts";

/**
 * Writes a ping-pong frame of which all up to the struct `body` was computed before; it lacks the frame's id and, at its
 * end, the message's.
 */
export function writeMessage(
  outbox: Outbox,
  beginning: Uint8Array,
  frameId: number,
  messageId: number,
  body: Uint8Array,
): void {
  outbox.beginCall?.();
  const at = outbox.reserve(beginning.length, body);
  const end = at + beginning.length;
  outbox.bytes.set(beginning, at);
  patchHead(outbox.bytes, at, frameId, beginning.length + body.length);
  putInt32(outbox.bytes, end - 4, messageId);
  outbox.commit(end, body);
}

/** Writes a message that is in no frame of ours: what stands before its struct, and the struct. */
export function writeHeaderless(outbox: Outbox, envelope: Uint8Array, body: Uint8Array): void {
  const at = outbox.reserve(envelope.length, body);
  outbox.bytes.set(envelope, at);
  outbox.commit(at + envelope.length, body);
}
