//go:build kitex014

package main

import (
	"errors"
	"time"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/client/callopt/streamcall"
	"github.com/cloudwego/kitex/pkg/kerrors"
)

// Kitex v0.14: streams have no categories of errors and no receive timeout that spares the peer.

func category(err error) string {
	if errors.Is(err, kerrors.ErrRPCTimeout) {
		return "rpc timeout"
	}
	return ""
}

func recvTimeout(timeout time.Duration, keepRemote bool) streamcall.Option {
	return streamcall.WithRecvTimeout(timeout)
}

func traceStreams() (client.Option, error) {
	return client.Option{}, errors.New("Kitex v0.14 has no trace events of headers and trailers")
}

func setPropagation([]byte) (any, error) {
	return nil, errors.New("Kitex v0.14 has no single-hop mode")
}
