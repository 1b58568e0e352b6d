import { join } from "node:path";
import type { Callee } from "../calls.ts";
import { ControlledProcess } from "../control.ts";
import { Peer } from "../peer.ts";
import type { Sessions } from "./transports.ts";

/** Our server and client in a process of their own: for tests that kill it. */
export class SlipstreamProcess extends Peer implements Callee {
  readonly target: string;

  constructor(process: ControlledProcess, port: number) {
    super(process);
    this.target = `127.0.0.1:${port}`;
  }
}

export async function startSlipstreamProcess(sessions: Sessions): Promise<SlipstreamProcess> {
  const program = join(import.meta.dirname, "program.ts");
  const args = ["--conditions=@slipstream/source", "--import=tsx", program, sessions];
  const child = new ControlledProcess("Slipstream process", process.execPath, args);
  const { port } = (await child.request("listen")) as { port: number };
  return new SlipstreamProcess(child, port);
}
