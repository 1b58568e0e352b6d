import type { TlsOptions } from "node:tls";
import { type Caller, startKitexDriver, startKitexServer } from "../../src/index.ts";
import { createCaller } from "../../src/slipstream/caller.ts";
import { startSlipstreamProcess } from "../../src/slipstream/process.ts";
import { startSlipstreamServer } from "../../src/slipstream/server.ts";
import { type Sessions, serverTransports, Transports } from "../../src/slipstream/transports.ts";
import type { Pair, Side, Sides } from "./cell.ts";

/** Who calls whom, by the names of the columns. Kitex against itself says what to expect. */
export const columns: readonly (readonly [name: string, sides: Sides])[] = [
  ["Kitex → Kitex", { from: "Kitex", to: "Kitex" }],
  ["Slipstream → Kitex", { from: "Slipstream", to: "Kitex" }],
  ["Kitex → Slipstream", { from: "Kitex", to: "Slipstream" }],
  ["Slipstream → Slipstream", { from: "Slipstream", to: "Slipstream" }],
];

/** One caller and one callee of each side, which serve all cells. */
export interface World extends AsyncDisposable {
  pair(sides: Sides): Pair;
}

/** What ours is made with in a world, beside its defaults. */
export interface Ours {
  readonly sessions?: Sessions;
  /** Our servers take TLS alone, and Kitex clients speak it; they do so over HTTP/2 only. */
  readonly tls?: TlsOptions;
}

export async function startWorld({ sessions = "h2", tls }: Ours = {}): Promise<World> {
  const started: AsyncDisposable[] = [];
  const use = <T extends AsyncDisposable>(part: T): T => {
    started.push(part);
    return part;
  };
  const kitexServer = use(await startKitexServer({ handlers: true, contextTimeout: true }));
  const kitexDriver = use(await startKitexDriver());
  const transports = use(new Transports(sessions));
  const ourCaller = createCaller((call) => transports.for(call));
  const ourServer = use(await startSlipstreamServer(serverTransports(sessions), ourCaller, { tls }));
  const ourNamelessServer = use(
    await startSlipstreamServer(serverTransports(), ourCaller, { onlyLab: true }),
  );

  const kitexDefaults = { handlers: true, caller: "lab.client", ...(tls && { tls: true }) };
  const callers: Record<Side, Caller> = {
    Kitex: {
      call: (call) => kitexDriver.call({ ...kitexDefaults, ...call }),
      many: (count, call) => kitexDriver.many(count, { ...kitexDefaults, ...call }),
    },
    Slipstream: {
      call: (call) => ourCaller.call({ caller: "lab.client", ...call }),
      many: (count, call) => ourCaller.many(count, { caller: "lab.client", ...call }),
    },
  };
  const callees = { Kitex: kitexServer, Slipstream: ourServer };
  return {
    pair: ({ from, to }) => ({
      from,
      to,
      caller: callers[from],
      callee: callees[to],
      namelessCallee: to === "Kitex" ? kitexServer : ourNamelessServer,
      beyond: callees[from],
      startCaller: () => (from === "Kitex" ? startKitexDriver() : startSlipstreamProcess(sessions)),
      startCallee: () => (to === "Kitex" ? startKitexServer() : startSlipstreamProcess(sessions)),
    }),
    async [Symbol.asyncDispose]() {
      for (const part of started.reverse()) await part[Symbol.asyncDispose]();
    },
  };
}
