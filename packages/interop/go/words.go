package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/cloudwego/gopkg/protocol/thrift"
	"github.com/cloudwego/gopkg/protocol/ttheader"
)

// A TTHeader frame as CloudWeGo's own codec reads it.
type words struct {
	Read    string `json:"read"`
	Payload string `json:"payload,omitempty"` // hex
}

const frameTypeKey = 27

var frameTypes = map[string]string{"": "PINGPONG", "1": "META", "2": "HEADER", "3": "DATA", "4": "TRAILER", "5": "RST"}

func readFrames(request []byte) (any, error) {
	var q struct {
		Frames []string `json:"frames"` // hex
	}
	if err := json.Unmarshal(request, &q); err != nil {
		return nil, err
	}
	all := make([]words, len(q.Frames))
	for i, encoded := range q.Frames {
		frame, err := hex.DecodeString(encoded)
		if err != nil {
			return nil, err
		}
		if all[i], err = readFrame(frame); err != nil {
			return nil, fmt.Errorf("frame %d: %w: %s", i, err, encoded)
		}
	}
	return all, nil
}

func readFrame(frame []byte) (words, error) {
	head, err := ttheader.DecodeFromBytes(context.Background(), frame)
	if err != nil {
		return words{}, err
	}
	kind := frameTypes[head.IntInfo[frameTypeKey]]
	ints := map[string]string(nil)
	for k, v := range head.IntInfo {
		if ints == nil {
			ints = map[string]string{}
		}
		ints[strconv.Itoa(int(k))] = v
	}
	w := words{Read: fmt.Sprintf("%s sid=%d flags=%d proto=%d str=%s int=%s",
		kind, head.SeqID, head.Flags, head.ProtocolID, compact(head.StrInfo), compact(ints))}
	payload := frame[head.HeaderLen : head.HeaderLen+head.PayloadLen]
	if len(payload) > 0 {
		w.Payload = hex.EncodeToString(payload)
	}
	if (kind == "TRAILER" || kind == "RST") && len(payload) > 0 {
		w.Read += " payload=" + readException(payload)
	}
	return w, nil
}

func readException(payload []byte) string {
	name, id, err := thrift.UnmarshalFastMsg(payload, nil)
	e, ok := err.(*thrift.ApplicationException)
	if !ok {
		return fmt.Sprintf("(%v)", err)
	}
	return fmt.Sprintf("EXC(%s,%d,type=%d,%s)", name, id, e.TypeID(), compact(e.Msg()))
}

func compact(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err.Error()
	}
	return string(bytes.TrimRight(b.Bytes(), "\n"))
}
