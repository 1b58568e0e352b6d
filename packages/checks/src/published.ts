import { readFile } from "node:fs/promises";
import { checkPackage, createPackageFromTarballData, type Problem } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import type { PackedPackage } from "./pack.ts";

/**
 * Lints each tarball with publint, and with are-the-types-wrong under its profile `esm-only`.
 *
 * @returns one line a problem.
 */
export async function publishedProblems(packed: readonly PackedPackage[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { tarball, manifest } of packed) {
    const data = await readFile(tarball);
    for (const problem of [...(await lintTarball(data)), ...(await wrongTypes(data))]) {
      problems.push(`${manifest.name}: ${problem}`);
    }
  }
  return problems;
}

/** What publint says about a tarball, suggestions included. */
async function lintTarball(data: Uint8Array): Promise<readonly string[]> {
  const tarball = new Uint8Array(data).buffer;
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  return messages.map(
    (message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  );
}

/** What are-the-types-wrong says about a tarball, for those who import it as ESM or with a bundler. */
async function wrongTypes(data: Uint8Array): Promise<readonly string[]> {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(data)));
  if (!result.types) return ["attw: the package has no types"];
  return result.problems.filter(concernsEsm).map((problem) => `attw: ${JSON.stringify(problem)}`);
}

/** The profile `esm-only`: `require` of Node 16 and the resolution of Node 10 are not promised. */
function concernsEsm(problem: Problem): boolean {
  if ("resolutionKind" in problem) return !["node10", "node16-cjs"].includes(problem.resolutionKind);
  return !("resolutionOption" in problem && problem.resolutionOption === "node10");
}
