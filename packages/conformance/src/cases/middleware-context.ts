import { contextKey, currentContext } from "@slipstream/metainfo";
import { type CallInfo, type Middleware } from "@slipstream/stream";
import { expect } from "vitest";
import type { Case } from "../case.ts";
import { echo } from "../middleware-support.ts";
import { all } from "../waiting.ts";

/** What middleware, meta handlers and handlers have in common: a map for each call, and its context. */
export const middlewareContext: readonly Case[] = [
  {
    title: "has a map for each call that all its middleware share, made when first asked for [B59][B60]",
    async run(world) {
      const had: boolean[] = [];
      const first: Middleware = {
        call: (next) => (info, request) => {
          had.push(info.hasStore);
          info.store.set("started", info.method);
          return next(info, request);
        },
      };
      const found: unknown[] = [];
      const second: Middleware = {
        send: (next) => (info, message) => {
          found.push(info.store.get("started"));
          return next(info, message);
        },
        recv: (next) => async (info) => {
          const message = await next(info);
          found.push(info.store.get("started"));
          return message;
        },
      };
      const { talk } = await world.start({ talk: echo }, { client: { middleware: [first, second] } });
      const stream = await talk.chat();
      expect(stream.info.store.get("started")).toBe("Chat");
      await stream.send({ text: "" });
      await stream.recv();
      const other = await talk.chat();
      expect(other.info.store.size).toBe(1);
      expect([had, found]).toEqual([
        [false, false],
        ["Chat", "Chat"],
      ]);
      stream.cancel();
      other.cancel();
    },
  },
  {
    title:
      "runs meta handlers on a server before middleware: what they put on the context is seen by all [B61][B62]",
    async run(world) {
      const key = contextKey<Map<string, string>>("conformance.map");
      const seen: unknown[] = [];
      const look = (where: string, info: CallInfo): void => {
        seen.push([where, info.context.getValue(key)?.get("from")]);
      };
      const looking: Middleware = {
        call: (next) => (info, request) => {
          look("call", info);
          return next(info, request);
        },
        recv: (next) => async (info) => {
          look("recv", info);
          return next(info);
        },
        send: (next) => (info, message) => {
          look("send", info);
          return next(info, message);
        },
      };
      const { talk } = await world.start(
        {
          talk: {
            async chat(stream) {
              const line = await stream.recv();
              await stream.send({ text: `${line?.text} ${stream.context.getValue(key)?.get("from")}` });
            },
            ping: (_, { context }) => ({ text: context.getValue(key)?.get("from") ?? "none" }),
          },
        },
        {
          server: {
            middleware: [looking],
            metaHandlers: [
              {
                onReadStream: (context, start) =>
                  context.setValue(key, new Map([["from", `stream ${start.method}`]])),
                onReadCall: (context, start) =>
                  context.setValue(key, new Map([["from", `call ${start.method}`]])),
              },
            ],
          },
        },
      );
      const stream = await talk.chat();
      await stream.send({ text: "hi" });
      expect(await all(stream)).toEqual([{ text: "hi stream Chat" }]);
      expect(await talk.ping({ text: "" })).toEqual({ text: "call Ping" });
      expect(seen).toEqual([
        ["call", "stream Chat"],
        ["recv", "stream Chat"],
        ["send", "stream Chat"],
        ["call", "call Ping"],
      ]);
    },
  },
  {
    title: "gives the handler, its stream and its ambient context what server middleware made of the context",
    async run(world) {
      const key = contextKey<string>("conformance.user");
      const seen: unknown[] = [];
      const naming: Middleware = {
        call: (next) => (info, request) => next(info.withContext(info.context.setValue(key, "ann")), request),
        recv: (next) => (info) => {
          seen.push(info.context.getValue(key));
          return next(info);
        },
      };
      const { talk } = await world.start(
        {
          talk: {
            async *chat(stream) {
              await stream.recv();
              yield { text: `${stream.context.getValue(key)} ${currentContext().getValue(key)}` };
            },
            ping: (_, { context }) => ({
              text: `${context.getValue(key)} ${currentContext().getValue(key)}`,
            }),
          },
        },
        { server: { middleware: [naming] } },
      );
      const stream = await talk.chat();
      await stream.send({ text: "" });
      expect(await stream.recv()).toEqual({ text: "ann ann" });
      expect(await talk.ping({ text: "" })).toEqual({ text: "ann ann" });
      expect(seen).toEqual(["ann"]);
    },
  },
];
