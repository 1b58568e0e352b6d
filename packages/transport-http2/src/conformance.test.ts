import { testTransport } from "@slipstream/conformance";
import { http2UnderTest } from "../test/under-test.ts";
import { h2Sessions, nodeHttp2 } from "./index.ts";

testTransport(http2UnderTest("http2 over h2", h2Sessions));
testTransport(http2UnderTest("http2 over node:http2", nodeHttp2));
