import type { Implementation } from "@slipstream/stream";
import type { Echo } from "./gen/echo.ts";

/** Gives back what it is sent, where a test asks no more of a server. */
export const echoHandlers: Implementation<typeof Echo> = {
  say: async (line) => line,
  collect: async () => ({}),
  async *tell() {},
  async *chat(stream) {
    yield* stream;
  },
};
