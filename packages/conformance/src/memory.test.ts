import { memory } from "@slipstream/transport-memory";
import { testTransport } from "./index.ts";

testTransport({
  name: "memory",
  create({ maxMessageBytes, streamWindowBytes, maxSendBufferBytes, maxStreams }) {
    const transport = memory({
      ...(maxMessageBytes === undefined ? undefined : { maxMessageBytes }),
      ...(streamWindowBytes === undefined ? undefined : { windowBytes: streamWindowBytes }),
      ...(maxSendBufferBytes === undefined ? undefined : { maxSendBufferBytes }),
      ...(maxStreams === undefined ? undefined : { maxCalls: maxStreams }),
    });
    return { server: transport, client: transport, queuedBytes: () => transport.queuedBytes };
  },
});
