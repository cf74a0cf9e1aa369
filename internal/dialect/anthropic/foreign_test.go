package anthropic

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

func ptr[T any](v T) *T { return new(v) }

// TestFit writes requests of another dialect for models of several lines.
func TestFit(t *testing.T) {
	type request = switchgear.Request
	text := func(role switchgear.Role, s string) switchgear.Message {
		return switchgear.Message{Role: role, Parts: []switchgear.Part{{Text: s}}}
	}
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	use := func(t *switchgear.Tool) []switchgear.Tool { return []switchgear.Tool{*t} }
	f := &switchgear.Tool{Name: "f", Schema: raw(`{"type":"object"}`)}
	const tools = `"tools":[{"name":"f","input_schema":{"type":"object"}}]`
	const hi = `"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]`
	for _, tt := range []struct {
		name, model string
		request     request
		want        string // beside model and the default max_tokens
		dropped     []string
	}{
		{"effort", "claude-opus-4-8", request{Effort: "xhigh"}, `"output_config":{"effort":"xhigh"},"thinking":{"type":"adaptive"},` + hi, nil},
		{"effort that the model has no word for", "claude-opus-4-6", request{Effort: "xhigh"}, `"output_config":{"effort":"high"},"thinking":{"type":"adaptive"},` + hi, []string{"effort (xhigh as high)"}},
		{"the least effort", "claude-opus-4-5", request{Effort: "minimal"}, `"output_config":{"effort":"low"},` + hi, []string{"effort (minimal as low)"}},
		{"no effort", "claude-opus-4-8", request{Effort: "none"}, `"thinking":{"type":"disabled"},` + hi, nil},
		{"no effort, by default", "claude-haiku-4-5", request{Effort: "none"}, hi, nil},
		{"an effort nobody knows", "claude-opus-4-8", request{Effort: "heroic"}, hi, []string{"effort"}},
		{"effort as a budget", "claude-haiku-4-5-20251001", request{Effort: "high"}, `"thinking":{"type":"enabled","budget_tokens":16384},"max_tokens":20480,` + hi, nil},
		{"a budget below the limit", "us.anthropic.claude-sonnet-4-5-v1:0", request{Effort: "high", Sampling: switchgear.Sampling{MaxTokens: ptr[int64](4000)}}, `"thinking":{"type":"enabled","budget_tokens":2000},"max_tokens":4000,` + hi, nil},
		{"no room for a budget", "claude-haiku-4-5", request{Effort: "high", Sampling: switchgear.Sampling{MaxTokens: ptr[int64](2000)}}, `"max_tokens":2000,` + hi, []string{"effort"}},
		{"a model that does not think", "claude-3-haiku", request{Effort: "high"}, hi, []string{"effort"}},
		{"a forced tool forbids thinking", "claude-haiku-4-5", request{Effort: "low", Tools: use(f), Choice: &switchgear.ToolChoice{Mode: "any"}}, tools + `,"tool_choice":{"type":"any"},` + hi, []string{"effort"}},
		{"thinking of another dialect", "claude-opus-4-8", request{Thinking: &switchgear.Thinking{Mode: "enabled", Budget: 99}}, `"thinking":{"type":"adaptive"},` + hi, []string{"thinking.budget"}},
		{"adaptive thinking as a budget", "claude-haiku-4-5", request{Thinking: &switchgear.Thinking{Mode: "adaptive"}}, `"thinking":{"type":"enabled","budget_tokens":4096},"max_tokens":8192,` + hi, nil},
		{"a budget that is too small", "claude-haiku-4-5", request{Thinking: &switchgear.Thinking{Mode: "enabled", Budget: 99}}, `"thinking":{"type":"enabled","budget_tokens":1024},"max_tokens":5120,` + hi, []string{"thinking.budget (99 as 1024)"}},
		{"a budget that is too large", "claude-haiku-4-5", request{Thinking: &switchgear.Thinking{Mode: "enabled", Budget: 9000}, Sampling: switchgear.Sampling{MaxTokens: ptr[int64](9000)}}, `"thinking":{"type":"enabled","budget_tokens":4500},"max_tokens":9000,` + hi, []string{"thinking.budget (9000 as 4500)"}},
		{"no room to think", "claude-haiku-4-5", request{Thinking: &switchgear.Thinking{Mode: "enabled", Budget: 9000}, Sampling: switchgear.Sampling{MaxTokens: ptr[int64](100)}}, `"max_tokens":100,` + hi, []string{"thinking"}},
		{"no thinking, by default", "claude-haiku-4-5", request{Thinking: &switchgear.Thinking{Mode: "disabled"}}, hi, nil},
		{"sampling", "claude-haiku-4-5", request{Sampling: switchgear.Sampling{Temperature: ptr(1.5), TopP: ptr(0.9), TopK: ptr[int64](3), Seed: ptr[int64](1)}}, `"temperature":1,"top_k":3,` + hi, []string{"sampling.top_p", "sampling.seed", "sampling.temperature (1.5 as 1)"}},
		{"sampling that is fixed", "claude-opus-4-8", request{Sampling: switchgear.Sampling{Temperature: ptr(0.2), TopP: ptr(1.0), TopK: ptr[int64](3)}}, hi, []string{"sampling.temperature", "sampling.top_k"}},
		{"tiers and stops", "claude-opus-4-8", request{Tier: "default", Stop: []string{"\n", "END"}}, `"service_tier":"standard_only","stop_sequences":["END"],` + hi, []string{"stop[0]"}},
		{"a tier that has no word", "claude-opus-4-8", request{Tier: "flex"}, hi, []string{"tier"}},
		{"a schema", "claude-sonnet-4-5", request{Output: &switchgear.Output{Name: "n", Schema: raw(`{"type":"object","title":"t"}`), Strict: true}}, `"output_config":{"format":{"type":"json_schema","schema":{"type":"object","title":"t"}}},` + hi, []string{"output.name"}},
		{"a schema the model cannot hold", "claude-sonnet-4-0", request{Output: &switchgear.Output{Name: "n", Schema: raw(`{"type":"object"}`)}}, hi, []string{"output"}},
		{"JSON without a schema", "claude-opus-4-8", request{Output: &switchgear.Output{}}, hi, []string{"output"}},
		{
			"extra members", "claude-opus-4-8",
			request{Extra: map[string]json.RawMessage{"n": raw("2"), "logprobs": raw("false"), "stream_options": raw(`{"include_usage":true}`), "prompt_cache_key": raw(`"k"`), "store": raw("true")}},
			hi,
			[]string{"extra.n", "extra.prompt_cache_key", "extra.store"},
		},
		{"a schema without a type", "claude-opus-4-8", request{Tools: use(&switchgear.Tool{Name: "f", Schema: raw(`{}`)})}, tools + "," + hi, nil},
		{
			"a choice without tools", "claude-opus-4-8",
			request{Tools: use(&switchgear.Tool{Raw: raw(`{"type":"web_search"}`), Origin: "openai"}), Choice: &switchgear.ToolChoice{Mode: "any"}},
			hi,
			[]string{"tools[0] (web_search)", "tool_choice"},
		},
		{
			"late instructions, to a model that takes them", "claude-opus-4-8",
			request{Messages: []switchgear.Message{text("user", "hi"), text("system", "be loud"), text("assistant", "HO"), text("system", "be quiet"), text("user", "hi")}},
			`"system":[{"type":"text","text":"be quiet"}],"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"system","content":[{"type":"text","text":"be loud"}]},` +
				`{"role":"assistant","content":[{"type":"text","text":"HO"}]},{"role":"user","content":[{"type":"text","text":"hi"}]}]`,
			[]string{"messages[3] (said with the system text)"},
		},
		{
			"late instructions, to one that does not", "claude-haiku-4-5",
			request{System: []switchgear.Part{{Text: "a"}}, Messages: []switchgear.Message{text("system", "b"), text("user", "hi"), text("system", "c")}},
			`"system":[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"text","text":"c"}],` + hi,
			[]string{"messages[2] (said with the system text)"},
		},
		{
			"calls, media and thoughts", "claude-opus-4-8",
			request{Messages: []switchgear.Message{
				{Role: "user", Parts: []switchgear.Part{
					{Kind: switchgear.PartImage, Media: &switchgear.Media{Data: "/9j/4AAQ", Detail: "auto"}},
					{Kind: switchgear.PartImage, Media: &switchgear.Media{FileID: "file-1"}},
					{Kind: switchgear.PartDocument, Media: &switchgear.Media{Type: "text/csv", Data: "YSxi", Name: "a.csv"}},
					{Kind: switchgear.PartDocument, Media: &switchgear.Media{Type: "application/msword", Data: "AAAA"}},
				}},
				{Role: "assistant", Parts: []switchgear.Part{
					{Kind: switchgear.PartThinking, Text: "hm", Signature: "s", Origin: "openai"},
					{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "functions.f:0", Name: "f", Arguments: "{}"}},
				}},
				{Role: "tool", Parts: []switchgear.Part{{Kind: switchgear.PartToolResult, Result: &switchgear.ToolResult{CallID: "functions.f:0", Parts: []switchgear.Part{{Text: "1"}, {Kind: switchgear.PartAudio, Media: &switchgear.Media{Data: "A"}}}}}}},
				{Role: "assistant", Parts: []switchgear.Part{{Kind: switchgear.PartThinking, Text: "hm", Origin: "openai"}}},
			}},
			`"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"/9j/4AAQ"}},` +
				`{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a,b"},"title":"a.csv"}]},` +
				`{"role":"assistant","content":[{"type":"tool_use","id":"functions_f_0","name":"f","input":{}}]},` +
				`{"role":"user","content":[{"type":"tool_result","tool_use_id":"functions_f_0","content":[{"type":"text","text":"1"}]}]}]`,
			[]string{
				"messages[0].parts[1] (image)", "messages[0].parts[3] (document)", "messages[1].parts[0] (thinking)",
				"messages[2].parts[0].result.parts[1] (audio)", "messages[3].parts[0] (thinking)",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.request.Origin = "openai"
			if tt.request.Messages == nil {
				tt.request.Messages = []switchgear.Message{text("user", "hi")}
			}
			out := mustEncode(t, &switchgear.Call{Request: &tt.request, Target: switchgear.Target{Model: tt.model}}, false)
			var got, want map[string]any
			if err := json.Unmarshal(jsonx.Join(out.Body), &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte("{"+tt.want+"}"), &want); err != nil {
				t.Fatal(err)
			}
			want["model"] = tt.model
			if want["max_tokens"] == nil {
				want["max_tokens"] = float64(DefaultMaxTokens)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.dropped, out.Dropped); diff != "" {
				t.Errorf("dropped (-want +got)\n%s", diff)
			}
		})
	}
}

