package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

func TestLevers(t *testing.T) {
	const body = `{"model": "r", "temperature":1.0, "messages":[], "max_tokens": 5e1,"x":{"y":[1,2]} }`
	limit, heat := int64(99), 0.5
	for _, c := range []struct {
		name    string
		body    string
		levers  *switchgear.Levers
		want    string
		dropped []string
	}{
		{"none", body, nil, `{"model": "m", "temperature":1.0, "messages":[], "max_tokens": 5e1,"x":{"y":[1,2]} }`, nil},
		{"empty", body, &switchgear.Levers{}, `{"model": "m", "temperature":1.0, "messages":[], "max_tokens": 5e1,"x":{"y":[1,2]} }`, nil},
		{"effort", body, &switchgear.Levers{Effort: "high"}, `{"model": "m", "temperature":1.0, "messages":[], "max_tokens": 5e1,"x":{"y":[1,2]} ,"reasoning_effort":"high"}`, nil},
		{"numbers", body, &switchgear.Levers{MaxTokens: &limit, Temperature: &heat}, `{"model": "m", "temperature":0.5, "messages":[], "max_tokens": 99,"x":{"y":[1,2]} }`, nil},
		{"the newer limit", `{"model":"r"}`, &switchgear.Levers{MaxTokens: &limit}, `{"model":"m","max_completion_tokens":99}`, nil},
		{"the newer limit, there already", `{"model":"r","max_completion_tokens":1}`, &switchgear.Levers{MaxTokens: &limit}, `{"model":"m","max_completion_tokens":99}`, nil},
		{"thinking off", `{"model":"r"}`, &switchgear.Levers{Thinking: &switchgear.Thinking{Mode: "disabled"}}, `{"model":"m","reasoning_effort":"none"}`, nil},
		{"thinking on", `{"model":"r"}`, &switchgear.Levers{Thinking: &switchgear.Thinking{Mode: "adaptive"}}, `{"model":"m"}`, []string{"levers.thinking"}},
		{"thinking off against an effort", `{"model":"r"}`, &switchgear.Levers{Effort: "low", Thinking: &switchgear.Thinking{Mode: "disabled"}}, `{"model":"m","reasoning_effort":"low"}`, []string{"levers.thinking"}},
		{"cache", `{"model":"r"}`, &switchgear.Levers{Cache: &switchgear.Cache{TTL: "24h"}}, `{"model":"m","prompt_cache_retention":"24h"}`, nil},
		{"cache in memory", `{"model":"r"}`, &switchgear.Levers{Cache: &switchgear.Cache{TTL: "in-memory"}}, `{"model":"m","prompt_cache_retention":"in_memory"}`, nil},
		{"cache for an hour", `{"model":"r"}`, &switchgear.Levers{Cache: &switchgear.Cache{TTL: "1h"}}, `{"model":"m"}`, []string{"levers.cache"}},
		{"tier", `{"model":"r","service_tier":"auto"}`, &switchgear.Levers{Tier: "flex"}, `{"model":"m","service_tier":"flex"}`, nil},
		{"members win", `{"model":"r","seed":1}`, &switchgear.Levers{Effort: "low", Members: []switchgear.Member{{Name: "seed", Value: []byte("2")}, {Name: "reasoning_effort", Value: []byte(`"x"`)}}}, `{"model":"m","seed":2,"reasoning_effort":"x"}`, nil},
	} {
		call := &switchgear.Call{
			Request: &switchgear.Request{Wire: &switchgear.Wire{Dialect: Name, Body: []byte(c.body), Query: "a=b", Header: http.Header{"Openai-Beta": {"x"}}}},
			Target:  switchgear.Target{Model: "m"}, Levers: c.levers,
		}
		enc, err := New().Encode(call, false)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := string(jsonx.Join(enc.Body)); got != c.want || !cmp.Equal(enc.Dropped, c.dropped) {
			t.Errorf("%s: %s, dropped %v;\nwant %s, %v", c.name, got, enc.Dropped, c.want, c.dropped)
		}
		if enc.Path != "/chat/completions" || enc.Query != "a=b" || enc.Header.Get("Openai-Beta") != "x" {
			t.Errorf("%s: %+v", c.name, enc)
		}
	}
}

