import { gunzipSync, gzipSync } from "node:zlib";
import {
  fromIncomingContext,
  getAllPersistentValues,
  getAllValues,
  Metadata,
  sendBackwardValue,
} from "@slipstream/metainfo";
import { createServer } from "@slipstream/rpc/server";
import { BizStatusError, RpcError, type TransportEvent } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { type Http2Options, http2 } from "../src/index.ts";
import { engines, turn, until } from "./engines.ts";
import { Echo, Line } from "./gen/echo.ts";
import { answerOf, closed, framed, RawClient, unframed } from "./raw-client.ts";

const encode = (line: Line): Uint8Array => Echo.methods.chat.request.encode(line);
const decode = (bytes: Uint8Array): Line => Echo.methods.chat.response.decode(new Uint8Array(bytes));
const ask = (line: Line): Buffer => framed(Echo.methods.say.request.encode(line));

describe.each(engines)("a server over %s, on the wire", (_, engine) => {
  async function start(options: Http2Options = {}) {
    const seen: { reason?: RpcError; ended: number; received: string[]; last?: Record<string, unknown> } = {
      ended: 0,
      received: [],
    };
    const events: TransportEvent[] = [];
    const transport = http2({ session: engine(), ...options, onEvent: (event) => events.push(event) });
    const server = createServer({ transports: [transport] });
    server.add(Echo, {
      async say(line, call) {
        seen.last = {
          transient: Object.fromEntries(getAllValues(call.context)),
          persistent: Object.fromEntries(getAllPersistentValues(call.context)),
          leftMs: call.context.remainingMs(),
          metadata: fromIncomingContext(call.context),
          peer: call.info.peer,
        };
        if (line.text === "biz") throw new BizStatusError(7, "no: \u00e9", { k: "v\u00fc<" });
        if (line.text === "back") sendBackwardValue(call.context, "key", "value");
        if (line.text === "header") {
          call.setHeader(Metadata.pairs("h", "1", "h", "2", "h-bin", Uint8Array.of(1)));
          call.setTrailer({ t: "\u00e9" });
        }
        return { text: `echo:${line.text}` };
      },
      async collect(stream) {
        stream.signal.addEventListener("abort", () => {
          seen.reason = stream.signal.reason as RpcError;
          seen.ended++;
        });
        try {
          for await (const { text } of stream) seen.received.push(text ?? "");
        } catch (error) {
          seen.reason ??= error as RpcError;
        }
        return { text: seen.received.join(",") };
      },
      async *tell({ n = 0 }) {
        for (let i = 0; i < n; i++) yield { text: "x".repeat(10_000) };
      },
      async *chat(stream) {
        for await (const { text } of stream) {
          if (text === "enough") return;
          yield { text: `echo:${text}` };
        }
      },
    });
    const { target } = await server.listen({ host: "127.0.0.1" });
    const client = new RawClient(target);
    return {
      target,
      client,
      server,
      seen,
      events,
      async [Symbol.asyncDispose]() {
        client.session.destroy();
        await server.close({ graceMs: 0 });
      },
    };
  }

  it("answers with the content type that came, in header, data and trailer [B7][B80]", async () => {
    await using world = await start();
    const answer = await world.client.call("/echo.Echo/Say", ask({ text: "hi" }));
    expect([...answer.header]).toEqual([
      [":status", "200"],
      ["content-type", "application/grpc+thrift"],
    ]);
    expect([...answer.trailer]).toEqual([
      ["grpc-status", "0"],
      ["grpc-message", ""],
    ]);
    const [message] = unframed(answer.data);
    expect(Echo.methods.say.response.decode(new Uint8Array(message ?? []))).toEqual({ text: "echo:hi" });
    expect(answer.code).toBe(0);
  });

  it("takes any package in the path, or none, and no package for the service's own", async () => {
    await using world = await start();
    for (const path of ["/Echo/Say", "/echo.Echo/Say", "/a.b.c.Echo/Say"]) {
      const { trailer } = await world.client.call(path, ask({ text: "" }));
      expect([path, trailer.get("grpc-status")]).toEqual([path, "0"]);
    }
  });

  it("answers an unknown service, an unknown method and a malformed path at once, without a header section of their own", async () => {
    await using world = await start();
    for (const [path, status, text] of [
      ["/echo.Nobody/Say", "12", "unknown service Nobody"],
      ["/echo.Echo/Nope", "12", "unknown method Nope"],
      ["/nothing", "13", "malformed method name"],
    ] as const) {
      // Nothing is sent, nor ended: the answer does not wait for it.
      const stream = world.client.open(path);
      const { header, trailer } = await answerOf(stream);
      expect(header.get("grpc-status")).toBe(status);
      expect(header.get("grpc-message")).toContain(text);
      expect(header.get("content-type")).toMatch(/^application\/grpc/);
      expect(trailer.size).toBe(0);
    }
  });

  it.each([["text/plain"], ["application/grpcx"], ["application/json"], [undefined]])(
    "resets a request of content type %s with INTERNAL_ERROR, and serves the next",
    async (type) => {
      await using world = await start();
      const answer = await world.client.call("/Echo/Say", ask({ text: "" }), { "content-type": type });
      expect([answer.code, answer.header.size]).toEqual([2, 0]);
      expect((await world.client.call("/Echo/Say", ask({ text: "" }))).trailer.get("grpc-status")).toBe("0");
    },
  );

  it("takes a content type without subtype for the method's own, and refuses others as unimplemented", async () => {
    await using world = await start();
    for (const [type, status] of [
      ["application/grpc", "0"],
      ["application/grpc+thrift;charset=utf-8", "0"],
      ["application/grpc;thrift", "0"],
      ["application/grpc+proto", "12"],
      ["application/grpc+json", "12"],
    ] as const) {
      const { header, trailer } = await world.client.call("/Echo/Say", ask({ text: "" }), {
        "content-type": type,
      });
      expect([type, trailer.get("grpc-status") ?? header.get("grpc-status")]).toEqual([type, status]);
      if (status === "0") expect(header.get("content-type")).toBe(type);
    }
  });

  it("reads metainfo in Kitex's native form [B63][C4][D11]", async () => {
    await using world = await start();
    await world.client.call("/Echo/Say", ask({ text: "" }), {
      "rpc-transit-token": "t",
      "rpc-persist-region-id": Buffer.from("\u00fc").toString("latin1"),
      "rpc-transit-foo-bin": Buffer.from("bytes").toString("base64"),
      "rpc-persist-empty": "",
    });
    expect(world.seen.last).toMatchObject({
      transient: { TOKEN: "t", FOO_BIN: "bytes" },
      persistent: { REGION_ID: "\u00fc" },
    });
  });

  it("reads metadata of several values, and bytes however their base64 is written [C2][C4][C7]", async () => {
    await using world = await start();
    await world.client.call("/Echo/Say", ask({ text: "" }), {
      two: ["a", "b"],
      "raw-bin": ["AID/", "dGV4dA==", "AQ,Ag"],
      "bad-bin": "*",
      "user-agent": "someone/1",
      "rpc-transit-token": "t",
      "x-b3-traceid": "80f198ee56343ba864fe8b2a57d3eff7",
    });
    const metadata = world.seen.last?.["metadata"] as Metadata | undefined;
    expect(metadata?.get("two")).toEqual(["a", "b"]);
    expect(metadata?.get("raw-bin")).toEqual([
      Uint8Array.of(0, 128, 255),
      new Uint8Array(Buffer.from("text")),
      Uint8Array.of(1),
      Uint8Array.of(2),
    ]);
    // A handler's metadata is what the caller set, and nothing of the framework's.
    expect([...(metadata?.keys() ?? [])].toSorted()).toEqual(["raw-bin", "two", "x-b3-traceid"]);
  });

  it("reads grpc-timeout in every unit, and refuses what is none with a reset [B34]", async () => {
    await using world = await start();
    for (const [text, ms] of [
      ["1H", 3_600_000],
      ["2M", 120_000],
      ["90S", 90_000],
      ["99999999m", 99_999_999],
      ["5000000u", 5_000],
      ["99999999n", 100],
    ] as const) {
      await world.client.call("/Echo/Say", ask({ text: "" }), { "grpc-timeout": text });
      const left = world.seen.last?.["leftMs"] as number;
      expect(left).toBeLessThanOrEqual(ms + 1);
      expect(left).toBeGreaterThan(ms - 5_000);
    }
    for (const text of ["1", "S", "1s", "123456789S", "-1S", "1.5S"]) {
      const answer = await world.client.call("/Echo/Say", ask({ text: "" }), { "grpc-timeout": text });
      expect([text, answer.code]).toEqual([text, 2]);
    }
    const passed = await world.client.call("/Echo/Say", ask({ text: "" }), { "grpc-timeout": "0n" });
    expect(passed.header.get("grpc-status")).toBe("4");
  });

  it("puts a business status into the trailer, with a status that is none of success [B76]", async () => {
    await using world = await start();
    const { header } = await world.client.call("/Echo/Say", ask({ text: "biz" }));
    expect(header.get("grpc-status")).toBe("13");
    expect(header.get("grpc-message")).toBe("no: %C3%A9");
    expect(header.get("biz-status")).toBe("7");
    expect(header.get("biz-extra")).toBe('{"k":"v\\u00fc\\u003c"}');
  });

  it("sends header and trailer natively, and its own side entry only to those who have one [C4][C10][C11]", async () => {
    await using world = await start();
    const stock = await world.client.call("/Echo/Say", ask({ text: "header" }));
    expect(stock.header.get("h")).toBe("2");
    expect(stock.header.get("h-bin")).toBe("AQ");
    expect(stock.trailer.get("t")).toBe(Buffer.from("\u00e9").toString("latin1"));
    const ownNames = (answer: typeof stock): unknown[] =>
      [...answer.header.keys(), ...answer.trailer.keys()].filter((name) => name.startsWith("slipstream"));
    expect(ownNames(stock)).toEqual([]);
    const ours = await world.client.call("/Echo/Say", ask({ text: "header" }), {
      "slipstream-meta-bin": "AQ",
    });
    expect(ownNames(ours)).toEqual(["slipstream-meta-bin"]);
    const back = await world.client.call("/Echo/Say", ask({ text: "back" }), { "slipstream-meta-bin": "AQ" });
    expect(back.trailer.get("slipstream-meta-bin")).toBeDefined();
    expect(ownNames(await world.client.call("/Echo/Say", ask({ text: "back" })))).toEqual([]);
  });

  it("reads messages that span and share DATA frames", async () => {
    await using world = await start();
    const stream = world.client.open("/Echo/Collect");
    const bytes = Buffer.concat(["a", "b", "c"].map((text) => framed(encode({ text }))));
    for (const byte of bytes.subarray(0, 20)) {
      stream.write(Buffer.of(byte));
      await turn();
    }
    stream.end(bytes.subarray(20));
    const { data } = await answerOf(stream);
    expect(decode(unframed(data)[0] ?? Buffer.alloc(0)).text).toBe("a,b,c");
  });

  it("fails a stream that ends in the middle of a message, has a flag of its own, or a message that is none", async () => {
    await using world = await start();
    const whole = ask({ text: "hi" });
    for (const bytes of [
      whole.subarray(0, 8),
      whole.subarray(0, 3),
      framed(encode({}), 7),
      framed(Buffer.of(200, 1, 2)),
    ]) {
      const { header, trailer, code } = await world.client.call("/Echo/Say", bytes);
      const status = trailer.get("grpc-status") ?? header.get("grpc-status");
      expect([status, code]).toEqual(["13", 0]);
    }
    expect((await world.client.call("/Echo/Say", whole)).trailer.get("grpc-status")).toBe("0");
  });

  it("refuses a message over the limit by its announced length, before it takes memory for it", async () => {
    await using world = await start({ maxMessageBytes: 1000 });
    const huge = Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
    const { header } = await world.client.call("/Echo/Say", huge);
    expect(header.get("grpc-status")).toBe("8");
    expect(header.get("grpc-message")).toContain("maxMessageBytes (1000)");
  });

  it("reads gzip, and answers with it only when the client takes it and the option says so", async () => {
    await using plain = await start();
    const request = framed(gzipSync(Echo.methods.say.request.encode({ text: "hi" })), 1);
    const accepts = { "grpc-encoding": "gzip", "grpc-accept-encoding": "identity,gzip" };
    const stock = await plain.client.call("/Echo/Say", request, accepts);
    expect([stock.trailer.get("grpc-status"), stock.header.get("grpc-encoding"), stock.data[0]]).toEqual([
      "0",
      undefined,
      0,
    ]);
    await using zipping = await start({ sendsGzip: true });
    const zipped = await zipping.client.call("/Echo/Say", request, accepts);
    expect([zipped.header.get("grpc-encoding"), zipped.data[0]]).toEqual(["gzip", 1]);
    const message = new Uint8Array(gunzipSync(unframed(zipped.data)[0] ?? Buffer.alloc(0)));
    expect(Echo.methods.say.response.decode(message)).toEqual({ text: "echo:hi" });
    const deaf = await zipping.client.call("/Echo/Say", request, { "grpc-encoding": "gzip" });
    expect(deaf.data[0]).toBe(0);
  });

  it("refuses an unknown compression, a mark without one, no gzip, and a gzip bomb", async () => {
    await using world = await start({ maxMessageBytes: 100_000 });
    const bomb = framed(gzipSync(Buffer.alloc(10_000_000)), 1);
    for (const [bytes, encoding, status] of [
      [ask({}), "snappy", "12"],
      [framed(gzipSync(encode({})), 1), undefined, "13"],
      [framed(Buffer.from("no gzip"), 1), "gzip", "13"],
      [bomb, "gzip", "8"],
    ] as const) {
      const { header, trailer } = await world.client.call("/Echo/Say", bytes, { "grpc-encoding": encoding });
      expect([encoding, trailer.get("grpc-status") ?? header.get("grpc-status")]).toEqual([encoding, status]);
    }
  });

  it("ends a call by itself at the deadline that came with it, whatever handler and client do [B34][B35]", async () => {
    await using world = await start();
    const stream = world.client.open("/Echo/Collect", { "grpc-timeout": "60m" });
    stream.write(framed(encode({ text: "one" })));
    const { header, trailer } = await answerOf(stream);
    expect(trailer.get("grpc-status") ?? header.get("grpc-status")).toBe("4");
    await until(() => world.seen.ended === 1);
    expect(world.seen.reason).toMatchObject({
      code: "deadline_exceeded",
      message: "context deadline exceeded",
    });
  });

  it("ends the handler's context when the client resets, with the code [B24]", async () => {
    await using world = await start();
    const stream = world.client.open("/Echo/Collect");
    stream.write(framed(encode({ text: "one" })));
    await until(() => world.seen.received.length === 1);
    stream.close(8);
    await until(() => world.seen.ended === 1);
    expect(world.seen.reason).toMatchObject({ code: "cancelled", origin: { resetCode: 8, side: "server" } });
    expect(world.seen.received).toEqual(["one"]);
  });

  it("reports Kitex's reset of a graceful shutdown as unavailable, and a cancel near the deadline as the deadline", async () => {
    await using world = await start();
    const shutdown = world.client.open("/Echo/Collect");
    shutdown.write(framed(encode({ text: "one" })));
    await until(() => world.seen.received.length === 1);
    shutdown.close(1000);
    await until(() => world.seen.ended === 1);
    expect(world.seen.reason?.code).toBe("unavailable");
    const late = world.client.open("/Echo/Collect", { "grpc-timeout": "45m" });
    late.write(framed(encode({ text: "two" })));
    // On a busy machine the deadline itself may come first.
    await until(() => world.seen.received.length === 2 || world.seen.ended === 2);
    late.close(8);
    await until(() => world.seen.ended === 2);
    expect(world.seen.reason?.code).toBe("deadline_exceeded");
  });

  it("stops a client that goes on sending to a call that is over, with NO_ERROR behind the trailer", async () => {
    await using world = await start();
    const stream = world.client.open("/Echo/Chat");
    stream.write(framed(encode({ text: "enough" })));
    const { header, trailer, code } = await answerOf(stream);
    expect([header.get("grpc-status"), trailer.size, code]).toEqual(["0", 0, 0]);
    expect((await world.client.call("/Echo/Say", ask({ text: "" }))).trailer.get("grpc-status")).toBe("0");
  });

  it("says goodbye in two steps when it shuts down, and lets calls finish", async () => {
    await using world = await start();
    const stream = world.client.open("/Echo/Chat");
    const lines: string[] = [];
    stream.on("data", (chunk: Buffer) =>
      lines.push(...unframed(chunk).map((bytes) => decode(bytes).text ?? "")),
    );
    stream.write(framed(encode({ text: "before" })));
    await until(() => lines.length === 1);
    const goaways: unknown[] = [];
    world.client.session.on("goaway", (code, last, debug) => goaways.push([code, last, String(debug ?? "")]));
    const closing = world.server.close({ graceMs: 5_000 });
    await until(() => goaways.length > 0);
    stream.end(framed(encode({ text: "after" })));
    await closed(stream);
    expect(lines).toEqual(["echo:before", "echo:after"]);
    await closing;
    expect(goaways[0]).toEqual([0, 2 ** 31 - 1, "graceful shutdown"]);
  });

  it("sends a date to nobody", async () => {
    await using world = await start();
    const { header } = await world.client.call("/Echo/Say", ask({ text: "" }));
    expect(header.has("date")).toBe(false);
  });
});