// TestBudgetInsideATurn: thinking that was not there when a tool was called
// cannot be there when it has answered.
func TestBudgetInsideATurn(t *testing.T) {
	thought := switchgear.Part{Kind: switchgear.PartThinking, Text: "hm", Signature: "s", Origin: name}
	called := switchgear.Part{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "a", Name: "f"}}
	for _, tt := range []struct {
		parts []switchgear.Part
		want  bool
	}{
		{[]switchgear.Part{called}, false},
		{[]switchgear.Part{thought, called}, true},
		{[]switchgear.Part{{Text: "x"}}, true},
	} {
		req := &switchgear.Request{Origin: "openai", Effort: "low", Messages: []switchgear.Message{
			{Role: "user", Parts: []switchgear.Part{{Text: "go"}}},
			{Role: "assistant", Parts: tt.parts},
			{Role: "user", Parts: []switchgear.Part{{Text: "on"}}},
		}}
		out := mustEncode(t, &switchgear.Call{Request: req, Target: switchgear.Target{Model: "claude-haiku-4-5"}}, false)
		if got := strings.Contains(string(jsonx.Join(out.Body)), "budget_tokens"); got != tt.want || (len(out.Dropped) > 0) == tt.want {
			t.Errorf("%+v: %v, dropped %v", tt.parts, got, out.Dropped)
		}
	}
}

