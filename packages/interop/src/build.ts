import { join } from "node:path";
import { buildKitexProgram } from "./kitex-program.ts";

const root = join(import.meta.dirname, "..");

/** The Kitex releases that can be built: the one that counts, and an old one, which knows no RST frame. */
export type KitexVersion = "v0.16.3" | "v0.14.1";

const builds = {
  "v0.16.3": {},
  "v0.14.1": {
    moduleFlags: ["-modfile=kitex-0.14.mod"],
    // It reaches into Go's runtime by names that newer linkers refuse.
    programFlags: ["-tags=kitex014", "-ldflags=-checklinkname=0"],
  },
} as const;

/** The path of the Kitex peer's program, built at the first use: see {@link buildKitexProgram}. */
export function buildKitexPeer(version: KitexVersion = "v0.16.3"): Promise<string> {
  return buildKitexProgram({
    folder: join(root, "go"),
    module: "interop",
    idl: join(root, "idl", "lab.thrift"),
    ...builds[version],
  });
}
