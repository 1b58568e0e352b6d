namespace go example.Everything
namespace py everything

include "common/base.thrift"

typedef base.Ids Ids
typedef base.Missing Gone
typedef Shape Figure
typedef base.State Condition
typedef map<string, list<Scalars>> Index

/**
 * One of each.
 *
 * And a line that ends a comment: * / and so on.
 */
struct Scalars {
  1: bool flag
  2: byte small
  3: i16 short
  4: i32 number
  5: i64 large
  6: double real
  7: string text
  8: binary blob
  9: uuid id
  10: Condition status
}

struct Optional {
  1: optional bool flag
  2: optional i64 large
  3: optional Scalars scalars
  4: optional list<string> texts
  5: optional Optional next // the same again
}

struct Required {
  1: required bool flag
  2: required i64 large
  3: required Scalars scalars
  4: required Shape shape
}

struct Containers {
  1: list<i32> numbers
  2: set<string> names
  3: set<binary> blobs
  4: set<Scalars> scalars
  5: map<string, i64> byText
  6: map<i64, string> byNumber
  7: map<base.Status, list<map<string, set<i64>>>> nested
  8: optional Index index
  9: list<list<Ids>> ids
  10: optional map<string, map<string, map<string, map<string, map<string, map<string, Scalars>>>>>> aVeryLongNameForAField
}

struct Defaults {
  1: bool flag = true
  2: i32 number = -42
  3: optional i64 large = base.LIMIT
  4: double real = 1e21
  5: string text = "it's \"quoted\"\n"
  6: binary blob = "\"é\""
  7: base.Status status = base.Status.BUSY
  8: optional list<string> texts = ["a", "b"]
  9: set<i64> numbers = [1, 2]
  10: map<string, i32> counts = {"plain": 1, "not-plain": 2}
  11: map<i64, string> names = {1: "one", 2: "two"}
  12: Point point = {"x": 1}
  13: list<list<i32>> table = [[1, 2], [3, 4]]
  14: optional string empty = ""
  15: required i32 needed = 7
  16: uuid id = "00112233-4455-6677-8899-AABBCCDDEEFF"
  17: list<string> none = []
  18: optional i32 aLongName = THE_ANSWER (deprecated = "use number")
  19: string aLongText = "so long that it has to go to a line of its own, because it would not fit beside its name at all"
}

struct Point {
  1: required double x
  2: double y = 0.5
}

struct Empty {}

/* A picture. */
union Shape {
  /* Round. */
  1: Circle circle
  // By its corners.
  2: list<Point> corners
  3: i64 number
}

struct Circle { 1: required Point center, 2: double radius }

union Nothing {}

union Small { 1: i32 a, 2: string b }

exception Refused {
  1: required string reason
  2: i32 code
} (deprecated)

exception Odd {
  1: i32 name
  2: bool stack
  3: optional string message
}

enum Level { LOW = 1, HIGH = 10 } 
enum None {}

const i32 THE_ANSWER = 42
const Figure ORIGIN = {"circle": {"center": {"x": 0.0}, "radius": 1}}
const list<string> NAMES = ["first", "second"]
const list<string> SAME_NAMES = NAMES
const list<list<string>> MANY_NAMES = [NAMES, ["third"]]
const map<string, Level> LEVELS = {"low": Level.LOW, "high": Level.HIGH}
const map<Level, string> LEVEL_NAMES = {Level.LOW: "low"}
const set<i64> NUMBERS = [1, 2, 3]
const list<i32> PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103]
const Scalars SCALARS = {"text": "only this"}
const Gone LOST = {"id": 5}
const double TINY = 1e-7
const base.State STATE = base.INITIAL
const string A_LONG_TEXT = "so long that it has to go to a line of its own, because it would not fit beside its name"

/** All there is to call. */
service Everything extends base.Common {
  // Nothing in, nothing out.
  void nothing()
  string one_argument(1: string text) throws (1: Refused refused, 2: base.NotFound missing)
  Scalars SeveralArguments(1: i64 id, 2: Scalars scalars, 3: list<Level> levels = [Level.LOW], 4: required string name)
  oneway void Tell(1: string text)
  oneway void TellNothing()
  list<Shape> Draw(1: map<string, Shape> shapes)
  Level GetHTTPLevel()
  base.Missing Find(1: base.Missing missing)
  Shape Watch(1: Figure figure) (streaming.mode = "server")
  Shape Upload(1: Shape shape) (streaming.mode = "client")
  base.Base Talk(1: base.Base base) (streaming.mode = "bidirectional")
  i64 Count(1: list<i64> numbers) throws (1: Gone gone) (streaming.mode = "unary")
}

service Nobody {}
service Heir extends Everything {}
