import { fromIncomingContext, getAllPersistentValues, getAllValues } from "@slipstream/metainfo";
import { createServer, type Server } from "@slipstream/rpc/server";
import { type WebSocketServerTransport, websocketServer } from "../../src/server.ts";
import { Lab } from "../lab.ts";

export interface Serving {
  readonly server: Server;
  readonly transport: WebSocketServerTransport;
  readonly port: number;
  /** Why handlers of endless stories were stopped. */
  readonly cancelled: string[];
}

/** A server for the page: the page itself and the calls that it makes, on one port. */
export async function serve(script: string, port = 0): Promise<Serving> {
  const cancelled: string[] = [];
  const page = `<!doctype html><title>lab</title><p id="state">none</p><script type="module" src="/page.js"></script>`;
  const transport = websocketServer({
    path: "/rpc",
    heartbeatIntervalMs: 200,
    onRequest(request, response) {
      const isScript = request.url === "/page.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      // A page that must do without `eval` gets the same results.
      if (request.url === "/strict") response.setHeader("content-security-policy", "default-src 'self'");
      response.end(isScript ? script : page);
    },
  });
  const server = createServer({ transports: [transport] }).add(Lab, {
    async ask(line, call) {
      call.setTrailer({
        t1: JSON.stringify([...getAllPersistentValues(call.context), ...getAllValues(call.context)]),
      });
      return line;
    },
    async collect(stream) {
      let text = "";
      let n = 0;
      for await (const line of stream) {
        text += line.text;
        n++;
      }
      return { text, n };
    },
    async story(line, stream) {
      await stream.sendHeader({});
      stream.setTrailer({ t1: "v1" });
      if (line.text === "silent" || line.text === "endless") {
        const ended = new Promise<void>((resolve) => {
          stream.signal.addEventListener("abort", () => {
            cancelled.push((stream.signal.reason as { code: string }).code);
            resolve();
          });
        });
        if (line.text === "silent") await ended;
        else for (let n = 0; !stream.signal.aborted; n++) await stream.send({ text: "more", n });
      } else if (line.text === "count") {
        const count = line.n ?? 0;
        for (let n = 0; n < count; n++) await stream.send({ text: "a token of text", n });
      } else {
        for (const text of ["once", "upon", "a", "time"]) await stream.send({ text });
      }
    },
    async chat(stream) {
      const isWaiting = fromIncomingContext(stream.context)?.get("mode")[0] === "wait";
      if (isWaiting) await stream.sendHeader({ h1: "v1" });
      stream.setTrailer({ t1: "v1" });
      for await (const line of stream) await stream.send(line);
    },
  });
  const listening = await server.listen({ host: "127.0.0.1", port });
  return { server, transport, port: listening.port, cancelled };
}
