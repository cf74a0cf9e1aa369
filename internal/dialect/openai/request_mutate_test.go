package openai

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// TestEveryLeafMutated puts something else in the place of every value of a
// request that has everything, one at a time, and leaves it out: what is still
// a request reads the same after it was written, or a loss is named.
func TestEveryLeafMutated(t *testing.T) {
	raw, err := os.ReadFile("testdata/request.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	taken, refused := 0, 0
	try := func() {
		body, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if stable(t, body) {
			taken++
		} else {
			refused++
		}
	}
	mutate(doc, try)
	if taken < 500 || refused < 100 {
		t.Errorf("%d taken, %d refused: too few to mean anything", taken, refused)
	}
}

// stable reports whether a body is a request, and fails if it reads otherwise
// after it was written.
func stable(t *testing.T, body []byte) bool {
	t.Helper()
	first, err := NewCodec().Decode(body)
	if err != nil {
		return false
	}
	enc, err := New().Encode(&switchgear.Call{Request: first}, true)
	if err != nil {
		t.Errorf("%v\n%s", err, body)
		return true
	}
	if len(enc.Dropped) > 0 {
		return true
	}
	second, err := NewCodec().Decode(jsonx.Join(enc.Body))
	if err != nil {
		t.Errorf("what was written cannot be read: %v\n%s", err, jsonx.Join(enc.Body))
		return true
	}
	first.Options, second.Options = nil, nil
	if !reflect.DeepEqual(first, second) {
		t.Errorf("it reads otherwise: %s\n%s", cmp.Diff(first, second), body)
	}
	return true
}

// mutate calls try with each value below v replaced or left out.
func mutate(v any, try func()) {
	others := []any{nil, "", "x", 1.0, 0.5, true, []any{}, map[string]any{}, []any{"x"}, map[string]any{"type": "x", "name": "y"}}
	switch v := v.(type) {
	case map[string]any:
		for k, was := range v {
			mutate(was, try)
			for _, other := range others {
				v[k] = other
				try()
			}
			delete(v, k)
			try()
			v[k] = was
			v["another"] = 1.0
			try()
			delete(v, "another")
		}
	case []any:
		for i, was := range v {
			mutate(was, try)
			for _, other := range others {
				v[i] = other
				try()
			}
			v[i] = was
		}
	}
}
