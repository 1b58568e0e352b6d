// A Kitex server for ../../src/client.ts: `bin/server [address]`.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/pkg/streaming"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/server"

	"example/kitex_gen/greeter"
	greeterservice "example/kitex_gen/greeter/greeter"
)

type service struct{}

func (*service) Greet(ctx context.Context, line *greeter.Line) (*greeter.Line, error) {
	user, _ := metainfo.GetPersistentValue(ctx, "USER")
	metainfo.SendBackwardValue(ctx, "served-by", "kitex")
	return &greeter.Line{Text: fmt.Sprintf("hello %s, %s", line.Text, user)}, nil
}

func (*service) Talk(ctx context.Context, stream greeter.Greeter_TalkServer) error {
	if err := stream.SetHeader(streaming.Header{"served-by": "kitex"}); err != nil {
		return err
	}
	for {
		line, err := stream.Recv(ctx)
		if err == io.EOF {
			return stream.SetTrailer(streaming.Trailer{"said": "all"})
		}
		if err != nil {
			return err
		}
		if err := stream.Send(ctx, &greeter.Line{Text: strings.ToUpper(line.Text)}); err != nil {
			return err
		}
	}
}

func main() {
	address := "127.0.0.1:8888"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	s := greeterservice.NewServer(&service{},
		server.WithListener(listener),
		server.WithMetaHandler(transmeta.ServerTTHeaderHandler)) // names of callers, timeouts and business statuses of ping-pong calls
	fmt.Println("listening on", listener.Addr())
	if err := s.Run(); err != nil {
		log.Fatal(err)
	}
}
