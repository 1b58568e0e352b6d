import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import thrift from "thrift";
import { idl } from "./messages.ts";

const { TBinaryProtocol, TFramedTransport } = thrift as {
  TBinaryProtocol: new (transport: unknown) => unknown;
  TFramedTransport: new (bytes?: Buffer, onFlush?: (bytes: Buffer) => void) => { flush(): void };
};

interface Instance {
  read(protocol: unknown): void;
  write(protocol: unknown): void;
}

/** What the Apache compiler printed for a struct, with npm thrift's own protocols under it. */
export interface NpmThrift {
  make(name: string, fields: object): unknown;
  encode(value: unknown): Uint8Array;
  decode(name: string): (bytes: Uint8Array) => unknown;
}

/** Undefined when the Apache compiler is not there. */
export function npmThrift(): NpmThrift | undefined {
  const code = compile();
  if (code === undefined) return undefined;
  // node-int64 is a dependency of npm thrift, not ours.
  const theirs = createRequire(createRequire(import.meta.url).resolve("thrift"));
  const module = { exports: {} as Record<string, new (fields?: object) => Instance> };
  // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- CommonJS that is on no disk
  new Function("module", "require", code)(module, (name: string): unknown =>
    name === "thrift" ? thrift : theirs(name),
  );
  const classOf = (name: string) => module.exports[name] as new (fields?: object) => Instance;
  return {
    make: (name, fields) => new (classOf(name))(fields),
    encode(value) {
      let framed: Buffer | undefined;
      const transport = new TFramedTransport(undefined, (bytes) => {
        framed = bytes;
      });
      (value as Instance).write(new TBinaryProtocol(transport));
      transport.flush();
      // Past the length of the frame.
      return (framed as Buffer | undefined)?.subarray(4) ?? new Uint8Array(0);
    },
    decode: (name) => (bytes) => {
      const value = new (classOf(name))();
      value.read(new TBinaryProtocol(new TFramedTransport(bytes as Buffer)));
      return value;
    },
  };
}

function compile(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "bench-thrift-"));
  try {
    const file = join(folder, "bench.thrift");
    writeFileSync(file, idl);
    const { status } = spawnSync("thrift", ["--gen", "js:node", "-out", folder, file], { timeout: 20_000 });
    return status === 0 ? readFileSync(join(folder, "bench_types.js"), "utf8") : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
