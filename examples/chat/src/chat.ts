import { createClient } from "@slipstream/rpc";
import { ttheader } from "@slipstream/transport-ttheader";
import { createBackend } from "./backend.ts";
import { createGateway } from "./gateway.ts";
import { Chat } from "./gen/chat.ts";
import { bundlePages } from "./pages.ts";

/** The backend and the gateway, running. */
export interface RunningChat extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

/** Starts everything; `port` 0 takes any free one. */
export async function startChat(port: number): Promise<RunningChat> {
  const pages = await bundlePages();
  const backend = createBackend();
  const { target } = await backend.listen({ host: "127.0.0.1" });
  const transport = ttheader();
  const gateway = createGateway(createClient(Chat, { transport, target }), pages);
  const listening = await gateway.listen({ host: "127.0.0.1", port });
  return {
    url: `http://127.0.0.1:${listening.port}`,
    port: listening.port,
    async [Symbol.asyncDispose]() {
      await gateway.close({ graceMs: 500 });
      await transport.close();
      await backend.close({ graceMs: 0 });
    },
  };
}
