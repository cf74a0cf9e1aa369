package anthropic

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/provider"
)

func wireCall(body string, levers *switchgear.Levers) *switchgear.Call {
	return &switchgear.Call{
		Request: &switchgear.Request{Wire: &switchgear.Wire{Dialect: "anthropic", Body: []byte(body), Stream: strings.Contains(body, `"stream": true`)}},
		Target:  switchgear.Target{Provider: "p", Model: "opus"},
		Levers:  levers,
	}
}

func mustEncode(t *testing.T, call *switchgear.Call, stream bool) provider.Encoded {
	t.Helper()
	out, err := New().Encode(call, stream)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestLevers: what a step sets wins over the client, and touches nothing else.
func TestLevers(t *testing.T) {
	const body = `{ "model":"chat",  "max_tokens": 1e3, "x":[1.50], "output_config" : {"task_budget": {"total":9}, "effort":"low"}, "messages":[] }`
	for _, tt := range []struct {
		name   string
		levers switchgear.Levers
		body   string
		want   string
	}{
		{
			"none",
			switchgear.Levers{},
			body,
			`{ "model":"opus",  "max_tokens": 1e3, "x":[1.50], "output_config" : {"task_budget": {"total":9}, "effort":"low"}, "messages":[] }`,
		},
		{
			"effort keeps its neighbours",
			switchgear.Levers{Effort: "high"},
			body,
			`{ "model":"opus",  "max_tokens": 1e3, "x":[1.50], "output_config" : {"task_budget": {"total":9}, "effort":"high"}, "messages":[] }`,
		},
		{
			"effort alone",
			switchgear.Levers{Effort: "high"},
			`{"model":"chat"}`,
			`{"model":"opus","output_config":{"effort":"high"}}`,
		},
		{
			"effort over null",
			switchgear.Levers{Effort: "high"},
			`{"model":"chat","output_config":null}`,
			`{"model":"opus","output_config":{"effort":"high"}}`,
		},
		{
			"adaptive thinking",
			switchgear.Levers{Thinking: &switchgear.Thinking{Mode: "adaptive"}},
			`{"model":"chat","thinking":{"type":"enabled","budget_tokens":5}}`,
			`{"model":"opus","thinking":{"type":"adaptive"}}`,
		},
		{
			"thinking with a budget",
			switchgear.Levers{Thinking: &switchgear.Thinking{Mode: "enabled", Budget: 2048}},
			`{"model":"chat"}`,
			`{"model":"opus","thinking":{"type":"enabled","budget_tokens":2048}}`,
		},
		{
			"no thinking",
			switchgear.Levers{Thinking: &switchgear.Thinking{Mode: "disabled", Budget: 7}},
			`{"model":"chat"}`,
			`{"model":"opus","thinking":{"type":"disabled"}}`,
		},
		{
			"cache",
			switchgear.Levers{Cache: &switchgear.Cache{TTL: "1h"}},
			`{"model":"chat"}`,
			`{"model":"opus","cache_control":{"type":"ephemeral","ttl":"1h"}}`,
		},
		{
			"cache by default",
			switchgear.Levers{Cache: &switchgear.Cache{}},
			`{"model":"chat"}`,
			`{"model":"opus","cache_control":{"type":"ephemeral"}}`,
		},
		{
			"numbers and tier",
			switchgear.Levers{MaxTokens: new(int64(64)), Temperature: new(0.5), Tier: "standard_only"},
			body,
			`{ "model":"opus",  "max_tokens": 64, "x":[1.50], "output_config" : {"task_budget": {"total":9}, "effort":"low"}, "messages":[] ,"service_tier":"standard_only","temperature":0.5}`,
		},
		{
			"members as they stand",
			switchgear.Levers{Members: []switchgear.Member{{Name: "x", Value: []byte("[ 2 ]")}, {Name: "model", Value: []byte(`"no"`)}}},
			body,
			`{ "model":"opus",  "max_tokens": 1e3, "x":[ 2 ], "output_config" : {"task_budget": {"total":9}, "effort":"low"}, "messages":[] }`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := mustEncode(t, wireCall(tt.body, &tt.levers), false)
			got := jsonx.Join(out.Body)
			if err := jsonx.Check(got); err != nil {
				t.Fatal(err)
			}
			var a, b any
			if json.Unmarshal(got, &a) != nil || json.Unmarshal([]byte(tt.want), &b) != nil {
				t.Fatalf("%s", got)
			}
			if diff := cmp.Diff(b, a); diff != "" {
				t.Errorf("(-want +got)\n%s\n%s", diff, got)
			}
			kept, _, _ := strings.Cut(tt.want, `,"service_tier"`) // members that are added may come in any order
			if !strings.HasPrefix(string(got), strings.TrimSuffix(kept, "}")) {
				t.Errorf("bytes that stay have changed:\n%s", got)
			}
		})
	}
}

