import { recent } from "./recent.ts";
import { describe } from "./string-map.ts";
import { asciiLowerCase } from "./text.ts";

const grammar = /^[0-9a-z_.-]+$/;

/** Names of gRPC's own that applications have a use for. */
const openGrpcNames = new Set([
  "grpc-previous-rpc-attempts",
  "grpc-retry-pushback-ms",
  "grpc-tags-bin",
  "grpc-trace-bin",
]);
const reservedNames = new Set(["biz-status", "biz-message", "biz-extra", "content-type", "te"]);
const reservedPrefixes = [":", "slipstream", "rpc-persist-", "rpc-transit-", "rpc-backward-"];
const transportNames = new Set(["user-agent", "date"]);

/**
 * Whether `name`, in any letter case, is one that only the framework may write as metadata, header or trailer: pseudo-headers, those of the gRPC
 * protocol except four that are meant for applications, and those that carry metainfo and business errors.
 */
export const isReservedMetadataName: (name: string) => boolean = recent((name) => {
  // Upper case only: these are string pairs of TTHeader, not headers.
  if (name.startsWith("RPC_")) return true;
  const lowerCase = asciiLowerCase(name);
  if (reservedNames.has(lowerCase)) return true;
  if (lowerCase.startsWith("grpc-")) return !openGrpcNames.has(lowerCase);
  return reservedPrefixes.some((prefix) => lowerCase.startsWith(prefix));
});

/**
 * Whether `name` is the protocol's: reserved, or one that transports write for themselves (`user-agent`, `date`). Such entries are never
 * taken from an application's metadata when sending, and never shown to it on receipt.
 */
export function isProtocolMetadataName(name: string): boolean {
  return isReservedMetadataName(name) || transportNames.has(asciiLowerCase(name));
}

/** Whether the values of `name`, in lower case, are bytes. */
export function isBinaryName(name: string): boolean {
  return name.endsWith("-bin");
}

/**
 * The lower-case form of a name that an application sets.
 *
 * @throws TypeError when it breaks gRPC's grammar or is reserved.
 */
export const checkMetadataName: (name: string) => string = recent((name) => {
  if (typeof name !== "string") {
    throw new TypeError(`a metadata name must be a string, got ${describe(name)}`);
  }
  const lowerCase = asciiLowerCase(name);
  if (isReservedMetadataName(name)) {
    throw new TypeError(`metadata name ${JSON.stringify(name)} is reserved for the protocol; choose another`);
  }
  if (!grammar.test(lowerCase)) {
    throw new TypeError(
      `a metadata name must be one or more of the letters, digits, "_", "-" and ".", got ${JSON.stringify(name)}`,
    );
  }
  return lowerCase;
});
