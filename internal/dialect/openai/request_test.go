package openai

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

func TestRecordedRequestsDecode(t *testing.T) {
	read := 0
	for _, r := range chats(t) {
		if len(r.RequestBody) == 0 || string(r.RequestBody) == "null" {
			continue
		}
		req, err := NewCodec().Decode(r.RequestBody)
		if err != nil {
			t.Errorf("%s %s (status %d): %v", r.API, r.ID, r.Status, err)
			continue
		}
		if len(req.Messages) == 0 && len(req.System) == 0 {
			t.Errorf("%s %s: nothing was read", r.API, r.ID)
		}
		read++
	}
	if read < 700 {
		t.Errorf("only %d requests were read", read)
	}
}

// TestRecordedRequestsRoundTrip reads every recorded request and writes it
// again: the same comes out, but for what Decode says means the same, and for
// what is named.
func TestRecordedRequestsRoundTrip(t *testing.T) {
	lossy := map[string]int{}
	whole := 0
	for _, r := range chats(t) {
		if len(r.RequestBody) == 0 || string(r.RequestBody) == "null" {
			continue
		}
		req, err := NewCodec().Decode(r.RequestBody)
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		enc, err := New().Encode(&switchgear.Call{Request: req, Target: switchgear.Target{Model: "m"}}, r.Stream)
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		body := jsonx.Join(enc.Body)
		for _, d := range enc.Dropped {
			lossy[d[strings.LastIndexByte(d, ']')+1:]]++
		}
		if len(enc.Dropped) > 0 {
			continue
		}
		whole++
		if diff := cmp.Diff(settled(t, r.RequestBody), settled(t, body)); diff != "" {
			t.Errorf("%s %s: -was +is\n%s", r.API, r.ID, diff)
		}
	}
	// Thoughts that Anthropic signed are named, not sent to a host that may
	// refuse them.
	if diff := cmp.Diff(map[string]int{" (thinking)": 7}, lossy); diff != "" {
		t.Errorf("lost: -want +got\n%s", diff)
	}
	if whole < 700 {
		t.Errorf("only %d requests came back whole", whole)
	}
}

// settled is a request with everything that means the same written the same
// way. It knows nothing of the decoder.
func settled(t *testing.T, body []byte) any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	dropNulls(m)
	for _, name := range []string{"model", "stream", "stream_options"} {
		delete(m, name)
	}
	for name, idle := range map[string]any{"n": 1.0, "frequency_penalty": 0.0, "presence_penalty": 0.0, "logprobs": false} {
		if m[name] == idle {
			delete(m, name)
		}
	}
	rename(m, "max_tokens", "max_completion_tokens")
	if s, ok := m["stop"].(string); ok {
		m["stop"] = []any{s}
	}
	if m["tool_choice"] == "any" {
		m["tool_choice"] = "required"
	}
	if c, ok := m["tool_choice"].(map[string]any); ok && c["type"] == nil {
		c["type"] = "function"
	}
	if f, ok := m["response_format"].(map[string]any); ok {
		if f["type"] == "text" {
			delete(m, "response_format")
		}
		lax(f["json_schema"])
	}
	tools, _ := m["tools"].([]any)
	for _, tool := range tools {
		lax(tool.(map[string]any)["function"])
	}
	if len(tools) == 0 {
		delete(m, "tools")
	}
	m["messages"] = settledMessages(m["messages"].([]any))
	return m
}

func lax(of any) {
	if f, ok := of.(map[string]any); ok && f["strict"] == false {
		delete(f, "strict")
	}
}

func rename(m map[string]any, from, to string) {
	if v, ok := m[from]; ok {
		delete(m, from)
		m[to] = v
	}
}

func dropNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			switch k {
			case "parameters", "schema", "logit_bias", "metadata", "provider", "reasoning_details": // the client's own
				continue
			}
			if dropNulls(x); x == nil {
				delete(v, k)
			}
		}
	case []any:
		for _, x := range v {
			dropNulls(x)
		}
	}
}

func settledMessages(in []any) (out []any) {
	for _, v := range in {
		m := v.(map[string]any)
		if m["role"] == "developer" {
			m["role"] = "system"
		}
		blocks := settledContent(m)
		marker := m["cache_control"]
		delete(m, "cache_control")
		for _, echo := range []string{"annotations", "tool_calls"} {
			if list, ok := m[echo].([]any); ok && len(list) == 0 {
				delete(m, echo)
			}
		}
		calls, _ := m["tool_calls"].([]any)
		for _, c := range calls {
			delete(c.(map[string]any), "index")
		}
		switch {
		case marker == nil:
		case len(calls) > 0:
			calls[len(calls)-1].(map[string]any)["cache_control"] = marker
		default:
			blocks[len(blocks)-1].(map[string]any)["cache_control"] = marker
		}
		m["content"] = blocks
		if n := len(out); n > 0 && m["role"] == "system" && out[n-1].(map[string]any)["role"] == "system" && n == 1 {
			first := out[0].(map[string]any)
			first["content"] = append(first["content"].([]any), blocks...)
			continue
		}
		out = append(out, m)
	}
	return out
}

func settledContent(m map[string]any) []any {
	var blocks []any
	switch c := m["content"].(type) {
	case string:
		if c != "" {
			blocks = []any{map[string]any{"type": "text", "text": c}}
		}
	case []any:
		blocks = c
	}
	for _, b := range blocks {
		block := b.(map[string]any)
		if url, ok := block["image_url"].(string); ok {
			block["image_url"] = map[string]any{"url": url}
		}
	}
	return blocks
}
