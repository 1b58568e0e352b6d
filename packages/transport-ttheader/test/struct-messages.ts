import type { CallStart, ClientTransport, OpenOptions, Reply, ServerHandler } from "@slipstream/stream";
import type { SocketTransport } from "@slipstream/stream/node";
import type { TtheaderTransport } from "../src/index.ts";

/**
 * The suite's messages are no Thrift, and a plain Thrift message ends where its struct ends: these make every message of a
 * call the one binary field of a struct.
 */
export function clientOfStructs(transport: TtheaderTransport): ClientTransport {
  return {
    name: transport.name,
    schemes: transport.schemes,
    open: (start: CallStart, options: OpenOptions) => transport.open(start, options),
    async call(start, request, options): Promise<Reply | undefined> {
      return unwrapReply(await transport.call?.(start, wrap(request), options));
    },
    close: () => transport.close(),
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

export function serverOfStructs(transport: TtheaderTransport): SocketTransport {
  return {
    name: transport.name,
    detectOrder: transport.detectOrder,
    detect: (head, tls) => transport.detect(head, tls),
    accept: (socket) => transport.accept(socket),
    serve: (handler: ServerHandler) =>
      transport.serve({
        stream: (stream) => handler.stream(stream),
        call: (call) =>
          handler.call({
            start: call.start,
            request: unwrap(call.request),
            reply: (reply) => call.reply(wrapReply(reply)),
          }),
      }),
  };
}

function wrapReply(reply: Reply | undefined): Reply | undefined {
  if (reply === undefined || !("message" in reply.outcome)) return reply;
  return { ...reply, outcome: { message: wrap(reply.outcome.message) } };
}

function unwrapReply(reply: Reply | undefined): Reply | undefined {
  if (reply === undefined || !("message" in reply.outcome)) return reply;
  return { ...reply, outcome: { message: unwrap(reply.outcome.message) } };
}

const HEAD_BYTES = 7;

function wrap(message: Uint8Array): Uint8Array {
  const struct = new Uint8Array(HEAD_BYTES + message.length + 1);
  // A string field with id 1, and its length.
  struct.set([11, 0, 1]);
  new DataView(struct.buffer).setUint32(3, message.length);
  struct.set(message, HEAD_BYTES);
  return struct;
}

function unwrap(struct: Uint8Array): Uint8Array {
  return struct.subarray(HEAD_BYTES, -1);
}
