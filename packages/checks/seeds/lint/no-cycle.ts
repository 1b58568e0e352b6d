import { b } from "./no-cycle-other.ts";

export const a: number = b + 1;
