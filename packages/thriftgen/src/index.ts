export type { GeneratedFile, GenerateOptions, GenerateResult } from "./generate.ts";
export { generate } from "./generate.ts";
export type { PrintOptions } from "./options.ts";
