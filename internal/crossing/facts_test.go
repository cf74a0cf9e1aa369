package crossing

import (
	"slices"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/capability"
	"github.com/switchgear-dev/switchgear/internal/dialect/anthropic"
	"github.com/switchgear-dev/switchgear/internal/dialect/openai"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// TestEffortOfTheCatalogue holds what the dialect believes OpenAI's models take
// against what the catalogue knows: a word the model takes goes out as it is,
// and one it does not take goes out as another, or not at all, and is named.
func TestEffortOfTheCatalogue(t *testing.T) {
	seen := 0
	all := capability.All()
	for i := range all {
		m := &all[i]
		if m.Host != "openai" || len(m.Effort) == 0 {
			continue
		}
		seen++
		for _, word := range []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"} {
			req := switchgear.Ask("", "hello")
			req.Effort = word
			out, err := openai.New().Encode(&switchgear.Call{Request: req, Target: switchgear.Target{Model: m.ID}}, false)
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Contains(string(jsonx.Join(out.Body)), `"reasoning_effort":"`+word+`"`)
			if takes := slices.Contains(m.Effort, word); said != takes || (!takes && len(out.Dropped) == 0) {
				t.Errorf("%s takes %v; %s: said %v, dropped %v", m.ID, m.Effort, word, said, out.Dropped)
			}
		}
	}
	if seen < 15 {
		t.Fatalf("only %d models were looked at", seen)
	}
}

// TestFilesStayWithTheirProvider: the id of a file that one provider keeps
// means nothing to the other, or somebody else's file.
func TestFilesStayWithTheirProvider(t *testing.T) {
	body := `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[
		{"type":"text","text":"Read this."},{"type":"document","source":{"type":"file","file_id":"file_011C"}}]}]}`
	req, err := anthropic.NewCodec().Decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	out, err := openai.New().Encode(&switchgear.Call{Request: req, Target: switchgear.Target{Model: "gpt-5.4"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	if said := string(jsonx.Join(out.Body)); strings.Contains(said, "file_011C") || !slices.Contains(out.Dropped, "messages[0].parts[1] (document)") {
		t.Errorf("%s\ndropped %v", said, out.Dropped)
	}
}