// TestStreamIsSet when the attempt wants another form than the client did.
func TestStreamIsSet(t *testing.T) {
	for _, tt := range []struct {
		body   string
		stream bool
		want   string
	}{
		{`{"model":"chat"}`, false, `{"model":"opus"}`},
		{`{"model":"chat"}`, true, `{"model":"opus","stream":true}`},
		{`{"model":"chat","stream": true}`, true, `{"model":"opus","stream": true}`},
		{`{"model":"chat","stream": true}`, false, `{"model":"opus","stream": false}`},
	} {
		out := mustEncode(t, wireCall(tt.body, nil), tt.stream)
		if got := string(jsonx.Join(out.Body)); got != tt.want {
			t.Errorf("%s, %v: got %s, want %s", tt.body, tt.stream, got, tt.want)
		}
	}
}

// TestHeaders go along, and the version is never missing.
func TestHeaders(t *testing.T) {
	call := wireCall(`{"model":"chat"}`, nil)
	out := mustEncode(t, call, false)
	if diff := cmp.Diff(http.Header{"Anthropic-Version": {"2023-06-01"}}, out.Header); diff != "" {
		t.Error(diff)
	}
	client := http.Header{"Anthropic-Version": {"2030-01-01"}, "Anthropic-Beta": {"a,b", "c"}}
	call.Request.Wire.Header, call.Request.Wire.Query = client, "beta=true"
	out = mustEncode(t, call, false)
	if diff := cmp.Diff(client, out.Header); diff != "" {
		t.Error(diff)
	}
	out.Header.Set("Anthropic-Beta", "changed")
	if client.Get("Anthropic-Beta") != "a,b" {
		t.Error("the client's headers were written to")
	}
	if out.Path != "/messages" || out.Query != "beta=true" {
		t.Errorf("%s?%s", out.Path, out.Query)
	}
}

// TestOtherDialects are refused in one sentence.
func TestOtherDialects(t *testing.T) {
	call := wireCall(`{"model":"chat"}`, nil)
	call.Request.Wire.Dialect = "openai"
	_, err := New().Encode(call, false)
	if classOf(t, err) != switchgear.ClassInvalid || !strings.Contains(err.Error(), "openai") || !strings.Contains(err.Error(), "translated") {
		t.Errorf("got %v", err)
	}
	if _, err := New().EncodeCount(call); classOf(t, err) != switchgear.ClassInvalid {
		t.Errorf("got %v", err)
	}
}

