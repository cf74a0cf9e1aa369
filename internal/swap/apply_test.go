package swap

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear/config"
)

func TestChanged(t *testing.T) {
	const base = `version: 1
providers: {sim: {kind: sim}, other: {kind: sim}}
models: {quick: {model: sim/q, price: 1/2}}
routes:
  a: {chain: [quick, sim/b], single_point: ok}
  b: {chain: [{use: sim/c, with: {effort: low}}], needs: [tools]}
  c: {chain: [sim/c], rules: [{when: {stream: true}, chain: [sim/d]}]}
  d: {chain: [other/x]}
`
	parse := func(text string) *config.Config {
		c, findings := config.Parse("x", []byte(text), nil, config.WithoutSecrets())
		if config.HasErrors(findings) {
			t.Fatal(findings)
		}
		return c
	}
	f := func(old, replacement string, want ...string) {
		t.Helper()
		text := strings.Replace(base, old, replacement, 1)
		if text == base && old != replacement {
			t.Fatalf("%q is not there", old)
		}
		var got []string
		before, after := parse(base), parse(text)
		defer func() {
			if diff := cmp.Diff(parse(text).Routes, after.Routes); diff != "" {
				t.Errorf("what was compared is another now: %s", diff)
			}
		}()
		for _, d := range Changed(before, after) {
			got = append(got, d.Route)
			if len(d.Why) == 0 {
				t.Errorf("%s: no reason", d.Route)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q to %q changes %v, want %v", old, replacement, got, want)
		}
	}
	f("", "")
	f("version", "# a comment\nversion")
	f("[quick, sim/b]", "[ sim/q , 'sim/b' ]") // the same in other words
	f("single_point: ok", "single_point: ok, hedge: off, timeout: {total: 90s}, aliases: [z], surface: quality")
	f("price: 1/2", "price: 3/4")
	f("[quick, sim/b]", "[quick]", "a")        // even a step less: the lock has too much, the answers change
	f("[quick, sim/b]", "[sim/b, quick]", "a") // another is asked first
	f("model: sim/q", "model: sim/z", "a")     // through the short name
	f("effort: low", "effort: high", "b")
	f("needs: [tools]", "needs: [tools, pdf]", "b")
	f("needs: [tools]", "needs: [tools], normalise: [strip_fence], commit: whole", "b")
	f("sim/d", "sim/e", "c") // through a rule
	f("stream: true", "stream: false", "c")
	f("other: {kind: sim}", "other: {kind: sim, base_url: \"http://127.0.0.1:9\"}", "d")
	f("  d: {chain: [other/x]}", "  d: {chain: [other/x], stakes: low}", "d")
	f("  d:", "  e:", "e")
	f("  d: {chain: [other/x]}\n", "")
}

func TestChangedCommands(t *testing.T) {
	parse := func(text string) *config.Config {
		c, findings := config.Parse("x", []byte(text), nil, config.WithoutSecrets())
		if config.HasErrors(findings) {
			t.Fatal(findings)
		}
		return c
	}
	const head = "version: 1\nproviders: {sim: {kind: sim}}\nroutes:\n"
	old := parse(head + `
  a: {chain: [sim/a, sim/b], eval: evals/a.yaml}
  b: {chain: [sim/a], eval: evals/b.yaml}
  c: {chain: [sim/a]}
  l: {chain: [{use: sim/a, with: {effort: low}}], eval: evals/l.yaml}
  m: {chain: [sim/a], eval: evals/m.yaml}
`)
	next := parse(head + `
  a: {chain: ["sim/it's", sim/a, sim/b], eval: evals/a.yaml, rules: [{when: {stream: true}, chain: [sim/r]}]}
  b: {chain: [{use: sim/a, canary: {use: sim/k, share: 5%}}, sim/b], stakes: low, eval: evals/b.yaml}
  c: {chain: [sim/z]}
  d: {chain: [sim/x, sim/y], eval: evals/d.yaml}
  l: {chain: [{use: sim/a, with: {effort: high}}], eval: evals/l.yaml}
  m: {chain: [{use: sim/a, canary: {use: sim/a, with: {effort: low}, share: 5%}}], eval: evals/m.yaml}
`)
	var got []string
	for _, d := range Changed(old, next) {
		got = append(got, d.Commands()...)
	}
	want := []string{
		`switchgear eval run a --candidate 'sim/it'\''s' --incumbent sim/a`,
		"switchgear eval run a --candidate sim/r --incumbent sim/a",
		"switchgear eval run b --candidate sim/k --incumbent sim/a",
		"switchgear eval run b --candidate sim/b --incumbent sim/a",
		"switchgear eval run d --candidate sim/y",
		"switchgear eval run l --candidate sim/a --with 'effort: high' --incumbent sim/a --incumbent-with 'effort: low'",
		"switchgear eval run m --candidate sim/a --with 'effort: low' --incumbent sim/a --incumbent-with none",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadRows(t *testing.T) {
	rows, err := ReadRows(strings.NewReader(`{"route":"a","target":"x/y","scores":[{"metric":"m","n":10,"mean":0.5}],"cost":{"usd_per_1k":1.5,"basis":"usage"}}

{"route":"a","target":"x/z","scores":[{"metric":"m","n":10,"mean":1,"pairs":{"against":"x/y","wins":5,"losses":0}}],"cost":{"usd_per_1k":null}}
`))
	if err != nil || len(rows) != 2 || *rows[0].Cost.USD != 1.5 || rows[1].Cost.USD != nil || rows[1].Scores[0].Pairs.Wins != 5 {
		t.Errorf("%+v %v", rows, err)
	}
	for text, want := range map[string]string{
		`{`: "line 1 is no row",
		`{"route":"a","target":"b/c","scores":[]}`:                                                                         "has no score",
		`{"route":"a","scores":[]}`:                                                                                        "a route and a target",
		`{"route":"a","target":"b/c","score":1}`:                                                                           "unknown field",
		`{"route":"a","target":"b/c","scores":[{"n":1,"mean":93.5}]}`:                                                      "0 to 1",
		`{"route":"a","target":"b/c","scores":[{"n":0,"mean":0.5}]}`:                                                       "at least one case",
		`{"route":"a","target":"b/c","scores":[{"n":9,"mean":1}],"cost":{"usd_per_1k":-1}}`:                                "cannot be",
		`{"route":"a","target":"b/c","scores":[{"n":3,"mean":1,"pairs":{"against":"x/y","wins":2,"losses":2}}],"cost":{}}`: "3 cases cannot be",
	} {
		if _, err := ReadRows(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
