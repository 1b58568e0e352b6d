import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { createClient } from "@slipstream/rpc";
import { createServer } from "@slipstream/rpc/server";
import type { Peer } from "@slipstream/stream";
import { generate } from "selfsigned";
import { afterAll, describe, expect, it } from "vitest";
import { engines, failureOf } from "../test/engines.ts";
import { Echo } from "../test/gen/echo.ts";
import { type Http2Options, http2 } from "./index.ts";

const make = (name: string) =>
  generate([{ name: "commonName", value: name }], {
    keySize: 2048,
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
const [forServer, forClient] = await Promise.all([make("server"), make("client")]);

const open: AsyncDisposable[] = [];
afterAll(async () => {
  for (const each of open.reverse()) await each[Symbol.asyncDispose]();
});

describe.each(engines)("TLS over %s", (_, engine) => {
  let peer: Peer | undefined;

  async function serve(tls: object): Promise<string> {
    const server = createServer({ transports: [http2({ session: engine() })] });
    server.add(Echo, {
      say: (line, call) => {
        peer = call.info.peer;
        return line;
      },
      collect: async () => ({}),
      async *tell() {},
      async *chat() {},
    });
    open.push(server);
    const options = { cert: forServer.cert, key: forServer.private, ...tls };
    return (await server.listen({ host: "127.0.0.1", tls: options })).target;
  }

  function clientFor(target: string, options: Http2Options) {
    const transport = http2({ session: engine(), ...options });
    open.push(transport);
    return createClient(Echo, { transport, target });
  }

  it("agrees on HTTP/2 by ALPN, and names its scheme https", async () => {
    const client = clientFor(await serve({}), { tls: { ca: forServer.cert } });
    expect((await client.say({ text: "hi" })).text).toBe("hi");
    expect(peer?.raw?.find(([name]) => name === ":scheme")?.[1]).toBe("https");
    expect((peer?.tls as { alpnProtocol?: string } | undefined)?.alpnProtocol).toBe("h2");
  });

  it("shows the client's certificate when both sides have one (mutual TLS), and turns others away", async () => {
    const target = await serve({ ca: forClient.cert, requestCert: true, rejectUnauthorized: true });
    const known = { ca: forServer.cert, cert: forClient.cert, key: forClient.private };
    expect((await clientFor(target, { tls: known }).say({ text: "hi" })).text).toBe("hi");
    const tls = peer?.tls as { getPeerCertificate(): { subject: { CN: string } } } | undefined;
    expect(tls?.getPeerCertificate().subject.CN).toBe("client");
    expect((await failureOf(clientFor(target, { tls: { ca: forServer.cert } }).say({}))).code).toBe(
      "unavailable",
    );
  });

  it("does not trust a certificate that it does not know", async () => {
    const error = await failureOf(clientFor(await serve({}), { tls: {} }).say({}));
    expect([error.code, error.retryable]).toEqual(["unavailable", true]);
    expect(error.message).toContain("self-signed");
  });

  it("says so when the server does not agree on HTTP/2", async () => {
    const server = createTlsServer({ cert: forServer.cert, key: forServer.private }, (socket) => {
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await failureOf(clientFor(target, { tls: { ca: forServer.cert } }).say({}));
    expect(error.message).toContain('did not agree on ALPN "h2"');
    await new Promise((resolve) => server.close(resolve));
  });

  it("gives up on a server that does not answer the handshake", async () => {
    const sockets = new Set<{ destroy(): void }>();
    const server = createTcpServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = clientFor(target, { tls: { ca: forServer.cert } });
    const error = await failureOf(client.say({}, { connectTimeoutMs: 60 }));
    expect([error.code, error.retryable]).toEqual(["unavailable", true]);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
