package capability

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
)

func TestTiers(t *testing.T) {
	f := func(kind, model string, want switchgear.Tier) {
		t.Helper()
		if m, _ := Lookup(kind, model); m.Tier != want {
			t.Errorf("%s/%s is %s, want %s", kind, model, m.Tier, want)
		}
	}
	f("anthropic", "claude-haiku-4-5", switchgear.TierSmall)
	f("anthropic", "claude-sonnet-5", switchgear.TierMid)
	f("anthropic", "claude-opus-4-8", switchgear.TierFrontier)
	f("openai", "gpt-5.4-mini", switchgear.TierSmall)
	f("openai", "gpt-5.6-terra", switchgear.TierMid)
	f("openai", "gpt-5.6-sol", switchgear.TierFrontier)
	f("gemini", "gemini-3.5-flash", switchgear.TierMid)
	f("bedrock", "eu.anthropic.claude-opus-4-8", switchgear.TierFrontier)
	f("openrouter", "anthropic/claude-opus-4.8", switchgear.TierFrontier)
	f("groq", "openai/gpt-oss-120b", switchgear.TierUnknown) // open weights: no maker's price
	f("openai", "text-embedding-3-small", switchgear.TierUnknown)
	f("openai", "gpt-99", switchgear.TierUnknown)
}

func TestLookup(t *testing.T) {
	m, ok := Lookup("anthropic", "claude-haiku-4-5-20251001")
	if !ok || m.ID != "claude-haiku-4-5" || m.Kind != Chat || m.Context != 200_000 || m.MaxOutput != 64_000 || m.Inferred {
		t.Errorf("%+v, %v", m, ok)
	}
	m, ok = Lookup("bedrock", "ca.anthropic.claude-opus-4-8-v1:0") // a region that is not listed: the model still is
	if !ok || m.Family != "claude-opus-4-8" || m.Context != 1_000_000 || m.Inferred {
		t.Errorf("%+v, %v", m, ok)
	}
	m, ok = Lookup("openrouter", "anthropic/claude-opus-4.8") // a host that is not listed
	want := Model{
		Host: "openrouter", ID: "anthropic/claude-opus-4.8", Family: "claude-opus-4-8", Kind: Chat,
		Tier: switchgear.TierFrontier, AsOf: m.AsOf, Inferred: true,
	}
	if diff := cmp.Diff(want, m, cmp.AllowUnexported(Model{})); !ok || diff != "" {
		t.Error(ok, diff)
	}
	if m.Supports("tools") != Unknown || m.TakesEffort("high") != Unknown {
		t.Error("what a host does with a model is not known from its maker")
	}
	if m, ok = Lookup("openai", "text-embedding-3-small"); !ok || m.Kind != Embedding {
		t.Errorf("%+v, %v", m, ok)
	}
	if m, ok = Lookup("openai", "gpt-99"); ok {
		t.Errorf("found %+v", m)
	}
	if m, ok = Lookup("openai", ""); ok {
		t.Errorf("found %+v", m)
	}
}

func TestSameFamily(t *testing.T) {
	f := func(a, b string, want bool) {
		t.Helper()
		if SameFamily(a, b) != want || SameFamily(b, a) != want {
			t.Errorf("SameFamily(%q, %q) is not %v", a, b, want)
		}
	}
	f("claude-opus-4-8", "us.anthropic.claude-opus-4-8-v1:0", true)
	f("claude-opus-4-8", "claude-opus-4-8@default", true)
	f("anthropic/claude-haiku-4.5", "claude-haiku-4-5-20251001", true)
	f("text-embedding-3-small", "text-embedding-3-small", true)
	f("claude-opus-4-8", "claude-opus-4-7", false)
	f("gpt-5.4", "gpt-5.4-mini", false)
	f("text-embedding-3-small", "text-embedding-3-large", false)
	f("", "", false)
}

func TestSupports(t *testing.T) {
	f := func(kind, model, feature string, want Answer) {
		t.Helper()
		m, _ := Lookup(kind, model)
		if got := m.Supports(feature); got != want {
			t.Errorf("%s/%s: %s is %s, want %s", kind, model, feature, got, want)
		}
	}
	for _, n := range Needs() {
		f("anthropic", "claude-opus-4-8", n.Word, Yes)
		f("openai", "gpt-99", n.Word, Unknown)
	}
	f("anthropic", "claude-opus-4-8", "temperature", No)
	f("openai", "gpt-4.1", "thinking", No)
	f("openai", "gpt-4.1", "effort", No)
	f("openai", "gpt-4.1", "tools", Yes)
	f("openai", "gpt-5.4-pro", "json_schema", No)
	f("bedrock", "us.anthropic.claude-opus-5", "tools", Unknown)
	f("bedrock", "us.anthropic.claude-opus-4-8", "json_schema", Unknown)
	f("deepseek", "deepseek-v4-pro", "image", No)
	f("deepseek", "deepseek-v4-pro", "pdf", No)
	f("openai", "gpt-5.4-mini", "pdf", Unknown) // the source lists images, and its word for PDF is not everywhere
	f("mistral", "mistral-large-latest", "prompt_caching", Unknown)
	f("openai", "text-embedding-3-small", "tools", No)
	f("openai", "text-embedding-3-small", "prompt_caching", No)
	f("openai", "gpt-5.4", "singing", Unknown)
}

