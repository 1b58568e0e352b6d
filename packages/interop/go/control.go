package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
)

// An operation gets the whole request line and parses what it needs.
type operation func(request []byte) (any, error)

var output sync.Mutex

func answer(id int64, value any, err error) {
	line := map[string]any{"id": id, "value": value}
	if err != nil {
		line = map[string]any{"id": id, "error": err.Error()}
	}
	b, err := json.Marshal(line)
	if err != nil {
		b, _ = json.Marshal(map[string]any{"id": id, "error": err.Error()})
	}
	output.Lock()
	defer output.Unlock()
	os.Stdout.Write(append(b, '\n'))
}

// Every operation runs in its own goroutine: a call that hangs holds up nobody.
func serve(operations map[string]operation) {
	in := bufio.NewReaderSize(os.Stdin, 1<<16)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			go perform(operations, line)
		}
		if err != nil {
			return
		}
	}
}

func perform(operations map[string]operation, line []byte) {
	var request struct {
		ID int64  `json:"id"`
		Op string `json:"op"`
	}
	if err := json.Unmarshal(line, &request); err != nil {
		answer(0, nil, fmt.Errorf("not a request: %w: %.100s", err, line))
		return
	}
	defer func() {
		if r := recover(); r != nil {
			answer(request.ID, nil, fmt.Errorf("panic in %s: %v\n%s", request.Op, r, debug.Stack()))
		}
	}()
	do, ok := operations[request.Op]
	if !ok {
		answer(request.ID, nil, fmt.Errorf("no operation %q", request.Op))
		return
	}
	value, err := do(line)
	answer(request.ID, value, err)
}
