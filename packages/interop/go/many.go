package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// The same call many times at once, over one client. "{i}" in its texts becomes the number of the call.
type many struct {
	Count int  `json:"count"`
	Call  call `json:"call"`
}

type manyOutcome struct {
	Succeeded int            `json:"succeeded"` // as many echoes as messages, each the right one, and no error
	Failed    map[string]int `json:"failed"`    // how often each reason
	First     *outcome       `json:"first,omitempty"`
}

func callMany(request []byte) (any, error) {
	var m many
	if err := json.Unmarshal(request, &m); err != nil {
		return nil, err
	}
	result := manyOutcome{Failed: map[string]int{}}
	var lock sync.Mutex
	var done sync.WaitGroup
	for i := 0; i < m.Count; i++ {
		c := m.Call
		c.Messages = make([]message, len(m.Call.Messages))
		for j, msg := range m.Call.Messages {
			msg.Text = strings.ReplaceAll(msg.Text, "{i}", fmt.Sprint(i))
			c.Messages[j] = msg
		}
		done.Add(1)
		go func() {
			defer done.Done()
			out, err := makeCall(context.Background(), c)
			reason := ""
			switch {
			case err != nil:
				reason = err.Error()
			case out.Error != nil:
				reason = out.Error.Text
			default:
				reason = mismatch(c.Messages, out.Messages)
			}
			lock.Lock()
			defer lock.Unlock()
			if reason == "" {
				result.Succeeded++
				return
			}
			result.Failed[reason]++
			if result.First == nil {
				result.First = out
			}
		}()
	}
	done.Wait()
	return result, nil
}

// Why the answers are not the echoes of the messages; empty when they are.
func mismatch(sent, got []message) string {
	if len(sent) != len(got) {
		return fmt.Sprintf("%d messages sent, %d received", len(sent), len(got))
	}
	for i := range sent {
		if got[i].Text != "echo:"+sent[i].Text {
			return fmt.Sprintf("message %d is %q, not the echo of %q", i, got[i].Text, sent[i].Text)
		}
	}
	return ""
}
