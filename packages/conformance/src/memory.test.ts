import { testTransport } from "./index.ts";
import { overMemory } from "./parity/cases.ts";

testTransport(overMemory);
