package openai

import (
	"bytes"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

const answer = `{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello","reasoning_content":"r","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":9,"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":4}}}`

func FuzzDecode(f *testing.F) {
	f.Add([]byte(answer))
	f.Add([]byte(`{"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"text":"a"}]},7]}}]}`))
	f.Add([]byte(`{"error":{"code":429,"metadata":{"headers":{"X-RateLimit-Reset":"1"}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		resp, err := New().Decode(body)
		embedded, embedErr := New().DecodeEmbed(body)
		var e *switchgear.Error
		if (resp == nil) != errors.As(err, &e) || resp != nil && len(resp.Choices) == 0 {
			t.Fatalf("%+v, %v", resp, err)
		}
		if embedErr == nil && len(embedded.Vectors) == 0 {
			t.Fatal("no vectors and no error")
		}
		if !bytes.Equal(body, before) {
			t.Fatal("the body was changed")
		}
		if resp == nil {
			return
		}
		checkUsage(t, "fuzzed", &resp.Usage)
		req := &switchgear.Request{Messages: []switchgear.Message{{Role: switchgear.RoleAssistant, Parts: resp.Choices[0].Parts}}}
		enc, err := New().Encode(&switchgear.Call{Request: req}, false)
		if err != nil || jsonx.Check(jsonx.Join(enc.Body)) != nil {
			t.Fatalf("what was read cannot be written: %v\n%s", err, jsonx.Join(enc.Body))
		}
	})
}

func FuzzEvents(f *testing.F) {
	f.Add(lines(hello, halt, tokens, "[DONE]"), 3)
	f.Add(": c\r\n\r\n"+lines(`{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f"}},{"index":0,"function":{"arguments":"{"}}]},"finish_reason":"stop"}]}`), 1)
	f.Add("event: error\ndata: {\"error\":\"x\"}\n\n", 2)
	f.Fuzz(func(t *testing.T, text string, n int) {
		want, wantErr := New().read(strings.NewReader(text))
		got, err := New().read(&chopped{text: text, n: max(1, n)})
		if !reflect.DeepEqual(bare(want), bare(got)) || !sameError(wantErr, err) {
			t.Fatalf("cut otherwise it reads otherwise: %v, %v", wantErr, err)
		}
		var raw strings.Builder
		finished := false
		for i := range want {
			raw.Write(want[i].Raw)
			finished = finished || want[i].Kind == switchgear.EventFinish
		}
		if !strings.HasPrefix(text, raw.String()) {
			t.Fatal("the events' bytes are not what came")
		}
		if wantErr == nil && !finished && !strings.Contains(text, "[DONE]") {
			t.Fatal("it has no end and looks whole")
		}
	})
}

// bare leaves out what depends on where the bytes were cut: the line feed of a
// CRLF belongs to the next frame if it came later.
func bare(events []switchgear.Event) []switchgear.Event {
	var out []switchgear.Event
	for _, e := range events {
		if e.Raw = nil; e.Kind != switchgear.EventPing {
			out = append(out, e)
		}
	}
	return out
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"model":"r","messages":[],"stream":true}`))
	f.Add([]byte(`{"\u006dodel":"r"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		env, err := NewCodec().Scan(body)
		if err != nil {
			var e *switchgear.Error
			if !errors.As(err, &e) || e.Class != switchgear.ClassInvalid || e.Message == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		wire := &switchgear.Wire{Dialect: Name, Body: body, Model: env.Span, Stream: env.Stream}
		enc, err := New().Encode(&switchgear.Call{Request: &switchgear.Request{Wire: wire}, Target: switchgear.Target{Model: "x\""}}, env.Stream)
		if err != nil {
			t.Fatal(err)
		}
		again, err := NewCodec().Scan(jsonx.Join(enc.Body))
		if err != nil || again.Model != "x\"" || again.Stream != env.Stream {
			t.Fatalf("%+v, %v", again, err)
		}
	})
}

func FuzzError(f *testing.F) {
	f.Add(429, []byte(`{"error":{"message":"Please try again in 6ms.","code":"rate_limit_exceeded"}}`), "3")
	f.Add(200, []byte("<html>"), "")
	f.Fuzz(func(t *testing.T, status int, body []byte, after string) {
		e := New().Error(status, http.Header{"Retry-After": {after}}, body)
		if e.Message == "" || len(e.Body) > 64<<10 || e.RetryAfter < 0 || strings.ContainsAny(e.Code, " \n\"") {
			t.Fatalf("%+v", e)
		}
		if got, reply := NewCodec().Error(e, "sg_1"); got < 400 || jsonx.Check(reply) != nil {
			t.Fatalf("%d %s", got, reply)
		}
	})
}

func BenchmarkScan(b *testing.B) {
	body := []byte(`{"model":"chat","stream":true,"messages":[{"role":"user","content":"` + strings.Repeat("some words and ", 28) + `"}]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewCodec().Scan(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvent(b *testing.B) {
	data := []byte(`{"id":"chatcmpl-DmfZu2BjJmBGSSHpj9hWtFQYBUxYn","object":"chat.completion.chunk","created":1780491942,"model":"gpt-5.2-2025-12-11","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":" words"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"i67G4fc"}`)
	frame := []byte("data: " + string(data) + "\n\n")
	s := New().Events(&endless{frame: frame})
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		if !s.Next() {
			b.Fatal(s.Err())
		}
		_ = s.Event()
	}
}

// endless repeats a frame.
type endless struct {
	frame []byte
	at    int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c := copy(p[n:], e.frame[e.at:])
		n += c
		e.at = (e.at + c) % len(e.frame)
	}
	return n, nil
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(strings.Replace(answer, "Hello", strings.Repeat("Hello there ", 50), 1))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New().Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}
