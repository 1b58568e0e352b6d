import { describe, expect, it } from "vitest";
import { isProtocolMetadataName, isReservedMetadataName } from "./index.ts";

describe("names of the protocol", () => {
  it("are the reserved ones, and those that transports write for themselves", () => {
    for (const name of ["user-agent", "Date"]) {
      expect(isReservedMetadataName(name)).toBe(false);
      expect(isProtocolMetadataName(name)).toBe(true);
    }
    for (const name of [":authority", "Content-Type", "grpc-accept-encoding", "biz-extra", "RPC_TRANSIT_k"]) {
      expect(isReservedMetadataName(name)).toBe(true);
      expect(isProtocolMetadataName(name)).toBe(true);
    }
    for (const name of ["x", "grpc-tags-bin", "GRPC-Trace-Bin", "rpc_x", "rpc-x", "content", "t"]) {
      expect(isReservedMetadataName(name)).toBe(false);
      expect(isProtocolMetadataName(name)).toBe(false);
    }
  });
});
