import { createClient } from "@slipstream/rpc";
import { createServer, type Server } from "@slipstream/rpc/server";
import { RpcError } from "@slipstream/stream";
import { type MemoryTransport, memory } from "@slipstream/transport-memory";
import { afterEach, describe, expect, it } from "vitest";
import { NotFound, Status } from "./golden/common/base.ts";
import { TestService } from "./golden/echo.ts";
import {
  Containers,
  Defaults,
  Everything,
  Level,
  Optional,
  Refused,
  Scalars,
  Shape,
} from "./golden/everything.ts";
import * as names from "./golden/names.ts";

const started: { server: Server; transport: MemoryTransport }[] = [];

afterEach(async () => {
  for (const { server, transport } of started.splice(0)) {
    await server.close();
    await transport[Symbol.asyncDispose]();
  }
});

async function listening(server: (transport: MemoryTransport) => Server): Promise<MemoryTransport> {
  const transport = memory({ name: `generated-${started.length}-${Math.random()}` });
  started.push({ server: server(transport), transport });
  await started.at(-1)?.server.listen();
  return transport;
}

describe("generated structs", () => {
  const scalars: Scalars = {
    flag: true,
    small: -128,
    short: 32767,
    number: -1,
    large: -(2n ** 63n),
    real: 0.1,
    text: "grün",
    blob: new Uint8Array([0, 255]),
    id: "00112233-4455-6677-8899-aabbccddeeff",
    status: Status.LOST,
  };

  it("carry every scalar there and back", () => {
    expect(Scalars.decode(Scalars.encode(scalars))).toEqual(scalars);
  });

  it("leave optional fields absent", () => {
    expect(Optional.encode({})).toEqual(new Uint8Array([0]));
    expect(Optional.decode(new Uint8Array([0]))).toEqual({});
    expect(Optional.decode(Optional.encode({ next: { texts: ["a"] } }))).toEqual({ next: { texts: ["a"] } });
  });

  it("carry every container there and back", () => {
    const value: Containers = {
      numbers: [1, 2],
      names: new Set(["a"]),
      blobs: [new Uint8Array([1])],
      scalars: [scalars],
      byText: { a: 1n },
      byNumber: new Map([[1n, "a"]]),
      nested: new Map([[Status.BUSY, [{ a: new Set([1n]) }]]]),
      index: { a: [scalars] },
      ids: [[[1n], []]],
    };
    expect(Containers.decode(Containers.encode(value))).toEqual(value);
  });

  it("have the defaults of the IDL when nothing was sent", () => {
    // Only the required field, 15, is written: i32 7.
    const decoded = Defaults.decode(new Uint8Array([8, 0, 15, 0, 0, 0, 7, 0]));
    expect(decoded).toEqual({
      flag: true,
      number: -42,
      large: 1000n,
      real: 1e21,
      text: 'it\'s "quoted"\n',
      blob: new TextEncoder().encode('"é"'),
      status: Status.BUSY,
      texts: ["a", "b"],
      numbers: new Set([1n, 2n]),
      counts: { plain: 1, "not-plain": 2 },
      names: new Map([
        [1n, "one"],
        [2n, "two"],
      ]),
      point: { x: 1, y: 0.5 },
      table: [
        [1, 2],
        [3, 4],
      ],
      empty: "",
      needed: 7,
      id: "00112233-4455-6677-8899-aabbccddeeff",
      none: [],
      aLongName: 42,
      aLongText: expect.stringMatching(/^so long/),
    });
  });

  it("share no default between two values", () => {
    const bytes = new Uint8Array([8, 0, 15, 0, 0, 0, 7, 0]);
    Defaults.decode(bytes).texts?.push("c");
    expect(Defaults.decode(bytes).texts).toEqual(["a", "b"]);
  });

  it("know which alternative of a union is there", () => {
    const circle: Shape = { case: "circle", value: { center: { x: 1, y: 2 }, radius: 3 } };
    expect(Shape.decode(Shape.encode(circle))).toEqual(circle);
    expect(Shape.decode(Shape.encode({ case: "number", value: 5n }))).toEqual({ case: "number", value: 5n });
  });

  it("keep the names of the IDL on the inside where TypeScript needs others", () => {
    expect(names.class_.name).toBe("class");
    expect(names.Map__.fields.map(({ name, property }) => [name, property])).toEqual([
      ["case", "case"],
      ["constructor", "constructor_"],
      ["then", "then_"],
    ]);
  });
});

