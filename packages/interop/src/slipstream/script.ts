import { setTimeout } from "node:timers/promises";
import type { BidiStreaming, ClientStreaming, Header, ServerStreaming } from "@slipstream/stream";
import type { Call, Message, Step } from "../calls.ts";
import type { Msg } from "../gen/lab.ts";
import type { OutcomeDraft } from "./caller.ts";
import { describeFailure } from "./failures.ts";
import { fromMsg, toMsg } from "./messages.ts";

// The TypeScript half of go/stream.go.

/** A stream of any kind with the methods of a bidirectional one, as a Kitex program has it. */
export interface OpenStream {
  readonly kind: "client" | "server" | "bidi";
  send(message: Msg): Promise<void>;
  closeSend(): Promise<void>;
  recv(): Promise<Msg | undefined>;
  header(): Promise<Header>;
  trailer(): Promise<Header>;
}

export function ofBidi(stream: BidiStreaming<Msg, Msg>): OpenStream {
  return {
    kind: "bidi",
    send: (message) => stream.send(message),
    closeSend: () => stream.closeSend(),
    recv: () => stream.recv(),
    header: () => stream.header(),
    trailer: () => stream.trailer(),
  };
}

/** Half-closes when the one answer is asked for. */
export function ofClient(stream: ClientStreaming<Msg, Msg>): OpenStream {
  return {
    kind: "client",
    send: (message) => stream.send(message),
    closeSend: async () => {},
    recv: () => stream.closeAndRecv(),
    header: () => stream.header(),
    trailer: () => stream.trailer(),
  };
}

/** Opens with the first message. */
export function ofServer(open: (request: Msg) => Promise<ServerStreaming<Msg>>): OpenStream {
  let opened: Promise<ServerStreaming<Msg>> | undefined;
  const stream = () => opened ?? Promise.reject(new Error("the script sends no request"));
  return {
    kind: "server",
    send: async (message) => {
      opened ??= open(message);
      await opened;
    },
    closeSend: async () => {},
    recv: async () => (await stream()).recv(),
    header: async () => (await stream()).header(),
    trailer: async () => (await stream()).trailer(),
  };
}

function defaultScript(kind: OpenStream["kind"], messages: readonly Message[]): Step[] {
  const sends = messages.flatMap((send): Step[] => (kind === "bidi" ? [{ send }, { recv: 1 }] : [{ send }]));
  return [...sends, { closeSend: true }, { recv: kind === "client" ? 1 : -1 }];
}

/** Runs a stream's program and writes down what comes. */
export async function runScript(
  stream: OpenStream,
  call: Call,
  cancel: () => void,
  outcome: OutcomeDraft,
  note: (what: string) => void,
): Promise<void> {
  const read = { header: false, trailer: false };

  /** The first error is the call's; each is an event. */
  const fail = (doing: string, error: unknown) => {
    outcome.error ??= describeFailure(error);
    note(`${doing} failed: ${String(error)}`);
  };
  const readHeader = async () => {
    if (read.header) return;
    read.header = true;
    await stream.header().then(
      (header) => (outcome.header = header.toRecord()),
      (error: Error) => (outcome.headerErr = error.message),
    );
    note("header");
  };
  const readTrailer = async () => {
    if (read.trailer) return;
    read.trailer = true;
    await stream.trailer().then(
      (trailer) => (outcome.trailer = trailer.toRecord()),
      (error: Error) => (outcome.trailerErr = error.message),
    );
    note("trailer");
  };
  /** Whether a message came. */
  const receive = async (): Promise<boolean> => {
    try {
      const message = await stream.recv();
      if (message !== undefined) {
        outcome.messages.push(fromMsg(message));
        note("received");
        return true;
      }
      outcome.ended = true;
      note("end");
    } catch (error) {
      fail("receive", error);
    }
    return false;
  };
  const doStep = async (step: Step): Promise<void> => {
    if ("send" in step) {
      await stream.send(toMsg(step.send)).then(
        () => note("sent"),
        (error: unknown) => fail("send", error),
      );
    } else if ("recv" in step) {
      for (let n = 0; n !== step.recv && (await receive()); n++);
    } else if ("closeSend" in step) {
      await stream.closeSend().catch((error: unknown) => fail("close send", error));
      note("closed");
    } else if ("cancel" in step) {
      cancel();
      note("cancelled");
    } else if ("sleepMs" in step) await setTimeout(step.sleepMs);
    else if ("header" in step) await readHeader();
    else await readTrailer();
  };

  for (const step of call.script ?? defaultScript(stream.kind, call.messages ?? [])) await doStep(step);
  // The script left a stream that is still open.
  if (stream.kind !== "client" && !outcome.ended && outcome.error === null) await doStep({ cancel: true });
  await readHeader();
  await readTrailer();
}
