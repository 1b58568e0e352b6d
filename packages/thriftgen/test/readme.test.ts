import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildModel, SourceFile } from "@slipstream/thrift-idl";
import { expect, it } from "vitest";
import { generate } from "../src/index.ts";

it("prints what the README shows", () => {
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  const [, idl = ""] = /```thrift\n([^]*?)```/.exec(readme) ?? [];
  const [, shown] = /```ts\n([^]*?)```/.exec(readme) ?? [];
  const { model } = buildModel([new SourceFile("chat.thrift", idl)]);
  expect(model && generate(model).files).toEqual([{ path: "chat.ts", text: shown }]);
});
