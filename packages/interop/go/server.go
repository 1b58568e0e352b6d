package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"sync"

	"github.com/cloudwego/kitex/pkg/limit"
	"github.com/cloudwego/kitex/pkg/remote/codec"
	"github.com/cloudwego/kitex/pkg/remote/trans/ttstream"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/server"
	"github.com/cloudwego/netpoll"

	labservice "interop/kitex_gen/lab/lab"
	mirrorservice "interop/kitex_gen/lab/mirror"
	shedservice "interop/kitex_gen/lab/shed"
)

var (
	serversLock sync.Mutex
	servers     = map[int]server.Server{}
)

// Opens a server on a free port of the loopback; one port takes every protocol, as Kitex does by itself.
// The process may hold several, which differ in their options.
func listen(request []byte) (any, error) {
	var o struct {
		Handlers       bool `json:"handlers"`       // the opt-in TTHeader and HTTP/2 meta handlers
		ContextTimeout bool `json:"contextTimeout"` // handlers get a deadline
		Mux            bool `json:"mux"`            // multiplexed ping-pong; no TTHeader streaming then
		NameRequired   bool `json:"nameRequired"`   // refuse calls that name no service
		OnlyLab        bool `json:"onlyLab"`        // one service, as most servers have
		ExitWaitMs     int  `json:"exitWaitMs"`     // how long a server that closes waits for its calls
		MaxConnections int  `json:"maxConnections"` // at once
		MaxQPS         int  `json:"maxQps"`         // calls a second
		Checksums      bool `json:"checksums"`      // of TTHeader payloads, made and compared
		HeaderFrames   bool `json:"headerFrames"`   // a handler of HEADER frames, which records keep
	}
	if err := json.Unmarshal(request, &o); err != nil {
		return nil, err
	}
	listener, err := netpoll.CreateListener("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	options := []server.Option{
		server.WithListener(listener),
		server.WithServerBasicInfo(&rpcinfo.EndpointBasicInfo{ServiceName: destination}),
		server.WithExitSignal(func() <-chan error { return nil }),
		server.WithEnableContextTimeout(o.ContextTimeout),
		server.WithCompatibleMiddlewareForUnary(),
	}
	if o.Handlers {
		options = append(options, server.WithMetaHandler(transmeta.ServerTTHeaderHandler), server.WithMetaHandler(transmeta.ServerHTTP2Handler))
	}
	if o.ExitWaitMs > 0 {
		options = append(options, server.WithExitWaitTime(milliseconds(o.ExitWaitMs)))
	}
	if o.Mux {
		options = append(options, server.WithMuxTransport())
	}
	if o.NameRequired {
		options = append(options, server.WithRefuseTrafficWithoutServiceName())
	}
	if o.MaxConnections > 0 || o.MaxQPS > 0 {
		options = append(options, server.WithLimit(&limit.Option{MaxConnections: o.MaxConnections, MaxQPS: o.MaxQPS}))
	}
	if o.Checksums {
		options = append(options, server.WithCodec(codec.NewDefaultCodecWithConfig(codec.CodecConfig{CRC32Check: true})))
	}
	if o.HeaderFrames {
		options = append(options, server.WithTTHeaderStreamingOptions(
			server.WithTTHeaderStreamingTransportOptions(ttstream.WithServerHeaderFrameHandler(headerFrameKeeper{}))))
	}
	s := server.NewServer(options...)
	register := []server.RegisterOption{}
	if !o.OnlyLab {
		register = append(register, server.WithFallbackService())
	}
	if err := labservice.RegisterService(s, &laboratory{}, register...); err != nil {
		return nil, err
	}
	if !o.OnlyLab {
		if err := shedservice.RegisterService(s, &shed{}); err != nil {
			return nil, err
		}
		if err := mirrorservice.RegisterService(s, &mirror{}); err != nil {
			return nil, err
		}
	}
	port := listener.Addr().(*net.TCPAddr).Port
	serversLock.Lock()
	servers[port] = s
	serversLock.Unlock()
	go func() {
		if err := s.Run(); err != nil {
			fmt.Fprintf(os.Stderr, "server on port %d: %v\n", port, err)
		}
	}()
	return map[string]int{"port": port}, nil
}

// Ends a server as a Kitex program ends: gracefully, within Kitex's own limits.
func closeListener(request []byte) (any, error) {
	var q struct {
		Port int `json:"port"`
	}
	if err := json.Unmarshal(request, &q); err != nil {
		return nil, err
	}
	serversLock.Lock()
	s := servers[q.Port]
	delete(servers, q.Port)
	serversLock.Unlock()
	if s == nil {
		return nil, fmt.Errorf("no server on port %d", q.Port)
	}
	return nil, s.Stop()
}

// All that a HEADER frame said.
type headerFrame struct {
	Ints    map[uint16]string `json:"ints"`
	Strings map[string]string `json:"strings"`
}

type headerFrameKey struct{}

// Keeps what a HEADER frame said for the record of its call.
type headerFrameKeeper struct{}

func (headerFrameKeeper) OnReadStream(ctx context.Context, ints ttstream.IntHeader, strings ttstream.StrHeader) (context.Context, error) {
	return context.WithValue(ctx, headerFrameKey{}, &headerFrame{maps.Clone(ints), maps.Clone(strings)}), nil
}
