package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
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
	if list, ok := m["modalities"].([]any); ok && len(list) == 1 && list[0] == "text" {
		delete(m, "modalities")
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
		t := tool.(map[string]any)
		if lax(t["function"]); t["type"] == nil && t["function"] != nil {
			t["type"] = "function"
		}
	}
	if len(tools) == 0 {
		delete(m, "tools")
	}
	m["messages"] = settledMessages(m["messages"].([]any))
	return m
}

func lax(of any) {
	f, ok := of.(map[string]any)
	if !ok {
		return
	}
	if f["strict"] == false {
		delete(f, "strict")
	}
	if f["description"] == "" {
		delete(f, "description")
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
			if x == nil {
				delete(v, k)
				continue
			}
			switch k {
			case "parameters", "schema", "logit_bias", "metadata", "provider", "reasoning_details": // the client's own
				continue
			}
			dropNulls(x)
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
		if m["reasoning_content"] == "" {
			delete(m, "reasoning_content")
		}
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
		for _, b := range c {
			switch block := b.(map[string]any); {
			case block["type"] == "refusal":
				m["refusal"] = block["refusal"]
			case block["text"] != "":
				blocks = append(blocks, b)
			}
		}
	}
	for _, b := range blocks {
		block := b.(map[string]any)
		if url, ok := block["image_url"].(string); ok {
			block["image_url"] = map[string]any{"url": url}
		}
	}
	return blocks
}

// badRequests are requests that are refused, with the path that is named.
var badRequests = []struct{ body, param string }{
	{`[]`, ""},
	{`{"messages":[],"messages":1}`, "messages"},
	{`{"messages":"x"}`, "messages"},
	{`{"messages":["x"]}`, "messages[0]"},
	{`{"messages":[{"content":"x"}]}`, "messages[0].role"},
	{`{"messages":[{"role":"narrator","content":"x"}]}`, "messages[0].role"},
	{`{"messages":[{"role":"user","content":1}]}`, "messages[0].content"},
	{`{"messages":[{"role":"user","content":"a"},{"role":"user","content":["x"]}]}`, "messages[1].content[0]"},
	{`{"messages":[{"role":"user","content":[{"text":"x"}]}]}`, "messages[0].content[0].type"},
	{`{"messages":[{"role":"user","content":[{"type":"text"}]}]}`, "messages[0].content[0].text"},
	{`{"messages":[{"role":"user","content":[{"type":"text","text":{}}]}]}`, "messages[0].content[0].text"},
	{`{"messages":[{"role":"tool","content":"x"}]}`, "messages[0].tool_call_id"},
	{`{"messages":[{"role":"user","tool_call_id":"a","content":"x"}]}`, "messages[0].tool_call_id"},
	{`{"messages":[{"role":"user","content":"x","tool_calls":[{"id":"a","function":{"name":"f"}}]}]}`, "messages[0].tool_calls"},
	{`{"messages":[{"role":"user","content":"x","reasoning":"r"}]}`, "messages[0].reasoning"},
	{`{"messages":[{"role":"assistant","tool_calls":{}}]}`, "messages[0].tool_calls"},
	{`{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}]}`, "messages[0].tool_calls[0].id"},
	{`{"messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"arguments":"{}"}}]}]}`, "messages[0].tool_calls[0].function.name"},
	{`{"messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"x","function":{"name":"f"}}]}]}`, "messages[0].tool_calls[0].type"},
	{`{"messages":[{"role":"assistant","function_call":{"arguments":"{}"}}]}`, "messages[0].function_call.name"},
	{`{"messages":[{"role":"assistant","function_call":"x"}]}`, "messages[0].function_call"},
	{`{"tools":{}}`, "tools"},
	{`{"tools":[{}]}`, "tools[0].type"},
	{`{"tools":[{"type":"function"}]}`, "tools[0].function.name"},
	{`{"tools":[{"type":"function","function":{"name":"f","parameters":"x"}}]}`, "tools[0].function.parameters"},
	{`{"tools":[{"type":"function","function":{"name":"f","strict":1}}]}`, "tools[0].function.strict"},
	{`{"functions":[{"description":"x"}]}`, "functions[0].name"},
	{`{"function_call":{}}`, "function_call"},
	{`{"tool_choice":1}`, "tool_choice"},
	{`{"parallel_tool_calls":"yes"}`, "parallel_tool_calls"},
	{`{"response_format":"json"}`, "response_format"},
	{`{"response_format":{"type":"json_schema","json_schema":{"name":1}}}`, "response_format.json_schema.name"},
	{`{"max_tokens":1.5}`, "max_tokens"},
	{`{"max_tokens":1,"max_completion_tokens":2}`, "max_tokens"},
	{`{"temperature":"warm"}`, "temperature"},
	{`{"stop":{}}`, "stop"},
	{`{"stop":["a",1]}`, "stop"},
	{`{"user":1}`, "user"},
}

