import type { Client } from "@slipstream/rpc";
import type { Implementation } from "@slipstream/stream";
import { describe, expectTypeOf, it } from "vitest";
import { NotFound, type Status } from "./golden/common/base.ts";
import type { Request, Response, TestService } from "./golden/echo.ts";
import { type Everything, Level, type Scalars, type Shape } from "./golden/everything.ts";

declare const client: Client<typeof TestService>;
declare const everything: Client<typeof Everything>;

describe("a client of a generated service", () => {
  it("knows requests and responses of every kind", async () => {
    const bidi = await client.echo();
    expectTypeOf(bidi.send).parameter(0).toEqualTypeOf<Request>();
    expectTypeOf(bidi.recv).returns.resolves.toEqualTypeOf<Response | undefined>();
    const upload = await client.echoClient();
    expectTypeOf(upload.closeAndRecv).returns.resolves.toEqualTypeOf<Response>();
    expectTypeOf(client.echoServer).parameter(0).toEqualTypeOf<Request>();
    expectTypeOf(client.echoPingPong).returns.resolves.toEqualTypeOf<Response>();
    expectTypeOf(client.echoUnary).returns.resolves.toEqualTypeOf<Response>();
  });

  it("takes one argument as itself, and several as an object", () => {
    expectTypeOf(everything.oneArgument).parameter(0).toEqualTypeOf<string>();
    expectTypeOf(everything.count).parameter(0).toEqualTypeOf<bigint[]>();
    expectTypeOf(everything.severalArguments).parameter(0).toEqualTypeOf<{
      id: bigint;
      scalars: Scalars;
      levels: Level[];
      name: string;
    }>();
    expectTypeOf(everything.tell).returns.resolves.toEqualTypeOf<void>();
  });

  it("has the methods of the service it extends", () => {
    expectTypeOf(everything.ping).returns.resolves.toEqualTypeOf<Status>();
  });

  it("refuses what the IDL does not have", () => {
    // @ts-expect-error there is no such field
    void client.echoPingPong({ massage: "hi" });
    // @ts-expect-error there is no such method
    void client.echoNothing;
    // @ts-expect-error this is an option of streams
    void client.echoPingPong({}, { recvTimeoutMs: 1 });
    // @ts-expect-error there is no such alternative
    void everything.upload().then((stream) => stream.send({ case: "triangle", value: 1 }));
  });
});

describe("a handler of a generated service", () => {
  it("knows its types without saying them", () => {
    const implementation: Implementation<typeof TestService> = {
      async *echo(stream) {
        for await (const request of stream) {
          expectTypeOf(request).toEqualTypeOf<Request>();
          yield { message: request.message };
        }
      },
      async echoClient() {
        return {};
      },
      async echoServer(request, stream) {
        expectTypeOf(request).toEqualTypeOf<Request>();
        await stream.send({ message: "x" });
      },
      echoUnary: (request) => request,
      async echoPingPong({ message }) {
        expectTypeOf(message).toEqualTypeOf<string | undefined>();
        return { message };
      },
    };
    void implementation;
  });

  it("refuses a wrong answer and a missing method", () => {
    // @ts-expect-error the message is a string, and four methods are missing
    const wrong: Implementation<typeof TestService> = { echoPingPong: () => ({ message: 1 }) };
    void wrong;
  });
});

describe("generated types", () => {
  it("are unions that the case tells apart", () => {
    const area = (shape: Shape): number => {
      switch (shape.case) {
        case "circle":
          return shape.value.radius;
        case "corners":
          return shape.value.length;
        case "number":
          return Number(shape.value);
        case undefined:
          return 0;
      }
    };
    expectTypeOf(area).returns.toEqualTypeOf<number>();
  });

  it("are enums of numbers", () => {
    expectTypeOf(Level.HIGH).toEqualTypeOf<10>();
    expectTypeOf<Level>().toEqualTypeOf<1 | 10>();
  });

  it("are exceptions that are errors", () => {
    const error: unknown = new NotFound({ id: 1n });
    if (error instanceof NotFound) {
      expectTypeOf(error.id).toEqualTypeOf<bigint>();
      expectTypeOf(error.stack).toEqualTypeOf<string | undefined>();
    }
    // @ts-expect-error the required field is missing
    void new NotFound({});
  });
});
