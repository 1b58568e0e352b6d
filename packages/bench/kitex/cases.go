package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"sort"
	"strings"
	"sync/atomic"
	"time"
)

// What came of one run, as in src/cases.ts.
type sample struct {
	Operations int     `json:"operations"`
	Seconds    float64 `json:"seconds"`
	P50us      float64 `json:"p50us,omitempty"`
	P99us      float64 `json:"p99us,omitempty"`
	CPUSeconds float64 `json:"cpuSeconds"`
}

// Kept between the runs of a case.
type state struct{ rate float64 }

type runner func(c *benchClient, seconds float64, s *state) (sample, error)

// The case of a name of src/cases.ts, which says all: what is done, the size of messages, how many at once.
func caseNamed(name string) (runner, error) {
	kind, rest, _ := strings.Cut(name, ".")
	var size, count int
	var unit string
	switch kind {
	case "unary":
		if _, err := fmt.Sscanf(rest, "c%d", &count); err == nil {
			return unary(count), nil
		}
	case "open":
		var pairs int
		if _, err := fmt.Sscanf(rest, "%dpairs.c%d", &pairs, &count); err == nil && pairs == 10 {
			return opening(count, withMetadata), nil
		}
		if _, err := fmt.Sscanf(rest, "changing.c%d", &count); err == nil {
			return opening(count, withChangingMetadata), nil
		}
	case "sstream", "cstream", "duplex":
		if _, err := fmt.Sscanf(rest, "%d%1s.s%d", &size, &unit, &count); err != nil {
			break
		}
		if unit == "K" {
			size *= 1024
		}
		switch kind {
		case "sstream":
			return serverStream(size, count), nil
		case "cstream":
			return clientStream(size, count), nil
		}
		return duplex(size, count), nil
	}
	return nil, fmt.Errorf("no case %q", name)
}

func unary(inFlight int) runner {
	return func(c *benchClient, seconds float64, _ *state) (sample, error) {
		payload := payloadFor(64)
		return closedLoop(inFlight, seconds, func(seq int) error { return c.unary(payload, seq) })
	}
}

func opening(inFlight int, metadata func(context.Context) context.Context) runner {
	return func(c *benchClient, seconds float64, _ *state) (sample, error) {
		payload := payloadFor(64)
		return closedLoop(inFlight, seconds, func(int) error { return c.open(metadata(context.Background()), payload) })
	}
}

func serverStream(size, streams int) runner {
	return sized(streams, func(c *benchClient, count int) error { return c.serverStream(count, size) })
}

func clientStream(size, streams int) runner {
	payload := payloadFor(size)
	return sized(streams, func(c *benchClient, count int) error { return c.clientStream(count, payload) })
}

// Echoes in flight on each duplex stream.
const duplexWindow = 32

func duplex(size, streams int) runner {
	return func(c *benchClient, seconds float64, _ *state) (sample, error) {
		payload := payloadFor(size)
		start := time.Now()
		end := start.Add(time.Duration(seconds * float64(time.Second)))
		var operations atomic.Int64
		var isOver atomic.Bool
		err := parallel(streams, func(int) error {
			echoes, err := c.duplex(payload, end, &isOver)
			operations.Add(int64(echoes))
			return err
		})
		return sample{Operations: int(operations.Load()), Seconds: time.Since(start).Seconds()}, err
	}
}

// Answers each echo on one stream with another message, until it is over for all streams: how many echoes came.
func (c *benchClient) duplex(payload []byte, end time.Time, isOver *atomic.Bool) (echoes int, err error) {
	ctx := context.Background()
	stream, err := c.Bidi(ctx)
	if err != nil {
		return 0, err
	}
	seq := 0
	send := func() error {
		seq++
		return stream.Send(ctx, streamMessage(payload, seq))
	}
	for range duplexWindow {
		if err := send(); err != nil {
			return echoes, err
		}
	}
	for inFlight := duplexWindow; inFlight > 0; {
		echo, err := stream.Recv(ctx)
		if err != nil {
			return echoes, err
		}
		if err := expectEcho(echo, payload); err != nil {
			return echoes, err
		}
		echoes++
		if echoes&15 == 0 && !time.Now().Before(end) {
			isOver.Store(true)
		}
		if isOver.Load() {
			inFlight--
		} else if err := send(); err != nil {
			return echoes, err
		}
	}
	if err := stream.CloseSend(ctx); err != nil {
		return echoes, err
	}
	if _, err := stream.Recv(ctx); err != io.EOF {
		return echoes, fmt.Errorf("expected the end of the stream, got %v", err)
	}
	return echoes, nil
}

// Runs `count` at once: the first error.
func parallel(count int, run func(i int) error) error {
	errs := make(chan error, count)
	for i := range count {
		go func() { errs <- run(i) }()
	}
	var first error
	for range count {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func closedLoop(inFlight int, seconds float64, operation func(seq int) error) (sample, error) {
	latencies := make([][]float64, inFlight)
	start := time.Now()
	end := start.Add(time.Duration(seconds * float64(time.Second)))
	err := parallel(inFlight, func(i int) error {
		own := make([]float64, 0, 4096)
		for before, seq := time.Now(), 0; before.Before(end); seq++ {
			if err := operation(seq); err != nil {
				return err
			}
			after := time.Now()
			own = append(own, float64(after.Sub(before))/float64(time.Microsecond))
			before = after
		}
		latencies[i] = own
		return nil
	})
	spent := time.Since(start).Seconds()
	var all []float64
	for _, own := range latencies {
		all = append(all, own...)
	}
	if err != nil || len(all) == 0 {
		return sample{}, err
	}
	sort.Float64s(all)
	return sample{Operations: len(all), Seconds: spent, P50us: all[(len(all)-1)/2], P99us: all[(len(all)-1)*99/100]}, nil
}

// Runs `once` on every stream with as many messages as the last rate says will fill the time.
func sized(streams int, once func(c *benchClient, messages int) error) runner {
	return func(c *benchClient, seconds float64, s *state) (sample, error) {
		start := time.Now()
		operations := 0
		each := float64(streams)
		count := math.Ceil(200 / each)
		if s.rate > 0 {
			count = math.Ceil(s.rate * seconds / each)
		}
		for {
			before := time.Now()
			count = math.Max(1, count)
			if err := parallel(streams, func(int) error { return once(c, int(count)) }); err != nil {
				return sample{}, err
			}
			operations += int(count) * streams
			spent := time.Since(start).Seconds()
			s.rate = count * each / time.Since(before).Seconds()
			if spent > seconds*0.7 {
				return sample{Operations: operations, Seconds: spent}, nil
			}
			left := math.Max(seconds-spent, seconds*0.3)
			count = math.Ceil(math.Min(count*8, s.rate*left/each))
		}
	}
}
