package anthropic

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// alike compares answers: arguments by their meaning, blocks by theirs, and
// without texts that are empty, which are not written.
func alike(t *testing.T, a, b *switchgear.Response) string {
	t.Helper()
	a, b = normal(t, a), normal(t, b)
	if reflect.DeepEqual(a.Choices, b.Choices) && a.Usage == b.Usage && a.ID == b.ID && a.Model == b.Model {
		return "" // cmp takes ten times as long to find nothing
	}
	return cmp.Diff(a, b, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(switchgear.Response{}, "Wire", "Extra"))
}

func normal(t *testing.T, r *switchgear.Response) *switchgear.Response {
	t.Helper()
	out := *r
	out.ID = answerID(r.ID)
	c := r.Choices[0]
	var parts []switchgear.Part
	for _, p := range c.Parts {
		if p.Kind == switchgear.PartText && p.Text == "" {
			continue
		}
		if p.Call != nil {
			call := *p.Call
			call.Arguments = string(canonical(t, call.Arguments))
			p.Call = &call
		}
		if p.Raw != nil {
			p.Raw = canonical(t, string(p.Raw))
		}
		if cited, ok := p.Extra["citations"]; ok {
			p.Extra = map[string]json.RawMessage{"citations": canonical(t, string(cited))}
			if string(cited) == "[]" {
				p.Extra, p.Origin = nil, ""
			}
		}
		parts = append(parts, p)
	}
	c.Parts = parts
	out.Choices = []switchgear.Choice{c}
	return &out
}

// TestAnswersComeThrough writes every recorded answer, and reads it again.
func TestAnswersComeThrough(t *testing.T) {
	n := 0
	for _, r := range corpus.Load(t, everything...) {
		if r.Status >= 300 || streamed(r) || r.Has("in_stream_error") {
			continue
		}
		n++
		want := answer(t, r)
		body, dropped, err := NewCodec().Answer(nil, want)
		if err != nil || len(dropped) > 0 {
			t.Fatalf("record %s: %v, dropped %v", r.ID, err, dropped)
		}
		if err := jsonx.Check(body); err != nil {
			t.Fatalf("record %s: %v", r.ID, err)
		}
		got, err := New().Decode(body)
		if err != nil {
			t.Fatalf("record %s: %v", r.ID, err)
		}
		if diff := alike(t, want, got); diff != "" {
			t.Errorf("record %s (-came +written)\n%s", r.ID, diff)
		}
	}
	if n < 340 {
		t.Errorf("only %d answers were written", n)
	}
}

// TestStreamsComeThrough writes every recorded stream, event by event, and
// reads it again.
func TestStreamsComeThrough(t *testing.T) {
	n := 0
	for _, r := range corpus.Load(t, everything...) {
		if !streamed(r) || several(r) || r.Status >= 300 || r.Has("in_stream_error") {
			continue
		}
		n++
		want := collect(t, strings.NewReader(r.ResponseText))
		enc := NewCodec().Stream(nil)
		var out []byte
		for i := range want.events {
			out = enc.Event(out, &want.events[i])
		}
		out = enc.End(out, &want.response.Usage)
		got := collect(t, strings.NewReader(string(out)))
		if got.err != nil {
			t.Fatalf("record %s: %v", r.ID, got.err)
		}
		if diff := alike(t, &want.response, &got.response); diff != "" {
			t.Errorf("record %s (-came +written)\n%s", r.ID, diff)
		}
	}
	if n < 160 {
		t.Errorf("only %d streams were written", n)
	}
}

