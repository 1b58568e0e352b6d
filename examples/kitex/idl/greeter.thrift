namespace go greeter

struct Line {
  1: required string text
}

service Greeter {
  /** One request, one response. */
  Line Greet(1: Line line)

  /** Both ways at once. */
  Line Talk(1: Line line) (streaming.mode = "bidirectional")
}
