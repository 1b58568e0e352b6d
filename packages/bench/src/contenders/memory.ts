import { createClient } from "@slipstream/rpc";
import { memory } from "@slipstream/transport-memory";
import type { Contender } from "../contender.ts";
import { Bench } from "../messages.ts";
import { benchClient, benchServer } from "./service.ts";

/** Both sides in the client's process: what is left of the cost when there is no wire. */
export const overMemory: Contender = {
  name: "memory",
  isTyped: true,
  note: "Slipstream over memory: both sides in one process",
  packages: [],
  startServer: async () => ({ port: 0 }),
  async connect() {
    const transport = memory({ maxCalls: 25_000 });
    await benchServer(transport).listen();
    return benchClient(createClient(Bench, { transport }));
  },
};
