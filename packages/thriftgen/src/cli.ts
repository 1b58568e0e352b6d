#!/usr/bin/env node
import picocolors from "picocolors";
import { run } from "./command.ts";

process.exitCode = await run(process.argv.slice(2), {
  log: (line) => process.stdout.write(`${line}\n`),
  error: (line) => process.stderr.write(`${line}\n`),
  hasColors: picocolors.isColorSupported && process.stderr.isTTY,
});
