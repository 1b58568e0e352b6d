import { fromIncomingContext, getAllPersistentValues, getAllValues } from "@slipstream/metainfo";
import type { ServerCall } from "@slipstream/stream";
import type { Seen } from "./seen.ts";

/** What a service sees when a conversation begins. */
export function arrival({ context, info }: ServerCall): Seen {
  const metadata = [...(fromIncomingContext(context) ?? [])].map(([name, values]) => [
    name,
    values.join(", "),
  ]);
  return {
    transport: info.peer?.transport ?? "?",
    from: info.peer?.address ?? "?",
    persistent: Object.fromEntries(getAllPersistentValues(context)),
    transient: Object.fromEntries(getAllValues(context)),
    metadata: Object.fromEntries(metadata) as Record<string, string>,
    timeLeftMs: context.remainingMs(),
  };
}
