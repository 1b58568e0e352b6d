import { Ending, type Piece } from "../gen/chat.ts";
import { element } from "./elements.ts";

/** The list of what was said. */
export class Turns {
  readonly #list: HTMLElement;
  readonly #answers = new Map<number, HTMLElement>();
  /** The turn whose answer is on its way. */
  #answering: number | undefined;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  get isAnswering(): boolean {
    return this.#answering !== undefined;
  }

  /** A new conversation, below the old one. */
  start(): void {
    if (this.#list.childElementCount > 0) this.note("new conversation");
    this.#answers.clear();
    this.#answering = undefined;
  }

  said(turn: number, text: string): void {
    this.#add(element("li", "turn mine", text));
    const answer = element("li", "turn theirs");
    answer.dataset["state"] = "waiting";
    this.#answers.set(turn, answer);
    this.#answering = turn;
    this.#add(answer);
  }

  received({ turn, text, ending }: Piece): void {
    const answer = this.#answers.get(turn);
    if (answer === undefined) return;
    const isAtEnd = this.#isAtEnd();
    answer.append(text);
    answer.dataset["state"] =
      ending === undefined ? "coming" : ending === Ending.COMPLETE ? "complete" : "interrupted";
    if (ending === Ending.INTERRUPTED) answer.append(element("span", "mark", "interrupted"));
    if (ending !== undefined && turn === this.#answering) this.#answering = undefined;
    if (isAtEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }

  /** A line between what was said. */
  note(text: string, isError = false): void {
    this.#add(element("li", isError ? "note error" : "note", text));
  }

  /** The conversation is over; an answer on its way comes no further. */
  end(): void {
    const answer = this.#answering === undefined ? undefined : this.#answers.get(this.#answering);
    if (answer !== undefined) answer.dataset["state"] = "broken";
    this.#answering = undefined;
  }

  #add(line: HTMLElement): void {
    this.#list.append(line);
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  /** Whoever has scrolled up wants to stay there. */
  #isAtEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    return scrollHeight - scrollTop - clientHeight < 40;
  }
}
