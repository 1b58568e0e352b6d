import { type Done, type Seen, type ServiceName, services } from "../seen.ts";
import type { Along, Timings } from "./conversation.ts";
import { element } from "./elements.ts";

/** The cards beside the conversation: what the page sent, and what each service saw of it. */
export class Hops {
  readonly #root: HTMLElement;
  #along: Along | undefined;
  #timings: Timings | undefined;
  #header: Readonly<Record<string, string>> | undefined;
  #trailer: Readonly<Record<string, string>> | undefined;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#draw();
  }

  /** A new conversation: nothing is known yet but what is sent. */
  start(along: Along): void {
    this.#along = along;
    this.#timings = undefined;
    this.#header = undefined;
    this.#trailer = undefined;
    this.#draw();
  }

  set header(entries: Readonly<Record<string, string>>) {
    this.#header = entries;
    this.#draw();
  }

  set trailer(entries: Readonly<Record<string, string>>) {
    this.#trailer = entries;
    this.#draw();
  }

  set timings(timings: Timings) {
    this.#timings = timings;
    this.#draw();
  }

  #draw(): void {
    const along = this.#along;
    if (along === undefined) {
      const hint = "Each service on the way reports what it saw. The cards appear with the first message.";
      this.#root.replaceChildren(element("h2", "", "What each hop saw"), element("p", "hint", hint));
      return;
    }
    this.#root.replaceChildren(
      element("h2", "", "What each hop saw"),
      pageCard(along, this.#timings),
      ...services.map((name) => serviceCard(name, parsed(this.#header, name), parsed(this.#trailer, name))),
    );
  }
}

/** The part of a header or trailer that a service wrote. */
function parsed<T>(entries: Readonly<Record<string, string>> | undefined, name: ServiceName): T | undefined {
  const text = entries?.[name];
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

function pageCard(along: Along, timings: Timings | undefined): HTMLElement {
  return card("Page", "this browser", {
    sent: [
      values("Persistent", along.persistent),
      values("Transient", along.transient),
      values("Metadata", along.metadata),
      row("Time limit", ms(along.timeLimitMs)),
    ],
    measured: [
      row("Header after", ms(timings?.headerMs)),
      row("First piece", ms(timings?.firstPieceMs)),
      row("Pieces", timings === undefined ? "–" : String(timings.pieces)),
      row("Trailer after", ms(timings?.totalMs)),
    ],
  });
}

function serviceCard(name: ServiceName, seen: Seen | undefined, done: Done | undefined): HTMLElement {
  const title = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  if (seen === undefined) return card(title, "no header yet", {});
  const next = done?.nextHeaderMs;
  return card(title, `over ${seen.transport}, from ${seen.from}`, {
    "saw, says its header": [
      values("Persistent", seen.persistent),
      values("Transient", seen.transient),
      values("Metadata", seen.metadata),
      row("Time left", ms(seen.timeLeftMs)),
    ],
    "did, says its trailer": [
      ...(next === undefined ? [] : [row("Next header", ms(next))]),
      row("Pieces", done === undefined ? "–" : String(done.pieces)),
      row("Took", ms(done?.tookMs)),
    ],
  });
}

function card(
  title: string,
  subtitle: string,
  sections: Readonly<Record<string, readonly HTMLElement[]>>,
): HTMLElement {
  const heading = element("div", "heading", element("h3", "", title), element("p", "subtitle", subtitle));
  const parts = Object.entries(sections).flatMap(([caption, rows]) => [
    element("h4", "", caption),
    element("dl", "", ...rows),
  ]);
  const made = element("article", "card", heading, ...parts);
  made.dataset["hop"] = title.toLowerCase();
  return made;
}

function row(name: string, ...what: (string | Node)[]): HTMLElement {
  return element("div", "row", element("dt", "", name), element("dd", "", ...what));
}

function values(name: string, record: Readonly<Record<string, string>>): HTMLElement {
  const entries = Object.entries(record);
  if (entries.length === 0) return row(name, "none");
  return row(name, ...entries.map(([key, value]) => element("code", "", `${key} = ${value}`)));
}

function ms(value: number | undefined): string {
  if (value === undefined) return "–";
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} ms`;
}
