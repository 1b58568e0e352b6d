import { type BidiServerStream, type BidiStreaming, BizStatusError, RpcError } from "@slipstream/stream";
import type { Line } from "../talk.ts";
import { Gate } from "../waiting.ts";
import type { Running } from "../world.ts";
import type { Answers } from "./model.ts";
import type { Script } from "./script.ts";

type ServerEnd = BidiServerStream<Line, Line>;

/** Handlers that scripts play: each call of `chat` takes the next script's part. */
export class Stage {
  readonly #waiting: Gate<{ readonly stream: ServerEnd; readonly exit: Gate<unknown> }>[] = [];

  readonly chat = async (stream: ServerEnd): Promise<void> => {
    const exit = new Gate<unknown>();
    this.#waiting.shift()?.open({ stream, exit });
    const thrown = await exit.opened;
    if (thrown !== undefined) throw thrown;
  };

  /** The handler of the call that is made next. */
  next(): Gate<{ readonly stream: ServerEnd; readonly exit: Gate<unknown> }> {
    const gate = new Gate<{ readonly stream: ServerEnd; readonly exit: Gate<unknown> }>();
    this.#waiting.push(gate);
    return gate;
  }
}

function said(thrown: unknown): string {
  if (thrown instanceof BizStatusError) return `biz ${thrown.status}`;
  return thrown instanceof RpcError ? thrown.code : String(thrown);
}

async function answer(work: Promise<unknown>, word: (value: unknown) => string): Promise<string> {
  try {
    return word(await work);
  } catch (thrown) {
    return said(thrown);
  }
}

const message = (value: unknown): string => (value === undefined ? "end" : `message ${(value as Line).n}`);

/** Plays a script on one stream, and gives what each step came to. */
export async function play(script: Script, { talk }: Pick<Running, "talk">, stage: Stage): Promise<Answers> {
  const arrival = stage.next();
  const client: BidiStreaming<Line, Line> = await talk.chat();
  const { stream: server, exit } = await arrival.opened;
  const answers: (string | Promise<string>)[] = [];
  // What was sent before, and asked for, must have come before the call ends: on a wire it may still be on its way.
  const requests = new Channel();
  const responses = new Channel();
  let hasHeader = false;
  let isOver = false;
  let headers = 0;
  let trailers = 0;

  const end = async (thrown: unknown): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await requests.settled();
    exit.open(thrown);
    await client.trailer().catch(() => {});
  };
  const cancel = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await Promise.all([requests.settled(), responses.settled(), hasHeader ? client.header() : undefined]);
    const { signal } = server;
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
    client.cancel();
    await aborted;
    exit.open(undefined);
  };

  for (const step of script) {
    if ("client" in step) {
      switch (step.client) {
        case "send":
          answers.push(await answer(requests.send(client), () => "sent"));
          break;
        case "recv":
          answers.push(responses.recv(client));
          break;
        case "closeSend":
          await client.closeSend();
          if (!isOver) requests.isClosed = true;
          break;
        case "cancel":
          await cancel();
          break;
        case "header":
          answers.push(answer(client.header(), (header) => `header ${names(header)}`));
          break;
        case "trailer":
          answers.push(answer(client.trailer(), (trailer) => `trailer ${names(trailer)}`));
          break;
      }
      continue;
    }
    switch (step.server) {
      case "send":
        answers.push(await answer(responses.send(server), () => "sent"));
        hasHeader ||= !isOver;
        break;
      case "recv":
        if (!isOver || !requests.isClosed) answers.push(requests.recv(server));
        break;
      case "setHeader":
        answers.push(await answer((async () => server.setHeader({ [`h${headers++}`]: "v" }))(), () => "ok"));
        break;
      case "sendHeader":
        answers.push(await answer(server.sendHeader({ [`h${headers++}`]: "v" }), () => "ok"));
        hasHeader ||= !isOver;
        break;
      case "setTrailer":
        server.setTrailer({ [`t${trailers++}`]: "v" });
        break;
      case "return":
        await end(undefined);
        break;
      case "throw":
        await end(new RpcError("aborted", "as the script says"));
        break;
      case "refuse":
        await end(new BizStatusError(7, "as the script says"));
        break;
    }
  }
  await end(undefined);
  return Promise.all(answers.map(async (given) => given));
}

function names(header: unknown): string {
  return Object.keys((header as { toRecord(): object }).toRecord()).join();
}

/** One direction: numbers the messages, and knows which recv must have been answered. */
class Channel {
  isClosed = false;
  #sent = 0;
  readonly #asked: Promise<string>[] = [];

  async send(sender: { send(line: Line): Promise<void> }): Promise<void> {
    await sender.send({ text: "", n: this.#sent });
    this.#sent++;
  }

  recv(receiver: { recv(): Promise<Line | undefined> }): Promise<string> {
    const asked = answer(receiver.recv(), message);
    this.#asked.push(asked);
    return asked;
  }

  async settled(): Promise<void> {
    await Promise.all(this.isClosed ? this.#asked : this.#asked.slice(0, this.#sent));
  }
}
