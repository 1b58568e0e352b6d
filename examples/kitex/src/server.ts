// A Slipstream server for go/client: `pnpm server [port]`.
import { getPersistentValue, sendBackwardValue } from "@slipstream/metainfo";
import { createServer } from "@slipstream/rpc/server";
import { http2 } from "@slipstream/transport-http2";
import { ttheader } from "@slipstream/transport-ttheader";
import { Greeter } from "./gen/greeter.ts";

// One port for every protocol that a Kitex client may be told to speak.
const server = createServer({ transports: [ttheader(), http2()] }).add(Greeter, {
  greet({ text }, { context }) {
    sendBackwardValue(context, "served-by", "slipstream");
    return { text: `hello ${text}, ${getPersistentValue(context, "USER")}` };
  },
  async *talk(stream) {
    stream.setHeader({ "served-by": "slipstream" });
    for await (const { text } of stream) yield { text: text.toUpperCase() };
    stream.setTrailer({ said: "all" });
  },
});
const { target } = await server.listen({ host: "127.0.0.1", port: Number(process.argv[2] ?? 8888) });
console.log(`listening on ${target}`);
process.once("SIGINT", () => void server.close());
