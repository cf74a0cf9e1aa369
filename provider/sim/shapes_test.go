package sim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// paths collects the members of a JSON value: "choices[].delta.role". The
// insides of tool inputs and of embeddings are anyone's.
func paths(v any, at string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			path := strings.TrimPrefix(at+"."+name, ".")
			into[path] = true
			if name != "input" {
				paths(member, path, into)
			}
		}
	case []any:
		for _, item := range v {
			paths(item, at+"[]", into)
		}
	}
}

// shape is the set of members of an answer; those of a stream stand under the
// type of their event.
func shape(stream bool, body string) map[string]bool {
	into := map[string]bool{}
	if !stream {
		var v any
		if json.Unmarshal([]byte(body), &v) == nil {
			paths(v, "", into)
		}
		return into
	}
	for _, event := range (reply{body: body}).events() {
		var v map[string]any
		if json.Unmarshal([]byte(event), &v) == nil {
			kind, _ := v["type"].(string)
			paths(v, kind, into)
		}
	}
	return into
}

// TestShapesAreTheProviders compares the members of our answers with those of
// recorded ones: ours has none that no recording has, and lacks none that all
// recent recordings of the same kind have.
func TestShapesAreTheProviders(t *testing.T) {
	s := New(Options{})
	f := func(file, dialect, model, extra string, stream bool, features ...string) {
		t.Helper()
		known, always := map[string]bool{}, map[string]int{}
		n := 0
		for _, r := range corpus.Load(t, file) {
			if r.Status != 200 || r.Stream != stream || r.Suspect != nil {
				continue
			}
			body := r.ResponseText
			if !stream {
				body = string(r.ResponseBody)
			}
			got := shape(stream, body)
			maps.Copy(known, got)
			if r.Fidelity != "verbatim" || slices.ContainsFunc(features, func(x string) bool { return r.Has(x) == strings.HasPrefix(x, "!") }) || strings.HasPrefix(r.Model, "claude-3") || strings.HasPrefix(r.Model, "claude-2") || strings.HasPrefix(r.Model, "gpt-3") {
				continue
			}
			n++
			for path := range got {
				always[path]++
			}
		}
		ours := shape(stream, s.ask(t, dialect, request(model, stream, extra)).body)
		if n < 3 || len(ours) < 10 {
			t.Fatalf("%s %v: %d recordings, %d members", file, features, n, len(ours))
		}
		for path := range ours {
			if !known[path] {
				t.Errorf("%s %s, stream %v: no recording has %q", file, extra, stream, path)
			}
		}
		for path, times := range always {
			if times == n && !ours[path] {
				t.Errorf("%s %s, stream %v: all %d recordings have %q", file, extra, stream, n, path)
			}
		}
	}
	for _, stream := range []bool{true, false} {
		f("openai-chat.jsonl", openai, "gpt-4o", `,"stream_options":{"include_usage":true}`, stream, "fin:stop", "usage")
		f("openai-chat.jsonl", openai, "gpt-5", `,"stream_options":{"include_usage":true}`+twoTools, stream, "fin:tool_calls", "parallel_tools")
		f("anthropic-messages.jsonl", anthropic, "claude-sonnet-4-6", "", stream, "fin:end_turn")
		f("anthropic-messages.jsonl", anthropic, "claude-sonnet-4-6", `,"thinking":{"type":"enabled"}`, stream, "fin:end_turn", "signature")
		f("anthropic-messages.jsonl", anthropic, "claude-sonnet-4-6", twoAnthropicTools, stream, "fin:tool_use", "parallel_tools")
	}
}

// TestHeadersAreTheProviders expects the headers that nine recorded answers in
// ten have.
func TestHeadersAreTheProviders(t *testing.T) {
	s := New(Options{})
	for dialect, file := range map[string]string{openai: "openai-chat.jsonl", anthropic: "anthropic-messages.jsonl"} {
		seen, n := map[string]int{}, 0
		for _, r := range corpus.Load(t, file) {
			if r.Status != 200 || r.Fidelity != "verbatim" || r.ResponseHeaders["server"] != "cloudflare" {
				continue
			}
			n++
			for name := range r.ResponseHeaders {
				seen[name]++
			}
		}
		r := s.ask(t, dialect, request("sim-small", true, ""))
		for name, times := range seen {
			if times*10 >= n*9 && name != "transfer-encoding" && r.header.Get(name) == "" {
				t.Errorf("%s: %d of %d answers have the header %s", dialect, times, n, name)
			}
		}
		if n < 50 {
			t.Errorf("only %d recordings", n)
		}
	}
}

// TestErrorsAreLaidOutAsRecorded compares members and layout of errors.
func TestErrorsAreLaidOutAsRecorded(t *testing.T) {
	s := New(Options{})
	for dialect, file := range map[string]string{openai: "openai-chat.jsonl", anthropic: "anthropic-messages.jsonl"} {
		known := map[string]bool{}
		for _, r := range corpus.Load(t, file) {
			if r.Status >= 400 {
				maps.Copy(known, shape(false, string(r.ResponseBody)))
			}
		}
		for _, spec := range []string{"400", "401", "404", "503"} {
			r := s.ask(t, dialect, request("sim-"+spec, false, ""))
			if got := shape(false, r.body); !maps.Equal(got, known) {
				t.Errorf("%s %s has the members %v, recordings %v", dialect, spec, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(known)))
			}
		}
	}
	// Lengths as recorded: OpenAI lays out a bad key with four blanks and a
	// final newline, a bad parameter with two and without.
	if r := s.ask(t, openai, request("sim-401", false, "")); !strings.HasPrefix(r.body, "{\n    \"error\": {\n        \"message\"") || !strings.HasSuffix(r.body, "}\n") {
		t.Errorf("%q", r.body)
	}
	if r := s.ask(t, openai, request("sim-400", false, "")); !strings.HasPrefix(r.body, "{\n  \"error\": {\n    \"message\"") || !strings.HasSuffix(r.body, "}") {
		t.Errorf("%q", r.body)
	}
}
