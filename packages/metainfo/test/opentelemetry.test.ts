import {
  type Context as OtelContext,
  propagation,
  ROOT_CONTEXT,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import {
  Context,
  fromOutgoingContext,
  getPersistentValue,
  getValue,
  Metadata,
  newOutgoingContext,
  withCancel,
  withPersistentValue,
  withTimeout,
  withValue,
} from "@slipstream/metainfo";
import { describe, expect, expectTypeOf, it } from "vitest";

const spanContext = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: TraceFlags.SAMPLED,
};

describe("OpenTelemetry on our Context", () => {
  it("accepts it as its own, as types and as values", () => {
    expectTypeOf<Context>().toExtend<OtelContext>();
    const key = Symbol("key");
    const context: OtelContext = Context.background;
    expect(context.setValue(key, 1).getValue(key)).toBe(1);
    expect(context.setValue(key, 1).deleteValue(key).getValue(key)).toBe(ROOT_CONTEXT.getValue(key));
  });

  it("sets spans and baggage and keeps metainfo, metadata, deadline and end [C13]", () => {
    const { context, cancel } = withCancel(withTimeout(Context.background, 60_000));
    const base = newOutgoingContext(
      withPersistentValue(withValue(context, "t", "1"), "p", "2"),
      Metadata.pairs("m", "3"),
    );
    const traced = trace.setSpan(base, trace.wrapSpanContext(spanContext));
    const both = propagation.setBaggage(traced, propagation.createBaggage({ user: { value: "ann" } }));

    expect(trace.getSpan(both)?.spanContext()).toEqual(spanContext);
    expect(propagation.getBaggage(both)?.getEntry("user")).toEqual({ value: "ann" });
    expect(trace.getSpan(base)).toBeUndefined();

    expect(both).toBeInstanceOf(Context);
    const ours = both as Context;
    expect(getValue(ours, "t")).toBe("1");
    expect(getPersistentValue(ours, "p")).toBe("2");
    expect(fromOutgoingContext(ours)?.get("m")).toEqual(["3"]);
    // Two readings of two clocks: the system's counts whole milliseconds.
    expect(Math.abs((ours.deadline ?? 0) - (context.deadline ?? 0))).toBeLessThanOrEqual(1);
    expect(ours.remainingMs()).toBeGreaterThan(0);
    cancel("stop");
    expect(ours.reason).toBe("stop");
  });

  it("keeps a span through all that we derive, until it is deleted", () => {
    const traced = trace.setSpanContext(Context.background, spanContext) as Context;
    const derived = withTimeout(withCancel(withPersistentValue(traced, "p", "1")).context, 60_000);
    expect(trace.getSpanContext(derived)).toEqual(spanContext);
    expect(trace.getSpanContext(derived.detached())).toEqual(spanContext);
    expect(trace.getSpan(trace.deleteSpan(derived))).toBeUndefined();
    expect(getPersistentValue(trace.deleteSpan(derived) as Context, "p")).toBe("1");
  });
});
