namespace go lab

// The laboratory: what the Kitex peers and ours speak with each other.

struct Msg {
  1: string text
  2: optional i64 n
  3: optional binary blob
  4: optional map<string, string> info
}

exception Refused {
  1: i32 code
  2: string why
}

service Lab {
  Msg Ping(1: Msg req) throws (1: Refused refused)
  Msg Join(1: string first, 2: Msg second, 3: list<i32> numbers)
  Msg Now()
  void Touch(1: Msg req)
  oneway void Note(1: Msg req)
  Msg Once(1: Msg req) (streaming.mode = "unary")
  Msg Collect(1: Msg req) (streaming.mode = "client")
  Msg Feed(1: Msg req) (streaming.mode = "server")
  Msg Chat(1: Msg req) (streaming.mode = "bidirectional")
}

// Methods of the same names in another service: a call must reach the service that it names.
service Shed {
  Msg Ping(1: Msg req)
  Msg Chat(1: Msg req) (streaming.mode = "bidirectional")
}

// One field of every type, but uuid, which Kitex does not have.

enum Colour {
  RED = 1
  GREEN = 5
  BLUE = -7
}

typedef i64 Moment

union Choice {
  1: string word
  2: i64 number
  3: Leaf leaf
  4: list<string> words
}

struct Leaf {
  1: required i32 id
  2: optional string name
  3: Colour colour = Colour.GREEN
}

// A struct that need not be there, with a field that must.
struct Holder {
  1: Leaf leaf
}

struct Everything {
  1: bool flag
  2: byte tiny
  3: i16 small
  4: i32 medium
  5: i64 large
  6: double ratio
  7: string text
  8: binary blob
  9: Colour colour
  10: Moment moment
  11: required Leaf leaf
  12: optional Choice choice
  13: list<bool> flags
  14: list<byte> tinies
  15: list<i64> larges
  16: list<double> ratios
  17: list<string> texts
  18: list<binary> blobs
  19: list<Leaf> leaves
  20: set<i32> mediums
  21: set<string> names
  22: map<string, string> pairs
  23: map<i32, Leaf> byId
  24: map<Colour, list<i16>> byColour
  25: map<i64, map<string, set<i32>>> deep
  26: list<list<map<string, double>>> nested
  27: optional bool maybeFlag
  28: optional i32 maybeMedium
  29: optional double maybeRatio
  30: optional string maybeText
  31: optional binary maybeBlob
  32: optional Colour maybeColour
  33: optional list<Leaf> maybeLeaves
  34: optional map<bool, string> maybeNames
  35: optional Everything self
  36: i32 preset = 42
  37: string greeting = "hello"
  32767: optional i64 last
}

service Mirror {
  Everything Reflect(1: Everything value)
}
