namespace go echo

struct Request {
    1: optional string message,
}

struct Response {
    1: optional string message,
}

service TestService {
    // Messages go both ways, in any order.
    Response Echo (1: Request req) (streaming.mode="bidirectional"),
    // Many requests, one response.
    Response EchoClient (1: Request req) (streaming.mode="client"),
    // One request, many responses.
    Response EchoServer (1: Request req) (streaming.mode="server"),
    // One message each way, no stream.
    Response EchoPingPong (1: Request req),
}
