package crossing

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestLabelled holds translated requests to what was labelled by hand.
func TestLabelled(t *testing.T) {
	for _, pair := range pairs() {
		from, to := pair[0], pair[1]
		archive, err := txtar.ParseFile("testdata/" + from.name + "-" + to.name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		files := make(map[string][]byte)
		n := 0
		for _, f := range archive.Files {
			files[f.Name] = f.Data
		}
		for _, f := range archive.Files {
			name, ok := strings.CutSuffix(f.Name, ".request")
			if !ok {
				continue
			}
			n++
			t.Run(from.name+"/"+name, func(t *testing.T) {
				model := to.model
				if other := files[name+".model"]; other != nil {
					model = strings.TrimSpace(string(other))
				}
				labelled(t, from, to, model, f.Data, files[name+".body"], files[name+".dropped"])
			})
		}
		if n < 20 {
			t.Errorf("%s: only %d requests are labelled", from.name, n)
		}
	}
}

func labelled(t *testing.T, from, to *side, model string, request, body, lost []byte) {
	t.Helper()
	q, err := from.decode(request)
	if err != nil {
		t.Fatal(err)
	}
	out, dropped, err := to.encode(q, model, false)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	for document, v := range map[string]*any{string(body): &want, string(out): &got} {
		if err := json.Unmarshal([]byte(document), v); err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
	}
	if problems := holds(nil, "", want, got); len(problems) > 0 {
		t.Errorf("%s\nthe body is %s", strings.Join(problems, "\n"), out)
	}
	if strings.TrimSpace(string(lost)) == "..." {
		t.Logf("dropped %q", dropped)
		return
	}
	names := strings.FieldsFunc(string(lost), func(r rune) bool { return r == '\n' })
	slices.Sort(names)
	slices.Sort(dropped)
	if diff := cmp.Diff(names, append([]string{}, dropped...)); diff != "" && len(names)+len(dropped) > 0 {
		t.Errorf("dropped (-labelled +named)\n%s", diff)
	}
}

// holds compares a value with what it must hold.
func holds(problems []string, path string, want, got any) []string {
	if want == "$any" {
		if got == nil {
			problems = append(problems, path+" is missing")
		}
		return problems
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return append(problems, fmt.Sprintf("%s is %v, want an object", path, got))
		}
		for name, value := range w {
			problems = holds(problems, path+"."+name, value, g[name])
		}
		return problems
	case []any:
		g, ok := got.([]any)
		if text, is := got.(string); is {
			g, ok = []any{map[string]any{"type": "text", "text": text}}, true
		}
		if !ok || len(g) != len(w) {
			return append(problems, fmt.Sprintf("%s has %d elements, want %d", path, len(g), len(w)))
		}
		for i := range w {
			problems = holds(problems, fmt.Sprintf("%s[%d]", path, i), w[i], g[i])
		}
		return problems
	case string:
		if _, is := got.([]any); is {
			return holds(problems, path, []any{map[string]any{"type": "text", "text": w}}, got)
		}
		if last(path, "arguments") {
			if text, is := got.(string); is && arguments(text) == arguments(w) {
				return problems
			}
		}
	}
	if !cmp.Equal(want, got) {
		problems = append(problems, fmt.Sprintf("%s is %v, want %v", path, got, want))
	}
	return problems
}

// TestLabelsAreOurs sees that the labels hold no recorded text.
func TestLabelsAreOurs(t *testing.T) {
	a, _ := sides()
	for _, name := range []string{"anthropic-openai", "openai-anthropic"} {
		text, err := os.ReadFile("testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range a.records(t) {
			if len(r.RequestBody) > 60 && strings.Contains(string(text), string(r.RequestBody)) {
				t.Errorf("%s holds the request of record %s", name, r.ID)
			}
		}
	}
}
