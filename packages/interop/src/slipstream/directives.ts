import { setTimeout } from "node:timers/promises";
import {
  type Context,
  fromIncomingContext,
  getAllPersistentValues,
  getAllValues,
  sendBackwardValue,
} from "@slipstream/metainfo";
import { BizStatusError, type ServerCall } from "@slipstream/stream";
import type { Call, Caller } from "../calls.ts";
import { type Msg, Refused } from "../gen/lab.ts";
import { filler, fromMsg } from "./messages.ts";
import { type LiveRecord, type Records, startOf, textOf } from "./records.ts";

// The TypeScript half of go/directives.go, which describes the language.

/** What a handler is to do after it has obeyed a message. */
export interface Turn {
  readonly answer: Msg;
  /** How many answers, if the message said so. */
  readonly count: number | undefined;
  readonly quiet: boolean;
  readonly leave: boolean;
}

/** What directives need of the program around the handler. */
export interface Surroundings {
  readonly records: Records;
  /** Makes the calls of `next`, with the ambient context of the handler. */
  readonly caller: Caller;
}

/** Does what the directives in the text of a message say; throws what they say. */
export async function obey(
  call: ServerCall,
  { records, caller }: Surroundings,
  record: LiveRecord,
  request: Msg,
): Promise<Turn> {
  record.change({ received: [...record.now.received, fromMsg(request)] });
  const answer: Msg = { text: `echo:${request.text}`, n: request.n, blob: request.blob };
  let count: number | undefined;
  let quiet = false;
  for (const directive of request.text.split(";")) {
    const [name, value] = cut(directive, "=");
    const [key, rest] = cut(value, ":");
    if (name === "as") records.keep(value, record);
    else if (name === "h") call.setHeader({ [key]: rest });
    else if (name === "sh") await call.sendHeader({ [key]: rest });
    else if (name === "t") call.setTrailer({ [key]: rest });
    else if (name === "back") answer.text += `|back:${sendBackwardValue(call.context, key, rest)}`;
    else if (name === "meta") answer.info = everythingSeen(call);
    else if (name === "biz") throw new BizStatusError(Number(key), rest, { k: "v" });
    else if (name === "err" || name === "panic") throw new Error(value);
    else if (name === "refuse") throw new Refused({ code: Number(key), why: rest });
    else if (name === "sleep") await setTimeout(Number(value));
    else if (name === "n") count = Number(value);
    else if (name === "blob") answer.blob = filler(Number(value));
    else if (name === "quiet") quiet = true;
    else if (name === "early") return { answer, count, quiet, leave: true };
    else if (name === "waitctx") throw await endOf(call.context);
    else if (name === "next") {
      const outcome = await caller.call(JSON.parse(request.info?.["next"] ?? "{}") as Call);
      record.change({ next: outcome });
      answer.info = { ...answer.info, next: JSON.stringify(outcome) };
    }
  }
  return { answer, count, quiet, leave: false };
}

function cut(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** As in Go, the handler then takes its time, so that its answer does not overtake the caller's own end. */
const afterTheEndMs = 100;

async function endOf(context: Context): Promise<unknown> {
  const reason = await new Promise((resolve) => context.onEnd(resolve));
  await setTimeout(afterTheEndMs);
  return reason;
}

function everythingSeen({ context, info }: ServerCall): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const [key, value] of getAllValues(context)) seen[`T:${key}`] = value;
  for (const [key, value] of getAllPersistentValues(context)) seen[`P:${key}`] = value;
  const metadata = fromIncomingContext(context);
  if (metadata)
    for (const [name, values] of Object.entries(textOf(metadata))) seen[`MD:${name}`] = values.join("|");
  const start = startOf(context);
  seen["from.service"] = start?.caller ?? "";
  seen["from.method"] = start?.callerMethod ?? "";
  seen["to.method"] = info.method;
  seen["inv.service"] = start?.service ?? "";
  seen["transport"] = info.peer?.protocol ?? "";
  return seen;
}
