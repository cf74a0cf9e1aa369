package crossing

import (
	"slices"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// across reads a body as one side's and writes it for a model of the other's.
func across(t *testing.T, from, to *side, body, model string, levers *switchgear.Levers) (string, []string) {
	t.Helper()
	q, err := from.decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	call := &switchgear.Call{Request: q, Target: switchgear.Target{Provider: to.name, Model: model}, Levers: levers}
	out, err := to.dialect.Encode(call, false)
	if err != nil {
		t.Fatal(err)
	}
	return string(jsonx.Join(out.Body)), out.Dropped
}

func names(dropped []string, word string) bool {
	return slices.ContainsFunc(dropped, func(s string) bool { return strings.Contains(s, word) })
}

// What a provider would refuse, or what would mean something else there, is
// fitted or named.
func TestHardCases(t *testing.T) {
	t.Parallel()
	a, o := sides()
	long := strings.Repeat("u", 150)
	for _, c := range []struct {
		name, body, model    string
		from, to             *side
		levers               *switchgear.Levers
		has, hasNot, dropped string
	}{
		{
			name: "thoughts that are not written are named", from: a, to: o, model: "deepseek-chat",
			body: `{"max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[
				{"type":"thinking","thinking":"hmm","signature":"switchgear:openai:"},{"type":"tool_use","id":"t1","name":"f","input":{}}]},
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r"}]}]}`,
			hasNot: `hmm`, dropped: "messages[1].parts[0]",
		},
		{
			name: "no thoughts to models that take none back", from: a, to: o, model: "gpt-5.4",
			body: `{"max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[
				{"type":"thinking","thinking":"hmm","signature":"switchgear:openai:"},{"type":"text","text":"a"}]},{"role":"user","content":"r"}]}`,
			hasNot: `hmm`, dropped: "messages[1].parts[0]",
		},
		{
			name: "a begun answer is not continued", from: a, to: o, model: "gpt-5.4",
			body:    `{"max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"{"}]}`,
			dropped: "messages[1] (a begun answer",
		},
		{
			name: "no budget behind a begun answer", from: o, to: a, model: "claude-sonnet-4-5",
			body:   `{"reasoning_effort":"low","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`,
			hasNot: `"thinking"`, dropped: "effort",
		},
		{
			name: "blank texts", from: o, to: a, model: "claude-opus-4-8",
			body: `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"\n\n","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
				{"role":"tool","tool_call_id":"c","content":"r"}]}`,
			hasNot: `"text":"\n\n"`,
		},
		{
			name: "a long id of the user", from: a, to: o, model: "gpt-5.4",
			body:   `{"max_tokens":9,"metadata":{"user_id":"` + long + `"},"messages":[{"role":"user","content":"q"}]}`,
			hasNot: long, dropped: "user",
		},
		{
			name: "more than four stop sequences", from: a, to: o, model: "gpt-4.1",
			body: `{"max_tokens":9,"stop_sequences":["a","b","c","d","e"],"messages":[{"role":"user","content":"q"}]}`,
			has:  `"stop":["a","b","c","d"]`, dropped: "stop[4]",
		},
		{
			name: "a step's budget and no limit of the client's", from: o, to: a, model: "claude-sonnet-4-5",
			levers: &switchgear.Levers{Thinking: &switchgear.Thinking{Mode: "enabled", Budget: 8000}},
			body:   `{"messages":[{"role":"user","content":"q"}]}`,
			has:    `"max_tokens":12096`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			body, dropped := across(t, c.from, c.to, c.body, c.model, c.levers)
			if c.has != "" && !strings.Contains(body, c.has) {
				t.Errorf("%s lacks %s (dropped %q)", body, c.has, dropped)
			}
			if c.hasNot != "" && strings.Contains(body, c.hasNot) {
				t.Errorf("%s holds %s", body, c.hasNot)
			}
			if c.dropped != "" && !names(dropped, c.dropped) {
				t.Errorf("dropped %q does not name %s; body %s", dropped, c.dropped, body)
			}
		})
	}
}
