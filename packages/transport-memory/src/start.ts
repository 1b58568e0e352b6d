import type { CallStart, Ended, Field, Fields, Peer, ServerStart } from "@slipstream/stream";

/** What the server is told of a call: the same start, without what is the client's own. */
export function serverStart(start: CallStart, peer: Peer, ended: Ended): ServerStart {
  const { address: _, ended: __, metadata, ...rest } = start;
  return { ...rest, metadata: copied(metadata), ended, peer };
}

/** The same fields, their bytes in the receiver's possession. */
export function copied(fields: Fields): Fields {
  return fields.some(isBinary) ? fields.map(copy) : fields;
}

function isBinary([, value]: Field): boolean {
  return typeof value !== "string";
}

function copy([name, value]: Field): Field {
  return [name, typeof value === "string" ? value : value.slice()];
}
