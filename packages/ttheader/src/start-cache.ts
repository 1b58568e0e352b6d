import type { FrameHead } from "./frame-head.ts";
import { type HeaderBlock, hasSections, keepSections } from "./header-block.ts";
import { type Received, readStart } from "./start.ts";

/** A power of two. */
const SLOTS = 64;
/** Longer sections are read anew: comparing them would cost as much. */
const MAX_BYTES = 1024;

/** What the head of a request says, and its sections as they came. */
export interface KnownStart {
  readonly received: Received;
  readonly block: HeaderBlock;
}

const starts: (KnownStart | undefined)[] = new Array<KnownStart | undefined>(SLOTS).fill(undefined);

/**
 * As {@link readStart}, and keeps the sections. Requests of one client to one method mostly say the same in the same bytes:
 * then what was read before is given again, which is why nobody may change it. What does not come again is overwritten.
 *
 * @throws RpcError `internal` when the side entry is malformed.
 */
export function readKnownStart(head: FrameHead): KnownStart {
  const { bytes, sectionsStart, payloadStart } = head;
  const length = payloadStart - sectionsStart;
  if (length > MAX_BYTES) return { received: readStart(head), block: keepSections(head) };
  // Two places where requests of different methods or of different content tend to differ.
  const middle = bytes[(sectionsStart + payloadStart) >>> 1] as number;
  const late = bytes[payloadStart - Math.min(length, 8)] as number;
  const slot = (length * 31 + middle * 7 + late * 101) & (SLOTS - 1);
  const known = starts[slot];
  if (known !== undefined && hasSections(head, known.block)) return known;
  const start = { received: readStart(head), block: keepSections(head) };
  // Bytes go to the application, which may change them.
  if (start.received.metadata.every(([, value]) => typeof value === "string")) starts[slot] = start;
  return start;
}
