package openai

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

func TestEffortFitsTheModel(t *testing.T) {
	thinking := func(mode string, budget int64) *switchgear.Thinking {
		return &switchgear.Thinking{Mode: mode, Budget: budget}
	}
	for _, c := range []struct {
		model    string
		effort   string
		thinking *switchgear.Thinking
		want     string // reasoning_effort; "" is none
		dropped  []string
	}{
		{"gpt-5", "high", nil, "high", nil},
		{"openai/gpt-5-mini", "max", nil, "high", []string{"effort (max as reasoning_effort high)"}},
		{"gpt-5.2", "max", nil, "xhigh", []string{"effort (max as reasoning_effort xhigh)"}},
		{"gpt-5", "none", nil, "minimal", []string{"effort (none as reasoning_effort minimal)"}},
		{"gpt-5.1", "minimal", nil, "none", []string{"effort (minimal as reasoning_effort none)"}},
		{"o3", "xhigh", nil, "high", []string{"effort (xhigh as reasoning_effort high)"}},
		{"gpt-4o", "high", nil, "", []string{"effort"}},
		{"glm-4.7", "max", nil, "max", nil},
		{"gpt-5.2", "", thinking("disabled", 0), "none", nil},
		{"gpt-4o", "", thinking("disabled", 0), "", nil},
		{"o3", "", thinking("disabled", 0), "low", []string{"thinking.mode (none as reasoning_effort low)"}},
		{"gpt-5.2", "", thinking("adaptive", 0), "medium", nil},
		{"gpt-5.2", "", thinking("enabled", 2000), "low", []string{"thinking.budget (2000 as reasoning_effort low)"}},
		{"gpt-5.2", "", thinking("enabled", 10000), "medium", []string{"thinking.budget (10000 as reasoning_effort medium)"}},
		{"gpt-5.2", "", thinking("enabled", 32000), "high", []string{"thinking.budget (32000 as reasoning_effort high)"}},
		{"gpt-4o", "", thinking("enabled", 32000), "", []string{"thinking"}},
		{"gpt-5.2", "low", thinking("adaptive", 0), "low", nil},
		{"gpt-5.2", "low", thinking("enabled", 9), "low", []string{"thinking.budget"}},
		{"gpt-5.2", "low", thinking("disabled", 0), "low", []string{"thinking"}},
	} {
		req := switchgear.Ask("r", "Hi")
		req.Effort, req.Thinking = c.effort, c.thinking
		enc, err := New().Encode(&switchgear.Call{Request: req, Target: switchgear.Target{Model: c.model}}, false)
		if err != nil {
			t.Fatal(err)
		}
		var spans [1]jsonx.Span
		body := jsonx.Join(enc.Body)
		if err := jsonx.Find(body, []string{"reasoning_effort"}, spans[:]); err != nil {
			t.Fatal(err)
		}
		got := strings.Trim(string(body[spans[0].Start:spans[0].End]), `"`)
		if diff := cmp.Diff(c.dropped, enc.Dropped); got != c.want || diff != "" {
			t.Errorf("%s %q %+v: %q, want %q; %s", c.model, c.effort, c.thinking, got, c.want, diff)
		}
	}
}
