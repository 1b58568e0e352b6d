import type { AnyContender } from "../contender.ts";

type Load = () => Promise<AnyContender>;

/** All contenders by name, loaded only in the processes that need them. */
export const contenders: Readonly<Record<string, Load>> = {
  "grpc-js": async () => (await import("./grpc-js.ts")).grpcJs,
  ceiling: async () => (await import("./ceiling/ceiling.ts")).ceiling,
  ttheader: async () => (await import("./slipstream.ts")).overTtheader,
  "ttheader-default": async () => (await import("./slipstream.ts")).overTtheaderByDefault,
  http2: async () => (await import("./slipstream.ts")).overHttp2,
  "http2-default": async () => (await import("./slipstream.ts")).overHttp2ByDefault,
  h2: async () => (await import("./h2.ts")).h2,
  "http2-node": async () => (await import("./slipstream.ts")).overNodeHttp2,
  "http2-grpc-js": async () => (await import("./http2-grpc-js.ts")).overGrpcJs,
  websocket: async () => (await import("./slipstream.ts")).overWebSocket,
  memory: async () => (await import("./memory.ts")).overMemory,
  ws: async () => (await import("./ws.ts")).ws,
  connect: async () => (await import("./connect/connect.ts")).connect,
  thrift: async () => (await import("./npm-thrift.ts")).npmThrift(),
  "kitex-ttheader": async () => (await import("./kitex.ts")).kitexTtheader,
  "kitex-grpc": async () => (await import("./kitex.ts")).kitexGrpc,
};

/** What a quick run takes, of those that are installed. */
export const quickContenders: readonly string[] = [
  "grpc-js",
  "ceiling",
  "ttheader",
  "http2",
  "websocket",
  "kitex-ttheader",
  "kitex-grpc",
];

/** Contenders that only the tables of growing costs hold against one another. */
export const decorated: Readonly<Record<string, Load>> = {
  "ttheader+middleware": async () => (await import("./slipstream.ts")).overTtheaderWithMiddleware,
  "ttheader+tracer": async () => (await import("./slipstream.ts")).overTtheaderWithTracer,
};