// TestBadWires do not panic and are not sent.
func TestBadWires(t *testing.T) {
	for _, tt := range []struct {
		name string
		call *switchgear.Call
		want switchgear.Class
	}{
		{"not JSON, to be patched", wireCall(`{"model"`, &switchgear.Levers{Effort: "low"}), switchgear.ClassInvalid},
		{"two models", wireCall(`{"model":"a","model":"b"}`, nil), switchgear.ClassInvalid},
		{"output_config is no object", wireCall(`{"model":"a","output_config":[]}`, &switchgear.Levers{Effort: "low"}), switchgear.ClassInvalid},
	} {
		_, err := New().Encode(tt.call, false)
		if err == nil || classOf(t, err) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	call := wireCall(`{}`, nil)
	call.Request.Wire.Model = switchgear.Span{Start: 1, End: 9}
	if _, err := New().Encode(call, false); classOf(t, err) != switchgear.ClassInternal {
		t.Errorf("got %v", err)
	}
}

// TestCount asks about what is read only.
func TestCount(t *testing.T) {
	levers := &switchgear.Levers{
		Effort: "high", Thinking: &switchgear.Thinking{Mode: "adaptive"}, Tier: "x", MaxTokens: new(int64(1)), Temperature: new(1.0),
		Members: []switchgear.Member{{Name: "speed", Value: []byte(`"fast"`)}},
	}
	out, err := New().EncodeCount(wireCall(`{"model":"chat","messages":[]}`, levers))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"model":"opus","messages":[],"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}`
	if got := string(jsonx.Join(out.Body)); got != want || out.Path != "/messages/count_tokens" {
		t.Errorf("%s %s", out.Path, got)
	}
	if diff := cmp.Diff([]string{"speed"}, out.Dropped); diff != "" {
		t.Error(diff)
	}
	out, err = New().EncodeCount(&switchgear.Call{
		Request: switchgear.Ask("r", "hi"), Target: switchgear.Target{Provider: "p", Model: "opus"}, Levers: levers,
	})
	if err != nil {
		t.Fatal(err)
	}
	const typed = `{"model":"opus","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}`
	if got := string(jsonx.Join(out.Body)); got != typed {
		t.Errorf("%s", got)
	}
}

// TestTyped writes requests that a program made.
func TestTyped(t *testing.T) {
	user := func(parts ...switchgear.Part) []switchgear.Message {
		return []switchgear.Message{{Role: switchgear.RoleUser, Parts: parts}}
	}
	text := func(s string) switchgear.Part { return switchgear.Part{Text: s} }
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	const hi = `[{"role":"user","content":[{"type":"text","text":"hi"}]}]`
	for _, tt := range []struct {
		name    string
		request switchgear.Request
		want    string // beside model and max_tokens
		dropped []string
	}{
		{"a question", switchgear.Request{Messages: user(text("hi"))}, `"messages":` + hi, nil},
		{
			"system with a cache marker",
			switchgear.Request{System: []switchgear.Part{{Text: "be <brief>", Cache: &switchgear.Cache{TTL: "1h"}}}, Messages: user(text("hi"))},
			`"system":[{"type":"text","text":"be <brief>","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":` + hi, nil,
		},
		{
			"a conversation with tools",
			switchgear.Request{
				Messages: []switchgear.Message{
					{Role: switchgear.RoleUser, Name: "ann", Parts: []switchgear.Part{text("go")}},
					{Role: switchgear.RoleAssistant, Parts: []switchgear.Part{
						{Kind: switchgear.PartThinking, Text: "hm", Signature: "s1", Origin: "anthropic"},
						{Kind: switchgear.PartThinking, Text: "foreign", Signature: "s2", Origin: "gemini"},
						{Kind: switchgear.PartThinking, Text: "unsigned"},
						{Kind: switchgear.PartRedacted, Signature: "xyz"},
						{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "a", Name: "f", Arguments: `{"x": 1.0}`}},
						{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "b", Name: "g"}},
						{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "c", Name: "h", Arguments: `{"cut":`}},
					}},
					{Role: switchgear.RoleTool, Parts: []switchgear.Part{{Kind: switchgear.PartToolResult, Result: &switchgear.ToolResult{CallID: "a", Parts: []switchgear.Part{text("1")}}}}},
					{Role: switchgear.RoleTool, Parts: []switchgear.Part{{Kind: switchgear.PartToolResult, Result: &switchgear.ToolResult{CallID: "b", Failed: true}}}},
					{Role: switchgear.RoleUser, Parts: []switchgear.Part{text(""), text("and?")}},
					{Role: switchgear.RoleSystem, Parts: []switchgear.Part{text("now be loud")}},
				},
				Tools: []switchgear.Tool{
					{Name: "f", Description: "does f", Schema: raw(`{"type":"object","properties":{}}`), Strict: true, Cache: &switchgear.Cache{}},
					{Name: "g", Extra: map[string]json.RawMessage{"defer_loading": raw("true")}},
					{Name: "web_search", Raw: raw(`{"type":"web_search_20250305","name":"web_search"}`), Origin: "anthropic"},
					{Name: "web_search", Raw: raw(`{"type":"web_search_preview"}`), Origin: "openai"},
				},
				Choice: &switchgear.ToolChoice{Mode: "tool", Name: "f", Parallel: new(false)},
			},
			`"messages":[{"role":"user","content":[{"type":"text","text":"go"}]},
			{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s1"},{"type":"redacted_thinking","data":"xyz"},
				{"type":"tool_use","id":"a","name":"f","input":{"x": 1.0}},{"type":"tool_use","id":"b","name":"g","input":{}},{"type":"tool_use","id":"c","name":"h","input":{}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"1"}]},
				{"type":"tool_result","tool_use_id":"b","is_error":true},{"type":"text","text":"and?"}]},
			{"role":"system","content":[{"type":"text","text":"now be loud"}]}],
			"tools":[{"name":"f","description":"does f","input_schema":{"type":"object","properties":{}},"strict":true,"cache_control":{"type":"ephemeral"}},
			{"name":"g","input_schema":{"type":"object"},"defer_loading":true},{"type":"web_search_20250305","name":"web_search"}],
			"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true}`,
			[]string{"messages[0].name", "messages[1].parts[1] (thinking)", "messages[1].parts[2] (thinking)", "messages[1].parts[6].call.arguments", "tools[3] (web_search_preview)"},
		},
		{
			"media",
			switchgear.Request{Messages: user(
				switchgear.Part{Kind: switchgear.PartImage, Media: &switchgear.Media{Type: "image/png", Data: "AAAA", Detail: "high"}},
				switchgear.Part{Kind: switchgear.PartImage, Media: &switchgear.Media{URL: "https://example.com/a.png"}},
				switchgear.Part{Kind: switchgear.PartDocument, Media: &switchgear.Media{Data: "JVBE", Name: "a.pdf"}, Extra: map[string]json.RawMessage{"citations": raw(`{"enabled":true}`)}},
				switchgear.Part{Kind: switchgear.PartDocument, Media: &switchgear.Media{FileID: "file_1"}},
				switchgear.Part{Kind: switchgear.PartDocument, Media: &switchgear.Media{Type: "text/plain", Data: "aGk="}},
				switchgear.Part{Kind: switchgear.PartDocument, Media: &switchgear.Media{Type: "text/plain", Data: "%"}},
				switchgear.Part{Kind: switchgear.PartAudio, Media: &switchgear.Media{Data: "AAAA"}},
				switchgear.Part{Kind: switchgear.PartImage, Media: &switchgear.Media{}},
				switchgear.Part{Kind: switchgear.PartOther, Raw: raw(`{"type":"container_upload","file_id":"f"}`), Origin: "anthropic", Cache: &switchgear.Cache{}},
				switchgear.Part{Kind: switchgear.PartOther, Raw: raw(`{"type":"input_file"}`), Origin: "openai"},
				switchgear.Part{Text: "x", Origin: "openai", Extra: map[string]json.RawMessage{"annotations": raw("[]")}},
			)},
			`"messages":[{"role":"user","content":[
			{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},
			{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},
			{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"a.pdf","citations":{"enabled":true}},
			{"type":"document","source":{"type":"file","file_id":"file_1"}},
			{"type":"document","source":{"type":"text","media_type":"text/plain","data":"hi"}},
			{"type":"container_upload","file_id":"f","cache_control":{"type":"ephemeral"}},
			{"type":"text","text":"x"}]}]`,
			[]string{
				"messages[0].parts[0].media.detail", "messages[0].parts[5] (document)", "messages[0].parts[6] (audio)", "messages[0].parts[7] (image)",
				"messages[0].parts[9] (input_file)", "messages[0].parts[10].extra.annotations",
			},
		},
		{
			"everything that steers",
			switchgear.Request{
				Messages: user(text("hi")), Effort: "high", Output: &switchgear.Output{Name: "n", Schema: raw(`{"type":"object"}`)},
				Thinking: &switchgear.Thinking{Mode: "adaptive"}, Stop: []string{"END"}, Tier: "auto", User: "u1",
				Sampling: switchgear.Sampling{Temperature: new(0.7), TopP: new(0.9), TopK: new(int64(5)), Seed: new(int64(1))},
				Choice:   &switchgear.ToolChoice{Parallel: new(true)},
			},
			`"messages":` + hi + `,"tool_choice":{"type":"auto","disable_parallel_tool_use":false},
			"output_config":{"effort":"high","format":{"type":"json_schema","schema":{"type":"object","title":"n"}}},"thinking":{"type":"adaptive"},
			"stop_sequences":["END"],"temperature":0.7,"top_p":0.9,"top_k":5,"service_tier":"auto","metadata":{"user_id":"u1"}`,
			[]string{"sampling.seed"},
		},
		{
			"JSON without a schema cannot be asked for",
			switchgear.Request{Messages: user(text("hi")), Output: &switchgear.Output{}, Choice: &switchgear.ToolChoice{Mode: "none", Parallel: new(true)}},
			`"messages":` + hi + `,"tool_choice":{"type":"none"}`,
			[]string{"output"},
		},
		{
			"options and extra",
			switchgear.Request{
				Messages: user(text("hi")), Effort: "low",
				Options: map[string]json.RawMessage{
					"anthropic": raw(`{"betas":["a","b"],"output_config":{"task_budget":{"total":1}},"metadata":{"user_id":"o"},"container":"c"}`),
					"openai":    raw(`{"store":true}`),
				},
				Extra: map[string]json.RawMessage{"inference_geo": raw(`"us"`), "messages": raw("[]"), "container": raw(`"d"`)},
			},
			`"messages":` + hi + `,"output_config":{"effort":"low","task_budget":{"total":1}},"metadata":{"user_id":"o"},"container":"c","inference_geo":"us"`, nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			call := &switchgear.Call{Request: &tt.request, Target: switchgear.Target{Provider: "p", Model: "opus"}}
			out := mustEncode(t, call, false)
			body := jsonx.Join(out.Body)
			if err := jsonx.Check(body); err != nil {
				t.Fatalf("%v\n%s", err, body)
			}
			var got, want any
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(`{"model":"opus","max_tokens":4096,`+tt.want+`}`), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.dropped, out.Dropped); diff != "" {
				t.Errorf("dropped (-want +got)\n%s", diff)
			}
			if tt.name == "options and extra" && out.Header.Get("Anthropic-Beta") != "a,b" {
				t.Errorf("headers %v", out.Header)
			}
		})
	}
}

