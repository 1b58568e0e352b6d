import type {
  BidiServerStream,
  BidiStreaming,
  CallOptions,
  ClientStreaming,
  Header,
  Implementation,
  MethodDescriptor,
  MethodTypes,
  Middleware,
  ServerStreaming,
  ServiceDescriptor,
  StreamOptions,
} from "@slipstream/stream";
import { memory } from "@slipstream/transport-memory";
import { describe, expectTypeOf, it } from "vitest";
import { type ClientOptions, createClient } from "./index.ts";
import { createServer, type ServerOptions } from "./server/index.ts";

interface Request {
  message: string;
  n?: bigint;
}
interface Response {
  message: string;
}
type Method<K extends MethodTypes["kind"], I, O> = MethodDescriptor<{ kind: K; request: I; response: O }>;
declare const TestService: ServiceDescriptor<{
  echo: Method<"bidi", Request, Response>;
  echoClient: Method<"client", Request, Response>;
  echoServer: Method<"server", Request, Response>;
  echoUnary: Method<"unary", Request, Response>;
  echoPingPong: Method<"pingpong", Request, Response>;
  touch: Method<"pingpong", Request, void>;
  note: Method<"oneway", Request, void>;
}>;

const transport = memory();
const client = createClient(TestService, { transport, target: ["127.0.0.1:8888", "[::1]:8889"] });

describe("handlers", () => {
  it("may be async generators or async functions, typed without annotations [A14]", () => {
    const server = createServer({ transports: [transport] });
    server
      .add(TestService, {
        async *echo(stream) {
          expectTypeOf(stream).toEqualTypeOf<BidiServerStream<Request, Response>>();
          for await (const request of stream) yield { message: request.message };
        },
        async echoClient(stream) {
          await stream.sendHeader({ h: "1" });
          stream.setTrailer({ t: "1" });
          let n = 0;
          for await (const _ of stream) n++;
          return { message: `${n}` };
        },
        async echoServer(request, stream) {
          expectTypeOf(request).toEqualTypeOf<Request>();
          await stream.send({ message: request.message });
        },
        async echoUnary(request) {
          return { message: request.message };
        },
        async echoPingPong(request, call) {
          expectTypeOf(call.signal).toEqualTypeOf<AbortSignal>();
          return { message: request.message };
        },
        touch() {},
        note(request) {
          void request.message;
        },
      })
      .add(TestService, {
        async echo(stream) {
          const request = await stream.recv();
          await stream.send({ message: request?.message ?? "" });
        },
        async echoClient() {
          return { message: "" };
        },
        async *echoServer(request) {
          yield { message: request.message };
        },
        echoUnary: (request) => ({ message: request.message }),
        echoPingPong: (request) => ({ message: request.message }),
        async touch() {},
        async note() {},
      });
  });

  it("may be the methods of a class", () => {
    class Impl implements Implementation<typeof TestService> {
      async *echo(stream: BidiServerStream<Request, Response>) {
        for await (const request of stream) yield { message: request.message };
      }
      async echoClient() {
        return { message: "" };
      }
      async *echoServer(request: Request) {
        yield { message: request.message };
      }
      echoUnary(request: Request) {
        return { message: request.message };
      }
      echoPingPong(request: Request) {
        return { message: request.message };
      }
      touch() {}
      note() {}
    }
    createServer({ transports: [transport] }).add(TestService, new Impl());
  });

  it("do not compile with a wrong message, a missing method, or an answer of another kind", () => {
    const server = createServer({ transports: [transport] });
    const rest = {
      async echoClient() {
        return { message: "" };
      },
      async echoServer() {},
      echoUnary: (request: Request) => request,
      echoPingPong: (request: Request) => request,
      touch() {},
      note() {},
    };
    server.add(TestService, {
      ...rest,
      // @ts-expect-error a wrong message is yielded
      async *echo() {
        yield { message: 1 };
      },
    });
    // @ts-expect-error a method is missing
    server.add(TestService, rest);
    server.add(TestService, {
      ...rest,
      async echo() {},
      // @ts-expect-error a client stream's handler returns the response
      async echoClient() {},
    });
    server.add(TestService, {
      ...rest,
      async echo() {},
      // @ts-expect-error a ping-pong handler returns the response
      echoPingPong() {},
    });
    server.add(TestService, {
      ...rest,
      async echo() {},
      async echoClient(stream) {
        // @ts-expect-error a client stream's handler has nothing to send on
        await stream.send({ message: "" });
        return { message: "" };
      },
    });
    server.add(TestService, {
      ...rest,
      async echo() {},
      async echoServer(_, stream) {
        // @ts-expect-error a server stream's handler has its one request already
        await stream.recv();
      },
    });
    server.add(TestService, {
      ...rest,
      async echo(stream) {
        // @ts-expect-error the framework ends the call, handlers never do [B22]
        stream.end();
      },
    });
  });
});

