import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { echo, fields, pairs, RESPONSE, RecordedStream } from "./handlers.ts";
import {
  certificate,
  closed,
  connect,
  hasProgram,
  type Listening,
  listen,
  run,
  type TlsFiles,
} from "./tools.ts";

const HELLO = new TextEncoder().encode("hello, world");

describe.each([false, true])(
  "nghttp2's programs (skipped where they are not installed), with TLS: %s",
  (isTls) => {
    let folder: string;
    let files: TlsFiles;
    let server: Listening | undefined;
    const scheme = isTls ? "https" : "http";

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "slipstream-h2-"));
      files = await certificate();
      writeFileSync(join(folder, "key.pem"), files.key);
      writeFileSync(join(folder, "cert.pem"), files.cert);
      writeFileSync(join(folder, "hello.txt"), "hello, world");
      writeFileSync(join(folder, "large.bin"), Buffer.alloc(3_000_000, "abc"));
    });
    afterEach(async () => {
      await server?.close();
      server = undefined;
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it.skipIf(!hasProgram("h2load"))(
      "h2load: 100,000 requests, none failed",
      async () => {
        server = await listen(
          ({ stream }) => {
            stream.respond(RESPONSE);
            stream.write(HELLO);
            stream.end();
          },
          {},
          isTls ? files : undefined,
        );
        const report = await run(
          "h2load",
          ["-n", "100000", "-c", "8", "-m", "50", `${scheme}://127.0.0.1:${server.port}/`],
          120_000,
        );
        expect(report).toContain("100000 done, 100000 succeeded, 0 failed, 0 errored, 0 timeout");
        expect(report).toContain("status codes: 100000 2xx");
      },
      120_000,
    );

    it.skipIf(!hasProgram("nghttp"))(
      "nghttp: a large upload comes back, with trailers, padding and CONTINUATION",
      async () => {
        server = await listen(echo, {}, isTls ? files : undefined);
        const target = `${scheme}://127.0.0.1:${server.port}/echo`;
        const headers = ["-H", "x-a: 1", "-H", "x-long: " + "v".repeat(20_000)];
        const report = await run("nghttp", [
          "-v",
          "-n",
          "--no-dep",
          "--padding=50",
          "--continuation",
          "--trailer",
          "x-t: 2",
          ...headers,
          "-d",
          join(folder, "large.bin"),
          target,
        ]);
        const stream = server.recorded[0]?.streams[0];
        expect(stream?.received).toBe(3_000_000);
        expect(stream?.trailers && pairs(stream.trailers)).toEqual([["x-t", "2"]]);
        expect(stream?.headers?.find(({ name }) => name === "x-long")?.value).toBe("v".repeat(20_000));
        expect(report).toContain("x-trailer: done");
        expect(report).toContain(":status: 200");
        expect(server.recorded[0]?.error).toBeUndefined();
      },
      60_000,
    );

    it.skipIf(!hasProgram("nghttpd"))(
      "nghttpd: our client fetches 200 small files and a large one at once",
      async () => {
        const port = await freePort();
        const args = isTls
          ? [String(port), join(folder, "key.pem"), join(folder, "cert.pem")]
          : ["--no-tls", String(port)];
        const child = spawn("nghttpd", ["--htdocs", folder, "--trailer", "x-t: 3", ...args], {
          stdio: "ignore",
        });
        try {
          const { session, recorded } = await connectWhenUp(port, isTls ? files : undefined);
          const get = (path: string): RecordedStream => {
            const stream = new RecordedStream();
            const request = fields(
              [":method", "GET"],
              [":scheme", scheme],
              [":path", path],
              [":authority", "localhost"],
            );
            stream.stream = session.open(stream, request, undefined, true);
            return stream;
          };
          const large = get("/large.bin");
          for (let round = 0; round < 4; round++) {
            const small = Array.from({ length: 50 }, () => get("/hello.txt"));
            await Promise.all(small.map(closed));
            for (const { text, reason, trailers } of small) {
              expect([text, reason, trailers?.[0]?.value]).toEqual(["hello, world", undefined, "3"]);
            }
          }
          await closed(large);
          expect(large.received).toBe(3_000_000);
          const missing = get("/missing");
          await closed(missing);
          expect(missing.headers?.[0]).toMatchObject({ name: ":status", value: "404" });
          expect(recorded.error).toBeUndefined();
          session.shutdown();
          expect(recorded.isClosed).toBe(true);
        } finally {
          child.kill();
          await once(child, "exit");
        }
      },
      60_000,
    );
  },
);

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A program that was started takes a moment to listen. */
async function connectWhenUp(port: number, files: TlsFiles | undefined): ReturnType<typeof connect> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connect(port, {}, files);
    } catch (error) {
      if (attempt > 200) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }
}