// TestTypedLevers win over the request, and the answer has room behind the
// thinking.
func TestTypedLevers(t *testing.T) {
	r := switchgear.Ask("r", "hi")
	r.Thinking = &switchgear.Thinking{Mode: "enabled", Budget: 10_000}
	call := &switchgear.Call{Request: r, Target: switchgear.Target{Provider: "p", Model: "opus"}}
	body := string(jsonx.Join(mustEncode(t, call, true).Body))
	if !strings.Contains(body, `"max_tokens":14096`) || !strings.Contains(body, `"stream":true`) {
		t.Errorf("%s", body)
	}
	call.Levers = &switchgear.Levers{MaxTokens: new(int64(7)), Thinking: &switchgear.Thinking{Mode: "disabled"}}
	body = string(jsonx.Join(mustEncode(t, call, false).Body))
	if !strings.Contains(body, `"max_tokens":7`) || !strings.Contains(body, `"thinking":{"type":"disabled"}`) || strings.Contains(body, "stream") {
		t.Errorf("%s", body)
	}
	r.Options = map[string]json.RawMessage{"anthropic": json.RawMessage("[]")}
	if _, err := New().Encode(call, false); classOf(t, err) != switchgear.ClassInvalid {
		t.Errorf("got %v", err)
	}
}

