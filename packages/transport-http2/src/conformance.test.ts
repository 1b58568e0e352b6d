import { testTransport } from "@slipstream/conformance";
import { h2Sessions, http2, type SessionEngine } from "./index.ts";

function testHttp2(name: string, session: () => SessionEngine): void {
  testTransport({
    name,
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
