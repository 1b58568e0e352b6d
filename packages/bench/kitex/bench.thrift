namespace go bench

// The service of src/messages.ts.

struct StreamMessage {
  1: required i32 seq
  2: required i64 ts
  3: required string key
  4: required bool flag
  5: required binary payload
}

struct StreamRequest {
  1: required i32 count
  2: required i32 size
}

struct StreamSum {
  1: required i32 count
}

service Bench {
  StreamMessage Unary(1: StreamMessage request)
  StreamMessage ServerStream(1: StreamRequest request) (streaming.mode = "server")
  StreamSum ClientStream(1: StreamMessage request) (streaming.mode = "client")
  StreamMessage Bidi(1: StreamMessage request) (streaming.mode = "bidirectional")
}
