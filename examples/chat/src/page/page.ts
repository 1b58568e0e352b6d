import { createClient } from "@slipstream/rpc";
import { RpcError } from "@slipstream/stream";
import { type StateChange, websocket } from "@slipstream/transport-websocket";
import { Chat } from "../gen/chat.ts";
import { type Along, Conversation } from "./conversation.ts";
import { byId } from "./elements.ts";
import { Hops } from "./hops.ts";
import { Turns } from "./turns.ts";

const state = byId("state", HTMLElement);
const composer = byId("composer", HTMLFormElement);
const text = byId("text", HTMLTextAreaElement);
const send = byId("send", HTMLButtonElement);
const end = byId("end", HTMLButtonElement);
const limit = byId("limit", HTMLSelectElement);
const turns = new Turns(byId("turns", HTMLElement));
const hops = new Hops(byId("hops", HTMLElement));

const { protocol, host } = document.location;
const transport = websocket({ onStateChange: showState });
const client = createClient(Chat, {
  transport,
  target: `${protocol === "https:" ? "wss" : "ws"}://${host}/rpc`,
  caller: "page",
});

let conversation: Conversation | undefined;

function showState({ state: name, retryInMs }: StateChange): void {
  const texts = {
    connecting: "connecting …",
    open: "connected",
    waiting: `no connection, next attempt in ${((retryInMs ?? 0) / 1000).toFixed(1)} s`,
    closed: "not connected",
  };
  state.dataset["state"] = name;
  state.textContent = texts[name];
}

function showButtons(): void {
  const isStop = turns.isAnswering && text.value.trim() === "";
  send.textContent = isStop ? "Stop" : "Send";
  send.disabled = !isStop && text.value.trim() === "";
  end.hidden = conversation === undefined;
  limit.disabled = conversation !== undefined;
}

async function open(): Promise<Conversation> {
  const along: Along = {
    persistent: { user: "ada" },
    transient: { screen: `${window.innerWidth}x${window.innerHeight}` },
    // A token belongs here: a page cannot set headers on a WebSocket, and a URL is logged.
    metadata: { authorization: "Bearer demo" },
    timeLimitMs: Number(limit.value),
  };
  turns.start();
  hops.start(along);
  return await Conversation.open(client, along, {
    onHeader: (entries) => {
      hops.header = entries;
    },
    onPiece(piece) {
      turns.received(piece);
      showButtons();
    },
    onTimings: (timings) => {
      hops.timings = timings;
    },
    onTrailer(entries) {
      hops.trailer = entries;
      over("conversation ended");
    },
    onFailure: (error) => over(`${error.code}: ${error.message}`, true),
  });
}

function over(why: string, isError = false): void {
  conversation = undefined;
  turns.end();
  turns.note(why, isError);
  showButtons();
}

async function say(words: string): Promise<void> {
  try {
    conversation ??= await open();
    turns.said(conversation.say(words), words);
  } catch (thrown) {
    const { code, message } = RpcError.from(thrown);
    over(`${code}: ${message}`, true);
    text.value ||= words;
  }
  showButtons();
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const words = text.value.trim();
  text.value = "";
  if (words !== "") void say(words);
  else if (turns.isAnswering) conversation?.interrupt();
  showButtons();
  text.focus();
});
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});
text.addEventListener("input", showButtons);
end.addEventListener("click", () => {
  conversation?.end();
  end.hidden = true;
});
for (const button of document.querySelectorAll<HTMLButtonElement>("[data-show]")) {
  button.addEventListener("click", () => {
    document.body.dataset["view"] = button.dataset["show"];
    for (const other of document.querySelectorAll("[data-show]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  });
}
showButtons();
