export { compiler } from "./compile/compiler.ts";
export type { Compiler } from "./engine.ts";
