import type { World } from "../world.ts";

/**
 * Something that is done over a transport, and what is seen of it: codes, texts of errors that the application gave, values, the
 * order of events, header and trailer. Never times, numbers of a wire, or texts of errors that arise on the way.
 */
export interface Program {
  /** Completes the sentence "observes the same as over memory: …"; ids of behaviours at its end. */
  readonly title: string;
  observe(world: World): Promise<unknown>;
  /** @defaultValue 8,000 */
  readonly limitMs?: number;
}
