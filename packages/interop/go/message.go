package main

import (
	"encoding/hex"
	"hash/crc32"
	"strings"

	"interop/kitex_gen/lab"
)

// A lab.Msg as JSON. Large texts and blobs do not travel on the control channel: a request says how
// many bytes to make up, an answer how many there were and their checksum.
type message struct {
	Text      string            `json:"text"`
	TextBytes int               `json:"textBytes,omitempty"`
	N         *int64            `json:"n,omitempty"`
	Blob      string            `json:"blob,omitempty"` // hex
	BlobBytes int               `json:"blobBytes,omitempty"`
	BlobSum   uint32            `json:"blobSum,omitempty"` // CRC-32 (IEEE)
	Info      map[string]string `json:"info,omitempty"`
}

const shown = 256

func (m message) thrift() *lab.Msg {
	out := &lab.Msg{Text: m.Text, N: m.N, Info: m.Info}
	if m.TextBytes > len(m.Text) {
		out.Text += strings.Repeat("x", m.TextBytes-len(m.Text))
	}
	if m.BlobBytes > 0 {
		out.Blob = filler(m.BlobBytes)
	} else if m.Blob != "" {
		out.Blob, _ = hex.DecodeString(m.Blob)
	}
	return out
}

func readMessage(m *lab.Msg) message {
	out := message{Text: m.Text, N: m.N, Info: m.Info}
	if len(m.Text) > 64*shown {
		out.Text, out.TextBytes = m.Text[:shown], len(m.Text)
	}
	if m.Blob != nil {
		out.BlobBytes, out.BlobSum = len(m.Blob), crc32.ChecksumIEEE(m.Blob)
		if len(m.Blob) <= shown {
			out.Blob = hex.EncodeToString(m.Blob)
		}
	}
	return out
}

func filler(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i*31 + 7)
	}
	return b
}
