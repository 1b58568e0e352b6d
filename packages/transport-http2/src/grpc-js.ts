/** Slipstream on the clients, channels and servers of `@grpc/grpc-js` that a program has already. */

export { grpcJs } from "./grpc-js/client.ts";
export type { GrpcJsOptions } from "./grpc-js/options.ts";
export { grpcJsServer } from "./grpc-js/server.ts";
