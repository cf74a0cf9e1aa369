package anthropic

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/corpus"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// through reads a request and writes it for a target of the same dialect.
func through(t *testing.T, body []byte) (sent []byte, dropped []string) {
	t.Helper()
	env, err := NewCodec().Scan(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := NewCodec().Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	out := mustEncode(t, &switchgear.Call{Request: req, Target: switchgear.Target{Model: env.Model}}, env.Stream)
	sent = jsonx.Join(out.Body)
	if err := jsonx.Check(sent); err != nil {
		t.Fatalf("%v in %s", err, sent)
	}
	return sent, out.Dropped
}

// meaning is a request without what says nothing: nulls, a text in place of its
// only block, defaults, texts that are empty, the borders between turns of the
// same speaker.
func meaning(t *testing.T, body []byte) any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	noNulls(v)
	if v["stream"] == false {
		delete(v, "stream")
	}
	if _, ok := v["max_tokens"]; !ok {
		v["max_tokens"] = float64(DefaultMaxTokens)
	}
	if format, ok := v["output_format"]; ok {
		delete(v, "output_format")
		config, _ := v["output_config"].(map[string]any)
		if config == nil {
			config = map[string]any{}
		}
		config["format"] = format
		v["output_config"] = config
	}
	tools, _ := v["tools"].([]any)
	for _, tool := range tools {
		tool := tool.(map[string]any)
		for key, nothing := range map[string]any{"type": "custom", "strict": false, "description": ""} {
			if tool[key] == nothing {
				delete(tool, key)
			}
		}
	}
	if len(tools) == 0 {
		delete(v, "tools")
	}
	for _, key := range []string{"output_config", "metadata"} {
		if object, ok := v[key].(map[string]any); ok && len(object) == 0 {
			delete(v, key)
		}
	}
	if v["system"] = blocks(v["system"]); len(v["system"].([]any)) == 0 {
		delete(v, "system")
	}
	v["messages"] = turnsOf(v["messages"])
	return v
}

func turnsOf(messages any) []any {
	var turns []any
	for _, m := range messages.([]any) {
		m := m.(map[string]any)
		content := blocks(m["content"])
		last := map[string]any{}
		if len(turns) > 0 {
			last = turns[len(turns)-1].(map[string]any)
		}
		switch {
		case len(content) == 0:
		case last["role"] == m["role"]:
			last["content"] = append(last["content"].([]any), content...)
		default:
			m["content"] = content
			turns = append(turns, m)
		}
	}
	return turns
}

func blocks(content any) []any {
	if s, ok := content.(string); ok {
		content = []any{map[string]any{"type": "text", "text": s}}
	}
	list, _ := content.([]any)
	list = slices.DeleteFunc(slices.Clone(list), func(b any) bool {
		block, _ := b.(map[string]any)
		return block["type"] == "text" && block["text"] == ""
	})
	for _, b := range list {
		block := b.(map[string]any)
		if block["type"] != "tool_result" {
			continue
		}
		if block["is_error"] == false {
			delete(block, "is_error")
		}
		if content, ok := block["content"]; ok {
			if block["content"] = blocks(content); len(block["content"].([]any)) == 0 {
				delete(block, "content")
			}
		}
	}
	return list
}

func noNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			if member == nil {
				delete(v, key)
			}
			noNulls(member)
		}
	case []any:
		for _, element := range v {
			noNulls(element)
		}
	}
}

// TestRequestsComeThrough: what is read and written again means the same, and
// nothing is dropped.
func TestRequestsComeThrough(t *testing.T) {
	n := 0
	for _, r := range corpus.Load(t, append([]string{"anthropic-count_tokens.jsonl"}, everything...)...) {
		if r.ID == "3525d952706b9594" || len(r.RequestBody) == 0 {
			continue // refused by the provider: a message is a string
		}
		if _, err := NewCodec().Scan(r.RequestBody); err != nil {
			continue // no body, or one for another path of the cloud
		}
		n++
		sent, dropped := through(t, r.RequestBody)
		if diff := cmp.Diff(meaning(t, r.RequestBody), meaning(t, sent)); diff != "" {
			t.Errorf("record %s (-came +sent)\n%s", r.ID, diff)
		}
		if len(dropped) > 0 {
			t.Errorf("record %s: dropped %v", r.ID, dropped)
		}
	}
	if n < 400 {
		t.Errorf("only %d requests came through", n)
	}
	t.Logf("%d requests", n)
}

// TestShapesComeThrough holds the shapes no recording has.
func TestShapesComeThrough(t *testing.T) {
	for _, body := range []string{
		`{"thinking":{"type":"adaptive","display":"omitted"},"tool_choice":{"type":"auto","disable_parallel_tool_use":true,"new":1}}`,
		`{"thinking":{"type":"new","depth":3}}`,
		`{"metadata":{"user_id":"u","trace":"x"},"service_tier":"standard_only","context_management":{"edits":[]},"betas":["a"]}`,
		`{"output_config":{"effort":"max","format":{"type":"grammar","rule":"x"},"task_budget":{"total":1}}}`,
		`{"output_format":{"type":"json_schema","schema":{"type":"object"},"name":"x"}}`,
		`{"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h","scope":"global"}},{"type":"text","text":"b","cache_control":{"type":"lasting"}}]}`,
		`{"tools":[{"type":"custom","name":"f","input_schema":{"type":"object"},"input_examples":[{}],"strict":true,"cache_control":{"type":"ephemeral","scope":"x"}},
			{"type":"bash_20250124","name":"bash","cache_control":{"type":"ephemeral"}}]}`,
		`{"messages":[{"role":"user","content":[
			{"type":"document","source":{"type":"text","media_type":"text/plain","data":"héllo"},"title":"t","context":"c","citations":{"enabled":true}},
			{"type":"document","source":{"type":"content","content":[{"type":"text","text":"x"}]},"title":"t"},
			{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE","filename":"f"}},
			{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"},"cache_control":{"type":"ephemeral"}},
			{"type":"image","source":{"type":"file","file_id":"f"}},{"type":"image","source":{"type":"new","handle":"f"}},
			{"type":"search_result","source":"s","title":"t","content":[]}]},
			{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"s"},{"type":"redacted_thinking","data":"d"},
				{"type":"tool_use","id":"toolu_1","name":"f","input":{"a": [1.0, 2e3]},"caller":{"type":"direct"}},{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}],"stamp":1},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},{"type":"tool_reference","tool_name":"x"}]}]},
			{"role":"system","content":"be brief"}]}`,
	} {
		members := strings.TrimPrefix(body, "{")
		if !strings.Contains(body, `"messages"`) {
			members = `"messages":[],` + members
		}
		whole := []byte(`{"model":"claude-opus-4-8",` + members)
		sent, dropped := through(t, whole)
		if diff := cmp.Diff(meaning(t, whole), meaning(t, sent)); diff != "" {
			t.Errorf("%s (-came +sent)\n%s", body, diff)
		}
		if len(dropped) > 0 {
			t.Errorf("%s: dropped %v", body, dropped)
		}
	}
}
