import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const example = join(import.meta.dirname, "..");
const noGo = missingGo();

function missingGo(): string | undefined {
  try {
    execFileSync("go", ["version"], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `no Go: ${(error as Error).message.split("\n")[0]}`;
  }
}

const run = promisify(execFile);
const typescript = (file: string, ...args: string[]): [string, string[]] => {
  const loader = createRequire(import.meta.url).resolve("tsx");
  return [
    process.execPath,
    ["--conditions=@slipstream/source", "--import", loader, join(import.meta.dirname, file), ...args],
  ];
};

const said = (by: string, backward: string) =>
  `hello world, ann\nbackward: ${backward}\nBOTH WAYS\nAT ONCE\nheader: ${by} trailer: all\n`;

describe.skipIf(noGo)(noGo ? `Kitex and Slipstream (skipped: ${noGo})` : "Kitex and Slipstream", () => {
  let folder: string;
  const servers: ChildProcess[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "slipstream-example-"));
    for (const part of ["go", "idl"]) cpSync(join(example, part), join(folder, part), { recursive: true });
    await run(join(folder, "go", "build.sh"));
  }, 600_000);

  afterAll(async () => {
    for (const server of servers) {
      server.kill("SIGKILL");
      await once(server, "close");
    }
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts a server and resolves with the address that it prints. */
  async function start(file: string, args: string[]): Promise<string> {
    const server = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
    servers.push(server);
    const [line] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
    return line.replace("listening on ", "");
  }

  it("a Kitex server answers the client in TypeScript", async () => {
    const address = await start(join(folder, "go", "bin", "server"), ["127.0.0.1:0"]);
    const { stdout } = await run(...typescript("client.ts", address));
    expect(stdout).toBe(said("kitex", "{ 'served-by': 'kitex' }"));
  });

  it("the server in TypeScript answers a Kitex client, over TTHeader and over HTTP/2", async () => {
    const address = await start(...typescript("server.ts", "0"));
    const client = join(folder, "go", "bin", "client");
    expect((await run(client, [address])).stdout).toBe(said("slipstream", "map[served-by:slipstream]"));
    // Kitex carries no backward values over HTTP/2.
    expect((await run(client, [address, "grpc"])).stdout).toBe(said("slipstream", "map[]"));
  });
});
