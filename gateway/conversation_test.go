package gateway

import (
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
)

func openingOf(body string) uint64 {
	return conversation(&switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte(body)}})
}

// TestConversation: what opens a conversation is what its user says before the
// model does, however it is written, and nothing else.
func TestConversation(t *testing.T) {
	const plain = `{"model":"m","messages":[{"role":"user","content":"hello"}]}`
	want := openingOf(plain)
	for name, body := range map[string]string{
		"more was said":           `{"messages":[{"role":"user","content":"hello"},{"role":"assistant","content":"hi"},{"role":"user","content":"how?"}]}`,
		"instructions":            `{"messages":[{"role":"system","content":"it is noon"},{"role":"user","content":"hello"}]}`,
		"instructions beside":     `{"system":"it is noon","messages":[{"role":"user","content":"hello"}]}`,
		"parts and a cache mark":  `{"messages":[{"role":"user","content":[{"type":"text","text":"hello","cache_control":{"type":"ephemeral"}}]}]}`,
		"the content first":       `{"messages":[{"content":"hello","role":"user"}],"model":"other","stream":true}`,
		"escapes":                 `{"messages":[{"role":"user","content":"hell\u006f"}]}`,
		"the answer's own prompt": `{"messages":[{"role":"user","content":"hello"},{"role":"assistant","content":[{"type":"text","text":"{"}]}]}`,
	} {
		if openingOf(body) != want {
			t.Errorf("%s: it is another conversation", name)
		}
	}
	if got := conversation(switchgear.Ask("m", "hello")); got != want {
		t.Error("a program's own request is another conversation than the same over the wire")
	}
	for name, body := range map[string]string{
		"another word":     `{"messages":[{"role":"user","content":"hello!"}]}`,
		"two messages":     `{"messages":[{"role":"user","content":"hel"},{"role":"user","content":"lo"}]}`,
		"an image":         `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}`,
		"another image":    `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"y"}}]}]}`,
		"nobody says much": `{"input":"hello"}`,
		"nothing at all":   `{}`,
	} {
		if openingOf(body) == want {
			t.Errorf("%s: it is the same conversation", name)
		}
	}
	if openingOf(`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}`) == openingOf(`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"y"}}]}]}`) {
		t.Error("two images are one conversation")
	}
}

func FuzzConversation(f *testing.F) {
	f.Add([]byte(`{"messages":[{"role":"user","content":"hello"}]}`))
	f.Add([]byte(`{"messages":[[{"role":1}],{"content":[{"text":{}}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if a, b := openingOf(string(body)), openingOf(string(body)); a != b {
			t.Error("one request, two conversations")
		}
	})
}

func BenchmarkConversation(b *testing.B) {
	for name, size := range map[string]int{"10KB": 10 << 10, "200KB": 200 << 10} {
		body := `{"model":"m","messages":[{"role":"system","content":"` + strings.Repeat("x", size/2) + `"},{"role":"user","content":"` + strings.Repeat("y", size/2) + `"}]}`
		req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte(body)}}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				conversation(req)
			}
		})
	}
}