describe("clients", () => {
  it("have a function for each method, of its kind's shape [B15]", () => {
    expectTypeOf(client.echo).toEqualTypeOf<
      (options?: StreamOptions) => Promise<BidiStreaming<Request, Response>>
    >();
    expectTypeOf(client.echoClient).toEqualTypeOf<
      (options?: StreamOptions) => Promise<ClientStreaming<Request, Response>>
    >();
    expectTypeOf(client.echoServer).toEqualTypeOf<
      (request: Request, options?: StreamOptions) => Promise<ServerStreaming<Response>>
    >();
    expectTypeOf(client.echoUnary).toEqualTypeOf<
      (request: Request, options?: CallOptions) => Promise<Response>
    >();
    expectTypeOf(client.echoPingPong).toEqualTypeOf<
      (request: Request, options?: CallOptions) => Promise<Response>
    >();
    expectTypeOf(client.touch).toEqualTypeOf<(request: Request, options?: CallOptions) => Promise<void>>();
    expectTypeOf(client.note).toEqualTypeOf<(request: Request, options?: CallOptions) => Promise<void>>();
  });

  it("read as the face of it promises", async () => {
    const stream = await client.echoClient({ timeoutMs: 1000 });
    await stream.send({ message: "hi" });
    expectTypeOf(await stream.closeAndRecv()).toEqualTypeOf<Response>();
    expectTypeOf((await stream.header()).get("h1")).toEqualTypeOf<string | undefined>();
    expectTypeOf(await stream.trailer()).toEqualTypeOf<Header>();
    for await (const response of await client.echoServer({ message: "x" })) {
      expectTypeOf(response).toEqualTypeOf<Response>();
    }
    {
      await using bidi = await client.echo();
      await bidi.send({ message: "a" });
      expectTypeOf(await bidi.recv()).toEqualTypeOf<Response | undefined>();
      await bidi.closeSend();
    }
    stream.cancel(new Error("enough"));
    stream.finish();
  });

  it("do not compile with what a kind does not have", async () => {
    const stream = await client.echoClient();
    // @ts-expect-error a wrong message
    await stream.send({ massage: "hi" });
    // @ts-expect-error a client stream has one response, which closeAndRecv gives
    await stream.recv();
    const server = await client.echoServer({ message: "" });
    // @ts-expect-error a server stream has sent its request
    await server.send({ message: "" });
    const bidi = await client.echo();
    // @ts-expect-error a bidirectional stream has many responses
    await bidi.closeAndRecv();
    // @ts-expect-error the request is missing
    await client.echoServer();
    // @ts-expect-error no such method
    void client.missing;
  });

  it("take a kind's own options only: what it does not support does not compile [B15][B17][B18]", () => {
    void client.echo({ recvTimeoutMs: 100 });
    void client.echo({ recvTimeoutMs: { timeoutMs: 100, cancelRemote: false } });
    void client.echoPingPong({ message: "" }, { onHeader: (header) => void header.get("h") });
    void client.echoPingPong({ message: "" }, { timeoutMs: 1, connectTimeoutMs: 1, metadata: { k: "v" } });
    // @ts-expect-error recvTimeoutMs is an option of streams
    void client.echoPingPong({ message: "" }, { recvTimeoutMs: 1 });
    // @ts-expect-error onHeader is an option of single calls: a stream has header()
    void client.echo({ onHeader() {} });
    // @ts-expect-error onTrailer is an option of single calls
    void client.echoServer({ message: "" }, { onTrailer() {} });
    // @ts-expect-error no such option
    void client.echo({ rpcTimeoutMs: 1 });
    // @ts-expect-error a oneway call has no reply that a stream's limit could bound
    void client.note({ message: "" }, { recvTimeoutMs: 1 });
  });
});

describe("options", () => {
  it("are checked when a client is made [B16]", () => {
    createClient(TestService, { transport, target: { key: "memory:x", scheme: "memory", path: "x" } });
    createClient(TestService, { transport, timeoutMs: 1_000, recvTimeoutMs: 100, caller: "gateway" });
    // @ts-expect-error a client needs a transport
    createClient(TestService, { target: "127.0.0.1:8888" });
    // @ts-expect-error no such option
    createClient(TestService, { transport, timeout: 1 });
    // @ts-expect-error no such scheme
    createClient(TestService, { transport, target: { key: "x", scheme: "http" } });
  });

  it("have middleware and builders on both sides [B19][B20]", () => {
    const noting: Middleware = {
      call: (next) => async (info, request) => {
        expectTypeOf(info.side).toEqualTypeOf<"client" | "server">();
        return next(info.withContext(info.context), request);
      },
      send: (next) => (info, message) => next(info, message),
      recv: (next) => async (info) => next(info),
    };
    const list = [noting, ({ side }: { side: string }) => (side === "client" ? noting : undefined)];
    expectTypeOf<ClientOptions["middleware"]>().toEqualTypeOf<ServerOptions["middleware"]>();
    createClient(TestService, { transport, middleware: list });
    createServer({ transports: [transport], middleware: list, metaHandlers: [{ onReadStream: (c) => c }] });
    // @ts-expect-error a send handler takes a message
    createClient(TestService, { transport, middleware: [{ send: (next) => (info) => next(info) }] });
  });
});
