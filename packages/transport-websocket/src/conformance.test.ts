import { testTransport } from "@slipstream/conformance";
import { generate } from "selfsigned";
import type { NodeOptions } from "./dial.ts";
import { websocket } from "./index.ts";
import { websocketServer } from "./server.ts";

const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
  algorithm: "sha256",
  extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
});

run("websocket", { target: ({ port }) => `ws://127.0.0.1:${port}` });
run("websocket with TLS", {
  listen: { tls: { cert, key } },
  target: ({ port }) => `wss://localhost:${port}`,
  node: { tls: { ca: cert } },
});

function run(
  name: string,
  { node, ...rest }: Pick<Parameters<typeof testTransport>[0], "listen" | "target"> & { node?: NodeOptions },
): void {
  testTransport({
    name,
    ...rest,
    create(limits, onEvent) {
      // A limit that a case sets must not grow.
      const options = { ...limits, maxStreamWindowBytes: limits.streamWindowBytes, onEvent };
      const client = websocket({ ...options, ...(node && { node }) });
      const server = websocketServer(options);
      return { client, server, queuedBytes: () => client.queuedBytes + server.queuedBytes };
    },
  });
}
