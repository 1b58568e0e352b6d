import { a } from "./no-cycle.ts";

export const b: number = a + 1;
