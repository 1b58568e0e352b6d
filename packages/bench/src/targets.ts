/** What the project set out to reach. All of it is relative: to others in the same run, or to a size. */
export interface TargetGroup {
  readonly title: string;
  readonly targets: readonly Target[];
}

export type Target = RatioTarget | IdleTarget | CodecTarget;

/** A contender's figure in a case, over another's in the same round. */
export interface RatioTarget {
  readonly kind: "ratio";
  readonly of: string;
  readonly to: string;
  readonly case: string;
  /** The other's case, where it is another. */
  readonly toCase?: string;
  readonly figure: Figure;
  readonly atLeast: number;
  /** What was hoped for. */
  readonly aim?: number;
}

/** Operations per second, or per CPU second of both sides together. */
export type Figure = "rate" | "cpu";

/** Memory of an open, idle stream. */
export interface IdleTarget {
  readonly kind: "idle";
  readonly of: string;
  /** Whether the limit is for the side that takes more, or for both together. */
  readonly sides: "each" | "both";
  readonly atMostKib: number;
  readonly aim?: number;
}

/** How many times as fast as another codec. */
export interface CodecTarget {
  readonly kind: "codec";
  readonly struct: "large" | "small";
  readonly what: "encode" | "decode";
  readonly to: "npm thrift" | "by hand";
  readonly atLeast: number;
}

/** What is asked for in a case: at least so much, and what was hoped for. */
type Asked = number | readonly [atLeast: number, aim: number];

function ratiosOf(
  of: string,
  to: string,
  figure: Figure,
  asked: Readonly<Record<string, Asked>>,
): RatioTarget[] {
  return Object.entries(asked).map(([name, marks]) => {
    const common = { kind: "ratio", of, to, case: name, figure } as const;
    return typeof marks === "number"
      ? { ...common, atLeast: marks }
      : { ...common, atLeast: marks[0], aim: marks[1] };
  });
}

function each(names: readonly string[], asked: Asked): Record<string, Asked> {
  return Object.fromEntries(names.map((name) => [name, asked]));
}

function codecs(struct: "large" | "small", encode: number, decode: number): CodecTarget[] {
  return [
    { kind: "codec", struct, what: "encode", to: "npm thrift", atLeast: encode },
    { kind: "codec", struct, what: "decode", to: "npm thrift", atLeast: decode },
    // Within 1.25 of its time.
    { kind: "codec", struct, what: "encode", to: "by hand", atLeast: 0.8 },
    { kind: "codec", struct, what: "decode", to: "by hand", atLeast: 0.8 },
  ];
}

const serverStreams64B = ["sstream.64B.s1", "sstream.64B.s16"];
const serverStreams1K = ["sstream.1K.s1", "sstream.1K.s16"];
const clientStreams = ["cstream.1K.s1", "cstream.1K.s16"];
const duplexes = ["duplex.64B.s16", "duplex.1K.s16"];
const streams = [...serverStreams64B, ...serverStreams1K, "sstream.64K.s1", ...clientStreams, ...duplexes];

export const targets: readonly TargetGroup[] = [
  {
    title: "TTHeader, share of the ceiling",
    targets: ratiosOf("ttheader", "ceiling", "rate", {
      ...each(["unary.c1", ...streams], [0.7, 0.85]),
      ...each(["unary.c64", "open.10pairs.c64"], 0.6),
    }),
  },
  {
    title: "TTHeader to grpc-js",
    targets: ratiosOf("ttheader", "grpc-js", "rate", {
      ...each(serverStreams64B, 10),
      ...each(serverStreams1K, 8),
      "sstream.64K.s1": 5,
      ...each(clientStreams, 8),
      "duplex.64B.s16": 6,
      "unary.c64": 25,
      "open.10pairs.c64": 10,
    }),
  },
  {
    title: "TTHeader to Kitex in Go over TTHeader",
    targets: [
      ...ratiosOf("ttheader", "kitex-ttheader", "cpu", {
        ...each(serverStreams64B, 4),
        ...each([...serverStreams1K, ...clientStreams], 2.5),
        "sstream.64K.s1": 2,
        "duplex.64B.s16": 4,
        "open.10pairs.c64": 2,
        "unary.c64": 2.5,
      }),
      ...ratiosOf("ttheader", "kitex-ttheader", "rate", {
        ...each(serverStreams64B, 4),
        ...each([...serverStreams1K, ...clientStreams], 2.5),
        "sstream.64K.s1": 2.2,
        "duplex.64B.s16": 2.5,
        "open.10pairs.c64": 1.3,
        "unary.c64": 1.8,
        "unary.c1.pinned": 1.4,
      }),
    ],
  },
  {
    title: "HTTP/2 by our own sessions, share of the prototype with the same API",
    targets: [
      ...ratiosOf("http2", "h2-js-await", "rate", {
        ...each(["unary.c64", "open.10pairs.c64"], [0.6, 0.8]),
        ...each([...serverStreams64B, ...serverStreams1K, "sstream.64K.s1", ...clientStreams], [0.6, 0.8]),
        "duplex.64B.s16": [0.6, 0.8],
      }),
      {
        kind: "ratio",
        of: "http2",
        to: "http2",
        case: "open.changing.c64",
        toCase: "open.10pairs.c64",
        figure: "rate",
        atLeast: 0.5,
      },
    ],
  },
  {
    title: "HTTP/2 by our own sessions to Kitex in Go over gRPC",
    targets: (["cpu", "rate"] as const).flatMap((figure) =>
      ratiosOf("http2", "kitex-grpc", figure, each(["unary.c64", ...streams, "open.10pairs.c64"], 1)),
    ),
  },
  {
    title: "HTTP/2 by `node:http2` to grpc-js",
    targets: ratiosOf("http2-node", "grpc-js", "rate", {
      ...each(serverStreams64B, 10),
      ...each(serverStreams1K, 6),
      "sstream.64K.s1": 2.5,
      ...each(clientStreams, 5),
      "duplex.64B.s16": 7,
      "unary.c64": 1.8,
      "open.10pairs.c64": 1.7,
    }),
  },
  {
    title: "WebSocket to raw `ws` with a message for each send",
    targets: ratiosOf("websocket", "ws", "rate", {
      ...each(["unary.c1", "unary.c64"], 0.9),
      "sstream.64B.s1": 10,
      "sstream.64B.s16": 0.9,
      "sstream.1K.s1": 5,
      ...each(["sstream.1K.s16", "sstream.64K.s1"], 0.9),
      ...each(clientStreams, 2),
      ...each([...duplexes, "open.10pairs.c64"], 0.9),
    }),
  },
  {
    title: "Memory of an open, idle stream, KiB (at most)",
    targets: [
      ...["ttheader", "http2", "websocket"].map(
        (of) => ({ kind: "idle", of, sides: "each", atMostKib: 6, aim: 4 }) as const,
      ),
      { kind: "idle", of: "h2", sides: "both", atMostKib: 5 },
    ],
  },
  {
    title: "Thrift codec, times as fast",
    targets: [...codecs("large", 8.5, 1.8), ...codecs("small", 15, 1.7)],
  },
];
