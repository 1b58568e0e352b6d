import type { Compiler } from "../engine.ts";
import { compiler } from "./compiler.ts";

export const platformCompiler: Compiler | undefined = compiler;
