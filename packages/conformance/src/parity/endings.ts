import { RpcError, type ServerCall } from "@slipstream/stream";
import { all, Gate, until } from "../waiting.ts";
import { code, entries, Log, outcome } from "./observe.ts";
import type { Program } from "./program.ts";

function reasonOf({ signal }: Pick<ServerCall, "signal">): string | undefined {
  return (signal.reason as RpcError | undefined)?.code;
}

/** How calls end: half-close, cancel from either side, deadline, closed connections. */
export const endings: readonly Program[] = [
  {
    title: "half-closing before, between and after the messages of the other side [B22][B23][B24][B25]",
    async observe(world) {
      const log = new Log();
      const handler = new Log();
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            handler.say(await stream.recv());
            await stream.send({ text: "one" });
            handler.say(await stream.recv(), await stream.recv());
            await stream.send({ text: "two" });
          },
        },
      });
      const early = await talk.chat();
      await early.send({ text: "all I have" });
      await early.closeSend();
      log.say(await code(early.send({ text: "late" })));
      log.say(await all(early), await early.recv(), await code(early.send({ text: "late" })));
      const late = await talk.chat();
      await late.send({ text: "first" });
      log.say(await late.recv());
      await late.closeSend();
      log.say(await late.recv(), await late.recv());
      return { client: log.lines, handler: handler.lines };
    },
  },
  {
    title: "a handler that ends while its client still sends",
    async observe(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.recv();
          },
          async collect() {
            return { text: "without reading" };
          },
        },
      });
      const chat = await talk.chat();
      await chat.send({ text: "" });
      const end = await chat.recv();
      const collect = await talk.collect();
      await collect.trailer();
      return [
        end,
        await code(chat.send({ text: "late" })),
        await code(collect.send({ text: "late" })),
        await outcome(collect.closeAndRecv()),
      ];
    },
  },
  {
    title: "a client that cancels: with nothing unread, with a message unread, and after its half-close",
    async observe(world) {
      const log = new Log();
      const handler = new Log();
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            const first = await outcome(stream.recv());
            await stream.send({ text: "hello" }).catch(() => {});
            const second = await code(stream.recv());
            if (second === "ok") {
              await stream.send({ text: "saw the half-close" });
              await new Promise((resolve) => stream.signal.addEventListener("abort", resolve));
            }
            const send = await code(stream.send({ text: "late" }));
            const header = await code(stream.sendHeader({ late: "1" }));
            handler.say({
              first,
              second,
              send,
              header,
              signal: reasonOf(stream),
              aborted: stream.signal.aborted,
            });
          },
        },
      });
      for (const [i, when] of ["read", "unread", "half-closed"].entries()) {
        const stream = await talk.chat();
        await stream.send({ text: when });
        await stream.header();
        if (when !== "unread") log.say(await outcome(stream.recv()));
        if (when === "half-closed") {
          await stream.closeSend();
          log.say(await outcome(stream.recv()));
        }
        const pending = [code(stream.recv()), code(stream.trailer())];
        stream.cancel(new Error("enough"));
        stream.cancel(new Error("twice"));
        log.say(
          await Promise.all(pending),
          await outcome(stream.recv()),
          await code(stream.send({ text: "late" })),
        );
        log.say(entries(await stream.header()));
        await until(() => handler.lines.length > i);
      }
      return { client: log.lines, handler: handler.lines };
    },
  },
  {
    title: "a handler that cancels from its side",
    async observe(world) {
      const { talk } = await world.start({
        talk: {
          async chat(stream) {
            await stream.send({ text: "first" });
            throw new RpcError("cancelled", "I had enough");
          },
        },
      });
      const stream = await talk.chat();
      return [
        await outcome(stream.recv()),
        await outcome(stream.recv()),
        await code(stream.send({ text: "" })),
        entries(await stream.trailer()),
      ];
    },
  },
  {
    title: "a deadline that passes, on both sides [B33][B35]",
    async observe(world) {
      const log: Record<string, unknown> = {};
      const { talk, connect } = await world.start({
        talk: {
          async chat(stream) {
            await stream.send({ text: "in time" });
            log["handler recv"] = await code(stream.recv());
            log["handler send"] = await code(stream.send({ text: "late" }));
            log["handler signal"] = reasonOf(stream);
          },
          async ping(line, call) {
            await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
            log["ping signal"] = reasonOf(call);
            return line;
          },
        },
      });
      await connect();
      const stream = await talk.chat({ timeoutMs: 60 });
      log["client recv"] = [
        await outcome(stream.recv()),
        await code(stream.recv()),
        await code(stream.recv()),
      ];
      log["client send"] = await code(stream.send({ text: "late" }));
      log["client header"] = entries(await stream.header());
      log["ping"] = await code(talk.ping({ text: "" }, { timeoutMs: 40 }));
      await until(() => "handler signal" in log && "ping signal" in log);
      return log;
    },
  },
  {
    title: "a recv that takes too long, with and without cancelling the remote",
    async observe(world) {
      const log = new Log();
      const over = new Gate();
      const mayGoOn = new Gate();
      const { talk } = await world.start({
        talk: {
          async *story({ text }, stream) {
            yield { text: "in time" };
            if (text === "cancel") {
              await new Promise((resolve) => stream.signal.addEventListener("abort", resolve));
              log.say("handler", reasonOf(stream));
              over.open();
            } else {
              await mayGoOn.opened;
              yield { text: "late" };
            }
          },
        },
      });
      const cancelled = await talk.story({ text: "cancel" }, { recvTimeoutMs: 40 });
      const first = [
        await outcome(cancelled.recv()),
        await code(cancelled.recv()),
        await code(cancelled.recv()),
      ];
      await over.opened;
      log.say(first);
      const recvTimeoutMs = { timeoutMs: 30, cancelRemote: false };
      const patient = await talk.story({ text: "" }, { recvTimeoutMs });
      log.say(await outcome(patient.recv()), await code(patient.recv()), await code(patient.recv()));
      mayGoOn.open();
      log.say(await all(patient));
      return log.lines;
    },
  },
  {
    title: "a server that closes during calls",
    async observe(world) {
      const log: Record<string, unknown> = {};
      const started = [new Gate(), new Gate(), new Gate()] as const;
      const { talk, server } = await world.start({
        talk: {
          async chat(stream) {
            await stream.send({ text: "in time" });
            started[0].open();
            log["handler recv"] = await code(stream.recv());
            log["handler signal"] = reasonOf(stream);
          },
          async *story(_, { signal }) {
            started[1].open();
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
            yield { text: "late" };
          },
          async ping(line, call) {
            started[2].open();
            await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
            log["ping signal"] = reasonOf(call);
            return line;
          },
        },
      });
      const chat = await talk.chat();
      await chat.header();
      const story = await talk.story({ text: "" });
      const ping = code(talk.ping({ text: "" }));
      await Promise.all(started.map(({ opened }) => opened));
      await server.close({ graceMs: 10 });
      log["chat"] = [
        await outcome(chat.recv()),
        await code(chat.recv()),
        await code(chat.send({ text: "" })),
      ];
      log["story"] = await code(story.recv());
      log["ping"] = await ping;
      log["later"] = [await code(talk.ping({ text: "" })), await code(talk.chat())];
      await until(() => "handler signal" in log && "ping signal" in log);
      return log;
    },
  },
  {
    title: "a client's transport that closes during calls",
    async observe(world) {
      const log: Record<string, unknown> = {};
      const started = [new Gate(), new Gate()] as const;
      const { talk, pair } = await world.start({
        talk: {
          async chat(stream) {
            started[0].open();
            log["handler recv"] = await code(stream.recv());
            log["handler send"] = await code(stream.send({ text: "late" }));
            log["handler signal"] = reasonOf(stream);
          },
          async ping(line, call) {
            started[1].open();
            await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
            log["ping signal"] = reasonOf(call);
            return line;
          },
        },
      });
      const chat = await talk.chat();
      const pending = [code(chat.recv()), code(chat.header()), code(chat.trailer())];
      const ping = code(talk.ping({ text: "" }));
      await Promise.all(started.map(({ opened }) => opened));
      await pair.client.close();
      log["chat"] = await Promise.all(pending);
      log["ping"] = await ping;
      log["later"] = [await code(talk.ping({ text: "" })), await code(talk.chat())];
      await until(() => "handler signal" in log && "ping signal" in log);
      return log;
    },
  },
];
