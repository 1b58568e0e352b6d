import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testTransport } from "@slipstream/conformance";
import { generate } from "selfsigned";
import { afterAll } from "vitest";
import { http2UnderTest } from "../test/under-test.ts";
import { h2Sessions, nodeHttp2 } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "http2-"));
afterAll(() => rmSync(folder, { recursive: true }));
let sockets = 0;

const certificate = await generate([{ name: "commonName", value: "localhost" }], {
  keySize: 2048,
  extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
});

for (const [name, engine] of [
  ["h2", h2Sessions],
  ["node:http2", nodeHttp2],
] as const) {
  testTransport({
    ...http2UnderTest(`http2 over ${name}, on a Unix socket`, engine),
    listen: {
      // Some cases have several servers.
      get path() {
        return join(folder, `socket-${sockets++}`);
      },
    },
  });

  testTransport({
    ...http2UnderTest(`http2 over ${name}, with TLS`, engine, { tls: { ca: certificate.cert } }),
    listen: { tls: { cert: certificate.cert, key: certificate.private } },
  });
}
