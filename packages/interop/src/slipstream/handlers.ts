import type { Implementation, ServerCall } from "@slipstream/stream";
import type { Lab, Msg, Shed } from "../gen/lab.ts";
import { obey, type Surroundings, type Turn } from "./directives.ts";
import { describeFailure } from "./failures.ts";
import { LiveRecord } from "./records.ts";

/** Lab as go/handler.go serves it: every handler does what its message says. */
export function laboratory(surroundings: Surroundings): Implementation<typeof Lab> {
  const recorded = async <T>(call: ServerCall, serve: (record: LiveRecord) => Promise<T>): Promise<T> => {
    const record = new LiveRecord(call);
    try {
      return await serve(record);
    } finally {
      record.returned();
    }
  };
  const once = (request: Msg, call: ServerCall): Promise<Msg> =>
    recorded(call, async (record) => (await obey(call, surroundings, record, request)).answer);
  /** The messages of the client, until its half-close or its end. */
  const incoming = async function* (stream: AsyncIterable<Msg>, record: LiveRecord): AsyncGenerator<Msg> {
    try {
      yield* stream;
    } catch (error) {
      record.change({ receiveError: describeFailure(error) });
      throw error;
    }
    record.change({ halfClosed: true });
  };

  return {
    ping: once,
    once,
    async join({ first, second, numbers }, call) {
      const reply = await once(second, call);
      return { ...reply, text: `${first}+${reply.text}+[${numbers.join(" ")}]` };
    },
    now: (_, call) => once({ text: "now" }, call),
    async touch(request, call) {
      await once(request, call);
    },
    async note(request, call) {
      await once(request, call);
    },
    collect: (stream) =>
      recorded(stream, async (record) => {
        let count = 0;
        let last = "";
        for await (const message of incoming(stream, record)) {
          count++;
          last = message.text;
          const turn = await obey(stream, surroundings, record, message);
          if (turn.leave) return turn.answer;
        }
        return { text: `collected ${count} last ${last}` };
      }),
    feed: (request, stream) =>
      recorded(stream, async (record) => {
        for (const answer of answers(await obey(stream, surroundings, record, request)))
          await stream.send(answer);
      }),
    chat: (stream) =>
      recorded(stream, async (record) => {
        for await (const message of incoming(stream, record)) {
          const turn = await obey(stream, surroundings, record, message);
          if (turn.leave) return;
          for (const answer of answers(turn)) await stream.send(answer);
        }
      }),
  };
}

/** Shed has methods of the same names; its answers say where they come from. */
export const shed: Implementation<typeof Shed> = {
  ping: (request) => ({ text: `shed:${request.text}` }),
  async *chat(stream) {
    for await (const message of stream) yield { text: `shed:${message.text}` };
  },
};

/** One answer; numbered ones when a count was asked for. */
function* answers({ answer, count, quiet }: Turn): Generator<Msg> {
  if (quiet) return;
  if (count === undefined) yield answer;
  else for (let i = 0; i < count; i++) yield { ...answer, n: BigInt(i) };
}
