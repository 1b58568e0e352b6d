// One side of a Kitex contender in a process of its own: the server, or the client that runs the cases. It takes the
// commands of src/worker.ts as JSON lines on stdin, one after the other, and answers each with a line on stdout,
// {id, value} or {id, error}. It ends when stdin does.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/cloudwego/kitex"
	"github.com/cloudwego/kitex/pkg/klog"
)

type command struct {
	ID      int     `json:"id"`
	Op      string  `json:"op"`
	Port    int     `json:"port"`
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Count   int     `json:"count"`
}

func main() {
	klog.SetLevel(klog.LevelError)
	worker := &worker{protocol: os.Args[1], states: map[string]*state{}}
	answer(0, nil, nil) // ready
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			answer(c.ID, nil, err)
			continue
		}
		value, err := worker.perform(c)
		answer(c.ID, value, err)
	}
}

func answer(id int, value any, err error) {
	line := map[string]any{"id": id, "value": value}
	if err != nil {
		line = map[string]any{"id": id, "error": err.Error()}
	}
	b, err := json.Marshal(line)
	if err != nil {
		panic(err) // nothing here that JSON does not have
	}
	os.Stdout.Write(append(b, '\n'))
}

type worker struct {
	protocol string
	client   *benchClient
	states   map[string]*state
}

func (w *worker) perform(c command) (any, error) {
	switch c.Op {
	case "versions":
		return map[string]any{"kitex": kitex.Version, "go": runtime.Version(), "procs": runtime.GOMAXPROCS(0)}, nil
	case "listen":
		return listen()
	case "connect":
		client, err := connect(w.protocol, c.Port)
		w.client = client
		return []string{"unary", "serverStream", "clientStream", "bidi"}, err
	case "run":
		return w.run(c.Name, c.Seconds)
	case "cpu":
		return cpuSeconds(), nil
	case "collect":
		runtime.GC()
		return nil, nil
	case "rss":
		debug.FreeOSMemory()
		return residentBytes()
	case "openIdle":
		return nil, w.client.openIdle(c.Count)
	case "exit":
		os.Exit(0)
	}
	return nil, fmt.Errorf("no operation %q", c.Op)
}

func (w *worker) run(name string, seconds float64) (any, error) {
	run, err := caseNamed(name)
	if err != nil {
		return nil, err
	}
	if w.states[name] == nil {
		w.states[name] = &state{}
	}
	before := cpuSeconds()
	sample, err := run(w.client, seconds, w.states[name])
	sample.CPUSeconds = cpuSeconds() - before
	return sample, err
}

// User and system time of the whole process, as process.cpuUsage() has it in Node.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // only for a bad address
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func residentBytes() (int64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var size, resident int64
	_, err = fmt.Sscan(string(b), &size, &resident)
	return resident * int64(os.Getpagesize()), err
}
