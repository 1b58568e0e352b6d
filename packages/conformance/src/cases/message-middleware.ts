import {
  BizStatusError,
  type CallInfo,
  type Middleware,
  RpcError,
  type ServerStreaming,
} from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { echo } from "../middleware-support.ts";
import type { Line } from "../talk.ts";
import { all, failure } from "../waiting.ts";

/** What middleware sees of each message, and can do with it. */
export const messageMiddleware: readonly Case[] = [
  {
    title: "shows recv middleware each message after next: responses on a client, requests on a server [B56]",
    async run(world) {
      const seen: unknown[] = [];
      const noting: Middleware = {
        recv: (next) => async (info) => {
          const message = await next(info);
          seen.push([info.side, message]);
          return message;
        },
      };
      const both = { client: { middleware: [noting] }, server: { middleware: [noting] } };
      const { talk } = await world.start({ talk: echo }, both);
      const stream = await talk.chat();
      await stream.send({ text: "a" });
      expect(await stream.recv()).toEqual({ text: "re: a" });
      await stream.closeSend();
      expect(await all(stream)).toEqual([]);
      expect(seen.filter((entry) => (entry as [string])[0] === "server")).toEqual([
        ["server", { text: "a" }],
        ["server", undefined],
      ]);
      expect(seen.filter((entry) => (entry as [string])[0] === "client")).toEqual([
        ["client", { text: "re: a" }],
        ["client", undefined],
      ]);
    },
  },
  {
    title:
      "shows send middleware each message before next: requests on a client, responses on a server [B57]",
    async run(world) {
      const seen: unknown[] = [];
      const noting: Middleware = {
        send: (next) => async (info, message) => {
          seen.push([info.side, message]);
          await next(info, message);
          seen.push([info.side, "sent"]);
        },
      };
      const both = { client: { middleware: [noting] }, server: { middleware: [noting] } };
      const { talk } = await world.start({ talk: echo }, both);
      const stream = await talk.chat();
      await stream.send({ text: "a" });
      expect(seen.slice(0, 2)).toEqual([
        ["client", { text: "a" }],
        ["client", "sent"],
      ]);
      expect(await stream.recv()).toEqual({ text: "re: a" });
      expect(seen).toContainEqual(["server", { text: "re: a" }]);
      stream.cancel();
    },
  },
  {
    title: "lets recv and send middleware change, hold back and refuse messages",
    async run(world) {
      const odd: Middleware = {
        recv: (next) => async (info) => {
          let line = (await next(info)) as Line | undefined;
          while (line && (line.n ?? 0) % 2 === 0) line = (await next(info)) as Line | undefined;
          return line && { ...line, text: "odd" };
        },
        send: (next) => async (info, message) => {
          if ((message as Line).text === "") throw new RpcError("invalid_argument", "say something");
          await next(info, message);
        },
      };
      const { talk } = await world.start({ talk: echo }, { client: { middleware: [odd] } });
      expect(await all(await talk.story({ text: "x", n: 5 }))).toEqual([
        { text: "odd", n: 1 },
        { text: "odd", n: 3 },
      ]);
      expect((await failure(talk.story({ text: "", n: 5 }))).message).toBe("say something");
      const stream = await talk.chat();
      expect((await failure(stream.send({ text: "" }))).message).toBe("say something");
      stream.cancel();
    },
  },
  {
    title: "gives recv and send middleware the stream, whose context says what call it is [B58]",
    async run(world) {
      const seen = new Set<string>();
      const noting = (part: string, info: CallInfo): void => {
        const stream = info.stream as ServerStreaming<Line>;
        seen.add(
          [part, info.side, stream.info.service, stream.info.method, stream.context === info.context].join(),
        );
      };
      const both: Middleware = {
        recv: (next) => (info) => {
          noting("recv", info);
          return next(info);
        },
        send: (next) => (info, message) => {
          noting("send", info);
          return next(info, message);
        },
      };
      const { talk } = await world.start(
        { talk: echo },
        { client: { middleware: [both] }, server: { middleware: [both] } },
      );
      const stream = await talk.chat();
      await stream.send({ text: "" });
      await stream.recv();
      stream.cancel();
      expect([...seen].sort()).toEqual([
        "recv,client,Talk,Chat,true",
        "recv,server,Talk,Chat,true",
        "send,client,Talk,Chat,true",
        "send,server,Talk,Chat,true",
      ]);
    },
  },
  {
    title: "shows recv middleware a business status as no error, and throws it from recv [B76]",
    async run(world) {
      const seen: unknown[] = [];
      const noting: Middleware = {
        recv: (next) => async (info) => {
          const message = await next(info);
          seen.push([message, info.bizStatus?.status]);
          return message;
        },
        call: (next) => async (info, request) => {
          const result = await next(info, request);
          if (!info.isStreaming) seen.push([result, info.bizStatus?.status]);
          return result;
        },
      };
      const { talk } = await world.start(
        {
          talk: {
            async *story() {
              yield { text: "one" };
              throw new BizStatusError(7, "enough");
            },
            ping() {
              throw new BizStatusError(8, "no");
            },
          },
        },
        { client: { middleware: [noting] } },
      );
      const stream = await talk.story({ text: "" });
      expect(await stream.recv()).toEqual({ text: "one" });
      await expect(stream.recv()).rejects.toMatchObject({ status: 7, message: "enough" });
      await expect(talk.ping({ text: "" })).rejects.toMatchObject({ status: 8, message: "no" });
      expect(seen).toEqual([
        [{ text: "one" }, undefined],
        [undefined, 7],
        [undefined, 8],
      ]);
    },
  },
];