func TestLevers(t *testing.T) {
	effort := func(kind, model, word string, want Answer) {
		t.Helper()
		m, _ := Lookup(kind, model)
		if got := m.TakesEffort(word); got != want {
			t.Errorf("%s/%s: effort %s is %s, want %s", kind, model, word, got, want)
		}
	}
	effort("anthropic", "claude-opus-4-8", "high", Yes)
	effort("anthropic", "claude-opus-4-8", "minimal", No)
	effort("openai", "gpt-5", "minimal", Yes)
	effort("openai", "gpt-4.1", "high", No)
	effort("openai", "gpt-99", "high", Unknown)
	thinking := func(kind, model, mode string, want Answer) {
		t.Helper()
		m, _ := Lookup(kind, model)
		if got := m.TakesThinking(mode); got != want {
			t.Errorf("%s/%s: thinking %s is %s, want %s", kind, model, mode, got, want)
		}
	}
	thinking("anthropic", "claude-opus-4-8", "adaptive", Yes)
	thinking("anthropic", "claude-haiku-4-5", "enabled", Yes)
	thinking("anthropic", "claude-haiku-4-5", "adaptive", Unknown)
	thinking("openai", "gpt-4.1", "adaptive", No)
	thinking("openai", "gpt-4.1", "disabled", Unknown)
	thinking("openai", "gpt-99", "enabled", Unknown)
}

func TestNearest(t *testing.T) {
	f := func(kind, model string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{}, want...), Nearest(kind, model)); diff != "" {
			t.Errorf("%s/%s: %s", kind, model, diff)
		}
	}
	f("anthropic", "claude-opus-4.8", "claude-opus-4-8", "claude-opus-4-0", "claude-opus-4-1")
	f("anthropic", "cluade-haiku-4-5", "claude-haiku-4-5")
	f("openai", "gpt-5.4mini", "gpt-5.4-mini", "gpt-5-mini", "gpt-4.1-mini")
	f("openai", "llama-70b-instruct")
	f("nowhere", "gpt-5.4")
	f("openai", "")
}

func TestAll(t *testing.T) {
	all := All()
	if len(all) < 300 {
		t.Fatalf("only %d models", len(all))
	}
	for i := range all {
		m, ok := Lookup(all[i].Host, all[i].ID)
		if diff := cmp.Diff(all[i], m, cmp.AllowUnexported(Model{})); !ok || diff != "" {
			t.Errorf("%s/%s does not find itself: %s", all[i].Host, all[i].ID, diff)
		}
		for _, alias := range all[i].Aliases {
			if m, _ := Lookup(all[i].Host, alias); m.ID != all[i].ID {
				t.Errorf("%s/%s finds %q", all[i].Host, alias, m.ID)
			}
		}
	}
}

func TestDates(t *testing.T) {
	at := func(s string) time.Time {
		d, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	stale := func(asOf, now string, want bool) {
		t.Helper()
		if Stale(asOf, at(now)) != want {
			t.Errorf("as of %q at %s: stale is not %v", asOf, now, want)
		}
	}
	stale("2026-08-21", "2026-08-21T12:00:00Z", false)
	stale("2026-08-21", "2026-10-20T00:00:00Z", false) // the sixtieth day
	stale("2026-08-21", "2026-10-20T00:00:01Z", true)
	stale("2026-08-21", "2026-08-01T00:00:00Z", false) // a clock that is behind
	stale("", "2026-08-21T12:00:00Z", true)
	if AsOf() < "2026-08-21" {
		t.Errorf("the catalogue is as of %q", AsOf())
	}

	m := Model{Retires: "2027-01-01"}
	if m.Retired(at("2026-12-31T23:59:59Z")) != No || m.Retired(at("2027-01-01T00:00:00Z")) != Yes {
		t.Error("a model retires at the start of its day")
	}
	if m = (Model{}); m.Retired(at("2099-01-01T00:00:00Z")) != Unknown {
		t.Error("without a date nothing is known")
	}
}

func TestNeeds(t *testing.T) {
	for _, word := range []string{"tools", "json_schema", "thinking", "image", "pdf", "prompt_caching", "effort"} {
		if !IsNeed(word) {
			t.Errorf("%s is no need", word)
		}
	}
	if IsNeed("temperature") || IsNeed("") || len(Needs()) != 7 {
		t.Errorf("the needs are %v", Needs())
	}
}

func TestAnswerString(t *testing.T) {
	if Yes.String() != "yes" || No.String() != "no" || Unknown.String() != "unknown" {
		t.Error("an answer is not its word")
	}
}
