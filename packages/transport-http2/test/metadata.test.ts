import { Metadata } from "@slipstream/metainfo";
import { createClient } from "@slipstream/rpc";
import type { Header } from "@slipstream/stream";
import { describe, expect, it } from "vitest";
import { http2 } from "../src/index.ts";
import { engines } from "./engines.ts";
import { Echo } from "./gen/echo.ts";
import { startNodeServer } from "./node-server.ts";
import { framed } from "./raw-client.ts";

const ok = { ":status": 200, "content-type": "application/grpc+thrift" };
const reply = framed(Echo.methods.say.response.encode({ text: "hi" }));

describe.each(engines)("metadata of a client over %s, on the wire", (_, engine) => {
  it("is a field for each value, in order and in lower case, and bytes are base64 [C2][C3][C4][C5]", async () => {
    let fields: readonly string[] = [];
    await using server = await startNodeServer((stream, _headers, raw) => {
      fields = raw;
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.respond(ok, { waitForTrailers: true });
      stream.end(reply);
    });
    await using transport = http2({ session: engine() });
    const bytes = Uint8Array.of(0, 128, 255);
    const metadata = Metadata.pairs("Two", "a", "raw-bin", bytes, "two", "b", "raw-bin", Uint8Array.of());
    await createClient(Echo, { transport, target: server.target }).say({ text: "" }, { metadata });
    const valuesOf = (own: string): unknown[] =>
      fields.filter((_value, at) => at % 2 === 1 && fields[at - 1] === own);
    expect(valuesOf("two")).toEqual(["a", "b"]);
    expect(valuesOf("raw-bin")).toEqual(["AID/", ""]);
  });

  it("is read from header and trailer with all values, and bytes however their base64 is written [C4][C8]", async () => {
    await using server = await startNodeServer((stream) => {
      stream.on("wantTrailers", () =>
        stream.sendTrailers({ "grpc-status": "0", two: ["c", "d"], "raw-bin": "/w" }),
      );
      stream.respond(
        { ...ok, two: ["a", "b"], "raw-bin": ["AID/", "dGV4dA==", "AQ,Ag"], "bad-bin": "*" },
        { waitForTrailers: true },
      );
      stream.end(reply);
    });
    await using transport = http2({ session: engine() });
    let header: Header | undefined;
    let trailer: Header | undefined;
    await createClient(Echo, { transport, target: server.target }).say(
      { text: "" },
      { onHeader: (got) => void (header = got), onTrailer: (got) => void (trailer = got) },
    );
    expect(header?.metadata.get("two")).toEqual(["a", "b"]);
    expect(header?.metadata.get("raw-bin")).toEqual([
      Uint8Array.of(0, 128, 255),
      new Uint8Array(Buffer.from("text")),
      Uint8Array.of(1),
      Uint8Array.of(2),
    ]);
    expect(header?.metadata.has("bad-bin")).toBe(false);
    expect(trailer?.metadata.get("two")).toEqual(["c", "d"]);
    expect(trailer?.metadata.get("raw-bin")).toEqual([Uint8Array.of(255)]);
  });
});
