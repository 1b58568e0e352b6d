import type { TlsOptions } from "node:tls";
import { createServer } from "@slipstream/rpc/server";
import type { ServerTransport } from "@slipstream/stream";
import type { Callee, Caller } from "../calls.ts";
import { Lab, Shed } from "../gen/lab.ts";
import { laboratory, shed } from "./handlers.ts";
import { keepStart, Records } from "./records.ts";

export interface SlipstreamServer extends Callee, AsyncDisposable {
  readonly port: number;
}

/**
 * Serves Lab and Shed with our server on a free port of 127.0.0.1. `caller` makes the calls of handlers that are told to.
 * With `onlyLab` it takes calls that name no service, too: methods of the same names in Shed make them ambiguous.
 */
export async function startSlipstreamServer(
  transports: readonly ServerTransport[],
  caller: Caller,
  { onlyLab = false, tls }: { readonly onlyLab?: boolean; readonly tls?: TlsOptions | undefined } = {},
): Promise<SlipstreamServer> {
  const records = new Records();
  const server = createServer({ transports, name: "lab.service", metaHandlers: [keepStart] });
  server.add(Lab, laboratory({ records, caller }));
  if (!onlyLab) server.add(Shed, shed);
  const { port } = await server.listen({ port: 0, host: "127.0.0.1", ...(tls && { tls }) });
  return {
    port,
    target: `127.0.0.1:${port}`,
    observe: (name, until = "started", timeoutMs = 5000) => records.observe(name, until, timeoutMs),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
