import { testTransport } from "@slipstream/conformance";
import { clientOfStructs, serverOfStructs } from "../test/struct-messages.ts";
import { type TtheaderOptions, ttheader } from "./index.ts";

function pair(limits: TtheaderOptions, clientOptions: TtheaderOptions) {
  // A limit that a case sets must not grow.
  const options = { ...limits, maxStreamWindowBytes: limits.streamWindowBytes };
  const server = ttheader(options);
  // A call that has a connection to itself may wait for one: a thousand at once do, on a busy machine for long.
  const client = ttheader({ connectTimeoutMs: 3_000, ...options, ...clientOptions });
  return { server, client, queuedBytes: () => server.queuedBytes + client.queuedBytes };
}

testTransport({
  name: "ttheader with framed payloads",
  create: (limits, onEvent) => pair({ ...limits, onEvent }, { pingPong: "ttheader-framed" }),
});

/** Thrift without TTHeader carries the message and nothing else. Streams go over TTHeader here, too, and lack nothing. */
const withoutHeader: Readonly<Record<string, readonly string[]>> = {
  "no metainfo travels": [
    "carries persistent and transient values with the opening of a stream, of every kind",
    "passes persistent values on to the next service, and transient values one hop only",
    "carries keys and values of metainfo exactly, whatever they are made of",
    "surrounds a handler by its own context, an async generator's too, and continues it in calls",
    "leaves contexts to the handlers of a server that wants none to be ambient, middleware or not",
    "lets an explicit context win over the ambient one, and a detached one outlive the handler",
    "tells the callee who calls: the client's name for itself, or the server and method it calls from",
    "observes the same as over memory: metainfo under every odd key",
    "observes the same as over memory: metainfo of every odd value",
    "observes the same as over memory: metainfo of one kind alone, of plain names and of none",
  ],
  "no header and trailer travel": [
    "hands header and trailer of a single call to its options, before it resolves",
    "hands header and trailer of a single call that failed to its options",
    "fails the second sendHeader of a ping-pong handler",
    "observes the same as over memory: header and trailer under every odd name",
    "observes the same as over memory: header and trailer of every odd value, empty text too",
    "observes the same as over memory: header and trailer that are plain, empty, repeated and binary",
    "observes the same as over memory: header and trailer of 30,000 bytes",
    "observes the same as over memory: what setting and sending a header at the wrong time fails with",
  ],
  "no backward values travel": [
    "brings backward values of single calls back, exactly",
    "observes the same as over memory: backward values under every odd key and of every odd value",
  ],
  "no metadata travels": [
    "passes metadata one call only: not on from a handler by itself",
    "observes the same as over memory: gRPC-style metadata of every odd value, several of a name, and bytes",
    "observes the same as over memory: gRPC-style metadata of every odd name",
  ],
  "no deadline travels": [
    "bounds a ping-pong call by timeoutMs",
    "gives the handler the time that is left",
    "lets a call's timeoutMs beat the client's, and narrow the context's only",
    "passes the deadline on to the calls that a handler makes, shrinking",
    "observes the same as over memory: a deadline that passes, on both sides",
  ],
  "a business status is an exception of type 6": [
    "throws a business status from the call and from recv, with status, message and extra",
    "carries a business status without text and extra, and a negative one",
    "shows recv middleware a business status as no error, and throws it from recv",
    "traces a call that ends with a business status as a success that has one",
    "observes the same as over memory: business statuses, of every odd text and extra",
  ],
  "no service's name travels": [
    "answers an unknown service with unimplemented, at once, and names it",
    "turns calls away before anything is decoded, and tells when those it let in are over",
    "observes the same as over memory: unknown methods and services, and methods called as another kind",
  ],
  "nothing says that the server is Slipstream: an error without text gets the text of its number, as from Kitex":
    ["observes the same as over memory: errors of every odd text, and of none"],
};

const exceptions = Object.fromEntries(
  Object.entries(withoutHeader).flatMap(([why, titles]) =>
    titles.map((title) => [title, `Thrift without TTHeader: ${why}`] as const),
  ),
);

testTransport({
  name: "ttheader with Framed Thrift for ping-pong",
  create: (limits, onEvent) => pair({ ...limits, onEvent }, { pingPong: "framed" }),
  exceptions,
});

testTransport({
  name: "ttheader with plain Thrift for ping-pong",
  create(limits, onEvent) {
    const { server, client, queuedBytes } = pair({ ...limits, onEvent }, { pingPong: "binary" });
    return { server: serverOfStructs(server), client: clientOfStructs(client), queuedBytes };
  },
  exceptions: {
    ...exceptions,
    "observes the same as over memory: messages that are too large, cannot be encoded, and cannot be decoded":
      "the struct that the suite's messages are put into here adds bytes to those at the limit",
  },
});
