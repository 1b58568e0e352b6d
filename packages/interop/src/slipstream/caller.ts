import {
  appendToOutgoingContext,
  Context,
  currentContext,
  recvAllBackwardValues,
  withBackwardValues,
  withCancel,
  withPersistentValue,
  withTimeout,
  withValue,
} from "@slipstream/metainfo";
import { type Client, createClient } from "@slipstream/rpc";
import type { CallOptions, ClientTransport, Header, StreamOptions } from "@slipstream/stream";
import type { Call, Caller, ManyOutcome, Message, Outcome } from "../calls.ts";
import { Lab, type Msg } from "../gen/lab.ts";
import { describeFailure } from "./failures.ts";
import { fromMsg, toMsg } from "./messages.ts";
import { textOf } from "./records.ts";
import { type OpenStream, ofBidi, ofClient, ofServer, runScript } from "./script.ts";

/** Lab with two methods that no server has. Shed, and services that do not exist, are called with it under their names. */
const CallableLab = {
  ...Lab,
  methods: {
    ...Lab.methods,
    missing: { ...Lab.methods.ping, name: "Missing" },
    missingStream: { ...Lab.methods.chat, name: "MissingStream" },
  },
};
type LabClient = Client<typeof CallableLab>;

const singleCalls: Record<
  string,
  (client: LabClient, call: Call, options: CallOptions) => Promise<Msg | void>
> = {
  Ping: (client, call, options) => client.ping(firstOf(call), options),
  Join: (client, call, options) =>
    client.join(
      { first: call.strings?.[0] ?? "", second: firstOf(call), numbers: [...(call.numbers ?? [])] },
      options,
    ),
  Now: (client, _, options) => client.now({}, options),
  Touch: (client, call, options) => client.touch(firstOf(call), options),
  Note: (client, call, options) => client.note(firstOf(call), options),
  Once: (client, call, options) => client.once(firstOf(call), options),
  Missing: (client, call, options) => client.missing(firstOf(call), options),
};

const streams: Record<string, (client: LabClient, options: StreamOptions) => Promise<OpenStream>> = {
  Collect: async (client, options) => ofClient(await client.collect(options)),
  Feed: async (client, options) => ofServer((request) => client.feed(request, options)),
  Chat: async (client, options) => ofBidi(await client.chat(options)),
  MissingStream: async (client, options) => ofBidi(await client.missingStream(options)),
};

export type OutcomeDraft = { -readonly [K in keyof Outcome]: Outcome[K] } & {
  messages: Message[];
  events: { what: string; atMs: number }[];
};

/** Makes the calls that tests describe with our client, and reports them in the words of a Kitex driver. */
export function createCaller(transportFor: (call: Call) => ClientTransport): Caller {
  async function call(call: Call): Promise<Outcome> {
    const { caller, target, service = "Lab" } = call;
    const options = { transport: transportFor(call), target, ...(caller === undefined ? {} : { caller }) };
    return await perform(createClient({ ...CallableLab, name: service }, options), call);
  }

  async function many(count: number, template: Call): Promise<ManyOutcome> {
    const failed: Record<string, number> = {};
    let succeeded = 0;
    let first: Outcome | undefined;
    const one = async (i: number) => {
      const number = ({ text = "", ...rest }: Message) => ({ ...rest, text: text.replaceAll("{i}", `${i}`) });
      const messages = (template.messages ?? []).map(number);
      const outcome = await call({ ...template, messages });
      const reason = outcome.error?.text ?? mismatch(messages, outcome.messages);
      if (reason === undefined) succeeded++;
      else {
        failed[reason] = (failed[reason] ?? 0) + 1;
        first ??= outcome;
      }
    };
    await Promise.all(Array.from({ length: count }, (_, i) => one(i)));
    return { succeeded, failed, ...(first === undefined ? {} : { first }) };
  }

  return { call, many };
}

async function perform(client: LabClient, call: Call): Promise<Outcome> {
  const began = performance.now();
  const outcome: OutcomeDraft = {
    messages: [],
    header: null,
    trailer: null,
    backward: null,
    error: null,
    ended: false,
    events: [],
  };
  const note = (what: string) => outcome.events.push({ what, atMs: performance.now() - began });
  const single = singleCalls[call.method];
  const open = streams[call.method];
  if (single) await performSingle(single, client, call, outcome, note);
  else if (open) await performStream(open, client, call, outcome, note);
  else throw new Error(`no method ${call.method}`);
  return outcome;
}

async function performSingle(
  make: (typeof singleCalls)[string],
  client: LabClient,
  call: Call,
  outcome: OutcomeDraft,
  note: (what: string) => void,
): Promise<void> {
  const { context: cancellable, cancel } = withCancel(contextFor(call));
  const context = withBackwardValues(cancellable);
  const timer = call.cancelAfterMs === undefined ? undefined : setTimeout(cancel, call.cancelAfterMs);
  note("call");
  try {
    const reply = await make(client, call, {
      context,
      ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
      onHeader: (header) =>
        Object.assign(outcome, { header: header.toRecord(), headerMetadata: lists(header) }),
      onTrailer: (trailer) =>
        Object.assign(outcome, { trailer: trailer.toRecord(), trailerMetadata: lists(trailer) }),
    });
    if (reply !== undefined) outcome.messages.push(fromMsg(reply));
  } catch (error) {
    outcome.error = describeFailure(error);
  }
  note("return");
  clearTimeout(timer);
  cancel();
  outcome.backward = Object.fromEntries(recvAllBackwardValues(context));
}

async function performStream(
  open: (typeof streams)[string],
  client: LabClient,
  call: Call,
  outcome: OutcomeDraft,
  note: (what: string) => void,
): Promise<void> {
  const { context, cancel } = withCancel(contextFor(call));
  const { recvTimeoutMs: timeoutMs, recvTimeoutKeepsPeer = false } = call;
  const recvTimeoutMs =
    timeoutMs === undefined ? {} : { recvTimeoutMs: { timeoutMs, cancelRemote: !recvTimeoutKeepsPeer } };
  note("open");
  try {
    await runScript(await open(client, { context, ...recvTimeoutMs }), call, cancel, outcome, note);
  } catch (error) {
    outcome.error ??= describeFailure(error);
    note("open failed");
  } finally {
    cancel();
  }
}

function contextFor(call: Call): Context {
  let context = currentContext();
  for (const [key, value] of Object.entries(call.persistent ?? {})) {
    context = withPersistentValue(context, key, value);
  }
  for (const [key, value] of Object.entries(call.transient ?? {})) context = withValue(context, key, value);
  for (const [name, value] of call.metadata ?? []) {
    const isBinary = name.endsWith("-bin");
    context = appendToOutgoingContext(context, name, isBinary ? Buffer.from(value, "latin1") : value);
  }
  return call.contextTimeoutMs === undefined ? context : withTimeout(context, call.contextTimeoutMs);
}

const firstOf = ({ messages: [first = {}] = [] }: Call): Msg => toMsg(first);

const lists = (header: Header): Record<string, string[]> => textOf(header.metadata);

/** Why the answers are not the echoes of the messages. */
function mismatch(sent: readonly Message[], got: readonly Message[]): string | undefined {
  if (sent.length !== got.length) return `${sent.length} messages sent, ${got.length} received`;
  const wrong = got.findIndex(({ text }, i) => text !== `echo:${sent[i]?.text}`);
  return wrong === -1
    ? undefined
    : `message ${wrong} is ${got[wrong]?.text}, not the echo of ${sent[wrong]?.text}`;
}
