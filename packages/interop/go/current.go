//go:build !kitex014

package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/client/callopt/streamcall"
	"github.com/cloudwego/kitex/pkg/kerrors"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"github.com/cloudwego/kitex/pkg/streaming"
	"github.com/cloudwego/kitex/pkg/transmeta"
)

// What Kitex v0.14 does not have; older.go is its other half.

func category(err error) string {
	switch {
	case errors.Is(err, kerrors.ErrStreamingCanceled):
		return "canceled"
	case errors.Is(err, kerrors.ErrStreamingTimeout):
		return "timeout"
	case errors.Is(err, kerrors.ErrStreamingProtocol):
		return "protocol"
	case errors.Is(err, kerrors.ErrRPCTimeout):
		return "rpc timeout"
	}
	return ""
}

func recvTimeout(timeout time.Duration, keepRemote bool) streamcall.Option {
	return streamcall.WithRecvTimeoutConfig(streaming.TimeoutConfig{Timeout: timeout, DisableCancelRemote: keepRemote})
}

// A handler of trace events, which tells the stream in the context what they carried.
func traceStreams() (client.Option, error) {
	of := func(ctx context.Context) *trace {
		out, _ := ctx.Value(outcomeKey{}).(*outcome)
		if out == nil || out.Trace == nil {
			return &trace{finished: make(chan struct{})}
		}
		return out.Trace
	}
	return client.WithStreamOptions(client.WithStreamEventHandler(rpcinfo.ClientStreamEventHandler{
		HandleStreamRecvHeaderEvent: func(ctx context.Context, _ rpcinfo.RPCInfo, e rpcinfo.StreamRecvHeaderEvent) {
			of(ctx).Header = e.TTStreamHeader
		},
		HandleStreamFinishEvent: func(ctx context.Context, _ rpcinfo.RPCInfo, e rpcinfo.StreamFinishEvent) {
			t := of(ctx)
			t.Trailer = e.TTStreamTrailer
			close(t.finished)
		},
	})), nil
}

// Whether received transient metainfo stops here (single hop) or goes on (Kitex's default); for the whole process.
func setPropagation(request []byte) (any, error) {
	var r struct {
		SingleHop bool `json:"singleHop"`
	}
	if err := json.Unmarshal(request, &r); err != nil {
		return nil, err
	}
	mode := transmeta.MetainfoPropagationLegacy
	if r.SingleHop {
		mode = transmeta.MetainfoPropagationSingleHop
	}
	transmeta.SetMetainfoPropagationMode(mode)
	return nil, nil
}
