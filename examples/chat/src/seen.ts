/** What one service saw of a conversation when it began; it travels in the header, as JSON. */
export interface Seen {
  readonly transport: string;
  readonly from: string;
  /** Metainfo for the whole chain. */
  readonly persistent: Record<string, string>;
  /** Metainfo for this hop alone. */
  readonly transient: Record<string, string>;
  readonly metadata: Record<string, string>;
  /** Time that was left for the conversation. */
  readonly timeLeftMs: number | undefined;
}

/** What one service has to say when a conversation is over; it travels in the trailer, as JSON. */
export interface Done {
  readonly pieces: number;
  readonly tookMs: number;
  /** From the call of the next service to its header. */
  readonly nextHeaderMs?: number;
}

/** Services by the names that their entries of header and trailer have. */
export const services = ["gateway", "backend"] as const;
export type ServiceName = (typeof services)[number];
