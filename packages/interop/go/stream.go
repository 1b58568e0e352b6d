package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/client/callopt/streamcall"
	"github.com/cloudwego/kitex/pkg/remote/codec/protobuf/encoding/gzip"
	"github.com/cloudwego/kitex/pkg/serviceinfo"
	"github.com/cloudwego/kitex/pkg/streaming"

	"interop/kitex_gen/lab"
)

// One action of a stream's program. Exactly one field is set.
type step struct {
	Send      *message `json:"send"`
	Recv      int      `json:"recv"` // so many messages, fewer if the stream ends; -1: all that come
	CloseSend bool     `json:"closeSend"`
	Cancel    bool     `json:"cancel"`
	SleepMs   int      `json:"sleepMs"`
	Header    bool     `json:"header"`  // wait for the header
	Trailer   bool     `json:"trailer"` // wait for the trailer
}

// Kitex's own waits for header and trailer can last for ever; a test's do not.
const patience = 5 * time.Second

func defaultScript(mode serviceinfo.StreamingMode, messages []message) []step {
	script := []step{}
	for i := range messages {
		script = append(script, step{Send: &messages[i]})
		if mode == serviceinfo.StreamingBidirectional {
			script = append(script, step{Recv: 1})
		}
	}
	script = append(script, step{CloseSend: true})
	if mode == serviceinfo.StreamingClient {
		return append(script, step{Recv: 1})
	}
	return append(script, step{Recv: -1})
}

type streamRun struct {
	stream streaming.ClientStream
	cancel context.CancelFunc
	out    *outcome
	note   func(string)

	header, trailer bool // asked for: Kitex answers a second question differently
}

func performStream(ctx context.Context, cancel context.CancelFunc, kc client.Client, c call,
	mode serviceinfo.StreamingMode, out *outcome, note func(string),
) error {
	var options []streamcall.Option
	if c.RecvTimeoutMs > 0 {
		options = append(options, recvTimeout(milliseconds(c.RecvTimeoutMs), c.RecvTimeoutKeepsPeer))
	}
	if c.Gzip {
		options = append(options, streamcall.WithGRPCCompressor(gzip.Name))
	}
	opener, ok := kc.(client.Streaming)
	if !ok {
		return fmt.Errorf("%T opens no streams", kc)
	}
	note("open")
	stream, err := opener.StreamX(client.NewCtxWithCallOptions(ctx, streamcall.GetCallOptions(options)), c.Method)
	if err != nil {
		out.Error = describe(err)
		note("open failed")
		return nil
	}
	run := &streamRun{stream: stream, cancel: cancel, out: out, note: note}
	script := c.Script
	if script == nil {
		script = defaultScript(mode, c.Messages)
	}
	for _, s := range script {
		run.do(ctx, s)
	}
	if mode != serviceinfo.StreamingClient && !out.Ended && out.Error == nil {
		run.do(ctx, step{Cancel: true}) // the script left a stream that is still open
	}
	run.readHeader()
	run.readTrailer()
	if out.Trace != nil {
		select {
		case <-out.Trace.finished:
		case <-time.After(patience):
			return errors.New("no trace event of the end of the stream")
		}
	}
	return nil
}

func (r *streamRun) do(ctx context.Context, s step) {
	switch {
	case s.Send != nil:
		if err := r.stream.SendMsg(ctx, s.Send.thrift()); err != nil {
			r.fail("send", err)
			return
		}
		r.note("sent")
	case s.Recv != 0:
		for n := 0; n != s.Recv; n++ {
			if !r.receive(ctx) {
				return
			}
		}
	case s.CloseSend:
		if err := r.stream.CloseSend(ctx); err != nil {
			r.fail("close send", err)
		}
		r.note("closed")
	case s.Cancel:
		r.cancel()
		r.note("cancelled")
	case s.SleepMs > 0:
		time.Sleep(milliseconds(s.SleepMs))
	case s.Header:
		r.readHeader()
	case s.Trailer:
		r.readTrailer()
	}
}

// Whether a message came.
func (r *streamRun) receive(ctx context.Context) bool {
	m := &lab.Msg{}
	err := r.stream.RecvMsg(ctx, m)
	switch err {
	case nil:
		r.out.Messages = append(r.out.Messages, readMessage(m))
		r.note("received")
		return true
	case io.EOF:
		r.out.Ended = true
		r.note("end")
	default:
		r.fail("receive", err)
	}
	return false
}

// The first error is the call's; each is an event.
func (r *streamRun) fail(doing string, err error) {
	if r.out.Error == nil {
		r.out.Error = describe(err)
	}
	r.note(doing + " failed: " + err.Error())
}

func (r *streamRun) readHeader() {
	if r.header {
		return
	}
	r.header = true
	r.out.Header, r.out.HeaderErr = await(func() (map[string]string, error) {
		h, err := r.stream.Header()
		return h, err
	})
	r.note("header")
}

func (r *streamRun) readTrailer() {
	if r.trailer {
		return
	}
	r.trailer = true
	r.out.Trailer, r.out.TrailerErr = await(func() (map[string]string, error) {
		t, err := r.stream.Trailer()
		return t, err
	})
	r.note("trailer")
}

func await(read func() (map[string]string, error)) (map[string]string, string) {
	type result struct {
		pairs map[string]string
		err   error
	}
	done := make(chan result, 1)
	go func() {
		pairs, err := read()
		done <- result{pairs, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return r.pairs, r.err.Error()
		}
		return r.pairs, ""
	case <-time.After(patience):
		return nil, fmt.Sprintf("nothing within %v", patience)
	}
}
