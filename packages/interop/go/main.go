// A Kitex peer in a process of its own: server, client, or both. It takes operations as JSON lines
// on stdin ({id, op, ...}) and answers each with one line on stdout, {id, value} or {id, error}, in
// the order in which they finish. It ends when stdin does.
package main

import (
	"runtime"

	"github.com/cloudwego/kitex"
	"github.com/cloudwego/kitex/pkg/klog"
)

func main() {
	klog.SetLevel(klog.LevelError)
	serve(map[string]operation{
		"versions":    versions,
		"propagation": setPropagation,
		"listen":      listen,
		"close":       closeListener,
		"observe":     observe,
		"call":        callOnce,
		"many":        callMany,
		"frames":      readFrames,
		"recode":      recode,
		"compare":     compare,
		"invent":      invent,
		"nil-struct":  nilStruct,
	})
}

func versions([]byte) (any, error) {
	return map[string]string{"kitex": kitex.Version, "go": runtime.Version()}, nil
}
