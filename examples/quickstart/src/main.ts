import { Context, getPersistentValue, withPersistentValue } from "@slipstream/metainfo";
import { createClient } from "@slipstream/rpc";
import { createServer } from "@slipstream/rpc/server";
import { ttheader } from "@slipstream/transport-ttheader";
import { Greeter } from "./gen/greeter.ts";

const server = createServer({ transports: [ttheader()] }).add(Greeter, {
  greet: ({ text }, call) => ({ text: `hello ${text}, ${getPersistentValue(call.context, "user")}` }),
  async *talk(stream) {
    for await (const { text } of stream) yield { text: text.toUpperCase() };
  },
});
const { target } = await server.listen({ host: "127.0.0.1" });

const transport = ttheader();
const client = createClient(Greeter, { transport, target });
const context = withPersistentValue(Context.background, "user", "ann"); // travels down the whole chain of calls
console.log(await client.greet({ text: "world" }, { context, timeoutMs: 500 }));

const stream = await client.talk({ context });
await stream.send({ text: "both ways at once" });
console.log(await stream.recv());
await stream.closeSend();
await transport.close();
await server.close();
