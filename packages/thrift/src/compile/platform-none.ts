import type { Compiler } from "../engine.ts";

/** Bundles for browsers leave the compiler out: it is a tenth of what a page loads, and many pages forbid its work. */
export const platformCompiler: Compiler | undefined = undefined;
