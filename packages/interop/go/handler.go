package main

import (
	"context"
	"fmt"
	"io"

	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/metadata"
	"github.com/cloudwego/kitex/pkg/streaming"

	"interop/kitex_gen/lab"
)

// The service Lab: every handler does what its message says, see directives.go.
type laboratory struct{}

func (*laboratory) Ping(ctx context.Context, req *lab.Msg) (*lab.Msg, error) {
	return answerOnce(ctx, "Ping", req)
}

func (*laboratory) Join(ctx context.Context, first string, second *lab.Msg, numbers []int32) (*lab.Msg, error) {
	reply, err := answerOnce(ctx, "Join", second)
	if reply != nil {
		reply.Text = fmt.Sprintf("%s+%s+%v", first, reply.Text, numbers)
	}
	return reply, err
}

func (*laboratory) Now(ctx context.Context) (*lab.Msg, error) {
	return answerOnce(ctx, "Now", &lab.Msg{Text: "now"})
}

func (*laboratory) Touch(ctx context.Context, req *lab.Msg) error {
	_, err := answerOnce(ctx, "Touch", req)
	return err
}

func (*laboratory) Note(ctx context.Context, req *lab.Msg) error {
	_, err := answerOnce(ctx, "Note", req)
	return err
}

func (*laboratory) Once(ctx context.Context, req *lab.Msg) (*lab.Msg, error) {
	return answerOnce(ctx, "Once", req)
}

func (*laboratory) Collect(ctx context.Context, stream lab.Lab_CollectServer) error {
	r := newRecord(ctx, "Collect")
	defer r.returned()
	n, last := 0, ""
	for {
		m, err := stream.Recv(ctx)
		if err != nil {
			if r.received(err); err != io.EOF {
				return err
			}
			return stream.SendAndClose(ctx, &lab.Msg{Text: fmt.Sprintf("collected %d last %s", n, last)})
		}
		n, last = n+1, m.Text
		t, err := obey(ctx, streamVoice{stream}, r, m)
		if err != nil {
			return err
		}
		if t.leave {
			return stream.SendAndClose(ctx, t.answer)
		}
	}
}

func (*laboratory) Feed(ctx context.Context, req *lab.Msg, stream lab.Lab_FeedServer) error {
	r := newRecord(ctx, "Feed")
	defer r.returned()
	t, err := obey(ctx, streamVoice{stream}, r, req)
	if err != nil {
		return err
	}
	return t.send(ctx, stream.Send)
}

func (*laboratory) Chat(ctx context.Context, stream lab.Lab_ChatServer) error {
	return chat(ctx, stream)
}

func chat(ctx context.Context, stream streaming.BidiStreamingServer[lab.Msg, lab.Msg]) error {
	r := newRecord(ctx, "Chat")
	defer r.returned()
	for {
		m, err := stream.Recv(ctx)
		if err != nil {
			if r.received(err); err != io.EOF {
				return err
			}
			return nil
		}
		t, err := obey(ctx, streamVoice{stream}, r, m)
		if err != nil || t.leave {
			return err
		}
		if err := t.send(ctx, stream.Send); err != nil {
			return err
		}
	}
}

// Shed has methods of the same names; its answers say where they come from.
type shed struct{}

func (*shed) Ping(ctx context.Context, req *lab.Msg) (*lab.Msg, error) {
	return &lab.Msg{Text: "shed:" + req.Text}, nil
}

func (*shed) Chat(ctx context.Context, stream lab.Shed_ChatServer) error {
	for {
		m, err := stream.Recv(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(ctx, &lab.Msg{Text: "shed:" + m.Text}); err != nil {
			return err
		}
	}
}

type mirror struct{}

func (*mirror) Reflect(ctx context.Context, value *lab.Everything) (*lab.Everything, error) {
	return value, nil
}

func answerOnce(ctx context.Context, method string, req *lab.Msg) (*lab.Msg, error) {
	r := newRecord(ctx, method)
	defer r.returned()
	t, err := obey(ctx, unaryVoice{ctx}, r, req)
	if err != nil {
		return nil, err
	}
	return t.answer, nil
}

func (r *record) received(err error) {
	r.change(func() {
		r.HalfClosed = err == io.EOF
		r.ReceiveError = describe(err)
	})
}

// One answer; numbered ones when a count was asked for.
func (t *turn) send(ctx context.Context, send func(context.Context, *lab.Msg) error) error {
	if t.quiet {
		return nil
	}
	if t.count < 0 {
		return send(ctx, t.answer)
	}
	for i := 0; i < t.count; i++ {
		n, answer := int64(i), *t.answer
		answer.N = &n
		if err := send(ctx, &answer); err != nil {
			return err
		}
	}
	return nil
}

type streamVoice struct{ streaming.ServerStream }

func (s streamVoice) setHeader(k, v string) error  { return s.SetHeader(streaming.Header{k: v}) }
func (s streamVoice) sendHeader(k, v string) error { return s.SendHeader(streaming.Header{k: v}) }
func (s streamVoice) setTrailer(k, v string) error { return s.SetTrailer(streaming.Trailer{k: v}) }

// Only HTTP/2 has headers and trailers of a ping-pong call.
type unaryVoice struct{ ctx context.Context }

func (u unaryVoice) setHeader(k, v string) error {
	return nphttp2.SetHeader(u.ctx, metadata.Pairs(k, v))
}
func (u unaryVoice) sendHeader(k, v string) error {
	return nphttp2.SendHeader(u.ctx, metadata.Pairs(k, v))
}
func (u unaryVoice) setTrailer(k, v string) error {
	return nphttp2.SetTrailer(u.ctx, metadata.Pairs(k, v))
}
