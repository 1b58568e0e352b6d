namespace go example.chat

/** Why an answer is over. */
enum Ending {
  COMPLETE = 1,
  INTERRUPTED = 2,
}

/** What the user says. It interrupts the answer that is on its way; without text it does nothing else. */
struct Said {
  1: required i32 turn,
  2: required string text,
}

/** A piece of an answer. */
struct Piece {
  /** Of what it answers. */
  1: required i32 turn,
  2: required string text,
  /** On the last piece. */
  3: optional Ending ending,
}

service Chat {
  /** A conversation: both sides talk whenever they like. */
  Piece Talk(1: Said said) (streaming.mode="bidirectional"),
}
