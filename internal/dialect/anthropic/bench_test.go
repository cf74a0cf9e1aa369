package anthropic

import (
	"bytes"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
)

// request is a body of about 0.5 KB.
func request() []byte {
	return []byte(`{"model":"chat","max_tokens":1024,"stream":true,"system":"` + strings.Repeat("be brief ", 20) +
		`","messages":[{"role":"user","content":"` + strings.Repeat("why? ", 40) + `"}],"metadata":{"user_id":"u"}}`)
}

func BenchmarkScan(b *testing.B) {
	body := request()
	c := NewCodec()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := c.Scan(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	body := request()
	env, err := NewCodec().Scan(body)
	if err != nil {
		b.Fatal(err)
	}
	d := New()
	call := &switchgear.Call{
		Request: &switchgear.Request{Wire: &switchgear.Wire{Dialect: "anthropic", Body: body, Model: env.Span, Stream: true}},
		Target:  switchgear.Target{Model: "claude-opus-4-8"},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Encode(call, true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode1KB(b *testing.B) {
	body := []byte(`{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"` + strings.Repeat("word ", 140) +
		`"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":14,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":11,"service_tier":"standard"}}`)
	d := New()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := d.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEvent reads one text delta; the limit is 1.5 us.
func BenchmarkEvent(b *testing.B) {
	delta := []byte("event: content_block_delta\n" + `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello world, how"}        }` + "\n\n")
	const batch = 1000
	text := bytes.Join([][]byte{[]byte(started), bytes.Repeat(delta, batch), []byte(stopped)}, nil)
	r := bytes.NewReader(text)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		r.Reset(text)
		s := New().Events(r)
		for s.Next() {
			n++
		}
		if s.Err() != nil {
			b.Fatal(s.Err())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
}
