export type { GeneratedFile, GenerateOptions, GenerateResult } from "./generate.ts";
export { generate, PlacementError } from "./generate.ts";
export type { PrintOptions } from "./options.ts";
