import type { World } from "./world.ts";

/** One behaviour that every transport has. */
export interface Case {
  /** A sentence; the ids of the behaviours it shows stand in square brackets at its end. */
  readonly title: string;
  run(world: World): Promise<void>;
  /** Only for cases that move much: how long it may take. @defaultValue 8,000 */
  readonly limitMs?: number;
}

/** The title as exceptions name it. */
export function plainTitle(title: string): string {
  return title.replace(/\s*(?:\[[A-Z]\d+\])+$/, "");
}
