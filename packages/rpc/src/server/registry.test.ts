import { RpcError } from "@slipstream/stream";
import { memory } from "@slipstream/transport-memory";
import { afterEach, describe, expect, it } from "vitest";
import { failure } from "../../test/failures.ts";
import { echo, Talk } from "../../test/talk.ts";
import { createClient } from "../index.ts";
import { createServer } from "./index.ts";

const servers: AsyncDisposable[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

async function serve(...names: readonly string[]) {
  const transport = memory();
  const server = createServer({ transports: [transport] });
  servers.push(server);
  for (const name of names) {
    server.add({ ...Talk, name }, { ...echo, ping: () => ({ text: name }) });
  }
  await server.listen();
  return (name: string, methods = Talk.methods) => createClient({ ...Talk, name, methods }, { transport });
}

describe("looking a service up", () => {
  it("is strict when the call names a service [B78]", async () => {
    const client = await serve("One", "Two");
    expect(await client("One").ping({ text: "" })).toEqual({ text: "One" });
    expect(await client("Two").ping({ text: "" })).toEqual({ text: "Two" });
    const error = await failure(client("Three").ping({ text: "" }));
    expect([error.code, error.message, error.origin?.thriftType]).toEqual([
      "unimplemented",
      "unknown service Three; this server has One, Two",
      20,
    ]);
  });

  it("takes the one service that has the method when the call names none", async () => {
    const client = await serve("One");
    expect(await client("").ping({ text: "" })).toEqual({ text: "One" });
  });

  it("lists the services when the call names none and several have the method", async () => {
    const client = await serve("One", "Two");
    const error = await failure(client("").ping({ text: "" }));
    expect([error.code, error.message]).toEqual([
      "unimplemented",
      "unknown method Ping; several services have it (One, Two), and the call names none",
    ]);
  });

  it("says what there is when nobody has the method", async () => {
    const client = await serve("One");
    const methods = { ...Talk.methods, ping: { ...Talk.methods.ping, name: "Pong" } };
    const named = await failure(client("One", methods).ping({ text: "" }));
    expect([named.message, named.origin?.thriftType]).toEqual([
      "unknown method Pong; service One has Chat, Collect, Story, Ask, Ping, Note",
      1,
    ]);
    const unnamed = await failure(client("", methods).ping({ text: "" }));
    expect(unnamed.message).toBe(
      "unknown method Pong; no service has it, and the call names none; this server has One",
    );
    const empty = await serve();
    expect((await failure(empty("One").ping({ text: "" }))).message).toBe(
      "unknown service One; this server has no services",
    );
  });

  it("serves services that are added while it runs", async () => {
    const transport = memory();
    const server = createServer({ transports: [transport] });
    servers.push(server);
    await server.listen();
    const client = createClient(Talk, { transport });
    expect((await failure(client.ping({ text: "" }))).code).toBe("unimplemented");
    server.add(Talk, echo);
    expect(await client.ping({ text: "now" })).toEqual({ text: "now" });
  });
});

describe("adding a service", () => {
  it("calls the methods of an instance on that instance", async () => {
    class Counter {
      #n = 0;
      chat = echo.chat;
      collect = echo.collect;
      story = echo.story;
      ask = echo.ask;
      note = echo.note;
      ping() {
        return { text: "", n: ++this.#n };
      }
    }
    const transport = memory();
    const server = createServer({ transports: [transport] }).add(Talk, new Counter());
    servers.push(server);
    await server.listen();
    const client = createClient(Talk, { transport });
    await client.ping({ text: "" });
    expect((await client.ping({ text: "" })).n).toBe(2);
  });

  it("refuses a missing handler, a name that is taken, and two methods of one name", () => {
    const server = createServer({ transports: [memory()] });
    const { ping: _, story: __, ...some } = echo;
    const twice = { ...Talk.methods, pong: Talk.methods.ping };
    for (const [add, message] of [
      [() => server.add(Talk, some as never), /no handler for story, ping/],
      [() => server.add(Talk, echo).add(Talk, echo), /Talk has been added before/],
      [
        () => server.add({ ...Talk, name: "Twice", methods: twice }, { ...echo, pong: echo.ping }),
        /two methods named Ping/,
      ],
    ] as const) {
      expect(add).toThrow(RpcError);
      expect(add).toThrow(message);
    }
  });
});
