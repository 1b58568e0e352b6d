package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/pkg/kerrors"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/metadata"
	"github.com/cloudwego/kitex/pkg/rpcinfo"

	"interop/kitex_gen/lab"
)

// The message that a handler is answering. Its text is a program: directives separated by ";",
//
//	as=name      record this call under the name      h=k:v   set a header
//	meta         all that the handler sees, as info   sh=k:v  send the header now
//	back=k:v     send a backward value                t=k:v   set a trailer
//	biz=code:msg business status error with extra     n=3     answer so many times (Feed, Chat)
//	err=text     plain error                          blob=9  answer with a blob of so many bytes
//	refuse=c:why the declared exception               quiet   do not answer
//	panic=text                                        early   return at once
//	sleep=ms     (a context's end does not wake it)   waitctx wait for the end of the context, return its error
//	next         make the call that info["next"] describes, with the handler's context
//
// anything else is text. The answer is "echo:" and the whole text.
type turn struct {
	ctx     context.Context
	voice   voice
	record  *record
	request *lab.Msg

	answer *lab.Msg
	count  int // -1 unless said
	quiet  bool
	leave  bool
}

// A handler that waited for the end of its context takes its time, so that its answer does not overtake the caller's own end.
const afterTheEnd = 100 * time.Millisecond

// Where headers and trailers of this call go.
type voice interface {
	setHeader(k, v string) error
	sendHeader(k, v string) error
	setTrailer(k, v string) error
}

func obey(ctx context.Context, v voice, r *record, request *lab.Msg) (*turn, error) {
	r.change(func() { r.Received = append(r.Received, readMessage(request)) })
	t := &turn{ctx: ctx, voice: v, record: r, request: request, count: -1}
	t.answer = &lab.Msg{Text: "echo:" + request.Text, N: request.N, Blob: request.Blob}
	for _, directive := range strings.Split(request.Text, ";") {
		name, value, _ := strings.Cut(directive, "=")
		if err := t.do(name, value); err != nil {
			return t, err
		}
		if t.leave {
			break
		}
	}
	return t, nil
}

func (t *turn) do(name, value string) error {
	k, v, _ := strings.Cut(value, ":")
	switch name {
	case "as":
		t.record.keep(value)
	case "h":
		t.try("h", t.voice.setHeader(k, v))
	case "sh":
		t.try("sh", t.voice.sendHeader(k, v))
	case "t":
		t.try("t", t.voice.setTrailer(k, v))
	case "back":
		t.answer.Text += fmt.Sprintf("|back:%t", metainfo.SendBackwardValue(t.ctx, k, v))
	case "meta":
		t.answer.Info = everythingSeen(t.ctx)
	case "biz":
		code, err := strconv.ParseInt(k, 10, 32)
		if err != nil {
			return err
		}
		return kerrors.NewGRPCBizStatusErrorWithExtra(int32(code), v, map[string]string{"k": "v"})
	case "err":
		return errors.New(value)
	case "refuse":
		code, err := strconv.ParseInt(k, 10, 32)
		if err != nil {
			return err
		}
		return &lab.Refused{Code: int32(code), Why: v}
	case "panic":
		panic(value)
	case "sleep":
		ms, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		time.Sleep(milliseconds(ms))
	case "n":
		count, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		t.count = count
	case "blob":
		size, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		t.answer.Blob = filler(size)
	case "quiet":
		t.quiet = true
	case "early":
		t.leave = true
	case "waitctx":
		<-t.ctx.Done()
		time.Sleep(afterTheEnd)
		return t.ctx.Err()
	case "next":
		return t.callNext()
	}
	return nil
}

func (t *turn) try(directive string, err error) {
	if err != nil {
		t.record.change(func() { t.record.Notes = append(t.record.Notes, directive+": "+err.Error()) })
	}
}

func (t *turn) callNext() error {
	var c call
	if err := json.Unmarshal([]byte(t.request.Info["next"]), &c); err != nil {
		return fmt.Errorf("info[next]: %w", err)
	}
	out, err := makeCall(t.ctx, c)
	if err != nil {
		return err
	}
	t.record.change(func() { t.record.Next = out })
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if t.answer.Info == nil {
		t.answer.Info = map[string]string{}
	}
	t.answer.Info["next"] = string(b)
	return nil
}

func everythingSeen(ctx context.Context) map[string]string {
	seen := map[string]string{}
	for k, v := range metainfo.GetAllValues(ctx) {
		seen["T:"+k] = v
	}
	for k, v := range metainfo.GetAllPersistentValues(ctx) {
		seen["P:"+k] = v
	}
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		for k, v := range md {
			seen["MD:"+k] = strings.Join(v, "|")
		}
	}
	if deadline, ok := ctx.Deadline(); ok {
		seen["deadline"] = time.Until(deadline).Round(50 * time.Millisecond).String()
	}
	if ri := rpcinfo.GetRPCInfo(ctx); ri != nil {
		seen["from.service"], seen["from.method"] = ri.From().ServiceName(), ri.From().Method()
		if ri.From().Address() != nil {
			seen["from.addr"] = ri.From().Address().String()
		}
		seen["to.method"] = ri.To().Method()
		seen["inv.service"], seen["inv.package"] = ri.Invocation().ServiceName(), ri.Invocation().PackageName()
		seen["timeout"] = ri.Config().RPCTimeout().String()
		seen["transport"] = ri.Config().TransportProtocol().String()
	}
	return seen
}
