import { Context } from "@slipstream/metainfo";
import { describe, expect, it } from "vitest";
import { CallInfo } from "./call-info.ts";
import type { AnyMethod } from "./descriptor.ts";
import {
  buildMiddleware,
  type CallHandler,
  composeCall,
  composeRecv,
  composeSend,
  type Middleware,
  type RecvHandler,
  type SendHandler,
} from "./middleware.ts";

const codec = { encode: () => new Uint8Array(), decode: () => undefined };
const descriptor: AnyMethod = { name: "Chat", kind: "bidi", request: codec, response: codec };
const newInfo = (): CallInfo =>
  new CallInfo({ side: "client", service: "Talk", descriptor, context: Context.background });

function naming(log: string[], name: string): Middleware {
  return {
    call: (next) => async (info, request) => {
      log.push(`${name} in`);
      const result = await next(info, request);
      log.push(`${name} out`);
      return result;
    },
    send: (next) => (info, message) => {
      log.push(`${name} send`);
      return next(info, message);
    },
    recv: (next) => (info) => {
      log.push(`${name} recv`);
      return next(info);
    },
  };
}

describe("composition", () => {
  it("puts the first of a list outermost", async () => {
    const log: string[] = [];
    const list = [naming(log, "a"), {}, naming(log, "b")];
    const call = composeCall(list, async () => {
      log.push("handler");
      return "result";
    });
    expect(await call(newInfo(), undefined)).toBe("result");
    expect(log.splice(0)).toEqual(["a in", "b in", "handler", "b out", "a out"]);
    await composeSend(list, () => undefined)(newInfo(), "message");
    await composeRecv(list, async () => "message")(newInfo());
    expect(log).toEqual(["a send", "b send", "a recv", "b recv"]);
  });

  it("is the handler itself when nobody has that part: what is not installed costs nothing", () => {
    const call: CallHandler = async () => undefined;
    const send: SendHandler = () => undefined;
    const recv: RecvHandler = async () => undefined;
    expect(composeCall([], call)).toBe(call);
    expect(composeSend([{ call: (next) => next }], send)).toBe(send);
    expect(composeRecv([{ call: (next) => next }], recv)).toBe(recv);
  });

  it("keeps the object of a middleware that is a class", async () => {
    class Counting implements Middleware {
      calls = 0;
      call(next: CallHandler): CallHandler {
        return (info, request) => {
          this.calls++;
          return next(info, request);
        };
      }
    }
    const counting = new Counting();
    await composeCall([counting], async () => undefined)(newInfo(), undefined);
    expect(counting.calls).toBe(1);
  });
});

describe("buildMiddleware", () => {
  it("runs builders in place, once, and leaves out those that give nothing [B19]", () => {
    const one: Middleware = {};
    const two: Middleware = {};
    const told: unknown[] = [];
    const init = { side: "server", service: "shop" } as const;
    const built = buildMiddleware(
      [
        one,
        (given) => {
          told.push(given);
          return two;
        },
        () => undefined,
      ],
      init,
    );
    expect(built).toEqual([one, two]);
    expect(told).toEqual([init]);
  });
});

describe("CallInfo", () => {
  it("is the same call with another context: store, stream and status are shared", () => {
    const info = newInfo();
    const key = Symbol("k");
    const other = info.withContext(Context.background.setValue(key, "v"));
    expect(other.context.getValue(key)).toBe("v");
    expect(info.context).toBe(Context.background);
    expect(info.hasStore).toBe(false);
    other.store.set("a", 1);
    expect([info.hasStore, info.store.get("a")]).toEqual([true, 1]);
    const stream = {};
    info.stream = stream;
    expect(other.stream).toBe(stream);
    expect([other.service, other.method, other.kind, other.side, other.isStreaming]).toEqual([
      "Talk",
      "Chat",
      "bidi",
      "client",
      true,
    ]);
    expect(info.withContext(info.context)).toBe(info);
  });
});
