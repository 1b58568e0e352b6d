// Records the exchanges between a Kitex client and a Kitex server again, into the fixtures of the packages that own
// the bytes. With arguments: only those whose name begins with one of them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exchanges } from "./exchanges.ts";
import { startKitexServer } from "./kitex.ts";
import { record } from "./record.ts";

const packages = join(import.meta.dirname, "..", "..");
const folderOf = (name: string): string =>
  join(packages, name.startsWith("http2-") ? "transport-http2" : "ttheader", "fixtures");

const wanted = process.argv.slice(2);
await using server = await startKitexServer();
const target = async (options: object): Promise<string> => `127.0.0.1:${await server.listen(options)}`;
const stock = await target({});
const withHandlers = await target({ handlers: true, contextTimeout: true });
const multiplexing = await target({ handlers: true, mux: true });

for (const exchange of exchanges) {
  if (wanted.length > 0 && !wanted.some((prefix) => exchange.name.startsWith(prefix))) continue;
  const peer = exchange.mux ? multiplexing : exchange.handlers ? withHandlers : stock;
  const recording = await record(exchange, server, peer);
  writeFileSync(
    join(folderOf(exchange.name), `${exchange.name}.json`),
    `${JSON.stringify(recording, null, 1)}\n`,
  );
  console.log(`${exchange.name}: ${recording.events.length} events`);
}

for (const folder of new Set(exchanges.map(({ name }) => folderOf(name)))) {
  const readme = join(folder, "README.md");
  const rows = exchanges
    .filter(({ name }) => folderOf(name) === folder)
    .map(({ name, what }) => `| ${name}.json | ${what} |\n`);
  const text = readFileSync(readme, "utf8").replace(
    /(\| file \| what \|\n\|---\|---\|\n)(\|.*\n)*/,
    `$1${rows.join("")}`,
  );
  writeFileSync(readme, text);
}
