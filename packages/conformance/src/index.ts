export { Blob, Talk } from "./talk.ts";
export { testTransport } from "./test-transport.ts";
export type { Limits, TransportPair, TransportUnderTest } from "./transport-under-test.ts";