describe("a generated service", () => {
  it("streams in all four modes, and calls as ever, with nothing written by hand [B8][B11]", async () => {
    const transport = await listening((memory) =>
      createServer({ transports: [memory] }).add(TestService, {
        async *echo(stream) {
          for await (const { message } of stream) yield { message };
        },
        async echoClient(stream) {
          const all: (string | undefined)[] = [];
          for await (const { message } of stream) all.push(message);
          return { message: all.join() };
        },
        async echoServer({ message }, stream) {
          for (let i = 0; i < 3; i++) await stream.send({ message: `${message}${i}` });
        },
        async echoUnary({ message }) {
          return { message };
        },
        async echoPingPong({ message }) {
          return { message };
        },
      }),
    );
    const client = createClient(TestService, { transport });

    const bidi = await client.echo();
    await bidi.send({ message: "a" });
    expect(await bidi.recv()).toEqual({ message: "a" });
    await bidi.closeSend();
    expect(await bidi.recv()).toBeUndefined();

    const upload = await client.echoClient();
    await upload.send({ message: "a" });
    await upload.send({ message: "b" });
    expect(await upload.closeAndRecv()).toEqual({ message: "a,b" });

    const received: unknown[] = [];
    for await (const { message } of await client.echoServer({ message: "a" })) received.push(message);
    expect(received).toEqual(["a0", "a1", "a2"]);

    expect(await client.echoUnary({ message: "u" })).toEqual({ message: "u" });
    expect(await client.echoPingPong({ message: "p" })).toEqual({ message: "p" });
    expect(await client.echoPingPong({})).toEqual({});
  });

  it("takes one argument as itself, none and several as an object, and inherits methods", async () => {
    const seen: unknown[] = [];
    const transport = await listening((memory) =>
      createServer({ transports: [memory] }).add(Everything, {
        ping: () => Status.BUSY,
        nothing: (request) => void seen.push(request),
        oneArgument: (text) => text.toUpperCase(),
        severalArguments(request) {
          seen.push(request);
          return { ...request.scalars, text: request.name };
        },
        tell: (text) => void seen.push(text),
        tellNothing() {},
        draw: (shapes) => Object.values(shapes),
        getHTTPLevel: () => Level.HIGH,
        find: (missing) => missing,
        async *watch(figure) {
          yield figure;
        },
        async upload(stream) {
          return (await stream.recv()) ?? { case: undefined };
        },
        async *talk(stream) {
          for await (const each of stream) yield { ...each, caller: `${each.caller}!` };
        },
        count: (numbers) => numbers.reduce((sum, each) => sum + each, 0n),
      }),
    );
    const client = createClient(Everything, { transport });

    expect(await client.ping({})).toBe(Status.BUSY);
    expect(await client.nothing({})).toBeUndefined();
    expect(await client.oneArgument("quiet")).toBe("QUIET");
    const several = { id: 5n, scalars: emptyScalars, levels: [Level.LOW], name: "me" };
    expect(await client.severalArguments(several)).toEqual({ ...emptyScalars, text: "me" });
    expect(seen).toEqual([{}, several]);
    expect(await client.draw({ a: { case: "number", value: 1n } })).toEqual([{ case: "number", value: 1n }]);
    expect(await client.getHTTPLevel({})).toBe(Level.HIGH);
    expect(await client.count([1n, 2n])).toBe(3n);
    const found = await client.find(new NotFound({ id: 7n, message: "gone" }));
    expect([found.id, found.message, found instanceof Error]).toEqual([7n, "gone", true]);
    const upload = await client.upload();
    await upload.send({ case: "corners", value: [{ x: 1, y: 2 }] });
    expect(await upload.closeAndRecv()).toEqual({ case: "corners", value: [{ x: 1, y: 2 }] });
  });

  it("throws declared exceptions as themselves", async () => {
    const transport = await listening((memory) =>
      createServer({ transports: [memory] }).add(Everything, {
        ...unimplemented,
        oneArgument(text) {
          if (text === "missing") throw new NotFound({ id: 5n });
          throw new Refused({ reason: "no", code: 3 });
        },
      }),
    );
    const client = createClient(Everything, { transport });
    const refused = await client.oneArgument("x").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refused);
    expect(refused).toMatchObject({ reason: "no", code: 3 });
    await expect(client.oneArgument("missing")).rejects.toMatchObject({ id: 5n, name: "NotFound" });
    await expect(client.getHTTPLevel({})).rejects.toThrow(RpcError);
  });

  it("carries its package and content subtype for the transports", () => {
    expect([Everything.name, Everything.package, Everything.contentSubtype]).toEqual([
      "Everything",
      "everything",
      "thrift",
    ]);
    expect(Object.values(TestService.methods).map(({ name, kind }) => [name, kind])).toEqual([
      ["Echo", "bidi"],
      ["EchoClient", "client"],
      ["EchoServer", "server"],
      ["EchoUnary", "unary"],
      ["EchoPingPong", "pingpong"],
    ]);
  });
});

const emptyScalars: Scalars = {
  flag: false,
  small: 0,
  short: 0,
  number: 0,
  large: 0n,
  real: 0,
  text: "",
  blob: new Uint8Array(),
  id: "00000000-0000-0000-0000-000000000000",
  status: Status.OK,
};

function refuse(): never {
  throw new RpcError("unimplemented", "not in this test");
}

const unimplemented = {
  ping: refuse,
  nothing: refuse,
  oneArgument: refuse,
  severalArguments: refuse,
  tell: refuse,
  tellNothing: refuse,
  draw: refuse,
  getHTTPLevel: refuse,
  find: refuse,
  watch: refuse,
  upload: refuse,
  talk: refuse,
  count: refuse,
};
