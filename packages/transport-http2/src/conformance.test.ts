import { testTransport } from "@slipstream/conformance";
import { h2Sessions, http2, nodeHttp2, type SessionEngine } from "./index.ts";

const resetSaysNothing =
  "a RST_STREAM says only CANCEL, so a handler does not learn that it was for a time-out";

function testHttp2(name: string, session: () => SessionEngine): void {
  testTransport({
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
      return { server: http2(options), client: http2(options) };
    },
  });
}

testHttp2("http2 over h2", h2Sessions);
testHttp2("http2 over node:http2", nodeHttp2);
