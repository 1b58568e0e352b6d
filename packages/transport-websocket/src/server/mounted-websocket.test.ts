import { once } from "node:events";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { createServer } from "@slipstream/rpc/server";
import { generate } from "selfsigned";
import { describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { Lab } from "../../test/lab.ts";
import { Calling, echoes, failure, until } from "../../test/serving.ts";
import { mountedWebsocket } from "../server.ts";

async function listening<T extends Server | HttpsServer>(
  http: T,
): Promise<T & AsyncDisposable & { port: number }> {
  await once(http.listen(0, "127.0.0.1"), "listening");
  return Object.assign(http, {
    port: (http.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
    },
  });
}

describe("mounted on an HTTP server of the program", () => {
  it("serves its path, opens no port, and leaves the pages alone", async () => {
    await using http = await listening(createHttpServer((_, response) => response.end("a page")));
    await using server = createServer({ transports: [mountedWebsocket(http, { path: "/rpc" })] }).add(
      Lab,
      echoes,
    );
    const { port, target } = await server.listen();
    expect([port, target]).toEqual([http.port, `ws://127.0.0.1:${http.port}/rpc`]);
    await using calling = new Calling(target);
    expect(await calling.lab.ask({ text: "hi" })).toEqual({ text: "hi" });
    const stream = await calling.lab.chat();
    await stream.send({ text: "a" });
    expect(await stream.recv()).toEqual({ text: "a" });
    stream.cancel();
    expect(await (await fetch(`http://127.0.0.1:${http.port}/rpc`)).text()).toBe("a page");
  });

  it("leaves other paths to others, and answers for them when there are none", async () => {
    await using http = await listening(createHttpServer());
    await using server = createServer({ transports: [mountedWebsocket(http, { path: "/rpc" })] }).add(
      Lab,
      echoes,
    );
    await server.listen();
    await using alone = new Calling(`ws://127.0.0.1:${http.port}/chat`);
    expect((await failure(alone.lab.ask({ text: "" }))).message).toContain("the server answered 404");
    const other = new WebSocketServer({ noServer: true });
    http.on("upgrade", (request, socket, head) => {
      if (request.url === "/chat") other.handleUpgrade(request, socket, head, (ws) => ws.send("other"));
    });
    const socket = new WebSocket(`ws://127.0.0.1:${http.port}/chat`);
    expect(String((await once(socket, "message"))[0])).toBe("other");
    socket.terminate();
  });

  it("lets go of the HTTP server when it closes, which goes on", async () => {
    await using http = await listening(createHttpServer((_, response) => response.end("a page")));
    const server = createServer({ transports: [mountedWebsocket(http, { path: "/rpc" })] }).add(Lab, echoes);
    const { target } = await server.listen();
    await using calling = new Calling(target, { minReconnectDelayMs: 0 });
    await calling.lab.ask({ text: "" });
    const stream = await calling.lab.chat();
    await server.close({ graceMs: 0 });
    expect((await failure(stream.recv())).code).toBe("unavailable");
    expect(http.listenerCount("upgrade")).toBe(0);
    expect(await (await fetch(`http://127.0.0.1:${http.port}/`)).text()).toBe("a page");
  });

  it("refuses upgrades while it drains, and takes none before it serves", async () => {
    await using http = await listening(createHttpServer());
    const transport = mountedWebsocket(http, { path: "/rpc" });
    expect(http.listenerCount("upgrade")).toBe(0);
    const server = createServer({ transports: [transport] }).add(Lab, echoes);
    const { target } = await server.listen();
    await using calling = new Calling(target);
    const stream = await calling.lab.chat();
    await stream.send({ text: "a" });
    await stream.recv();
    const closing = server.close({ graceMs: 10_000 });
    await until(() => calling.states.at(-1) === "closed");
    await using late = new Calling(target);
    expect((await failure(late.lab.ask({ text: "" }))).message).toContain("503: shutting down");
    expect(transport.queuedBytes).toBe(0);
    await stream.closeSend();
    await closing;
  });

  it("works over TLS, and knows the scheme of its address", async () => {
    const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
      algorithm: "sha256",
      extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
    });
    await using http = await listening(createHttpsServer({ cert, key }));
    await using server = createServer({ transports: [mountedWebsocket(http, { path: "/rpc" })] }).add(
      Lab,
      echoes,
    );
    const { target } = await server.listen();
    expect(target).toBe(`wss://127.0.0.1:${http.port}/rpc`);
    await using calling = new Calling(target, { node: { tls: { ca: cert } } });
    expect(await calling.lab.ask({ text: "safe" })).toEqual({ text: "safe" });
    await using doubtful = new Calling(target);
    expect((await failure(doubtful.lab.ask({ text: "" }))).message).toContain("self-signed");
  });

  it("survives clients that break off in the middle of their request", async () => {
    await using http = await listening(createHttpServer());
    await using server = createServer({ transports: [mountedWebsocket(http, { path: "/rpc" })] }).add(
      Lab,
      echoes,
    );
    const { target } = await server.listen();
    for (let i = 0; i < 10; i++) {
      const socket = connect(http.port, "127.0.0.1");
      await once(socket, "connect");
      socket.write(
        "GET /rpc HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n".slice(
          0,
          20 + i * 7,
        ),
      );
      socket.resetAndDestroy();
    }
    await using calling = new Calling(target);
    expect(await calling.lab.ask({ text: "on" })).toEqual({ text: "on" });
  });
});
