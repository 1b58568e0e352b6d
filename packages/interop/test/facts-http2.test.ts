import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { constants } from "node:http2";
import { gunzipSync, gzipSync } from "node:zlib";
import { createClient } from "@slipstream/rpc";
import { h2Sessions, http2, nodeHttp2 } from "@slipstream/transport-http2";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Lab, Msg } from "../src/gen/lab.ts";
import {
  type KitexPeer,
  type KitexServer,
  type Outcome,
  startKitexDriver,
  startKitexServer,
} from "../src/index.ts";
import { buildLimitMs, describeKitex } from "./kitex-suite.ts";
import {
  chatMessage,
  closed,
  grpcMessage,
  pingMessage,
  RawHttp2Client,
  rawHttp2Server,
} from "./raw-http2.ts";

// What we rely on in Kitex's gRPC over HTTP/2 with Thrift messages, beyond its documents.

describeKitex("Kitex and Thrift over HTTP/2", () => {
  let server: KitexServer;
  let driver: KitexPeer;

  beforeAll(async () => {
    server = await startKitexServer();
    driver = await startKitexDriver();
  }, buildLimitMs);

  afterAll(async () => {
    await driver?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  /** The text of the one message of a body that answers Ping. */
  const textOf = (body: Buffer) => Msg.decode(body.subarray(5 + 3, -1)).text;

  describe("a server", () => {
    it.each(["/lab.Lab/Ping", "/Lab/Ping", "/any.other.pkg.Lab/Ping"])("serves the path %s", async (path) => {
      await using client = new RawHttp2Client(server.target);
      const { body, trailers } = await client.call(path, pingMessage("hi"));
      expect(trailers["grpc-status"]).toBe("0");
      expect(textOf(body)).toBe("echo:hi");
    });

    it("decodes the value of a metainfo header that ends in -bin", async () => {
      await using client = new RawHttp2Client(server.target);
      const value = Buffer.from("by\0tes").toString("base64").replaceAll("=", "");
      await client.call("/lab.Lab/Ping", pingMessage("as=bin"), { "rpc-transit-foo-bin": value });
      expect((await server.observe("bin")).transient).toEqual({ FOO_BIN: "by\0tes" });
    });

    it("shows a handler our marker among the metadata, and nothing else of it", async () => {
      await using client = new RawHttp2Client(server.target);
      const { headers, trailers } = await client.call("/lab.Lab/Ping", pingMessage("as=marked"), {
        "slipstream-meta-bin": "AQ",
      });
      expect((await server.observe("marked")).metadata).toMatchObject({ "slipstream-meta-bin": ["\u0001"] });
      expect(
        [...Object.keys(headers), ...Object.keys(trailers)].filter((name) => name.startsWith("slipstream")),
      ).toEqual([]);
    });

    it("sends on none of a caller's metadata, our marker neither", async () => {
      const next = {
        target: server.target,
        protocol: "grpc",
        method: "Ping",
        messages: [{ text: "as=beyond" }],
      };
      const outcome = await driver.call({
        target: server.target,
        protocol: "grpc",
        method: "Ping",
        metadata: [
          ["x-mine", "1"],
          ["slipstream-meta-bin", "\u0001"],
        ],
        transient: { MINE: "1" },
        messages: [{ text: "as=between;next", info: { next: JSON.stringify(next) } }],
      });
      expect(outcome.error).toBeNull();
      const names = async (name: string) =>
        Object.keys((await server.observe(name)).metadata ?? {}).filter((key) =>
          /^(?:x-|slipstream)/.test(key),
        );
      expect((await names("between")).sort()).toEqual(["slipstream-meta-bin", "x-mine"]);
      expect(await names("beyond")).toEqual([]);
      expect((await server.observe("beyond")).transient).toEqual({ MINE: "1" });
    });

    it.each([
      ["an unknown method", "/lab.Lab/Missing", {}, "1", "unknown method"],
      ["an unknown service", "/lab.Nobody/Missing", {}, "20", "unknown service"],
      ["the content type of gRPC alone", "/lab.Lab/Ping", { "content-type": "application/grpc" }, "13", ""],
      ["an unknown compression", "/lab.Lab/Ping", { "grpc-encoding": "zip" }, "13", ""],
    ])("answers %s with its own status", async (_, path, headers, status, text) => {
      await using client = new RawHttp2Client(server.target);
      const compressed = "grpc-encoding" in headers;
      const body = compressed ? grpcMessage(Buffer.from("whatever"), true) : pingMessage("hi");
      const { trailers } = await client.call(path, body, headers);
      expect(trailers["grpc-status"]).toBe(status);
      expect(trailers["grpc-message"]).toContain(text);
    });

    it.each([
      ["another content type", { "content-type": "text/plain" }],
      ["a timeout that is none", { "grpc-timeout": "soon" }],
    ])("resets a stream with %s", async (_, headers) => {
      await using client = new RawHttp2Client(server.target);
      const { resetCode } = await client.call("/lab.Lab/Ping", pingMessage("hi"), headers);
      expect(resetCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    });

    it("cannot decode an empty message", async () => {
      await using client = new RawHttp2Client(server.target);
      const { trailers } = await client.call("/lab.Lab/Ping", grpcMessage(new Uint8Array(0)));
      expect(trailers["grpc-status"]).toBe("7"); // the type of a protocol error, no status of gRPC
    });

    it("never answers a oneway call, which its handler does not see", async () => {
      await using client = new RawHttp2Client(server.target);
      const stream = client.open("/lab.Lab/Note");
      stream.on("error", () => {}); // our own reset
      const answers: string[] = [];
      for (const event of ["response", "data", "trailers"]) stream.on(event, () => answers.push(event));
      stream.end(pingMessage("as=noted"));
      await expect(server.observe("noted", "started", 300)).rejects.toThrow("no call recorded");
      expect(answers).toEqual([]);
      expect(stream.closed).toBe(false);
    });

    it("reads and answers with gzip", async () => {
      await using client = new RawHttp2Client(server.target);
      const body = grpcMessage(gzipSync(pingMessage("hi").subarray(5)), true);
      const reply = await client.call("/lab.Lab/Ping", body, {
        "grpc-encoding": "gzip",
        "grpc-accept-encoding": "identity,gzip",
      });
      expect(reply.headers["grpc-encoding"]).toBe("gzip");
      expect(reply.body[0]).toBe(1);
      expect(Msg.decode(gunzipSync(reply.body.subarray(5)).subarray(3, -1)).text).toBe("echo:hi");
    });

    it.each([
      [
        "CANCEL",
        constants.NGHTTP2_CANCEL,
        1,
        "RSTStream Frame received with error code: CANCEL [triggered by",
      ],
      ["Kitex's number of a graceful shutdown", 1000, 14, "graceful shutdown"],
    ])(
      "ends the handler's context on a reset with %s, without a half-close",
      async (_, code, status, text) => {
        await using client = new RawHttp2Client(server.target);
        const name = `reset-${code}`;
        const stream = client.open("/lab.Lab/Chat");
        stream.on("error", () => {}); // our own reset
        stream.write(chatMessage(`as=${name};waitctx`));
        await server.observe(name);
        stream.close(code);
        const { contextError } = await server.observe(name, "ended");
        expect(contextError).toMatchObject({ status });
        expect(contextError?.text).toContain(text);
      },
    );

    it("says goodbye twice when it closes, and resets what is open after its wait", async () => {
      const port = await server.listen({ exitWaitMs: 300 });
      await using client = new RawHttp2Client(`127.0.0.1:${port}`);
      const goodbyes: number[] = [];
      client.session.on("goaway", (_code, lastStreamId) => goodbyes.push(lastStreamId as number));
      const pings: string[] = [];
      client.session.on("ping", (payload) => pings.push(payload.toString("hex")));
      const stream = client.open("/lab.Lab/Chat");
      stream.on("error", () => {}); // the server's reset
      stream.write(chatMessage("as=closing;waitctx"));
      await server.observe("closing");
      const closing = server.close(port);
      await closed(stream);
      await closing;
      expect(goodbyes).toEqual([2 ** 31 - 1, 1]);
      expect(pings).toContain("0106010800030309");
      expect(stream.rstCode).toBe(1000);
    });
  });

  describe.each([
    ["h2", h2Sessions],
    ["node:http2", nodeHttp2],
  ])("our client over %s", (_, session) => {
    it.each([
      ["after its limit", { onewayTimeoutMs: 50 }, {}],
      ["at its deadline", {}, { timeoutMs: 50 }],
    ])("resets a oneway call that the server never ends, %s", async (_when, options, call) => {
      const opened: ServerHttp2Stream[] = [];
      await using raw = await rawHttp2Server((stream) => opened.push(stream));
      const transport = http2({ session: session(), ...options });
      await createClient(Lab, { transport, target: raw.target }).note({ text: "hi" }, call);
      await vi.waitUntil(() => opened.length === 1);
      const [stream] = opened as [ServerHttp2Stream];
      await closed(stream);
      expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
      await transport.close();
    });
  });

  describe("a client", () => {
    /** What the Kitex client's program got from a server that plays `answer`. */
    async function played(
      answer: (stream: ServerHttp2Stream) => void,
      method: "Chat" | "Ping" = "Chat",
    ): Promise<Outcome> {
      await using raw = await rawHttp2Server(answer);
      return await driver.call({
        target: raw.target,
        protocol: "grpc",
        method,
        connection: "own",
        messages: [{ text: "hi" }],
        ...(method === "Chat" ? { script: [{ send: { text: "hi" } }, { recv: -1 }] } : {}),
      });
    }

    const respond = (
      stream: ServerHttp2Stream,
      header: OutgoingHttpHeaders,
      trailer: OutgoingHttpHeaders,
      body?: Uint8Array,
    ) => {
      stream.respond({ "content-type": "application/grpc+thrift", ...header }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers(trailer));
      stream.end(body);
    };

    it("shows our marker in Header() when it comes unasked", async () => {
      const outcome = await played((stream) =>
        respond(stream, { "slipstream-meta-bin": "AQ" }, { "grpc-status": "0" }),
      );
      expect(outcome.header).toMatchObject({ "slipstream-meta-bin": "\u0001" });
    });

    it("fails Trailer() as a whole when a name repeats", async () => {
      const outcome = await played((stream) =>
        respond(stream, {}, { "grpc-status": "0", twice: ["a", "b"], once: "c" }),
      );
      expect(outcome.trailerErr).toBeTruthy();
    });

    it("fails Header() as a whole when a name repeats", async () => {
      const outcome = await played((stream) =>
        respond(stream, { twice: ["a", "b"], once: "c" }, { "grpc-status": "0" }),
      );
      expect(outcome.headerErr).toBeTruthy();
      expect(outcome.header).toBeNull();
    });

    it("writes the value of a metainfo key that ends in _BIN in base64 without padding", async () => {
      let seen: Record<string, unknown> = {};
      await using raw = await rawHttp2Server((stream, headers) => {
        seen = headers;
        respond(stream, {}, { "grpc-status": "0" });
      });
      const call = {
        protocol: "grpc",
        method: "Ping",
        connection: "own",
        messages: [{ text: "hi" }],
      } as const;
      await driver.call({ ...call, target: raw.target, transient: { FOO_BIN: "by tes!", NUL_BIN: "\0" } });
      expect(seen["rpc-transit-foo-bin"]).toBe("YnkgdGVzIQ");
      expect(seen).not.toHaveProperty("rpc-transit-nul-bin"); // dropped: no value of a header
    });

    it("ignores a business status beside grpc-status 0, and takes it beside 13", async () => {
      const biz = { "biz-status": "7", "grpc-message": "no", "biz-extra": '{"k":"v"}' };
      const ignored = await played((stream) => respond(stream, {}, { "grpc-status": "0", ...biz }));
      expect(ignored).toMatchObject({ error: null, ended: true });
      const taken = await played((stream) => respond(stream, {}, { "grpc-status": "13", ...biz }));
      expect(taken.error?.biz).toEqual({ code: 7, message: "no", extra: { k: "v" } });
    });

    it("misses its trailers when END_STREAM leaves without them", async () => {
      const outcome = await played((stream) => {
        stream.respond({ "content-type": "application/grpc+thrift" });
        stream.end(chatMessage("hi"));
      });
      expect(outcome.error?.text).toContain("without sending trailers");
    });

    it("says gzip alone in both headers when it compresses", async () => {
      let seen: Record<string, unknown> = {};
      await using raw = await rawHttp2Server((stream, headers) => {
        seen = headers;
        respond(stream, {}, { "grpc-status": "0" });
      });
      await driver.call({
        target: raw.target,
        protocol: "grpc",
        method: "Ping",
        gzip: true,
        connection: "own",
        messages: [{ text: "hi" }],
      });
      expect(seen).toMatchObject({ "grpc-encoding": "gzip", "grpc-accept-encoding": "gzip" });
    });
  });
});
