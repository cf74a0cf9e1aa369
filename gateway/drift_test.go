package gateway

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

// TestRelation: spellings of a host are no drift, a snapshot of an alias is one
// only when it changes, and everything else is another model.
func TestRelation(t *testing.T) {
	f := func(asked, answered string, want kin, snapshot string) {
		t.Helper()
		if got, name := relation(asked, answered); got != want || name != snapshot {
			t.Errorf("%s answered by %s: %d %q, want %d %q", asked, answered, got, name, want, snapshot)
		}
	}
	f("gpt-5.4-mini", "gpt-5.4-mini-2026-03-01", kinSnapshot, "gpt-5.4-mini-2026-03-01")
	f("gpt-4", "gpt-4-0613", kinSnapshot, "gpt-4-0613")
	f("claude-sonnet-5", "claude-sonnet-5-20260120", kinSnapshot, "claude-sonnet-5-20260120")
	f("claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219", kinSnapshot, "claude-3-7-sonnet-20250219")
	f("gemini-2.5-pro", "gemini-2.5-pro-preview-05-06", kinSnapshot, "gemini-2.5-pro-preview-05-06")
	f("gemini-1.5-pro", "models/gemini-1.5-pro-002", kinSnapshot, "gemini-1.5-pro-002")
	f("command-r", "command-r-08-2024", kinSnapshot, "command-r-08-2024")
	f("deepseek-v3", "deepseek-v3-0324", kinSnapshot, "deepseek-v3-0324")

	f("GPT-5.4-mini", "gpt-5.4-mini", kinSame, "")
	f("openai/gpt-5.4-mini", "gpt-5.4-mini", kinSame, "")
	f("qwen3", "qwen3:latest", kinSame, "")
	f("meta-llama/llama-3.3-70b:free", "meta-llama/llama-3.3-70b", kinSame, "")
	f("gpt-5.4-mini-2026-03-01", "gpt-5.4-mini", kinSame, "")
	f("us.anthropic.claude-opus-4-20250514-v1:0", "claude-opus-4-20250514", kinSame, "")
	f("claude-opus-4@20250514", "claude-opus-4-20250514", kinSame, "")

	f("gpt-5.4-mini", "gpt-5.4-nano", kinOther, "")
	f("gpt-5.4", "gpt-5.4-mini", kinOther, "")
	f("gpt-5.4-mini", "gpt-5.4", kinOther, "")
	f("claude-opus-4", "claude-opus-4-8", kinOther, "")
	f("claude-opus-4", "claude-opus-4-8-20260301", kinOther, "")
	f("llama-3", "llama-3-70", kinOther, "")
	f("llama-3.1", "llama-3.1-405b", kinOther, "")
	f("gpt-5.4-mini-2026-03-01", "gpt-5.4-mini-2026-05-01", kinOther, "")
	f("llama3:8b", "llama3:70b", kinOther, "")
	f("gpt-5.4-mini", "-", kinOther, "")
}

// listen watches a target and gives what was told of it.
func listen(model string) (*drift, func() []string) {
	var mu sync.Mutex
	var told []string
	g := &Gateway{}
	g.options.events = append(g.options.events, func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, e.Kind+" "+e.Target.String()+": "+e.Reason)
	})
	return newDrift(g, switchgear.Target{Provider: "p", Model: model}), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return told
	}
}

// TestDriftOfAlias: an alias may stand for a snapshot; it is told of when it
// stands for another, once, even if both answer in turn.
func TestDriftOfAlias(t *testing.T) {
	d, told := listen("m")
	for range 3 {
		d.Answered("m")
		d.Answered("m-2026-03-01")
		d.Answered("hosts/M-2026-03-01")
	}
	if got := told(); len(got) > 0 {
		t.Fatalf("told %v", got)
	}
	for range 3 {
		d.Answered("m-2026-05-01")
		d.Answered("m-2026-03-01")
	}
	d.Answered("n")
	d.Answered("n")
	want := []string{"model_drift p/m: answers as m-2026-05-01, no longer as m-2026-03-01", "model_drift p/m: answers as n"}
	if diff := cmp.Diff(want, told()); diff != "" {
		t.Error(diff)
	}
}

// TestDriftIsBounded: a provider that makes up names cannot make noise without
// end, nor say anything it likes in an alert.
func TestDriftIsBounded(t *testing.T) {
	d, told := listen("m")
	d.Answered("the prompt was: hello")
	d.Answered(strings.Repeat("x", 5000))
	for i := range 1000 {
		d.Answered(fmt.Sprint("other", i))
	}
	got := told()
	if len(got) != maxNames || len(d.seen) != maxNames {
		t.Errorf("told %d times, %d names kept", len(got), len(d.seen))
	}
	if got[0] != "model_drift p/m: answers as an odd name" || got[1] != "model_drift p/m: answers as a name of 5000 bytes" {
		t.Errorf("told %q", got[:2])
	}
}

// TestDriftAtOnce: of many answers at the same time one is told of.
func TestDriftAtOnce(t *testing.T) {
	d, told := listen("m")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 100 {
				d.Answered("n")
			}
		})
	}
	all.Wait()
	if got := told(); len(got) != 1 {
		t.Errorf("told %v", got)
	}
}

// What a target goes on saying costs a comparison.
func TestDriftAllocatesNothing(t *testing.T) {
	d, _ := listen("m")
	d.Answered("m-2026-03-01")
	if n := testing.AllocsPerRun(100, func() { d.Answered("m"); d.Answered("m-2026-03-01") }); n > 0 {
		t.Errorf("%v allocations an answer", n)
	}
}

func BenchmarkDrift(b *testing.B) {
	d, _ := listen("gpt-5.4-mini")
	for _, name := range []string{"gpt-5.4-mini", "gpt-5.4-mini-2026-03-01"} {
		d.Answered(name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d.Answered(name)
			}
		})
	}
}
