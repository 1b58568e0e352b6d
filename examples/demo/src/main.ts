// A client calls a chain of services, gateway -> orders -> stock, and prints what each hop saw.
//
//   npm run demo
import { memory } from "@slipstream/transport-memory";
import { runChain } from "./chain.ts";
import { report } from "./report.ts";

const runs = await runChain([
  // What carries each hop. Any transport takes the place of any other: only its line changes.
  { service: "gateway", transport: memory({ name: "gateway" }) },
  { service: "orders", transport: memory({ name: "orders" }) },
  { service: "stock", transport: memory({ name: "stock" }) },
]);

const { text, isAsPromised } = report(runs);
console.log(text);
if (!isAsPromised) process.exitCode = 1;
