// Our server and client in a process of their own, told what to do as the Kitex peer is: JSON lines on stdin.
import { createInterface } from "node:readline";
import type { Call, Stage } from "../calls.ts";
import { createCaller } from "./caller.ts";
import { type SlipstreamServer, startSlipstreamServer } from "./server.ts";
import { type Sessions, serverTransports, Transports } from "./transports.ts";

const sessions = process.argv[2] as Sessions;
const transports = new Transports(sessions);
const caller = createCaller((call) => transports.for(call));
let server: SlipstreamServer | undefined;

type Request = { id: number; op: string } & Call & {
    count: number;
    call: Call;
    name: string;
    until?: Stage;
    timeoutMs?: number;
  };

const operations: Record<string, (request: Request) => Promise<unknown>> = {
  async listen() {
    server ??= await startSlipstreamServer(serverTransports(sessions), caller, { onlyLab: true });
    return { port: server.port };
  },
  async observe({ name, until, timeoutMs }) {
    if (server === undefined) throw new Error("no server listens here");
    return await server.observe(name, until, timeoutMs);
  },
  call: (request) => caller.call(request),
  many: ({ count, call }) => caller.many(count, call),
};

async function answer(line: string): Promise<void> {
  const request = JSON.parse(line) as Request;
  const operation = operations[request.op];
  const result = await (operation?.(request) ?? Promise.reject(new Error(`no operation ${request.op}`))).then(
    (value) => ({ id: request.id, value }),
    (error: unknown) => ({ id: request.id, error: String(error) }),
  );
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void answer(line));
lines.on("close", () => process.exit(0));
