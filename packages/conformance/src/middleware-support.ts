import type { Middleware, RpcError } from "@slipstream/stream";
import type { Line } from "./talk.ts";
import { all } from "./waiting.ts";

/** Notes when a call goes in and out, and what with. */
export function watching(log: unknown[], name = ""): Middleware {
  return {
    call: (next) => async (info, request) => {
      log.push([`${name}in`, info.method, shape(request)]);
      try {
        const result = await next(info, request);
        log.push([`${name}out`, info.method, shape(result)]);
        return result;
      } catch (thrown) {
        log.push([`${name}failed`, info.method, (thrown as RpcError).code ?? String(thrown)]);
        throw thrown;
      }
    },
  };
}

/** Something to compare: a stream is only named. */
export function shape(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return "info" in value ? "stream" : value;
}

/** Answers with what came. */
export const echo = {
  async *chat(stream: AsyncIterable<Line>): AsyncGenerator<Line> {
    for await (const { text } of stream) yield { text: `re: ${text}` };
  },
  async *story({ text, n = 0 }: Line): AsyncGenerator<Line> {
    for (let i = 0; i < n; i++) yield { text, n: i };
  },
  async collect(stream: AsyncIterable<Line>): Promise<Line> {
    return { text: `${(await all(stream)).length}` };
  },
  ask: async ({ text }: Line): Promise<Line> => ({ text: `re: ${text}` }),
  ping: ({ text }: Line): Line => ({ text: `re: ${text}` }),
};
