import { RpcError } from "./errors.ts";

// Registered, since two copies of this package can meet in one process.
const refused = Symbol.for("@slipstream/stream/sendRefused");

/**
 * The error of a send that is the message's own fault: the message is not sent, and the stream goes on. Every transport
 * refuses with {@link messageTooLarge} and {@link sendBufferFull}, so that `rpc` can tell a refusal from the end of the call: a
 * send that nobody awaits may fail of the end in silence, since recv tells it too, but not of a refusal.
 */
function refusal(message: string): RpcError {
  const error = new RpcError("resource_exhausted", message);
  Object.defineProperty(error, refused, { value: true });
  return error;
}

/** `send` of a message over the limit. */
export function messageTooLarge(messageBytes: number, maxMessageBytes: number): RpcError {
  return refusal(`message of ${messageBytes} bytes is over maxMessageBytes (${maxMessageBytes})`);
}

/** `send` while too much waits already, because earlier sends were not awaited. */
export function sendBufferFull(waitingBytes: number, maxSendBufferBytes: number): RpcError {
  return refusal(
    `${waitingBytes} bytes wait to be sent; one more message is over maxSendBufferBytes (${maxSendBufferBytes}): await send`,
  );
}

/** Whether a send failed by itself, and the stream goes on. */
export function isSendRefusal(error: unknown): boolean {
  return typeof error === "object" && error !== null && refused in error;
}