func TestStreamIsSwitched(t *testing.T) {
	for _, c := range []struct {
		body   string
		asked  bool
		stream bool
		want   string
	}{
		{`{"model":"r","stream":true}`, true, true, `{"model":"m","stream":true}`},
		{`{"model":"r"}`, false, true, `{"model":"m","stream":true,"stream_options":{"include_usage":true}}`},
		{`{"model":"r","stream":true,"stream_options":{"include_usage":true}}`, true, false, `{"model":"m","stream":false,"stream_options":null}`},
	} {
		call := &switchgear.Call{
			Request: &switchgear.Request{Wire: &switchgear.Wire{Dialect: Name, Body: []byte(c.body), Stream: c.asked}}, Target: switchgear.Target{Model: "m"},
		}
		enc, err := New().Encode(call, c.stream)
		if got := string(jsonx.Join(enc.Body)); err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.body, got, err, c.want)
		}
	}
}

func TestOtherDialectsAreRefused(t *testing.T) {
	wire := &switchgear.Wire{Dialect: "anthropic", Body: []byte(`{"model":"x"}`)}
	_, err := New().Encode(&switchgear.Call{Request: &switchgear.Request{Wire: wire}}, false)
	_, embedErr := New().EncodeEmbed(&switchgear.EmbedCall{Request: &switchgear.EmbedRequest{Wire: wire}})
	for _, err := range []error{err, embedErr} {
		var e *switchgear.Error
		if !errors.As(err, &e) || e.Class != switchgear.ClassInvalid || !strings.Contains(e.Message, "no translation") {
			t.Errorf("%v", err)
		}
	}
}

func TestWrongBodiesAreRefused(t *testing.T) {
	for _, wire := range []*switchgear.Wire{
		{Body: []byte(`[]`)},
		{Body: []byte(`{"model":"a","Model":"b"}`)},
		{Body: []byte(`{"model":"a"}`), Model: switchgear.Span{Start: 9, End: 90}},
	} {
		wire.Dialect = Name
		for _, levers := range []*switchgear.Levers{nil, {MaxTokens: new(int64)}} {
			if wire.Model.End != 0 && levers != nil {
				continue // the place of the model is not used then
			}
			if _, err := New().Encode(&switchgear.Call{Request: &switchgear.Request{Wire: wire}, Levers: levers}, false); err == nil {
				t.Errorf("%s was taken", wire.Body)
			}
		}
	}
}

// TestTypedRequests encodes requests that programs made. A stranger can read
// what becomes of them in testdata/typed; UPDATE=1 writes the files anew.
func TestTypedRequests(t *testing.T) {
	for _, c := range typedCases() {
		enc, err := New().Encode(&c.call, c.stream)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		body := jsonx.Join(enc.Body)
		if err := jsonx.Check(body); err != nil {
			t.Fatalf("%s: %v\n%s", c.name, err, body)
		}
		var got bytes.Buffer
		if err := json.Indent(&got, body, "", "  "); err != nil {
			t.Fatal(err)
		}
		got.WriteString("\n")
		for _, d := range enc.Dropped {
			got.WriteString("dropped: " + d + "\n")
		}
		file := filepath.Join("testdata", "typed", c.name+".golden")
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
	}
}

type typedCase struct {
	name   string
	call   switchgear.Call
	stream bool
}

