package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/connpool"
	"github.com/cloudwego/kitex/pkg/endpoint"
	"github.com/cloudwego/kitex/pkg/remote/trans/ttstream"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"github.com/cloudwego/kitex/pkg/serviceinfo"
	"github.com/cloudwego/kitex/pkg/streaming"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/transport"

	"interop/kitex_gen/lab"
	labservice "interop/kitex_gen/lab/lab"
	mirrorservice "interop/kitex_gen/lab/mirror"
	shedservice "interop/kitex_gen/lab/shed"
)

// What makes one Kitex client differ from another. Calls that agree in all of it share a client,
// unless they want a connection of their own.
type target struct {
	Target      string `json:"target"`
	Protocol    string `json:"protocol"`
	Service     string `json:"service"`     // Lab by default; a name that no IDL has is called with the methods of Lab
	Caller      string `json:"caller"`      // the client's own service name
	Handlers    bool   `json:"handlers"`    // the opt-in TTHeader and HTTP/2 meta handlers
	Connection  string `json:"connection"`  // shared (default), own, short, long; mux for ping-pong
	TLS         bool   `json:"tls"`         // grpc only: Kitex has no other
	MetaFails   bool   `json:"metaFails"`   // a handler of META frames that returns an error
	Refreshable bool   `json:"refreshable"` // the server's address can be replaced by what a reply says
	Traced      bool   `json:"traced"`      // streams only: a handler of Kitex's trace events
}

const destination = "lab.service"

var protocols = map[string]transport.Protocol{
	"ttheader":           transport.TTHeader,
	"ttheader-framed":    transport.TTHeaderFramed,
	"framed":             transport.Framed,
	"plain":              transport.PurePayload,
	"ttheader-streaming": transport.TTHeaderStreaming,
	"grpc":               transport.GRPC,
}

// A service description of our own, so that tests can add to it what the server does not know.
func describeService(name string) *serviceinfo.ServiceInfo {
	var known *serviceinfo.ServiceInfo
	switch name {
	case "Shed":
		known = shedservice.NewServiceInfo()
	case "Mirror":
		known = mirrorservice.NewServiceInfo()
	default:
		known = labservice.NewServiceInfo()
	}
	methods := map[string]serviceinfo.MethodInfo{}
	for method, info := range known.Methods {
		methods[method] = info
	}
	unary := serviceinfo.NewMethodInfo(nil, func() any { return lab.NewLabPingArgs() }, func() any { return lab.NewLabPingResult() },
		false, serviceinfo.WithStreamingMode(serviceinfo.StreamingNone))
	stream := serviceinfo.NewMethodInfo(nil, func() any { return lab.NewLabChatArgs() }, func() any { return lab.NewLabChatResult() },
		false, serviceinfo.WithStreamingMode(serviceinfo.StreamingBidirectional))
	methods["Missing"], methods["MissingStream"] = unary, stream
	copied := *known
	copied.Methods = methods
	if name != "" {
		copied.ServiceName = name
	}
	return &copied
}

func newClient(t target) (client.Client, error) {
	protocol, ok := protocols[t.Protocol]
	if !ok {
		return nil, fmt.Errorf("no protocol %q", t.Protocol)
	}
	options := []client.Option{
		client.WithDestService(destination),
		client.WithTransportProtocol(protocol),
		client.WithGRPCConnPoolSize(1),
		client.WithConnectTimeout(patience), // its own 50 ms are none to a busy machine
		client.WithMiddleware(notePeer),
	}
	if t.Refreshable {
		options = append(options, client.WithResolver(resolverOf(t.Target)))
	} else {
		options = append(options, client.WithHostPorts(t.Target))
	}
	if t.Caller != "" {
		options = append(options, client.WithClientBasicInfo(&rpcinfo.EndpointBasicInfo{ServiceName: t.Caller}))
	}
	if t.Handlers {
		options = append(options,
			client.WithMetaHandler(transmeta.ClientTTHeaderHandler), client.WithMetaHandler(transmeta.ClientHTTP2Handler))
	}
	mux := ttstream.WithClientMuxConnPool(ttstream.MuxConnConfig{PoolSize: 1, MaxIdleTimeout: time.Hour})
	idle := connpool.IdleConfig{MaxIdlePerAddress: 256, MaxIdleTimeout: time.Hour}
	switch t.Connection {
	case "", "shared":
		options = append(options, client.WithLongConnection(idle))
	case "own": // and nobody else's: the client is new
		options = append(options, client.WithLongConnection(idle))
	case "short":
		options = append(options, client.WithShortConnection())
		mux = ttstream.WithClientShortConnPool()
	case "long":
		options = append(options, client.WithLongConnection(idle))
		mux = ttstream.WithClientLongConnPool(ttstream.LongConnConfig{MaxIdleTimeout: time.Hour})
	case "mux":
		options = append(options, client.WithMuxConnection(1))
	default:
		return nil, fmt.Errorf("no connection %q", t.Connection)
	}
	options = append(options, client.WithTTHeaderStreamingOptions(client.WithTTHeaderStreamingTransportOptions(mux)))
	if t.TLS {
		options = append(options, client.WithGRPCTLSConfig(&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}))
	}
	if t.MetaFails {
		options = append(options, client.WithTTHeaderStreamingOptions(
			client.WithTTHeaderStreamingTransportOptions(ttstream.WithClientMetaFrameHandler(failingMetaHandler{}))))
	}
	if t.Traced {
		traces, err := traceStreams()
		if err != nil {
			return nil, err
		}
		options = append(options, traces)
	}
	return client.NewClient(describeService(t.Service), options...)
}

// Tells the call in its context whom Kitex says that it reached.
func notePeer(next endpoint.Endpoint) endpoint.Endpoint {
	return func(ctx context.Context, request, response any) error {
		err := next(ctx, request, response)
		out, _ := ctx.Value(outcomeKey{}).(*outcome)
		ri := rpcinfo.GetRPCInfo(ctx)
		if out != nil && ri != nil && ri.To().Address() != nil {
			out.Peer = ri.To().Address().String()
		}
		return err
	}
}

type failingMetaHandler struct{}

func (failingMetaHandler) OnMetaFrame(context.Context, ttstream.IntHeader, streaming.Header, []byte) error {
	return errors.New("no META is wanted here")
}

var (
	clientsLock sync.Mutex
	clients     = map[target]client.Client{}
	// Clients of one call stay: closed, or collected by Go, they would close their connection right behind a cancel.
	owned []client.Client
)

func clientFor(t target) (client.Client, error) {
	clientsLock.Lock()
	defer clientsLock.Unlock()
	if c := clients[t]; c != nil {
		return c, nil
	}
	c, err := newClient(t)
	if err != nil {
		return nil, err
	}
	if t.Connection == "own" {
		owned = append(owned, c)
	} else {
		clients[t] = c
	}
	return c, nil
}
