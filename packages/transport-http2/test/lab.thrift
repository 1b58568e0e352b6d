namespace go lab

// What the recorded peers speak: see fixtures/README.md.

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
  Msg Missing(1: Msg req)
  Msg Collect(1: Msg req) (streaming.mode = "client")
  Msg Feed(1: Msg req) (streaming.mode = "server")
  Msg Chat(1: Msg req) (streaming.mode = "bidirectional")
}
