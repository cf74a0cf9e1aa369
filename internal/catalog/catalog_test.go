package catalog

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFamilyIsTheSameAtEveryHost(t *testing.T) {
	f := func(family string, names ...string) {
		t.Helper()
		for _, name := range names {
			if got := Family(name); got != family {
				t.Errorf("Family(%q) = %q, want %q", name, got, family)
			}
		}
	}
	f("claude-opus-4-8", "claude-opus-4-8", "us.anthropic.claude-opus-4-8", "us.anthropic.claude-opus-4-8-v1:0", "anthropic.claude-opus-4-8-v1",
		"global.anthropic.claude-opus-4-8", "claude-opus-4-8@default", "anthropic/claude-opus-4.8", "anthropic/claude-opus-4.8:beta", "Claude-Opus-4-8")
	f("claude-haiku-4-5", "claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-haiku-4-5@20251001", "eu.anthropic.claude-haiku-4-5-20251001-v1:0")
	f("claude-opus-4-0", "claude-opus-4-0", "claude-opus-4-20250514", "anthropic/claude-opus-4")
	f("gpt-5-5", "gpt-5.5", "gpt-5.5-2026-04-23", "openai.gpt-5.5", "openai/gpt-5.5")
	f("gpt-oss-120b", "openai/gpt-oss-120b", "openai.gpt-oss-120b-1:0", "openai/gpt-oss-120b-maas", "accounts/fireworks/models/gpt-oss-120b")
	f("gemini-2-5-pro", "gemini-2.5-pro", "models/gemini-2.5-pro", "publishers/google/models/gemini-2.5-pro", "google/gemini-2.5-pro")
	f("glm-5-2", "accounts/fireworks/models/glm-5p2", "zai-org/GLM-5.2")
	f("deepseek-v3-2", "deepseek.v3.2", "deepseek-ai/deepseek-v3.2-maas", "deepseek-v3.2")
	f("deepseek-v3", "deepseek.v3-v1:0", "deepseek-ai/DeepSeek-V3")
	f("deepseek-r1", "us.deepseek.r1-v1:0", "deepseek-r1")
	f("llama3-2", "llama3.2:latest", "llama3.2")
	// Alike, and not the same.
	f("gpt-5-4-mini", "gpt-5.4-mini")
	f("mistral-medium-2505", "mistral-medium-2505")
	f("grok-4-20-0309-reasoning", "grok-4.20-0309-reasoning")
	f("claude-sonnet-4-5", "claude-sonnet-4-5")
}

func TestFind(t *testing.T) {
	f := func(kind, model, id string) {
		t.Helper()
		got := ""
		if r, ok := Find(kind, model); ok {
			got = r.ID
		}
		if got != id {
			t.Errorf("%s/%s is %q, want %q", kind, model, got, id)
		}
	}
	f("anthropic", "claude-haiku-4-5", "claude-haiku-4-5")
	f("anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5") // an alias of the sources
	f("anthropic", "claude-opus-4-1-20250805", "claude-opus-4-1")   // dated, not listed
	f("openai", "gpt-4.1-2025-04-14", "gpt-4.1")
	f("gemini", "models/gemini-2.5-pro", "gemini-2.5-pro")
	f("google", "gemini-2.5-pro", "gemini-2.5-pro")
	f("bedrock", "eu.anthropic.claude-opus-4-8-v1:0", "eu.anthropic.claude-opus-4-8") // the region stays: it has its own price
	f("bedrock", "anthropic.claude-opus-4-5", "anthropic.claude-opus-4-5-20251101-v1:0")
	f("bedrock", "ca.anthropic.claude-opus-4-8", "")
	f("openai", "claude-opus-4-8", "")
	f("", "gpt-5.4", "")
	f("openai", "", "")
}

// TestEveryRow holds the embedded file to what its readers rely on.
func TestEveryRow(t *testing.T) {
	rows := Rows()
	if len(rows) < 300 {
		t.Fatalf("only %d rows", len(rows))
	}
	if !slices.IsSortedFunc(rows, func(a, b Row) int { return strings.Compare(a.Host+" "+a.ID, b.Host+" "+b.ID) }) {
		t.Error("the rows are not sorted by host and name")
	}
	kinds := map[string]string{}
	for i := range rows {
		r := &rows[i]
		name := r.Host + "/" + r.ID
		if r.Kind != "chat" && r.Kind != "embedding" {
			t.Errorf("%s has kind %q", name, r.Kind)
		}
		if k := kinds[r.Family]; k != "" && k != r.Kind {
			t.Errorf("%s is %s, elsewhere %s", name, r.Kind, k)
		}
		kinds[r.Family] = r.Kind
		if r.AsOf > AsOf() {
			t.Errorf("%s is newer than the catalogue", name)
		}
		if both := slices.IndexFunc(r.Yes, func(s string) bool { return slices.Contains(r.No, s) }); both >= 0 {
			t.Errorf("%s does and does not support %s", name, r.Yes[both])
		}
		for _, p := range r.Prices {
			checkRates(t, name, &p.Rates)
		}
	}
}

