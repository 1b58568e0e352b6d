package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"bench/kitex_gen/bench"

	"github.com/bytedance/gopkg/cloud/metainfo"
)

// As in src/messages.ts.
const (
	timestamp       = 1_760_000_000_000
	otherFieldsSize = 46
)

var payloads sync.Map

// A payload that makes a message of about `size` bytes; of at least one byte.
func payloadFor(size int) []byte {
	if b, ok := payloads.Load(size); ok {
		return b.([]byte)
	}
	b := make([]byte, max(1, size-otherFieldsSize))
	for i := range b {
		b[i] = byte(i*31 + 7)
	}
	payloads.Store(size, b)
	return b
}

func streamMessage(payload []byte, seq int) *bench.StreamMessage {
	return &bench.StreamMessage{Seq: int32(seq), Ts: timestamp, Key: "user-12345", Flag: true, Payload: payload}
}

func withMetadata(ctx context.Context) context.Context {
	return metainfo.WithPersistentValues(ctx, tenPairs...)
}

// With the same keys, and four values that change.
func withChangingMetadata(ctx context.Context) context.Context {
	return metainfo.WithPersistentValues(ctx, changingPairs[calls.Add(1)%uint64(len(changingPairs))]...)
}

var calls atomic.Uint64

var tenPairs = []string{
	"K0", "tenant-00017",
	"USER_ID", "7300123456789",
	"REGION", "eu-west-1",
	"CANARY", "true",
	"ENV", "prod-blue",
	"LOG_ID", "02175990000000000000000000000000000ffff0a0b0c0d",
	"TRACEID", "463ac35c9f6413ad48485a3953bb6124",
	"SPANID", "a2fb4a1d1a96d312",
	"FROM_SERVICE", "shop.order.api",
	"K9", "last",
}

var changingPairs = func() [][]string {
	all := make([][]string, 1000)
	for i := range all {
		unique := strings.Repeat(fmt.Sprintf("%08x", uint32(i+1)*2654435761), 4)
		all[i] = slices.Clone(tenPairs)
		all[i][3] = fmt.Sprintf("73001234%05d", i)
		all[i][11] = fmt.Sprintf("0217599%s%d", unique, i)
		all[i][13] = unique
		all[i][15] = unique[:16]
	}
	return all
}()
