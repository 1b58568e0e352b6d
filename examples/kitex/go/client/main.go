// A Kitex client for ../../src/server.ts: `bin/client [address] [ttheader|grpc]`.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/client/callopt"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/transport"

	"example/kitex_gen/greeter"
	greeterservice "example/kitex_gen/greeter/greeter"
)

func main() {
	address, protocol := "127.0.0.1:8888", transport.TTHeaderStreaming|transport.TTHeader
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if len(os.Args) > 2 && os.Args[2] == "grpc" {
		protocol = transport.GRPC
	}
	c, err := greeterservice.NewClient("greeter",
		client.WithHostPorts(address),
		client.WithTransportProtocol(protocol),
		client.WithMetaHandler(transmeta.ClientTTHeaderHandler),
		client.WithMetaHandler(transmeta.ClientHTTP2Handler))
	if err != nil {
		log.Fatal(err)
	}
	if err := converse(c); err != nil {
		log.Fatal(err)
	}
}

func converse(c greeterservice.Client) error {
	ctx := metainfo.WithPersistentValue(context.Background(), "USER", "ann")
	ctx = metainfo.WithBackwardValues(ctx)
	answer, err := c.Greet(ctx, &greeter.Line{Text: "world"}, callopt.WithRPCTimeout(time.Second))
	if err != nil {
		return err
	}
	fmt.Println(answer.Text)
	fmt.Println("backward:", metainfo.RecvAllBackwardValues(ctx))

	stream, err := c.Talk(ctx)
	if err != nil {
		return err
	}
	for _, text := range []string{"both ways", "at once"} {
		if err := stream.Send(ctx, &greeter.Line{Text: text}); err != nil {
			return err
		}
		answer, err := stream.Recv(ctx)
		if err != nil {
			return err
		}
		fmt.Println(answer.Text)
	}
	if err := stream.CloseSend(ctx); err != nil {
		return err
	}
	if _, err := stream.Recv(ctx); err != io.EOF { // the end: over HTTP/2 Kitex has the trailer only then
		return fmt.Errorf("expected the end of the stream, got %v", err)
	}
	header, err := stream.Header()
	if err != nil {
		return err
	}
	trailer, err := stream.Trailer()
	if err != nil {
		return err
	}
	fmt.Println("header:", header["served-by"], "trailer:", trailer["said"])
	return nil
}