func TestBadRequestsAreRefused(t *testing.T) {
	for _, c := range badRequests {
		req, err := NewCodec().Decode([]byte(c.body))
		e, ok := errors.AsType[*switchgear.Error](err)
		if !ok || e.Class != switchgear.ClassInvalid || e.Param != c.param || !strings.Contains(e.Message, c.param) || req != nil {
			t.Errorf("%s: %+v", c.body, err)
		}
	}
}

// TestEveryForm shows what becomes of every form a member can have:
// testdata/request.json is read and written again.
func TestEveryForm(t *testing.T) {
	body, err := os.ReadFile("testdata/request.json")
	if err != nil {
		t.Fatal(err)
	}
	req, err := NewCodec().Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	enc, err := New().Encode(&switchgear.Call{Request: req, Target: switchgear.Target{Model: "m"}}, true)
	if err != nil || len(enc.Dropped) > 0 {
		t.Fatalf("%v, dropped %v", err, enc.Dropped)
	}
	want, got := settled(t, body), settled(t, jsonx.Join(enc.Body))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-was +is\n%s", diff)
	}
	if !bytes.Contains(jsonx.Join(enc.Body), []byte(`"stream_options":{"include_usage":true,"include_obfuscation":false}`)) {
		t.Errorf("the options of the stream are lost: %s", jsonx.Join(enc.Body))
	}
	part := func(i, j int) *switchgear.Part { return &req.Messages[i].Parts[j] }
	no := false
	for _, c := range []struct {
		what      string
		want, got any
	}{
		{"instructions", 2, len(req.System)},
		{"cache", &switchgear.Cache{TTL: "1h"}, req.System[1].Cache},
		{"picture", &switchgear.Media{Type: "image/png", Data: "QUJD", Detail: "low"}, part(0, 1).Media},
		{"file", &switchgear.Media{Type: "application/pdf", Data: "QUJD", Name: "a.pdf"}, part(0, 4).Media},
		{"sound", &switchgear.Media{Type: "audio/mpeg", Data: "QUJD"}, part(0, 6).Media},
		{"unknown block", switchgear.PartOther, part(0, 8).Kind},
		{"thought", "hm", part(1, 0).Text},
		{"call", &switchgear.ToolCall{ID: "call_1", Name: "f", Arguments: `{"x":1}`}, part(1, 2).Call},
		{"result", 2, len(part(2, 0).Result.Parts)},
		{"mid-conversation", switchgear.RoleSystem, req.Messages[4].Role},
		{"call of a function", part(5, 1).Call.ID, part(6, 0).Result.CallID},
		{"refusal", switchgear.PartRefusal, part(7, 1).Kind},
		{"choice", &switchgear.ToolChoice{Mode: "tool", Name: "own", Parallel: &no}, req.Choice},
		{"stop", []string{"END"}, req.Stop},
		{"limit", int64(1000), *req.Sampling.MaxTokens},
		{"user", "u1", req.User},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: %s", c.what, diff)
		}
	}
}
