/**
 * What common picks of packages cost a page, minified by esbuild and gzipped. Run:
 * npx tsx --conditions=@slipstream/source packages/transport-websocket/test/browser/sizes.ts
 */
import { bundleText, gzippedKib } from "./bundle.ts";

const client = `
  import { createClient } from "@slipstream/rpc";
  import { websocket } from "@slipstream/transport-websocket";
  import { Lab } from "../lab.ts";
  const client = createClient(Lab, { transport: websocket(), target: "wss://example.com/rpc" OPTIONS });
  for await (const line of await client.story({ text: "once" } CALL)) console.log(line.text);
`;

function page(imports: string, body: string, options = "", call = ""): string {
  return `${imports} ${body} ${client.replace("OPTIONS", options).replace("CALL", call)}`;
}

const picks: readonly (readonly [name: string, source: string])[] = [
  ["rpc + thrift + transport-websocket, with a service of four methods", page("", "")],
  [
    "and middleware of the page's own, with metainfo",
    page(
      `import { Context, withPersistentValue } from "@slipstream/metainfo";`,
      `const timed = { call: (next) => async (info, request) => {
        const start = performance.now();
        try { return await next(info, request); } finally { console.log(info.method, performance.now() - start); }
      } };`,
      `, middleware: [timed]`,
      `, { context: withPersistentValue(Context.background, "k", "v") }`,
    ),
  ],
  [
    "and thrift's compiler",
    page(
      `import { setDefaultEngine } from "@slipstream/thrift"; import { compiler } from "@slipstream/thrift/compiler";`,
      `setDefaultEngine(compiler);`,
    ),
  ],
  [
    "and createCodecs: the compact protocol, unknown fields, other limits",
    page(
      `import { createCodecs } from "@slipstream/thrift";`,
      `console.log(createCodecs({ protocol: "compact", unknownFields: "keep" }).service(Lab).name);`,
    ),
  ],
  [
    "and jsonService",
    page(`import { jsonService } from "@slipstream/thrift";`, `console.log(jsonService(Lab).name);`),
  ],
  [
    "and what thriftgen prints for a service of five methods, beside the four",
    page(
      `import { TestService } from "../../../thriftgen/test/golden/echo.ts";`,
      `console.log(createClient(TestService, { transport: websocket(), target: "wss://example.com/rpc" }));`,
    ),
  ],
];

for (const [name, source] of picks) {
  console.log(
    `${gzippedKib(await bundleText(source))
      .toFixed(1)
      .padStart(6)} KiB  ${name}`,
  );
}
