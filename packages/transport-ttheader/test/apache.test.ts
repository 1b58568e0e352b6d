import type { AddressInfo, Server as NetServer } from "node:net";
import { type Client, createClient } from "@slipstream/rpc";
import { createServer } from "@slipstream/rpc/server";
import { BizStatusError } from "@slipstream/stream";
import { exception, type Method, type Service, type Struct, service, struct, t } from "@slipstream/thrift";
import npmThrift from "thrift";
import { afterEach, describe, expect, it } from "vitest";
import { ttheader } from "../src/index.ts";
import { compileForNpmThrift, compilerMissing } from "./apache.ts";

const idl = `
  exception Refused { 1: i32 code, 2: string why }
  struct Book { 1: string title, 2: list<i32> pages }
  service Lab {
    Book find(1: string title, 2: i32 pages) throws (1: Refused refused),
    void forget(1: string title) throws (1: Refused refused),
    i32 count(),
    void fail(),
    oneway void note(1: string text)
  }`;

interface Book {
  readonly title: string;
  readonly pages: readonly number[];
}
const Refused = exception<{ readonly code: number; readonly why: string }>("Refused", () => [
  t.field(1, "code", t.i32),
  t.field(2, "why", t.string),
]);
const OurBook: Struct<Book> = struct("Book", () => [
  t.field(1, "title", t.string),
  t.field(2, "pages", t.list(t.i32)),
]);
const Lab: Service<{
  find: Method<"pingpong", { title: string; pages: number }, Book>;
  forget: Method<"pingpong", string, void>;
  count: Method<"pingpong", Record<never, never>, number>;
  fail: Method<"pingpong", Record<never, never>, void>;
  note: Method<"oneway", string, void>;
}> = service("Lab", {}, (m) => ({
  find: m.pingpong("find", [t.field(1, "title", t.string), t.field(2, "pages", t.i32)], OurBook, [
    t.field(1, "refused", Refused),
  ]),
  forget: m.pingpong("forget", [t.field(1, "title", t.string)], m.void, [t.field(1, "refused", Refused)]),
  count: m.pingpong("count", [], t.i32),
  fail: m.pingpong("fail", [], m.void),
  note: m.oneway("note", [t.field(1, "text", t.string)]),
}));

/** What of npm thrift is used here. */
interface NpmThrift {
  readonly TFramedTransport: unknown;
  readonly TBufferedTransport: unknown;
  readonly TBinaryProtocol: unknown;
  createConnection(host: string, port: number, options: object): NpmConnection;
  createClient(service: unknown, connection: NpmConnection): NpmClient;
  createServer(service: unknown, handler: object, options: object): NetServer;
}
interface NpmConnection {
  on(event: string, listener: (error: Error) => void): void;
  end(): void;
}
interface NpmClient {
  find(title: string, pages: number): Promise<unknown>;
  forget(title: string): Promise<unknown>;
  count(): Promise<unknown>;
  fail(): Promise<unknown>;
  note(text: string): Promise<unknown>;
}
const thrift = npmThrift as NpmThrift;

type Constructor = new (fields: object) => object;

const missing = compilerMissing;
const load: (name: string) => Record<string, unknown> =
  missing === undefined ? compileForNpmThrift(idl) : () => ({});
const NpmRefused = load("lab_types")["Refused"] as Constructor;
const NpmBook = load("lab_types")["Book"] as Constructor;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const forms = [
  ["TFramedTransport", "framed"],
  ["TBufferedTransport", "binary"],
] as const;
const suite = describe.skipIf(missing !== undefined);
const why = missing === undefined ? "" : `: skipped, ${missing}`;

