import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@slipstream/rpc";
import type {
  BidiServerStream,
  ClientServerStream,
  Header,
  Implementation,
  ServerCall,
  ServerServerStream,
} from "@slipstream/stream";
import type { Request, Response, TestService } from "./gen/echo.ts";
import { arrival, type Back, backFrom, nothingBack, type Seen } from "./seen.ts";

/** So that the deadline is seen to shrink. */
const workMs = 5;

/**
 * A service in the chain: passes each call on to the next service, and its answer back. It hands on no metainfo, no deadline
 * and no cancellation: those continue by themselves, because a call made in a handler continues the handler's own context.
 */
export class HopService implements Implementation<typeof TestService> {
  readonly #name: string;
  /** The last service of the chain has none, and answers itself. */
  readonly #next: Client<typeof TestService> | undefined;
  readonly #note: (seen: Seen) => void;

  constructor(name: string, next: Client<typeof TestService> | undefined, note: (seen: Seen) => void) {
    this.#name = name;
    this.#next = next;
    this.#note = note;
  }

  async echoPingPong(request: Request, call: ServerCall): Promise<Response> {
    const seen = arrival(this.#name, call);
    await sleep(workMs);
    let header: Header | undefined;
    let trailer: Header | undefined;
    const response = this.#next
      ? await this.#next.echoPingPong(request, {
          onHeader: (got) => {
            header = got;
          },
          onTrailer: (got) => {
            trailer = got;
          },
        })
      : { message: `${request.message} from ${this.#name}` };
    const back = backFrom(header, trailer);
    call.setHeader(this.#headerAfter(back));
    call.setTrailer(trailerAfter(back));
    this.#note({ ...seen, back });
    return response;
  }

  async echoClient(stream: ClientServerStream<Request>): Promise<Response> {
    const seen = arrival(this.#name, stream);
    await sleep(workMs);
    if (!this.#next) {
      await stream.sendHeader(this.#headerAfter(nothingBack));
      const messages: string[] = [];
      for await (const { message } of stream) messages.push(message ?? "");
      this.#end(stream, seen, nothingBack);
      return { message: `${messages.join(" ")}, from ${this.#name}` };
    }
    const onward = await this.#next.echoClient();
    for await (const request of stream) await onward.send(request);
    const response = await onward.closeAndRecv();
    const back = backFrom(await onward.header(), await onward.trailer());
    stream.setHeader(this.#headerAfter(back));
    this.#end(stream, seen, back);
    return response;
  }

  async *echoServer(request: Request, stream: ServerServerStream<Response>): AsyncIterable<Response> {
    const seen = arrival(this.#name, stream);
    await sleep(workMs);
    if (!this.#next) {
      await stream.sendHeader(this.#headerAfter(nothingBack));
      for (const number of ["one", "two", "three"]) yield { message: `${number} from ${this.#name}` };
      this.#end(stream, seen, nothingBack);
      return;
    }
    const onward = await this.#next.echoServer(request);
    await stream.sendHeader(this.#headerAfter(backFrom(await onward.header(), undefined)));
    yield* onward;
    this.#end(stream, seen, backFrom(await onward.header(), await onward.trailer()));
  }

  async *echo(stream: BidiServerStream<Request, Response>): AsyncIterable<Response> {
    const seen = arrival(this.#name, stream);
    await sleep(workMs);
    if (!this.#next) {
      await stream.sendHeader(this.#headerAfter(nothingBack));
      for await (const { message } of stream) yield { message: `${message} from ${this.#name}` };
      this.#end(stream, seen, nothingBack);
      return;
    }
    const onward = await this.#next.echo();
    await stream.sendHeader(this.#headerAfter(backFrom(await onward.header(), undefined)));
    for await (const request of stream) {
      await onward.send(request);
      const response = await onward.recv();
      if (response) yield response;
    }
    await onward.closeSend();
    await onward.recv();
    this.#end(stream, seen, backFrom(await onward.header(), await onward.trailer()));
  }

  #headerAfter({ route }: Back): Record<string, string> {
    return { route: route === undefined ? this.#name : `${this.#name} > ${route}` };
  }

  #end(stream: ServerCall, seen: Omit<Seen, "back">, back: Back): void {
    stream.setTrailer(trailerAfter(back));
    this.#note({ ...seen, back });
  }
}

function trailerAfter({ ended }: Back): Record<string, string> {
  return { ended: `${Number(ended ?? 0) + 1}` };
}
