import {
  BizStatusError,
  type CallError,
  type CallStart,
  type ClientByteStream,
  type ClientTransport,
  type OpenOptions,
  type Reply,
  RpcError,
} from "@slipstream/stream";

const noBackward: ReadonlyMap<string, string> = new Map();

/** A ping-pong call on a transport that has only streams: one message each way. */
export async function callOverStream(
  transport: ClientTransport,
  start: CallStart,
  request: Uint8Array,
  options: OpenOptions & { readonly oneway: boolean },
): Promise<Reply | undefined> {
  const stream = await transport.open(start, options);
  try {
    await stream.send(request);
  } catch (thrown) {
    // Refused by itself, or over; either way the stream is of no more use.
    const error = RpcError.from(thrown);
    stream.cancel(error);
    throw error;
  }
  stream.closeSend();
  if (options.oneway) return undefined;
  const outcome = await receiveOne(stream);
  // Both are there, or rejected, once the end has been received; without them there was no reply at all.
  try {
    const [header, trailer] = await Promise.all([stream.header(), stream.trailer()]);
    return { outcome, header, trailer, backward: noBackward };
  } catch (thrown) {
    throw "error" in outcome ? outcome.error : thrown;
  }
}

/** The one message of a stream, and its end: an error may follow the message. */
async function receiveOne(stream: ClientByteStream): Promise<Reply["outcome"]> {
  try {
    const message = await stream.recv();
    if (!message)
      return { error: new RpcError("internal", "the call ended without a response; expected one") };
    if (await stream.recv()) {
      const error = new RpcError("internal", "the call has more than one response; expected one");
      stream.cancel(error);
      return { error };
    }
    return { message };
  } catch (thrown) {
    return { error: toCallError(thrown) };
  }
}

function toCallError(thrown: unknown): CallError {
  return thrown instanceof BizStatusError ? thrown : RpcError.from(thrown);
}