suite.each(forms)(`a client of npm thrift with %s and our server${why}`, (transportName) => {
  const notes: string[] = [];

  async function connect(): Promise<NpmClient> {
    notes.length = 0;
    const server = createServer({ transports: [ttheader()] }).add(Lab, {
      async find({ title, pages }) {
        if (title === "") throw new Refused({ code: 7, why: "no title" });
        if (title === "biz") throw new BizStatusError(404, "no such book");
        return { title, pages: Array.from({ length: pages }, (_, i) => i) };
      },
      async forget(title) {
        if (title === "") throw new Refused({ code: 8, why: "no title" });
      },
      count: async () => 42,
      async fail() {
        throw new Error("it broke");
      },
      async note(text) {
        notes.push(text);
      },
    });
    const { port } = await server.listen({ host: "127.0.0.1" });
    closers.push(() => server.close({ graceMs: 0 }));
    const connection = thrift.createConnection("127.0.0.1", port, {
      transport: thrift[transportName],
      protocol: thrift.TBinaryProtocol,
    });
    connection.on("error", () => {});
    closers.push(() => connection.end());
    return thrift.createClient(load("Lab"), connection);
  }

  it("calls with several arguments, one and none, and gets structs, numbers and nothing", async () => {
    const client = await connect();
    expect({ ...((await client.find("Moby", 3)) as object) }).toEqual({
      title: "Moby",
      pages: [0, 1, 2],
    });
    expect(await client.count()).toBe(42);
    expect(await client.forget("Moby")).toBeUndefined();
  });

  it("passes exceptions that are declared, and reports the others", async () => {
    const client = await connect();
    const refused = await client.find("", 1).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(NpmRefused);
    expect(refused).toMatchObject({ code: 7, why: "no title" });
    await expect(client.forget("")).rejects.toMatchObject({ code: 8 });
    await expect(client.fail()).rejects.toMatchObject({
      name: "TApplicationException",
      type: 6,
      message: "it broke",
    });
    // The connection is still good.
    expect(await client.count()).toBe(42);
  });

  it("reports a business status as an exception, never as a success [B76]", async () => {
    const client = await connect();
    await expect(client.find("biz", 1)).rejects.toMatchObject({
      type: 6,
      message: "biz status 404: no such book",
    });
  });

  it("calls oneway, and goes on", async () => {
    const client = await connect();
    void client.note("hello");
    expect(await client.count()).toBe(42);
    expect(notes).toEqual(["hello"]);
  });

  it("has many calls under way, all answered in order", async () => {
    const client = await connect();
    const titles = Array.from({ length: 200 }, (_, i) => `book ${i}`);
    const books = await Promise.all(titles.map((title, i) => client.find(title, i)));
    expect(books.map((book) => (book as Book).title)).toEqual(titles);
    expect((books[150] as Book).pages).toHaveLength(150);
  });
});

suite.each(forms)(`our client and a server of npm thrift with %s${why}`, (transportName, pingPong) => {
  const notes: string[] = [];

  async function connect(): Promise<Client<typeof Lab>> {
    notes.length = 0;
    const handler = {
      find: async (title: string, pages: number) => {
        if (title === "") throw new NpmRefused({ code: 7, why: "no title" });
        return new NpmBook({ title, pages: Array.from({ length: pages }, (_, i) => i) });
      },
      forget: async (title: string) => {
        if (title === "") throw new NpmRefused({ code: 8, why: "no title" });
      },
      count: async () => 42,
      fail: async () => {
        throw new Error("it broke");
      },
      note: (text: string) => {
        notes.push(text);
      },
    };
    const server = thrift.createServer(load("Lab"), handler, {
      transport: thrift[transportName],
      protocol: thrift.TBinaryProtocol,
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const transport = ttheader({ pingPong });
    closers.push(
      () => server.close(),
      () => transport.close(),
    );
    const { port } = server.address() as AddressInfo;
    return createClient(Lab, { transport, target: `127.0.0.1:${port}` });
  }

  it("calls with several arguments, one and none, and gets structs, numbers and nothing", async () => {
    const client = await connect();
    expect(await client.find({ title: "Moby", pages: 3 })).toEqual({ title: "Moby", pages: [0, 1, 2] });
    expect(await client.count({})).toBe(42);
    expect(await client.forget("Moby")).toBeUndefined();
  });

  it("passes exceptions that are declared, and reports the others", async () => {
    const client = await connect();
    await expect(client.find({ title: "", pages: 1 })).rejects.toBeInstanceOf(Refused);
    await expect(client.forget("")).rejects.toMatchObject({ code: 8, why: "no title" });
    await expect(client.fail({})).rejects.toMatchObject({ origin: { thriftType: 0 }, message: "it broke" });
    expect(await client.count({})).toBe(42);
  });

  it("calls oneway", async () => {
    const client = await connect();
    await client.note("hello");
    await expect.poll(() => notes).toEqual(["hello"]);
  });

  it("has many calls under way, each answered with its own", async () => {
    const client = await connect();
    const titles = Array.from({ length: 100 }, (_, i) => `book ${i}`);
    const books = await Promise.all(titles.map((title, i) => client.find({ title, pages: i * 20 })));
    expect(books.map(({ title }) => title)).toEqual(titles);
    expect(books[99]?.pages).toHaveLength(99 * 20);
  });
});
