package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/metadata"
	"github.com/cloudwego/kitex/pkg/rpcinfo"
)

// What the handler of one call saw; calls are recorded whose text says `as=name`.
type record struct {
	Method       string            `json:"method"`
	Persistent   map[string]string `json:"persistent"`
	Transient    map[string]string `json:"transient"`
	Metadata     metadata.MD       `json:"metadata,omitempty"`
	Service      string            `json:"service"` // as invoked
	Caller       string            `json:"caller"`
	Transport    string            `json:"transport"`
	DeadlineMs   *float64          `json:"deadlineMs,omitempty"` // left when the handler began
	Received     []message         `json:"received"`
	ReceiveError *failure          `json:"receiveError,omitempty"`
	HalfClosed   bool              `json:"halfClosed"` // the client's io.EOF was read
	ContextError *failure          `json:"contextError,omitempty"`
	ContextEndMs *float64          `json:"contextEndMs,omitempty"` // since the handler began
	ReturnedMs   *float64          `json:"returnedMs,omitempty"`
	HeaderFrame  *headerFrame      `json:"headerFrame,omitempty"` // when the server has a handler of them
	Next         *outcome          `json:"next,omitempty"`        // of the call that the handler made
	Notes        []string          `json:"notes,omitempty"`       // what a directive could not do

	begin time.Time
	lock  sync.Mutex
}

var (
	recordsLock sync.Mutex
	records     = map[string]*record{}
	changed     = make(chan struct{}) // closed and replaced at each change of a record
)

func newRecord(ctx context.Context, method string) *record {
	r := &record{
		Method: method, begin: time.Now(), Received: []message{},
		Persistent: map[string]string{}, Transient: map[string]string{},
	}
	maps.Copy(r.Persistent, metainfo.GetAllPersistentValues(ctx))
	maps.Copy(r.Transient, metainfo.GetAllValues(ctx))
	r.Metadata, _ = metadata.FromIncomingContext(ctx)
	r.HeaderFrame, _ = ctx.Value(headerFrameKey{}).(*headerFrame)
	if deadline, ok := ctx.Deadline(); ok {
		left := float64(time.Until(deadline).Microseconds()) / 1000
		r.DeadlineMs = &left
	}
	if ri := rpcinfo.GetRPCInfo(ctx); ri != nil {
		r.Service, r.Caller = ri.Invocation().ServiceName(), ri.From().ServiceName()
		r.Transport = ri.Config().TransportProtocol().String()
	}
	context.AfterFunc(ctx, func() {
		r.change(func() {
			at := r.elapsed()
			r.ContextError, r.ContextEndMs = describe(ctx.Err()), &at
		})
	})
	return r
}

func (r *record) elapsed() float64 { return float64(time.Since(r.begin).Microseconds()) / 1000 }

func (r *record) change(do func()) {
	r.lock.Lock()
	do()
	r.lock.Unlock()
	recordsLock.Lock()
	defer recordsLock.Unlock()
	close(changed)
	changed = make(chan struct{})
}

func (r *record) returned() {
	r.change(func() {
		at := r.elapsed()
		r.ReturnedMs = &at
	})
}

func (r *record) keep(name string) {
	recordsLock.Lock()
	records[name] = r
	recordsLock.Unlock()
	r.change(func() {})
}

func (r *record) has(until string) bool {
	r.lock.Lock()
	defer r.lock.Unlock()
	switch until {
	case "ended": // the context
		return r.ContextEndMs != nil
	case "returned": // the handler
		return r.ReturnedMs != nil
	case "halfClosed":
		return r.HalfClosed
	}
	return true
}

// The record of a name as JSON, once it is there and its call has come so far.
func observe(request []byte) (any, error) {
	var q struct {
		Name      string `json:"name"`
		Until     string `json:"until"` // started (default), halfClosed, ended, returned
		TimeoutMs int    `json:"timeoutMs"`
	}
	if err := json.Unmarshal(request, &q); err != nil {
		return nil, err
	}
	limit := time.After(milliseconds(max(q.TimeoutMs, 1)))
	for {
		recordsLock.Lock()
		r, wait := records[q.Name], changed
		recordsLock.Unlock()
		if r != nil && r.has(q.Until) {
			r.lock.Lock()
			defer r.lock.Unlock()
			b, err := json.Marshal(r)
			return json.RawMessage(b), err
		}
		select {
		case <-wait:
		case <-limit:
			if r == nil {
				return nil, fmt.Errorf("no call recorded as %q within %d ms", q.Name, q.TimeoutMs)
			}
			return nil, fmt.Errorf("the call recorded as %q is not %s after %d ms", q.Name, q.Until, q.TimeoutMs)
		}
	}
}
