package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"bench/kitex_gen/bench"
	benchservice "bench/kitex_gen/bench/bench"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/server"
	"github.com/cloudwego/netpoll"
)

// With Kitex's defaults; its server tells the protocols apart by their first bytes.
func listen() (int, error) {
	listener, err := netpoll.CreateListener("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	s := benchservice.NewServer(&handler{},
		server.WithListener(listener), server.WithExitSignal(func() <-chan error { return nil }))
	go func() {
		if err := s.Run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

type handler struct{}

func (*handler) Unary(ctx context.Context, request *bench.StreamMessage) (*bench.StreamMessage, error) {
	return request, nil
}

func (*handler) ServerStream(ctx context.Context, request *bench.StreamRequest, stream bench.Bench_ServerStreamServer) error {
	payload := payloadFor(int(request.Size))
	for i := range int(request.Count) {
		if err := stream.Send(ctx, streamMessage(payload, i)); err != nil {
			return err
		}
	}
	return nil
}

func (*handler) ClientStream(ctx context.Context, stream bench.Bench_ClientStreamServer) error {
	for count := int32(0); ; count++ {
		if _, err := stream.Recv(ctx); err == io.EOF {
			return stream.SendAndClose(ctx, &bench.StreamSum{Count: count})
		} else if err != nil {
			return err
		}
	}
}

func (*handler) Bidi(ctx context.Context, stream bench.Bench_BidiServer) error {
	if _, ok := metainfo.GetPersistentValue(ctx, "K0"); ok {
		if value, _ := metainfo.GetPersistentValue(ctx, "K9"); value != "last" {
			return errors.New("metadata was lost")
		}
	}
	for {
		message, err := stream.Recv(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(ctx, message); err != nil {
			return err
		}
	}
}
