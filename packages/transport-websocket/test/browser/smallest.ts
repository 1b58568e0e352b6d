// What a page needs for its first call: its bundle is what Slipstream costs.
import { createClient } from "@slipstream/rpc";
import { websocket } from "@slipstream/transport-websocket";
import { Lab } from "../lab.ts";

declare const document: { readonly location: { readonly host: string } };

const client = createClient(Lab, { transport: websocket(), target: `ws://${document.location.host}` });
for await (const line of await client.story({ text: "once" })) console.log(line.text);
