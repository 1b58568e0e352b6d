package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"bench/kitex_gen/bench"
	benchservice "bench/kitex_gen/bench/bench"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/connpool"
	"github.com/cloudwego/kitex/pkg/remote/trans/ttstream"
	"github.com/cloudwego/kitex/transport"
)

// All streams share one connection, as those of every other contender do. A TTHeader ping-pong call has one to itself
// while it lasts: Kitex keeps them in a pool, here one that is large enough for every call in flight.
var protocols = map[string][]client.Option{
	"ttheader": {
		client.WithTransportProtocol(transport.TTHeaderStreaming | transport.TTHeader),
		client.WithLongConnection(connpool.IdleConfig{MaxIdlePerAddress: 256, MaxIdleTimeout: time.Hour}),
		client.WithTTHeaderStreamingOptions(client.WithTTHeaderStreamingTransportOptions(
			ttstream.WithClientMuxConnPool(ttstream.MuxConnConfig{PoolSize: 1, MaxIdleTimeout: time.Hour}))),
	},
	"grpc": {client.WithTransportProtocol(transport.GRPC), client.WithGRPCConnPoolSize(1)},
}

type benchClient struct {
	benchservice.Client
	idle []benchservice.Bench_BidiClient
}

func connect(protocol string, port int) (*benchClient, error) {
	options, ok := protocols[protocol]
	if !ok {
		return nil, fmt.Errorf("no protocol %q", protocol)
	}
	address := client.WithHostPorts(fmt.Sprintf("127.0.0.1:%d", port))
	c, err := benchservice.NewClient("bench", append([]client.Option{address}, options...)...)
	if err != nil {
		return nil, err
	}
	connected := &benchClient{Client: c}
	return connected, connected.unary(payloadFor(64), 0)
}

func (c *benchClient) unary(payload []byte, seq int) error {
	reply, err := c.Unary(context.Background(), streamMessage(payload, seq))
	if err != nil {
		return err
	}
	return expectEcho(reply, payload)
}

// Has the server send `count` messages, and fails unless they came.
func (c *benchClient) serverStream(count, size int) error {
	ctx := context.Background()
	stream, err := c.ServerStream(ctx, &bench.StreamRequest{Count: int32(count), Size: int32(size)})
	if err != nil {
		return err
	}
	messages, bytes := 0, 0
	for {
		message, err := stream.Recv(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		messages++
		bytes += len(message.Payload)
	}
	if messages != count || bytes != count*len(payloadFor(size)) {
		return fmt.Errorf("%d of %d messages came", messages, count)
	}
	return nil
}

// Sends `count` messages on one stream, and fails unless the server counted them.
func (c *benchClient) clientStream(count int, payload []byte) error {
	ctx := context.Background()
	stream, err := c.ClientStream(ctx)
	if err != nil {
		return err
	}
	for i := range count {
		if err := stream.Send(ctx, streamMessage(payload, i)); err != nil {
			return err
		}
	}
	sum, err := stream.CloseAndRecv(ctx)
	if err == nil && int(sum.Count) != count {
		err = fmt.Errorf("the server counted %d of %d", sum.Count, count)
	}
	return err
}

// Opens a stream, has one message echoed, and closes it.
func (c *benchClient) open(ctx context.Context, payload []byte) error {
	stream, err := c.echoOnce(ctx, payload)
	if err != nil {
		return err
	}
	if err := stream.CloseSend(ctx); err != nil {
		return err
	}
	if _, err := stream.Recv(ctx); err != io.EOF {
		return fmt.Errorf("expected the end of the stream, got %v", err)
	}
	return nil
}

// Opens streams that stay open with nothing to do.
func (c *benchClient) openIdle(count int) error {
	for range count {
		stream, err := c.echoOnce(context.Background(), payloadFor(64))
		if err != nil {
			return err
		}
		c.idle = append(c.idle, stream)
	}
	return nil
}

func (c *benchClient) echoOnce(ctx context.Context, payload []byte) (benchservice.Bench_BidiClient, error) {
	stream, err := c.Bidi(ctx)
	if err != nil {
		return nil, err
	}
	if err := stream.Send(ctx, streamMessage(payload, 0)); err != nil {
		return nil, err
	}
	echo, err := stream.Recv(ctx)
	if err != nil {
		return nil, err
	}
	return stream, expectEcho(echo, payload)
}

func expectEcho(message *bench.StreamMessage, payload []byte) error {
	if len(message.Payload) != len(payload) {
		return fmt.Errorf("an echo of %d bytes, expected %d", len(message.Payload), len(payload))
	}
	return nil
}
