package anthropic

import (
	"bytes"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
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
	text := bytes.Join([][]byte{[]byte(started), bytes.Repeat(delta, batch), []byte(turned), []byte(stopped)}, nil)
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

// conversationOf is a request of about a size, in bytes, of the shape a coding
// agent sends: tools, instructions with a marker, and turns of calls and
// results.
func conversationOf(size int) []byte {
	var w jsonx.Writer
	w.Object()
	w.Key("model")
	w.Str("claude-opus-4-8")
	w.Key("max_tokens")
	w.Int(32000)
	w.Key("system")
	w.Raw([]byte(`[{"type":"text","text":"` + strings.Repeat("Be brief and \\\"exact\\\".\\n", size/100) + `","cache_control":{"type":"ephemeral"}}]`))
	w.Key("tools")
	w.Array()
	for range 4 {
		w.Raw([]byte(`{"name":"read_file","description":"` + strings.Repeat("Reads a file. ", size/700) + `","input_schema":{"type":"object","properties":{"path":{"type":"string"},"limit":{"type":"integer"}},"required":["path"]}}`))
	}
	w.End()
	w.Key("messages")
	w.Array()
	for len(w.Buf()) < size {
		w.Raw([]byte(`{"role":"user","content":"` + strings.Repeat("Why does the test fail? ", 12) + `"}`))
		w.Raw([]byte(`{"role":"assistant","content":[{"type":"text","text":"Let me look."},{"type":"tool_use","id":"toolu_01","name":"read_file","input":{"path":"a/b/c.go","limit":200}}]}`))
		w.Raw([]byte(`{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01","content":"` + strings.Repeat("\\tresult, err := store.Load(ctx, \\\"key\\\", options)\\n", 40) + `"}]}`))
		w.Raw([]byte(`{"role":"assistant","content":"Done."}`))
	}
	w.End()
	w.End()
	return w.Buf()
}

// BenchmarkTranslate reads a client's request and writes it for a target; the
// limits are 60 us at 10 KB and 800 us at 200 KB, and three times the body's
// bytes allocated.
func BenchmarkTranslate(b *testing.B) {
	for _, size := range []int{10 << 10, 200 << 10} {
		b.Run(sizeWord(size), func(b *testing.B) {
			body := conversationOf(size)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				req, err := NewCodec().Decode(body)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := New().Encode(&switchgear.Call{Request: req, Target: switchgear.Target{Model: "m"}}, true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func sizeWord(n int) string {
	if n == 10<<10 {
		return "10KB"
	}
	return "200KB"
}
