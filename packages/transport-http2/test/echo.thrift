namespace go test.echo

struct Line {
  1: optional string text
  2: optional i32 n
}

exception Refusal {
  1: required string why
}

service Echo {
  Line Say(1: Line line) throws (1: Refusal refusal)
  Line Collect(1: Line line) (streaming.mode = "client")
  Line Tell(1: Line line) (streaming.mode = "server")
  Line Chat(1: Line line) (streaming.mode = "bidirectional")
}
