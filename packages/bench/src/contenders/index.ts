import type { AnyContender } from "../contender.ts";

/** All contenders by name, loaded only in the processes that need them. The first is the one others are compared with. */
export const contenders: Readonly<Record<string, () => Promise<AnyContender>>> = {
  "grpc-js": async () => (await import("./grpc-js.ts")).grpcJs,
  ceiling: async () => (await import("./ceiling/ceiling.ts")).ceiling,
  ttheader: async () => (await import("./slipstream.ts")).overTtheader,
  http2: async () => (await import("./slipstream.ts")).overHttp2,
  "http2-node": async () => (await import("./slipstream.ts")).overNodeHttp2,
  websocket: async () => (await import("./slipstream.ts")).overWebSocket,
  ws: async () => (await import("./ws.ts")).ws,
  memory: async () => (await import("./memory.ts")).overMemory,
  "kitex-ttheader": async () => (await import("./kitex.ts")).kitexTtheader,
  "kitex-grpc": async () => (await import("./kitex.ts")).kitexGrpc,
};
