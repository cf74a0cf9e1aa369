package anthropic

import (
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

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
		w.Raw([]byte(`{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01","content":"` + strings.Repeat("func main() {\\n\\treturn \\\"x\\\"\\n}\\n", 60) + `"}]}`))
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