// TestAnswersGoBack: the parts of a decoded answer, sent back as the
// assistant's turn, are the blocks they came from.
func TestAnswersGoBack(t *testing.T) {
	n := 0
	for id, r := range byID(t, everything...) {
		if r.Status >= 300 || streamed(r) {
			continue
		}
		n++
		got := answer(t, r)
		call := &switchgear.Call{Request: &switchgear.Request{Messages: []switchgear.Message{{Role: switchgear.RoleAssistant, Parts: got.Choices[0].Parts}}}}
		out := mustEncode(t, call, false)
		if len(out.Dropped) > 0 {
			t.Errorf("record %s: dropped %v", id, out.Dropped)
		}
		var sent struct {
			Messages []struct {
				Content []map[string]any `json:"content"`
			} `json:"messages"`
		}
		if err := json.Unmarshal(jsonx.Join(out.Body), &sent); err != nil {
			t.Fatal(err)
		}
		var came struct {
			Content []map[string]any `json:"content"`
		}
		if err := json.Unmarshal(r.ResponseBody, &came); err != nil {
			t.Fatal(err)
		}
		var want []map[string]any
		for _, block := range came.Content {
			if block["type"] == "text" && block["text"] == "" {
				continue // the provider refuses its own empty ones
			}
			if v, ok := block["citations"]; ok && v == nil {
				delete(block, "citations") // null says nothing
			}
			want = append(want, block)
		}
		if len(want) == 0 && len(sent.Messages) == 0 {
			continue // and empty answers
		}
		if diff := cmp.Diff(len(want), len(sent.Messages[0].Content)); diff != "" {
			t.Errorf("record %s: %s", id, diff)
			continue
		}
		for i := range want {
			if diff := cmp.Diff(want[i], sent.Messages[0].Content[i]); diff != "" {
				t.Errorf("record %s, block %d (-came +sent)\n%s", id, i, diff)
			}
		}
	}
	if n < 340 {
		t.Errorf("only %d answers were sent back", n)
	}
}

// TestEncodeDoesNotCopy: the pieces of a patched body are the client's bytes.
func TestEncodeDoesNotCopy(t *testing.T) {
	body := []byte(`{"model":"chat","messages":["` + strings.Repeat("x", 1000) + `"]}`)
	call := wireCall("", nil)
	call.Request.Wire.Body, call.Request.Wire.Model = body, switchgear.Span{Start: 9, End: 15}
	out := mustEncode(t, call, false)
	if len(out.Body) != 3 || &out.Body[2][0] != &body[15] || !bytes.Equal(out.Body[1], []byte(`"opus"`)) {
		t.Errorf("%q", out.Body)
	}
}
