import { describe, expect, it } from "vitest";
import { type Http2Options, http2 } from "./index.ts";

describe("options of http2", () => {
  it.each<Http2Options>([
    { streamWindowBytes: 1 },
    { maxConcurrentStreams: 0 },
    { connectTimeoutMs: 0 },
    { maxMessageBytes: -1 },
    { connectionsPerAddress: 1.5 },
    { idleTimeoutMs: Number.NaN },
    { maxPendingOpens: -1 },
  ])("refuse %o, naming the option and its range", (options) => {
    const [name = ""] = Object.keys(options);
    expect(() => http2(options)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(() => http2(options)).toThrow(new RegExp(`^${name} is .*expected a whole number from`));
  });

  it("refuse a keepalive that a Kitex server takes for abuse", () => {
    expect(() => http2({ keepaliveIntervalMs: 10_000 })).toThrow("expected 0 for never, or from 300000");
    expect(() => http2({ keepaliveIntervalMs: 300_000 })).not.toThrow();
    expect(() => http2({ keepaliveIntervalMs: 0, keepaliveWithoutStreams: true })).not.toThrow();
    const idle = { keepaliveWithoutStreams: true };
    expect(() => http2({ ...idle, keepaliveIntervalMs: 300_000 })).toThrow(
      "or from 7200000 with keepaliveWithoutStreams",
    );
    expect(() => http2({ ...idle, keepaliveIntervalMs: 7_200_000 })).not.toThrow();
  });
});
