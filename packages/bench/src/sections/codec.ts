import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { CodecFigure } from "../results.ts";
import type { Lab } from "./lab.ts";

const program = fileURLToPath(new URL("../micro/thrift.ts", import.meta.url));

/** The Thrift codecs by themselves, in a process of their own. */
export async function measureCodecs(
  lab: Lab,
  rounds: number,
  fromSources: boolean,
): Promise<readonly CodecFigure[]> {
  const conditions = fromSources ? ["--conditions=@slipstream/source"] : [];
  const figures = await lab.attempt("codecs", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--no-warnings",
      "--import=tsx",
      ...conditions,
      program,
      String(rounds),
      "--json",
    ]);
    return JSON.parse(stdout) as CodecFigure[];
  });
  if (figures && !figures.some(({ codec }) => codec === "npm thrift"))
    lab.notes.push("npm thrift is left out of the codecs: the Apache compiler is not there.");
  return figures ?? [];
}