func checkRates(t *testing.T, name string, r *Rates) {
	t.Helper()
	if r.Input <= 0 || r.Input > 200 || r.Output < 0 || r.Output > 1000 {
		t.Errorf("%s costs %s, which cannot be", name, r)
	}
	if r.CacheRead > r.Input {
		t.Errorf("%s reads its cache at %v, dearer than its input", name, r.CacheRead)
	}
	if strings.Contains(name, "claude") {
		near(t, name+" cache read", r.CacheRead, r.Input/10)
		near(t, name+" cache write", r.CacheWrite, r.Input*5/4)
		near(t, name+" cache write for an hour", r.CacheWriteHour, r.Input*2)
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if d := got - want; d > 1e-9 || d < -1e-9 {
		t.Errorf("%s costs %v, want %v", what, got, want)
	}
}

func TestTiersFollowTheMakersPrice(t *testing.T) {
	for i := range Rows() {
		r := &Rows()[i]
		if r.Tier == "" || r.Kind != "chat" {
			continue
		}
		home, ok := Maker(r.ID)
		if !ok {
			t.Errorf("%s/%s has tier %s and no maker", r.Host, r.ID, r.Tier)
			continue
		}
		out := latest(home).Output
		if want := map[bool]string{out <= 5: "small", out > 5 && out < 25: "mid", out >= 25: "frontier"}[true]; r.Tier != want {
			t.Errorf("%s/%s has tier %s, its maker's price is %v", r.Host, r.ID, r.Tier, out)
		}
	}
}

func latest(r *Row) Rates {
	for _, p := range r.Prices {
		if p.To.IsZero() && p.Above == 0 {
			return p.Rates
		}
	}
	return Rates{}
}

func TestParsePrice(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	f := func(s string, want Price) {
		t.Helper()
		got, err := parsePrice(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", s, diff)
		}
	}
	f("3/15", Price{Rates: Rates{3, 15, Unknown, Unknown, Unknown}})
	f("3/15/-/3.75", Price{Rates: Rates{3, 15, Unknown, 3.75, Unknown}})
	f("6/22.5/0.6/7.5/12>200000@2025-01-02..2026-09-01", Price{
		Rates: Rates{6, 22.5, 0.6, 7.5, 12}, Above: 200_000, From: day("2025-01-02"), To: day("2026-09-01"),
	})
	f("2/10@..2026-09-01", Price{Rates: Rates{2, 10, Unknown, Unknown, Unknown}, To: day("2026-09-01")})
}

func TestParseRefuses(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		_, err := parse("# a comment\n" + line + "\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want an error with %q", line, err, want)
		}
	}
	f("openai", "line 2")
	f("openai gpt kind=chat", "lacks its kind or its date")
	f("openai gpt kind", "name=value")
	f("openai gpt kind=", "name=value")
	f("openai gpt kind=chat colour=red as-of=2026-01-01", `no field "colour"`)
	f("openai gpt kind=chat price=3 as-of=2026-01-01", "not a price")
	f("openai gpt kind=chat price=3/x as-of=2026-01-01", "not a number")
	f("openai gpt kind=chat price=3/-1 as-of=2026-01-01", "not a number")
	f("openai gpt kind=chat price=NaN/1 as-of=2026-01-01", "not a number")
	f("openai gpt kind=chat price=-/1 as-of=2026-01-01", "not a price")
	f("openai gpt kind=chat price=3/15@2026-09-01 as-of=2026-01-01", "from..to")
	f("openai gpt kind=chat price=3/15>many as-of=2026-01-01", "invalid syntax")
	f("openai gpt kind=chat as-of=soon", "cannot parse")
	f("openai gpt kind=chat retires=2026-13-01 as-of=2026-01-01", "out of range")
	f("openai gpt kind=chat as-of=2026-01-01\nopenai gpt kind=chat as-of=2026-01-01", "listed twice")
}