func typedCases() []typedCase {
	target := switchgear.Target{Provider: "p", Model: "gpt"}
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	limit, heat, topK, seed, no := int64(50), 0.25, int64(4), int64(7), false
	text := func(s string) switchgear.Part { return switchgear.Part{Text: s} }
	everything := &switchgear.Request{
		System: []switchgear.Part{text("Be brief."), {Text: "Stay kind.", Cache: &switchgear.Cache{TTL: "1h"}}},
		Messages: []switchgear.Message{
			{Role: switchgear.RoleUser, Name: "ann", Parts: []switchgear.Part{
				text("Look:"),
				{Kind: switchgear.PartImage, Media: &switchgear.Media{URL: "https://example.com/a.png", Detail: "low"}},
				{Kind: switchgear.PartImage, Media: &switchgear.Media{Type: "image/jpeg", Data: "QUJD"}},
				{Kind: switchgear.PartImage, Media: &switchgear.Media{FileID: "file-1"}},
				{Kind: switchgear.PartDocument, Media: &switchgear.Media{Data: "QUJD", Name: "a.pdf"}},
				{Kind: switchgear.PartDocument, Media: &switchgear.Media{FileID: "file-2"}},
				{Kind: switchgear.PartDocument, Media: &switchgear.Media{URL: "https://example.com/a.pdf"}},
				{Kind: switchgear.PartAudio, Media: &switchgear.Media{Type: "audio/mpeg", Data: "QUJD"}},
				{Kind: switchgear.PartOther, Raw: raw(`{"type":"video_url"}`), Origin: Name},
				{Kind: switchgear.PartOther, Raw: raw(`{"type":"container"}`), Origin: "anthropic"},
			}},
			{Role: switchgear.RoleAssistant, Parts: []switchgear.Part{
				{Kind: switchgear.PartThinking, Text: "hm", Signature: "S", Origin: "anthropic"},
				{Kind: switchgear.PartThinking, Text: "hm", Origin: Name, Extra: map[string]json.RawMessage{"reasoning_content": raw(`"hm"`)}},
				text("I will."),
				{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "a", Name: "f", Arguments: `{"x":1}`}},
				{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "b", Name: "g"}},
			}},
			{Role: switchgear.RoleTool, Parts: []switchgear.Part{
				{Kind: switchgear.PartToolResult, Result: &switchgear.ToolResult{CallID: "a", Parts: []switchgear.Part{text("1"), {Kind: switchgear.PartImage, Media: &switchgear.Media{Data: "QUJD"}}}}},
				{Kind: switchgear.PartToolResult, Result: &switchgear.ToolResult{CallID: "b", Parts: []switchgear.Part{text("no")}, Failed: true}},
			}},
			{Role: switchgear.RoleUser, Parts: []switchgear.Part{
				{Kind: switchgear.PartToolResult, Result: &switchgear.ToolResult{CallID: "c", Parts: []switchgear.Part{text("2")}}}, text("And now?"),
			}},
		},
		Tools: []switchgear.Tool{
			{Name: "f", Description: "does", Schema: raw(`{"type":"object"}`), Strict: true, Cache: &switchgear.Cache{}},
			{Name: "own", Raw: raw(`{"type":"custom","custom":{"name":"own"}}`), Origin: Name},
			{Name: "web_search", Raw: raw(`{"type":"web_search_20250305"}`), Origin: "anthropic"},
		},
		Choice: &switchgear.ToolChoice{Mode: "tool", Name: "f", Parallel: &no},
		Output: &switchgear.Output{Name: "shape", Schema: raw(`{"type":"object"}`), Strict: true},
		Effort: "low", Thinking: &switchgear.Thinking{Mode: "enabled", Budget: 1000},
		Sampling: switchgear.Sampling{MaxTokens: &limit, Temperature: &heat, TopP: &heat, TopK: &topK, Seed: &seed},
		Stop:     []string{"END"}, Tier: "flex", User: "u1",
		Options: map[string]json.RawMessage{Name: raw(`{"verbosity":"low","user":"u2"}`), "anthropic": raw(`{"x":1}`)},
		Extra:   map[string]json.RawMessage{"store": raw("true")},
	}
	return []typedCase{
		{"short", switchgear.Call{Request: switchgear.Ask("r", "Hi"), Target: target}, false},
		{"streamed", switchgear.Call{Request: switchgear.Ask("r", "Hi"), Target: target}, true},
		{"everything", switchgear.Call{Request: everything, Target: target}, false},
		{"levers", switchgear.Call{
			Request: &switchgear.Request{Effort: "low", Tier: "auto", Output: &switchgear.Output{}, Choice: &switchgear.ToolChoice{Mode: "any"}, Sampling: switchgear.Sampling{MaxTokens: &limit}},
			Target:  target, Levers: &switchgear.Levers{Effort: "high", Tier: "priority", MaxTokens: &seed, Cache: &switchgear.Cache{TTL: "24h"}},
		}, false},
	}
}

