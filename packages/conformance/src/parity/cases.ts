import { memory } from "@slipstream/transport-memory";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import type { TransportUnderTest } from "../transport-under-test.ts";
import { World } from "../world.ts";
import { programs } from "./index.ts";

/** The reference: what a program sees here, it must see everywhere. */
export const overMemory: TransportUnderTest = {
  name: "memory",
  create({ maxMessageBytes, streamWindowBytes, maxSendBufferBytes, maxStreams }) {
    const transport = memory({
      ...(maxMessageBytes === undefined ? undefined : { maxMessageBytes }),
      ...(streamWindowBytes === undefined ? undefined : { windowBytes: streamWindowBytes }),
      ...(maxSendBufferBytes === undefined ? undefined : { maxSendBufferBytes }),
      ...(maxStreams === undefined ? undefined : { maxCalls: maxStreams }),
    });
    return { server: transport, client: transport, queuedBytes: () => transport.queuedBytes };
  },
};

/** A case for each program: it is run over memory and over the transport, and what was seen is compared. */
export const parity: readonly Case[] = programs.map(({ title, observe, limitMs }) => ({
  title: `observes the same as over memory: ${title}`,
  ...(limitMs === undefined ? undefined : { limitMs }),
  async run(world: World) {
    await using reference = new World(overMemory);
    const referenceOverMemory = await observe(reference);
    const observed = await observe(world);
    expect(observed).toEqual(referenceOverMemory);
  },
}));
