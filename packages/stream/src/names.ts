import { isReservedMetadataName } from "@slipstream/metainfo";

const grpc = /^grpc-/i;
const hidden = /^(?::|slipstream|rpc-|biz-)|^(?:content-type|user-agent|date)$/i;

/** Whether the framework keeps this name of a header, trailer or metadata entry for itself: setting it is refused. */
export const isReservedName: (name: string) => boolean = isReservedMetadataName;

/**
 * Whether a name that came in a wire's native form is the framework's, and not shown in header, trailer and metadata: what a
 * handler sees is what the caller set. The whole block is in `peer.raw`. Some names are hidden that may be set (`date`,
 * `rpc-x`, `biz-x`): between two peers of ours these travel in the side entry.
 */
export function isHiddenName(name: string): boolean {
  return hidden.test(name) || name.startsWith("RPC_") || (grpc.test(name) && isReservedName(name));
}
