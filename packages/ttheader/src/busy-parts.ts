import type { SessionParts } from "./parts.ts";
import { PausingInflow } from "./pausing-inflow.ts";
import { SlabOutbox } from "./slab-outbox.ts";
import { SlotTable } from "./slot-table.ts";
import { StreamWindows } from "./stream-window.ts";

/** For servers and busy clients. */
export const busyParts: SessionParts = {
  exchanges: () => new SlotTable(),
  outbox: (link, onRoom) => new SlabOutbox(link, onRoom),
  inflow: (link, options, onStalled) => new PausingInflow(link, options, onStalled),
  windows: ({ streamWindowBytes, maxStreamWindowBytes, maxUnreadBytes }) =>
    // A peer that heeds its credit never has so much unread that the connection would stand still for it.
    new StreamWindows(streamWindowBytes, Math.min(maxStreamWindowBytes, maxUnreadBytes)),
};
