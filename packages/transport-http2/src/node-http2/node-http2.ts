import { connect, performServerHandshake, type ServerHttp2Stream, type SessionOptions } from "node:http2";
import type { Socket } from "node:net";
import type { SessionHandler } from "@slipstream/h2";
import type { SessionEngine, SessionSettings } from "../session-engine.ts";
import { NodeSession } from "./session.ts";

/**
 * Sessions of `node:http2`, that is of nghttp2. The cautious choice, and slower: a stream costs about 0.1 ms of CPU whatever
 * it carries. Its limits are Node's (seen in Node 20):
 *
 * - A field of at most 65,535 bytes and a section of at most 128 KiB can be sent; larger ones fail with
 *   `resource_exhausted`. A section received has at most 2,000 fields, and 8 CONTINUATION frames.
 * - Received fields are left out when their value has control characters, or blanks at its ends, as a Kitex peer may send.
 * - Fields of the same name are sent next to each other; of some that HTTP has only once, such as `authorization`, only the first.
 * - A client sends no trailers, which gRPC has no use for.
 * - Windows stay as they are: `maxWindowBytes` is not heeded. Up to a window and a half of a stream may lie unread. A connection
 *   over a Unix socket has a window of 65,535 bytes, whatever `connectionWindowBytes` says: Node reads nothing while it cannot write.
 * - A server ends the connection of a client that cancels more than 1,000 streams at once, or 33 a second after that.
 * - A server that shuts down takes no stream that was on its way when it said so; the client is told that it may try elsewhere.
 * - A connection on which the peer broke the rules gets a GOAWAY and is read no further. When the peer does not close it, or
 *   does and Node does not see it, it goes after five minutes of silence and a PING without answer: those are asked whatever
 *   `keepaliveIntervalMs` says. Rates of PING and SETTINGS frames have no limit.
 *
 * `settings` go before what the transport's own options say of the same.
 */
export function nodeHttp2(settings: Partial<SessionSettings> = {}): SessionEngine {
  return {
    name: "node:http2",
    connect: (socket, handler, own) => connectSession(socket, handler, { ...own, ...settings }),
    accept: (socket, handler, own) => acceptSession(socket, handler, { ...own, ...settings }),
  };
}

function connectSession(socket: Socket, handler: SessionHandler, settings: SessionSettings): NodeSession {
  const node = connect("http://localhost", { ...nodeOptions(settings), createConnection: () => socket });
  return new NodeSession(node, socket, handler, settings);
}

function acceptSession(socket: Socket, handler: SessionHandler, settings: SessionSettings): NodeSession {
  const options = nodeOptions(settings);
  const node = performServerHandshake(socket, {
    ...options,
    settings: { ...options.settings, maxConcurrentStreams: settings.maxConcurrentStreams },
  });
  const session = new NodeSession(node, socket, handler, settings);
  node.on("stream", (stream: ServerHttp2Stream, _headers: unknown, flags: number, raw?: string[]) =>
    session.accept(stream, flags, raw ?? []),
  );
  return session;
}

function nodeOptions(settings: SessionSettings): SessionOptions {
  return {
    maxHeaderListPairs: 2000,
    maxSendHeaderBlockLength: 256 * 1024,
    // Of all streams together, in MiB: what counts are the windows.
    maxSessionMemory: 512,
    settings: {
      enablePush: false,
      initialWindowSize: settings.streamWindowBytes,
      maxHeaderListSize: settings.maxHeaderListBytes,
    },
  } as SessionOptions;
}
