import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testTransport } from "@slipstream/conformance";
import { generate } from "selfsigned";
import { afterAll } from "vitest";
import { type TtheaderOptions, ttheader } from "./index.ts";

function pair(limits: TtheaderOptions, clientOptions: TtheaderOptions = {}) {
  // A limit that a case sets must not grow.
  const options = { ...limits, maxStreamWindowBytes: limits.streamWindowBytes };
  const server = ttheader(options);
  const client = ttheader({ ...options, ...clientOptions });
  return { server, client, queuedBytes: () => server.queuedBytes + client.queuedBytes };
}

testTransport({
  name: "ttheader over TCP",
  create: (limits, onEvent) => pair({ ...limits, onEvent }),
});

const folder = mkdtempSync(join(tmpdir(), "ttheader-"));
afterAll(() => rmSync(folder, { recursive: true }));
let sockets = 0;

testTransport({
  name: "ttheader over a Unix socket",
  listen: {
    // Some cases have several servers.
    get path() {
      return join(folder, `socket-${sockets++}`);
    },
  },
  create: (limits, onEvent) => pair({ ...limits, onEvent }),
});

const certificate = await generate([{ name: "commonName", value: "localhost" }], {
  keySize: 2048,
  extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
});

testTransport({
  name: "ttheader over TLS",
  listen: { tls: { cert: certificate.cert, key: certificate.private } },
  create: (limits, onEvent) => pair({ ...limits, onEvent }, { tls: { ca: certificate.cert } }),
});
