import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("./garbage.ts", import.meta.url));
const loader = createRequire(import.meta.url).resolve("tsx");

/** Unoptimised: what V8 would do with a literal or a function shows at once then, and each time. */
const flags = ["--no-opt", "--expose-gc", "--max-semi-space-size=2", "--conditions=@slipstream/source"];

/** What a call has beside its objects: a stream that stays behind has 2,000 at least. */
const someBytes = 500;

it.each(["ttheader", "http2", "websocket"])(
  "leaves nothing of a call that is over in the old generation: %s",
  async (contender) => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...flags,
      "--import",
      loader,
      script,
      contender,
    ]);
    const { call, stream } = JSON.parse(stdout) as { readonly call: number; readonly stream: number };
    expect(call).toBeLessThan(someBytes);
    expect(stream).toBeLessThan(someBytes);
  },
  60_000,
);
