package main

import (
	"context"
	"fmt"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/client/callopt"
	"github.com/cloudwego/kitex/pkg/remote/codec/protobuf/encoding/gzip"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/metadata"

	"interop/kitex_gen/lab"
)

// Arguments and result of a ping-pong method, and how to read the result.
func unaryForms(c call) (args, result any, read func() (*lab.Msg, error), err error) {
	request := &lab.Msg{}
	if len(c.Messages) > 0 {
		request = c.Messages[0].thrift()
	}
	switch c.Method {
	case "Ping", "Missing":
		r := &lab.LabPingResult{}
		return &lab.LabPingArgs{Req: request}, r, func() (*lab.Msg, error) {
			if r.Refused != nil {
				return nil, r.Refused
			}
			return r.Success, nil
		}, nil
	case "Join":
		r := &lab.LabJoinResult{}
		a := &lab.LabJoinArgs{Second: request, Numbers: c.Numbers}
		if len(c.Strings) > 0 {
			a.First = c.Strings[0]
		}
		return a, r, func() (*lab.Msg, error) { return r.Success, nil }, nil
	case "Now":
		r := &lab.LabNowResult{}
		return &lab.LabNowArgs{}, r, func() (*lab.Msg, error) { return r.Success, nil }, nil
	case "Touch":
		return &lab.LabTouchArgs{Req: request}, &lab.LabTouchResult{}, func() (*lab.Msg, error) { return nil, nil }, nil
	case "Note":
		return &lab.LabNoteArgs{Req: request}, nil, func() (*lab.Msg, error) { return nil, nil }, nil
	case "Once":
		r := &lab.LabOnceResult{}
		return &lab.LabOnceArgs{Req: request}, r, func() (*lab.Msg, error) { return r.Success, nil }, nil
	}
	return nil, nil, nil, fmt.Errorf("%s is not a ping-pong method", c.Method)
}

func performUnary(ctx context.Context, kc client.Client, c call, out *outcome, note func(string)) error {
	args, result, read, err := unaryForms(c)
	if err != nil {
		return err
	}
	var options []callopt.Option
	if c.TimeoutMs > 0 {
		options = append(options, callopt.WithRPCTimeout(milliseconds(c.TimeoutMs)))
	}
	if c.Gzip {
		options = append(options, callopt.WithGRPCCompressor(gzip.Name))
	}
	ctx = metainfo.WithBackwardValues(ctx)
	var header, trailer metadata.MD
	if c.Protocol == "grpc" {
		ctx = nphttp2.GRPCTrailer(nphttp2.GRPCHeader(ctx, &header), &trailer)
	}
	note("call")
	err = kc.Call(client.NewCtxWithCallOptions(ctx, options), c.Method, args, result)
	var reply *lab.Msg
	if err == nil {
		reply, err = read()
	}
	note("return")
	if reply != nil {
		out.Messages = append(out.Messages, readMessage(reply))
	}
	out.Error = describe(err)
	out.Backward = metainfo.RecvAllBackwardValues(ctx)
	out.Fields, out.Ending = header, trailer
	return nil
}
