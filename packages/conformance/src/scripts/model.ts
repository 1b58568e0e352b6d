import type { Script } from "./script.ts";

/** What each step of a script comes to, in words; one for each step that has an answer. */
export type Answers = readonly string[];

type End =
  | { readonly by: "return" }
  | { readonly by: "throw"; readonly code: string }
  | { readonly by: "cancel"; readonly code: string };

interface Half {
  sent: number;
  /** How many recv were asked for. */
  asked: number;
  isClosed: boolean;
  /** Messages that count: those sent before the end, unless they were dropped. */
  delivered: number | undefined;
}

const newHalf = (): Half => ({ sent: 0, asked: 0, isClosed: false, delivered: undefined });

/** The semantics of a stream, as simple as they can be said: what a script must observe over any transport. */
export function expected(script: Script): Answers {
  const answers: (string | (() => string))[] = [];
  const requests = newHalf();
  const responses = newHalf();
  const header = new Map<string, string>();
  const trailer = new Map<string, string>();
  let sentHeader: string | undefined;
  let end: End | undefined;

  const over = (): string => (end?.by === "return" || end === undefined ? "failed_precondition" : end.code);
  const flush = (): void => {
    sentHeader ??= [...header.keys()].join();
  };
  /** The k-th recv gets the k-th message, or what the stream came to. */
  const recv = (half: Half, atEnd: () => string): (() => string) => {
    const k = half.asked++;
    return () => (k < (half.delivered ?? half.sent) ? `message ${k}` : atEnd());
  };
  const finish = (how: End): void => {
    if (end) return;
    end = how;
    // Who ends a call reads no more of it; its peer still gets what was sent before, unless that is who ended it.
    requests.delivered = Math.min(requests.asked, requests.sent);
    if (how.by === "cancel") responses.delivered = Math.min(responses.asked, responses.sent);
    else flush();
  };

  for (const step of script) {
    if ("client" in step) {
      switch (step.client) {
        case "send":
          if (requests.isClosed) answers.push("failed_precondition");
          else if (end) answers.push(over());
          else {
            requests.sent++;
            answers.push("sent");
          }
          break;
        case "recv":
          answers.push(recv(responses, () => (end?.by === "return" ? "end" : over())));
          break;
        case "closeSend":
          if (!end) requests.isClosed = true;
          break;
        case "cancel":
          finish({ by: "cancel", code: "cancelled" });
          break;
        case "header":
          answers.push(() => (sentHeader === undefined ? over() : `header ${sentHeader}`));
          break;
        case "trailer":
          answers.push(() => (end?.by === "cancel" ? over() : `trailer ${[...trailer.keys()].join()}`));
          break;
      }
      continue;
    }
    switch (step.server) {
      case "send":
        if (end) answers.push(over());
        else {
          flush();
          responses.sent++;
          answers.push("sent");
        }
        break;
      case "recv":
        // Whether the client's last word was in before the call ended, nobody can tell on a wire.
        if (end && requests.isClosed) break;
        answers.push(recv(requests, () => (requests.isClosed || end?.by === "return" ? "end" : over())));
        break;
      case "setHeader":
      case "sendHeader":
        if (end && end.by !== "return") answers.push(over());
        else if (end || sentHeader !== undefined) answers.push("failed_precondition");
        else {
          header.set(`h${header.size}`, "v");
          if (step.server === "sendHeader") flush();
          answers.push("ok");
        }
        break;
      case "setTrailer":
        if (!end) trailer.set(`t${trailer.size}`, "v");
        break;
      case "return":
        finish({ by: "return" });
        break;
      case "throw":
        finish({ by: "throw", code: "aborted" });
        break;
      case "refuse":
        finish({ by: "throw", code: "biz 7" });
        break;
    }
  }
  finish({ by: "return" });
  return answers.map((answer) => (typeof answer === "string" ? answer : answer()));
}
