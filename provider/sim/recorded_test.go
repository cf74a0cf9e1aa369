package sim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/switchgear-dev/switchgear/internal/corpus"
)

// valid checks a JSON text against a schema.
func valid(t *testing.T, schema json.RawMessage, text string) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("mem:schema", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("mem:schema")
	if err != nil {
		t.Logf("a recorded schema does not compile: %v", err)
		return nil
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return compiled.Validate(v)
}

// TestRecordedRequestsAreAnswered sends every recorded request that its
// provider answered: each gets an answer in the way it asked for, and every
// structured output and tool argument satisfies the schema of the request.
func TestRecordedRequestsAreAnswered(t *testing.T) {
	s := New(Options{})
	counts := map[string]int{}
	for dialect, file := range map[string]string{openai: "openai-chat.jsonl", anthropic: "anthropic-messages.jsonl"} {
		for _, r := range corpus.Load(t, file) {
			if r.Status != http.StatusOK || len(r.RequestBody) < 10 || r.RequestMissing || r.Suspect != nil {
				continue
			}
			q, err := parse(dialect, r.RequestBody, 0)
			if err != nil {
				t.Errorf("%s: %v", r.ID, err)
				continue
			}
			if q.model == "" || len(q.wire.Messages) == 0 || (dialect == anthropic && q.wire.MaxTokens == nil) {
				continue // recorded in part
			}
			counts[dialect]++
			got := s.ask(t, dialect, string(r.RequestBody))
			if got.status != http.StatusOK || got.broken != nil || strings.HasPrefix(got.header.Get("Content-Type"), "text/event-stream") != q.stream {
				t.Errorf("%s %s: %d %v %.300s", file, r.ID, got.status, got.broken, got.body)
				continue
			}
			checkAgainstSchemas(t, r.ID, q, counts)
		}
	}
	t.Logf("answered %v", counts)
	if counts[openai] < 200 || counts[anthropic] < 300 || counts["schema"] < 20 || counts["arguments"] < 100 {
		t.Errorf("too few were answered: %v", counts)
	}
}

func checkAgainstSchemas(t *testing.T, id string, q *ask, counts map[string]int) {
	t.Helper()
	q.max, q.stops = 0, nil // a cut answer satisfies nothing
	a := q.compose(0, false)
	if q.schema != nil {
		counts["schema"]++
		if err := valid(t, q.schema, a.text); err != nil {
			t.Errorf("%s: %s: %v", id, a.text, err)
		}
	}
	for _, call := range a.calls {
		for _, tool := range q.tools {
			if tool.name != call.name || len(tool.schema) == 0 {
				continue
			}
			counts["arguments"]++
			if err := valid(t, tool.schema, call.args); err != nil {
				t.Errorf("%s: %s %s: %v", id, call.name, call.args, err)
			}
		}
	}
}

func TestOwnTransportOverMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		rt := &http.Transport{DialContext: s.DialContext}
		defer rt.CloseIdleConnections()
		for range 3 { // over one connection
			if r := post(t.Context(), rt, "http://sim", openai, request("sim-small", true, "")); r.status != 200 || r.broken != nil {
				t.Errorf("%d %v %v", r.status, r.err, r.broken)
			}
		}
	})
}
