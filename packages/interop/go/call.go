package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/metadata"
	"github.com/cloudwego/kitex/pkg/serviceinfo"
)

// One call of any kind over any protocol, as the control channel, or a message's "next", asks for it.
type call struct {
	target
	Method     string            `json:"method"`
	Persistent map[string]string `json:"persistent"`
	Transient  map[string]string `json:"transient"`
	Metadata   [][2]string       `json:"metadata"` // gRPC only
	Gzip       bool              `json:"gzip"`

	TimeoutMs            int  `json:"timeoutMs"`        // RPC timeout of a ping-pong call
	ContextTimeoutMs     int  `json:"contextTimeoutMs"` // deadline of the context
	CancelAfterMs        int  `json:"cancelAfterMs"`    // ends the context of a ping-pong call from outside
	RecvTimeoutMs        int  `json:"recvTimeoutMs"`    // of each receive on a stream
	RecvTimeoutKeepsPeer bool `json:"recvTimeoutKeepsPeer"`

	Messages []message `json:"messages"` // ping-pong: the first; streams: what the default script sends
	Strings  []string  `json:"strings"`  // Join: its first argument
	Numbers  []int32   `json:"numbers"`  // Join: its third argument
	Script   []step    `json:"script"`   // streams: instead of the default script
}

// What the Kitex program got.
type outcome struct {
	Messages   []message           `json:"messages"`
	Header     map[string]string   `json:"header"`
	HeaderErr  string              `json:"headerErr,omitempty"`
	Trailer    map[string]string   `json:"trailer"`
	TrailerErr string              `json:"trailerErr,omitempty"`
	Fields     map[string][]string `json:"headerMetadata,omitempty"`  // gRPC unary
	Ending     map[string][]string `json:"trailerMetadata,omitempty"` // gRPC unary
	Backward   map[string]string   `json:"backward"`
	Peer       string              `json:"peer,omitempty"`  // the address that Kitex says it reached
	Trace      *trace              `json:"trace,omitempty"` // of a stream whose client is traced
	Error      *failure            `json:"error"`
	Ended      bool                `json:"ended"` // a stream's io.EOF was seen
	Events     []event             `json:"events"`
}

// In the context of a call: its outcome.
type outcomeKey struct{}

// What Kitex's trace events of a stream carried.
type trace struct {
	Header  map[string]string `json:"header"`
	Trailer map[string]string `json:"trailer"`

	finished chan struct{}
}

// Something that the program saw, with the milliseconds since the call began.
type event struct {
	What string  `json:"what"`
	AtMs float64 `json:"atMs"`
}

func callOnce(request []byte) (any, error) {
	var c call
	if err := json.Unmarshal(request, &c); err != nil {
		return nil, err
	}
	return makeCall(context.Background(), c)
}

func makeCall(parent context.Context, c call) (*outcome, error) {
	kc, err := clientFor(c.target)
	if err != nil {
		return nil, err
	}
	info, ok := describeService(c.Service).Methods[c.Method]
	if !ok {
		return nil, fmt.Errorf("no method %q", c.Method)
	}
	ctx, cancel := parent, context.CancelFunc(func() {})
	// A handler's context goes on as it is: wrapped, it would lose why it ended, code and path, on the way to Kitex's client.
	// A oneway call has none that ends: it returns while a large request still leaves, and a ticker of Kitex
	// (v0.16.3 `nphttp2/grpc/http2_client.go`) resets the HTTP/2 streams whose context is over.
	if parent == context.Background() && !info.OneWay() {
		ctx, cancel = context.WithCancel(parent)
		defer cancel()
	}
	if c.ContextTimeoutMs > 0 {
		ctx, cancel = context.WithTimeout(ctx, milliseconds(c.ContextTimeoutMs))
		defer cancel()
	}
	if c.CancelAfterMs > 0 {
		defer time.AfterFunc(milliseconds(c.CancelAfterMs), cancel).Stop()
	}
	for k, v := range c.Persistent {
		ctx = metainfo.WithPersistentValue(ctx, k, v)
	}
	for k, v := range c.Transient {
		ctx = metainfo.WithValue(ctx, k, v)
	}
	if len(c.Metadata) > 0 {
		pairs := make([]string, 0, 2*len(c.Metadata))
		for _, p := range c.Metadata {
			pairs = append(pairs, p[0], p[1])
		}
		ctx = metadata.NewOutgoingContext(ctx, metadata.Pairs(pairs...))
	}
	out := &outcome{Messages: []message{}, Events: []event{}}
	if c.Traced {
		out.Trace = &trace{finished: make(chan struct{})}
	}
	ctx = context.WithValue(ctx, outcomeKey{}, out)
	begin := time.Now()
	note := func(what string) {
		out.Events = append(out.Events, event{what, float64(time.Since(begin).Microseconds()) / 1000})
	}
	switch info.StreamingMode() {
	case serviceinfo.StreamingNone, serviceinfo.StreamingUnary:
		err = performUnary(ctx, kc, c, out, note)
	default:
		err = performStream(ctx, cancel, kc, c, info.StreamingMode(), out, note)
	}
	return out, err
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }
