package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/cloudwego/kitex/pkg/kerrors"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/status"

	"interop/kitex_gen/lab"
)

// An error as its Go program sees it.
type failure struct {
	Type          string   `json:"type"`
	Text          string   `json:"text"`
	TypeID        *int32   `json:"typeId,omitempty"`
	Status        *uint32  `json:"status,omitempty"` // gRPC
	StatusMessage string   `json:"statusMessage,omitempty"`
	Category      string   `json:"category,omitempty"` // Kitex's parent error of a stream error
	Biz           *biz     `json:"biz,omitempty"`
	Refused       *refusal `json:"refused,omitempty"`
}

type biz struct {
	Code    int32             `json:"code"`
	Message string            `json:"message"`
	Extra   map[string]string `json:"extra,omitempty"`
}

type refusal struct {
	Code int32  `json:"code"`
	Why  string `json:"why"`
}

// No failure for no error and for io.EOF: the regular ends of a call.
func describe(err error) *failure {
	if err == nil || err == io.EOF {
		return nil
	}
	f := &failure{Type: fmt.Sprintf("%T", err), Text: err.Error()}
	var typed interface{ TypeId() int32 }
	if errors.As(err, &typed) {
		id := typed.TypeId()
		f.TypeID = &id
	}
	var grpc interface{ GRPCStatus() *status.Status }
	if errors.As(err, &grpc) {
		if s := grpc.GRPCStatus(); s != nil {
			code := uint32(s.Code())
			f.Status, f.StatusMessage = &code, s.Message()
		}
	}
	f.Category = category(err)
	if b, ok := kerrors.FromBizStatusError(err); ok {
		f.Biz = &biz{b.BizStatusCode(), b.BizMessage(), b.BizExtra()}
	}
	var refused *lab.Refused
	if errors.As(err, &refused) {
		f.Refused = &refusal{refused.Code, refused.Why}
	}
	return f
}
