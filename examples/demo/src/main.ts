// A client calls a chain of services, gateway -> orders -> stock, and prints what each hop saw.
//
//   npm run demo
import { http2 } from "@slipstream/transport-http2";
import { ttheader } from "@slipstream/transport-ttheader";
import { websocket } from "@slipstream/transport-websocket";
import { websocketServer } from "@slipstream/transport-websocket/server";
import { type Hop, runChain } from "./chain.ts";
import { report } from "./report.ts";

// What carries each hop. Any transport takes the place of any other, and nobody notices.
const gateway: Hop = {
  service: "gateway",
  server: websocketServer(),
  client: websocket(),
  target: ({ target }) => `ws://${target}`,
};
const orders: Hop = { service: "orders", server: ttheader(), client: ttheader() };
const stock: Hop = { service: "stock", server: http2(), client: http2() };

const { text, isAsPromised } = report(await runChain([gateway, orders, stock]));
console.log(text);
if (!isAsPromised) process.exitCode = 1;
