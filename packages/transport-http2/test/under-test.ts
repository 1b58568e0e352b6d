import type { TransportUnderTest } from "@slipstream/conformance";
import { type Http2Options, http2, type SessionEngine } from "../src/index.ts";

const resetSaysNothing =
  "a RST_STREAM says only CANCEL, so a handler does not learn that it was for a time-out";

/** The transport as the conformance suite runs it: over sessions of `session`, its clients with more options. */
export function http2UnderTest(
  name: string,
  session: () => SessionEngine,
  clientOptions: Http2Options = {},
): TransportUnderTest {
  return {
    name,
    exceptions: {
      "cancels the stream on both sides when a recv takes longer than recvTimeoutMs": resetSaysNothing,
      "observes the same as over memory: a recv that takes too long, with and without cancelling the remote":
        resetSaysNothing,
    },
    create({ maxMessageBytes, streamWindowBytes, maxSendBufferBytes, maxStreams }, onEvent) {
      const options = {
        session: session(),
        onEvent,
        ...(maxMessageBytes === undefined ? undefined : { maxMessageBytes }),
        ...(streamWindowBytes === undefined
          ? undefined
          : { streamWindowBytes, maxWindowBytes: Math.max(65_535, streamWindowBytes) }),
        ...(maxSendBufferBytes === undefined ? undefined : { maxSendBufferBytes }),
        ...(maxStreams === undefined ? undefined : { maxConcurrentStreams: maxStreams }),
      };
      return { server: http2(options), client: http2({ ...options, ...clientOptions }) };
    },
  };
}
