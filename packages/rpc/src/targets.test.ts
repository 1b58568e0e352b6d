import { createServer } from "@slipstream/rpc/server";
import type {
  Address,
  Balancer,
  PickOutcome,
  PickRequest,
  Resolver,
  TransportEvent,
} from "@slipstream/stream";
import { RpcError } from "@slipstream/stream";
import { type MemoryTransport, memory } from "@slipstream/transport-memory";
import { afterEach, describe, expect, it } from "vitest";
import { failure } from "../test/failures.ts";
import { Switchboard } from "../test/switchboard.ts";
import { echo, Talk } from "../test/talk.ts";
import { createClient } from "./index.ts";

const servers: AsyncDisposable[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

/** A server that answers with its own name. */
async function serve(name: string): Promise<MemoryTransport> {
  const transport = memory({ name });
  const handlers = {
    ...echo,
    ping: () => ({ text: name }),
    async *chat() {
      yield { text: name };
    },
  };
  const server = createServer({ transports: [transport] }).add(Talk, handlers);
  servers.push(server);
  await server.listen();
  return transport;
}

/** Takes the first candidate, and writes down what it was asked and told. */
class FirstOf implements Balancer {
  readonly name = "first";
  readonly asked: { readonly candidates: readonly string[]; readonly request: PickRequest }[] = [];
  readonly told: string[] = [];

  pick(candidates: readonly Address[], request: PickRequest) {
    this.asked.push({ candidates: candidates.map(({ key }) => key), request });
    const address = candidates[0] as Address;
    return {
      address,
      done: ({ phase, error }: PickOutcome) => {
        const code = error instanceof RpcError ? ` ${error.code}` : "";
        this.told.push(`${address.key.replace("memory:", "")} ${phase}${code}`);
      },
    };
  }
}

describe("targets", () => {
  it("takes addresses in turn, once a call, whose messages all go to the same peer [B40]", async () => {
    const transport = new Switchboard([await serve("a"), await serve("b")]);
    const client = createClient(Talk, { transport, target: ["memory:a", "memory:b"] });
    const answers: string[] = [];
    for (let i = 0; i < 4; i++) answers.push((await client.ping({ text: "" })).text);
    expect(answers).toEqual(["a", "b", "a", "b"]);
    const stream = await client.chat();
    expect(stream.info.peer?.address).toBe("memory:a");
    expect(await stream.recv()).toEqual({ text: "a" });
    expect(transport.tried).toEqual(["a", "b", "a", "b", "a"]);
  });

  it("picks again after an address that cannot be reached, for calls and streams, each address at most once", async () => {
    const transport = new Switchboard([await serve("c")]);
    const target = ["memory:a", "memory:b", "memory:c"];
    const client = createClient(Talk, { transport, target, balancer: new FirstOf() });
    expect(await client.ping({ text: "" })).toEqual({ text: "c" });
    const stream = await client.chat();
    expect(await stream.recv()).toEqual({ text: "c" });
    expect(transport.tried).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  it("fails with the last error when no address can be reached", async () => {
    const transport = new Switchboard();
    const client = createClient(Talk, { transport, target: ["memory:a", "memory:b"] });
    const error = await failure(client.ping({ text: "" }));
    expect([error.code, error.retryable, error.message, error.method]).toEqual([
      "unavailable",
      true,
      "memory:b: nobody there",
      "Talk/Ping",
    ]);
    expect(transport.tried).toEqual(["a", "b"]);
  });

  it("does not try another address after an answer, whatever it is", async () => {
    const refusing = await serve("a");
    const transport = new Switchboard([refusing, await serve("b")]);
    const client = createClient({ ...Talk, name: "Nobody" }, { transport, target: ["memory:a", "memory:b"] });
    expect((await failure(client.ping({ text: "" }))).code).toBe("unimplemented");
    expect(transport.tried).toEqual(["a"]);
  });

  it("stops trying when the call is over", async () => {
    const transport = new Switchboard();
    const controller = new AbortController();
    const balancer: Balancer = {
      name: "aborting",
      pick(candidates) {
        controller.abort(new Error("enough"));
        return { address: candidates[0] as Address };
      },
    };
    const client = createClient(Talk, { transport, target: ["memory:a", "memory:b"], balancer });
    await failure(client.ping({ text: "" }, { signal: controller.signal }));
    expect(transport.tried).toEqual(["a"]);
  });

  it("does not try for ever with a balancer that gives addresses of its own", async () => {
    const transport = new Switchboard();
    let n = 0;
    const balancer: Balancer = {
      name: "inventive",
      pick: () => ({ address: { key: `memory:x${n++}`, scheme: "memory", path: "x" } }),
    };
    const client = createClient(Talk, { transport, target: ["memory:a", "memory:b"], balancer });
    expect((await failure(client.ping({ text: "" }))).code).toBe("unavailable");
    expect(transport.attempts.length).toBe(2);
  });

  it("tells a balancer what it is asked for, the one request where there is one", async () => {
    const transport = new Switchboard([await serve("b")]);
    const balancer = new FirstOf();
    const client = createClient(Talk, { transport, target: ["memory:a", "memory:b"], balancer });
    await client.ping({ text: "who" });
    await (await client.chat()).recv();
    expect(
      balancer.asked.map(({ candidates, request: { method, request, attempt, exclude } }) => ({
        candidates,
        method,
        request,
        attempt,
        exclude: [...exclude],
      })),
    ).toEqual([
      {
        candidates: ["memory:a", "memory:b"],
        method: "Ping",
        request: { text: "who" },
        attempt: 1,
        exclude: [],
      },
      {
        candidates: ["memory:b"],
        method: "Ping",
        request: { text: "who" },
        attempt: 2,
        exclude: ["memory:a"],
      },
      { candidates: ["memory:a", "memory:b"], method: "Chat", request: undefined, attempt: 1, exclude: [] },
      { candidates: ["memory:b"], method: "Chat", request: undefined, attempt: 2, exclude: ["memory:a"] },
    ]);
  });

  it("tells a balancer how far each attempt got, and of the end once", async () => {
    const transport = new Switchboard([await serve("b")]);
    const balancer = new FirstOf();
    const client = createClient(Talk, { transport, target: ["memory:a", "memory:b"], balancer });
    await client.ping({ text: "" });
    expect(balancer.told.splice(0)).toEqual(["a connect unavailable", "b opened", "b ended"]);
    const stream = await client.chat();
    expect(balancer.told.splice(0)).toEqual(["a connect unavailable", "b opened"]);
    await stream.recv();
    await stream.recv();
    expect(balancer.told.splice(0)).toEqual(["b ended"]);
  });

  it("tells a balancer of the end of streams that nobody reads to it", async () => {
    const transport = new Switchboard([await serve("b")]);
    const balancer = new FirstOf();
    const client = createClient(Talk, { transport, target: "memory:b", balancer });
    const unread = await client.chat();
    await unread.trailer();
    const cancelled = await client.collect();
    cancelled.cancel();
    await Promise.resolve();
    expect(balancer.told).toEqual(["b opened", "b ended", "b opened", "b ended cancelled"]);
  });

  it("goes on when a balancer fails at being told, and reports it", async () => {
    const transport = await serve("a");
    const events: TransportEvent[] = [];
    const balancer: Balancer = {
      name: "fragile",
      pick: ([address]) => ({
        address: address as Address,
        done() {
          throw new Error("in done");
        },
      }),
    };
    const client = createClient(Talk, { transport, balancer, onEvent: (event) => events.push(event) });
    expect(await client.ping({ text: "" })).toEqual({ text: "a" });
    expect(events.map((event) => "hook" in event && event.hook)).toEqual(["pick.done", "pick.done"]);
  });

  it("asks a resolver before each call, with and without a promise", async () => {
    const transport = new Switchboard([await serve("a"), await serve("b")]);
    const address = (name: string): Address => ({ key: `memory:${name}`, scheme: "memory", path: name });
    let now: readonly Address[] | Promise<readonly Address[]> = [address("a")];
    const resolver: Resolver = { name: "test", resolve: () => now };
    const client = createClient(Talk, { transport, target: resolver });
    expect(await client.ping({ text: "" })).toEqual({ text: "a" });
    now = Promise.resolve([address("b")]);
    expect(await client.ping({ text: "" })).toEqual({ text: "b" });
  });

  it("fails a call with unavailable when its resolver fails or finds nothing", async () => {
    const transport = await serve("a");
    const resolvers: readonly [Resolver["resolve"], RegExp][] = [
      [() => [], /no addresses/],
      [() => Promise.resolve([]), /no addresses/],
      [() => Promise.reject(new Error("etcd is down")), /resolver test: etcd is down/],
      [
        () => {
          throw new Error("etcd is down");
        },
        /resolver test: etcd is down/,
      ],
    ];
    for (const [resolve, message] of resolvers) {
      const client = createClient(Talk, { transport, target: { name: "test", resolve } });
      const error = await failure(client.ping({ text: "" }));
      expect(error.code).toBe("unavailable");
      expect(error.message).toMatch(message);
    }
  });

  it("lets a call go elsewhere than its client", async () => {
    const transport = new Switchboard([await serve("a"), await serve("b")]);
    const client = createClient(Talk, { transport, target: "memory:a" });
    expect(await client.ping({ text: "" }, { target: "memory:b" })).toEqual({ text: "b" });
    expect(await (await client.chat({ target: ["memory:b"] })).recv()).toEqual({ text: "b" });
    expect((await failure(client.ping({ text: "" }, { target: "nonsense" }))).code).toBe("invalid_argument");
    expect(await client.ping({ text: "" })).toEqual({ text: "a" });
  });

  it("throws at creation for a target that cannot be [B16]", () => {
    const transport = memory();
    for (const target of ["", "nonsense", "127.0.0.1:80", [], ["memory:a", "127.0.0.1:80"]]) {
      expect(() => createClient(Talk, { transport, target })).toThrow(RpcError);
    }
    expect(() => createClient(Talk, { transport: new Switchboard() })).toThrow(/no target/);
  });
});
