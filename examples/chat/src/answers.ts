// What the backend knows. A model would stand here; the pace and the pieces are the same.

const topics: readonly (readonly [about: RegExp, answer: string])[] = [
  [
    /^(hi|hello|hey|good (morning|evening))\b/i,
    "Hello! I am a small program that pretends to be a large one. Ask me about streams, metainfo, deadlines or back-pressure, " +
      "and feel free to interrupt: I stop in the middle of a word.",
  ],
  [
    /metainfo|persistent|transient|context|hop/i,
    "Every call carries two kinds of values beside its messages. Persistent values travel along the whole chain: what the page " +
      "set, I can read here, though the gateway never mentioned it. Transient values live for exactly one hop: the page's " +
      "reached the gateway and ended there, and what I see is the gateway's own. The cards of this page show both, as each " +
      "service saw them. Nobody copied anything by hand; the context of a handler flows into the calls that it makes.",
  ],
  [
    /deadline|timeout|time limit|time\b/i,
    "A conversation has a time limit, and it is one limit for everybody. The page sets it once, the time that is left travels " +
      "with the call, and each service sees a little less of it. When it passes, the page gets deadline_exceeded, and so do " +
      "the gateway and I, at about the same moment: nobody goes on working for somebody who has stopped waiting. Choose ten " +
      "seconds at the bottom of this page and ask me this again, if you want to see it happen.",
  ],
  [
    /pressure|slow|buffer|flow/i,
    "If your page stopped reading now, its window of credit would fill up within a few thousand words. Then the gateway's send " +
      "would wait, so it would stop reading from me, and my own send would wait as well. Nothing is lost, nothing piles up, " +
      "and the other conversations on the same connection do not even notice. A browser cannot pause a WebSocket, which is " +
      "why credit is counted for each stream, and not for the connection.",
  ],
  [
    /stream|token|websocket|ttheader|bidi/i,
    "These words come one by one, each in a message of its own. They leave me as TTHeader frames over TCP, the gateway passes " +
      "them on as the same frames in WebSocket messages, and those of one turn of the event loop share a message. Your words " +
      "go the other way on the same stream at the same time: that is what makes it bidirectional, and why you can interrupt " +
      "me without opening anything new. The header came before my first word, and the trailer comes when you end the " +
      "conversation.",
  ],
  [
    /cancel|interrupt|stop/i,
    "There are two ways to make me stop. Say something else, or press stop, and I end this answer and listen: the stream stays " +
      "open. Or end the conversation, and the stream ends in order, with a trailer that says what each service did. Closing the page " +
      "is a third: then the connection is lost, the gateway's handler is told by its signal, its call to me ends with it, " +
      "and I hear of it too. Nothing is left behind.",
  ],
];

const otherwise =
  "I have no model behind me, only a few paragraphs, and none of them is about that. But the way these words travel is real: one " +
  "message each, through a gateway, with a header before and a trailer after them. Ask me about streams, metainfo, " +
  "deadlines, back-pressure or interrupting.";

/** The answer in the pieces in which a model would give it: words, and parts of long ones. */
export function* answer(text: string): Generator<string> {
  const paragraph = topics.find(([about]) => about.test(text.trim()))?.[1] ?? otherwise;
  for (const word of paragraph.match(/\s*\S+/g) ?? []) {
    for (let at = 0; at < word.length; at += 7) yield word.slice(at, at + 7);
  }
}
