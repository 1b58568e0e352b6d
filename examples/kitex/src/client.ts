// A Slipstream client for go/server: `pnpm client [address]`.
import {
  Context,
  recvAllBackwardValues,
  withBackwardValues,
  withPersistentValue,
} from "@slipstream/metainfo";
import { createClient } from "@slipstream/rpc";
import { ttheader } from "@slipstream/transport-ttheader";
import { Greeter } from "./gen/greeter.ts";

const transport = ttheader();
const client = createClient(Greeter, { transport, target: process.argv[2] ?? "127.0.0.1:8888" });
const context = withBackwardValues(withPersistentValue(Context.background, "USER", "ann"));

const { text } = await client.greet({ text: "world" }, { context, timeoutMs: 1000 });
console.log(text);
console.log("backward:", Object.fromEntries(recvAllBackwardValues(context)));

const stream = await client.talk({ context });
for (const said of ["both ways", "at once"]) {
  await stream.send({ text: said });
  console.log((await stream.recv())?.text);
}
await stream.closeSend();
const header = await stream.header();
const trailer = await stream.trailer();
console.log("header:", header.get("served-by"), "trailer:", trailer.get("said"));
await transport.close();
