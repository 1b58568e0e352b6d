import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyContender, Contender } from "../contender.ts";
import { contenders, decorated } from "./index.ts";

/**
 * A contender of this package by its name, or the one that a module outside of it exports as `contender`: see "An adapter
 * of your own" in the README.
 *
 * @throws Error when there is no such name, or the module exports no contender.
 */
export async function loadContender(name: string, adapterPath?: string): Promise<AnyContender> {
  if (adapterPath === undefined) {
    const load = contenders[name] ?? decorated[name];
    if (!load) throw new Error(`no contender ${name}; there are ${Object.keys(contenders).join(", ")}`);
    return load();
  }
  const path = resolve(adapterPath);
  if (!existsSync(path)) return { name, absent: `there is no ${adapterPath}` };
  const { contender } = (await import(pathToFileURL(path).href)) as { contender?: Contender };
  if (typeof contender?.startServer !== "function" || typeof contender.connect !== "function") {
    throw new Error(`${adapterPath} has no export \`contender\` with startServer() and connect(port)`);
  }
  return { ...contender, name };
}