// TestAnswersGoBack decodes answers and writes them as turns of the next
// request: what a provider wants to see again is there.
func TestAnswersGoBack(t *testing.T) {
	for _, message := range []string{
		`{"content":"a","reasoning_content":"r","role":"assistant"}`,
		`{"content":null,"reasoning":"r","reasoning_details":[{"type":"reasoning.text","text":"r","signature":"S"},{"type":"reasoning.encrypted","data":"D"}],"role":"assistant","tool_calls":[{"function":{"arguments":"{\"x\":1}","name":"f"},"id":"a","type":"function","extra_content":{"google":{"thought_signature":"T"}}}]}`,
		`{"content":null,"role":"assistant","tool_calls":[{"custom":{"input":"4 + 4","name":"f"},"id":"a","type":"custom"}]}`,
		`{"content":null,"function_call":{"name":"f","arguments":"{}"},"role":"assistant"}`,
		`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"r"}]},{"type":"text","text":"a"}],"role":"assistant"}`,
		`{"audio":{"id":"au"},"content":"","role":"assistant"}`,
		`{"content":null,"refusal":"no","role":"assistant"}`,
	} {
		resp, err := New().Decode([]byte(`{"id":"x","model":"m","choices":[{"index":0,"message":` + message + `,"finish_reason":"stop"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		req := &switchgear.Request{Messages: []switchgear.Message{{Role: switchgear.RoleAssistant, Parts: resp.Choices[0].Parts}}}
		enc, err := New().Encode(&switchgear.Call{Request: req}, false)
		if err != nil || len(enc.Dropped) > 0 {
			t.Errorf("%s: dropped %v, %v", message, enc.Dropped, err)
		}
		var got struct {
			Messages []any `json:"messages"`
		}
		var want any
		if json.Unmarshal(jsonx.Join(enc.Body), &got) != nil || json.Unmarshal([]byte(message), &want) != nil {
			t.Fatalf("%s", jsonx.Join(enc.Body))
		}
		if diff := cmp.Diff(want, got.Messages[0]); diff != "" {
			t.Errorf("%s: -want +got\n%s", message, diff)
		}
	}
}

func TestTypedEmbedding(t *testing.T) {
	req := &switchgear.EmbedRequest{Input: []string{"a", "b\n"}, Dimensions: 8, Extra: map[string]json.RawMessage{"user": json.RawMessage(`"u"`), "model": json.RawMessage(`"no"`)}}
	enc, err := New().EncodeEmbed(&switchgear.EmbedCall{Request: req, Target: switchgear.Target{Model: "e"}})
	const want = `{"model":"e","input":["a","b\n"],"dimensions":8,"user":"u"}`
	if got := string(jsonx.Join(enc.Body)); err != nil || got != want || enc.Path != "/embeddings" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestVectors(t *testing.T) {
	resp, err := New().DecodeEmbed([]byte(`{"model":"e","data":[{"index":1,"embedding":[0.5,-2]},{"index":0,"embedding":"AACAPwAAAMA="}],"usage":{"prompt_tokens":4,"total_tokens":4}}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]float32{{1, -2}, {0.5, -2}}, resp.Vectors); diff != "" || resp.Usage.Input != 4 {
		t.Errorf("%s %+v", diff, resp.Usage)
	}
	for _, body := range []string{
		``, `{}`, `{"data":[]}`, `{"data":[{"embedding":"!"}]}`, `{"data":[{"embedding":[1]},{"index":0,"embedding":[1]}]}`,
		`{"data":[{"index":9,"embedding":[1]}]}`, `{"error":{"message":"x"}}`,
	} {
		var e *switchgear.Error
		if _, err := New().DecodeEmbed([]byte(body)); !errors.As(err, &e) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