// TestForeignAnswer is one of another dialect.
func TestForeignAnswer(t *testing.T) {
	resp := &switchgear.Response{
		ID: "chatcmpl-1.2", Model: "gpt-x",
		Choices: []switchgear.Choice{
			{
				Parts: []switchgear.Part{
					{Kind: switchgear.PartThinking, Text: "hm", Origin: "openai", Extra: map[string]json.RawMessage{"reasoning_content": json.RawMessage(`"hm"`)}},
					{Kind: switchgear.PartRedacted, Signature: "gAAA", Origin: "openai"},
					{Text: ""},
					{Text: "a\n", Origin: "openai", Extra: map[string]json.RawMessage{"annotations": json.RawMessage(`[{}]`), "none": json.RawMessage(`[]`)}},
					{Kind: switchgear.PartToolCall, Origin: "openai", Call: &switchgear.ToolCall{ID: "call_1", Name: "f", Arguments: `{"x":1}`}},
					{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{Name: "g"}},
					{Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: "call_3", Name: "h", Arguments: `{"cut":`}},
					{Kind: switchgear.PartToolCall},
					{Kind: switchgear.PartAudio, Media: &switchgear.Media{Data: "AAAA"}},
					{Kind: switchgear.PartOther, Raw: json.RawMessage(`{"type":"x"}`), Origin: "openai"},
				},
				Finish: switchgear.Finish{Kind: switchgear.FinishStop, Reason: "stop"},
				Extra:  map[string]json.RawMessage{"logprobs": json.RawMessage(`{"content":[]}`), "content_filter_results": json.RawMessage(`{}`)},
			},
			{Index: 1},
		},
		Usage: switchgear.Usage{
			Input: 100, CacheRead: 30, CacheWrite: 20, CacheWriteHour: 5, Output: 7, Reasoning: 3,
			Known: switchgear.UsageInput | switchgear.UsageOutput | switchgear.UsageCacheRead | switchgear.UsageCacheWrite | switchgear.UsageCacheWriteHour | switchgear.UsageReasoning,
		},
		Extra: map[string]json.RawMessage{"system_fingerprint": json.RawMessage(`"fp"`)},
	}
	body, dropped, err := NewCodec().Answer(nil, resp)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"id":"msg_chatcmpl-1_2","type":"message","role":"assistant","model":"gpt-x","content":[` +
		`{"type":"thinking","thinking":"hm","signature":"switchgear:openai:"},{"type":"redacted_thinking","data":"switchgear:openai:gAAA"},` +
		`{"type":"text","text":"a\n"},{"type":"tool_use","id":"call_1","name":"f","input":{"x":1}},` +
		`{"type":"tool_use","id":"toolu_chatcmpl-1_2_4","name":"g","input":{}},{"type":"tool_use","id":"call_3","name":"h","input":{}}],` +
		`"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":50,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,` +
		`"cache_creation":{"ephemeral_5m_input_tokens":15,"ephemeral_1h_input_tokens":5},"output_tokens":7,"output_tokens_details":{"thinking_tokens":3}}}`
	if diff := cmp.Diff(want, string(body)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"choices[0].parts[3].extra.annotations", "choices[0].parts[6].call.arguments", "choices[0].parts[7]", "choices[0].parts[8] (audio)",
		"choices[0].parts[9]", "choices[0].extra.logprobs", "choices[1]",
	}, dropped); diff != "" {
		t.Error(diff)
	}
}

func TestStopReasons(t *testing.T) {
	for _, tt := range []struct {
		finish           switchgear.Finish
		called, declined bool
		want             string
	}{
		{switchgear.Finish{Kind: switchgear.FinishStop, Reason: "stop"}, false, false, "end_turn"},
		{switchgear.Finish{Kind: switchgear.FinishStop, Reason: "stop"}, true, false, "tool_use"},
		{switchgear.Finish{Kind: switchgear.FinishStop, Reason: "stop"}, false, true, "refusal"},
		{switchgear.Finish{Kind: switchgear.FinishStop, Sequence: "END"}, false, false, "stop_sequence"},
		{switchgear.Finish{Kind: switchgear.FinishStop, Reason: "stop_sequence"}, false, false, "stop_sequence"},
		{switchgear.Finish{Kind: switchgear.FinishLength, Reason: "length"}, true, false, "max_tokens"},
		{switchgear.Finish{Kind: switchgear.FinishLength, Reason: "model_context_window_exceeded"}, false, false, "model_context_window_exceeded"},
		{switchgear.Finish{Kind: switchgear.FinishToolCall, Reason: "tool_calls"}, true, false, "tool_use"},
		{switchgear.Finish{Kind: switchgear.FinishFilter, Reason: "content_filter"}, true, false, "refusal"},
		{switchgear.Finish{Kind: switchgear.FinishPause}, false, false, "pause_turn"},
		{switchgear.Finish{}, true, false, "tool_use"},
		{switchgear.Finish{}, false, false, "end_turn"},
		{switchgear.Finish{Kind: switchgear.FinishOther, Reason: "eos"}, false, false, "end_turn"},
	} {
		if got := stopReason(tt.finish, tt.called, tt.declined); got != tt.want {
			t.Errorf("%+v, %v, %v: got %s, want %s", tt.finish, tt.called, tt.declined, got, tt.want)
		}
	}
}

// TestUsageNeverNegative: some providers count more from the cache than read.
func TestUsageNeverNegative(t *testing.T) {
	u := switchgear.Usage{}
	u.Set(switchgear.UsageInput, 10)
	u.Set(switchgear.UsageCacheRead, 12)
	var w jsonx.Writer
	writeUsage(&w, &u)
	if got := string(w.Buf()); got != `{"input_tokens":0,"cache_creation_input_tokens":null,"cache_read_input_tokens":12,"output_tokens":0}` {
		t.Error(got)
	}
}