// TestMarkedThinking goes back to whoever did it, and never to the provider of
// this protocol.
func TestMarkedThinking(t *testing.T) {
	const body = `{"model": "chat", "messages":[{"role":"user","content":"is \"switchgear:\" a word?"},` +
		`{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"switchgear:openai:s1"},{"type":"redacted_thinking","data":"switchgear:openai:d"},{"type":"text","text":"\"switchgear:x\""}]},` +
		`{"role":"user","content":[{"type":"text","text":"go"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"switchgear::"}]},` +
		`{"role":"user","content":"on"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"ErUB"},{"type":"text","text":"ok"}]}],"max_tokens": 9}`
	const want = `{"model": "opus", "messages":[{"role":"user","content":"is \"switchgear:\" a word?"},{"role":"assistant","content":[{"type":"text","text":"\"switchgear:x\""}]},` +
		`{"role":"user","content":[{"type":"text","text":"go"}]},{"role":"user","content":"on"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"ErUB"},{"type":"text","text":"ok"}]}],"max_tokens": 9}`
	names := []string{"messages[1].parts[0] (thinking)", "messages[1].parts[1] (thinking)", "messages[3].parts[0] (thinking)"}
	out := mustEncode(t, wireCall(body, nil), false)
	if diff := cmp.Diff(want, string(jsonx.Join(out.Body))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(names, out.Dropped); diff != "" {
		t.Error(diff)
	}
	req, err := NewCodec().Decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if p := req.Messages[1].Parts[0]; p.Origin != "openai" || p.Signature != "s1" || p.Text != "hm" {
		t.Errorf("%+v", p)
	}
	typed := mustEncode(t, &switchgear.Call{Request: req, Target: switchgear.Target{Model: "opus"}}, false)
	if sent := string(jsonx.Join(typed.Body)); strings.Contains(sent, "switchgear:openai") || !strings.Contains(sent, "ErUB") {
		t.Errorf("sent %s", sent)
	}
	if diff := cmp.Diff([]string{names[0], "messages[1].parts[1] (redacted thinking)", names[2]}, typed.Dropped); diff != "" {
		t.Error(diff)
	}
	innocent := mustEncode(t, wireCall(`{"model":"chat","messages":[{"role":"user","content":[{"type":"text","text":"switchgear:"}]}]}`, nil), false)
	if len(innocent.Dropped) > 0 || len(innocent.Body) == 1 && !strings.Contains(string(innocent.Body[0]), `"switchgear:"`) {
		t.Errorf("%q", innocent.Body)
	}
}
