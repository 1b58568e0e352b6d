import {
  type CallStart,
  type Fields,
  neverEnded,
  noFields,
  parseAddress,
  type ServerByteStream,
  type ServerHandler,
} from "@slipstream/stream";

/** The start of a call to `Lab.Chat`, with some of it said otherwise. */
export function callStart(init: Partial<CallStart> = {}): CallStart {
  return {
    service: "Lab",
    method: "Chat",
    contentSubtype: "thrift",
    persistent: new Map(),
    transient: new Map(),
    metadata: noFields,
    ended: neverEnded,
    address: parseAddress("127.0.0.1:1"),
    ...init,
  };
}

/** A handler of streams alone. */
export function streamHandler(stream: (stream: ServerByteStream) => void): ServerHandler {
  return { stream, call: (call) => call.reply(undefined) };
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(message: Uint8Array | undefined): string | undefined {
  return message && new TextDecoder().decode(message);
}

/** All that comes until the end. */
export async function readAll(stream: {
  recv(): Promise<Uint8Array | undefined> | Uint8Array | undefined;
}): Promise<string[]> {
  const messages: string[] = [];
  for (;;) {
    const message = await stream.recv();
    if (message === undefined) return messages;
    messages.push(text(message) as string);
  }
}

/** Answers every message with itself, then ends with `trailer`. */
export async function echo(stream: ServerByteStream, trailer: Fields = noFields): Promise<void> {
  for (;;) {
    const message = await stream.recv();
    if (message === undefined) break;
    await stream.send(message);
  }
  stream.end({ trailer });
}
