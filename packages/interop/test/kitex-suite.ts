import { describe } from "vitest";
import { kitexUnavailable } from "../src/index.ts";

const unavailable = kitexUnavailable();

/** A suite that needs a live Kitex; where there is no Go to build one, its name says that it was skipped, and why. */
export function describeKitex(name: string, suite: () => void): void {
  describe.skipIf(unavailable !== undefined)(unavailable ? `${name} (skipped: ${unavailable})` : name, suite);
}

/** For hooks that may have to build Kitex first. */
export const buildLimitMs = 600_000;
