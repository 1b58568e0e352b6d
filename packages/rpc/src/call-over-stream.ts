import {
  BizStatusError,
  type CallError,
  type CallStart,
  type ClientTransport,
  noFields,
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
  await stream.send(request);
  stream.closeSend();
  if (options.oneway) return undefined;
  let outcome: Reply["outcome"];
  try {
    const message = await stream.recv();
    outcome = message
      ? { message }
      : { error: new RpcError("internal", "the call ended without a response; expected one") };
  } catch (thrown) {
    outcome = { error: toCallError(thrown) };
  }
  // Both are there, or rejected, once recv has answered; without them there was no reply at all.
  try {
    const [header, trailer] = await Promise.all([stream.header(), stream.trailer()]);
    return { outcome, header, trailer, backward: noBackward };
  } catch (thrown) {
    if ("error" in outcome) throw outcome.error;
    return { outcome, header: noFields, trailer: noFields, backward: noBackward };
  }
}

function toCallError(thrown: unknown): CallError {
  return thrown instanceof BizStatusError ? thrown : RpcError.from(thrown);
}
