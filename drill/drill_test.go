package drill_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear/drill"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// today is the date the drills of these tests are held on.
var today = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// twoProviders is a route with one healthy fallback.
const twoProviders = `version: 1
providers:
  one: {kind: openai, key: "${ONE}"}
  two: {kind: openai, key: "${TWO}"}
routes:
  chat: {chain: [one/gpt-5.6-terra, two/gpt-5.6-terra]}
`

// oneProvider is a route with nowhere else to go.
const oneProvider = `version: 1
providers:
  one: {kind: openai, key: "${ONE}"}
routes:
  chat: {chain: [one/gpt-5.6-terra], single_point: ok}
`

// run plays an outage in a bubble of its own.
func run(t *testing.T, o drill.Options) *drill.Outcome {
	t.Helper()
	var out *drill.Outcome
	synctest.Test(t, func(t *testing.T) {
		o.File, o.Now = "test.yaml", today
		var err error
		if out, err = drill.Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	})
	return out
}

func script(t testing.TB, name string) *sim.Script {
	t.Helper()
	s, err := sim.Outage(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// figures writes down the figures of an outcome, for failures.
func figures(out *drill.Outcome) string {
	var b strings.Builder
	for _, f := range out.Figures {
		limit := ""
		if f.Limit != nil {
			limit = fmt.Sprintf(" (limit %.4g)", *f.Limit)
		}
		mark := "  "
		if !f.OK {
			mark = "! "
		}
		fmt.Fprintf(&b, "%s%-10s %.4g%s%s %s\n", mark, f.Name, f.Value, f.Unit, limit, f.Note)
	}
	return b.String()
}

// replay plays an outage again, for other luck.
func replay(t *testing.T, name string, seeds ...uint64) {
	t.Helper()
	for _, seed := range seeds {
		out := run(t, drill.Options{Config: twoProviders, Script: script(t, name), Seed: seed})
		for _, f := range out.Missed() {
			t.Errorf("again, with seed %d: %s", seed, f.Sentence())
		}
		if t.Failed() {
			t.Logf("%s%s", figures(out), story(out))
		}
	}
}

// TestOutages is the acceptance test of failure handling: the eight outages at
// twenty requests a second, with one healthy fallback, by the limits that a drill
// has if nobody sets any. Under the race detector two of them are played: make
// test plays all of them without it.
//
// A figure hangs on luck, of the seed and of the order in which goroutines run.
// So an outage that misses a limit is played twice more, with other seeds, and has
// to keep all of them both times. An answer that looked whole and was not has no
// second chance.
func TestOutages(t *testing.T) {
	for _, name := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
		if raceEnabled && name != "A" && name != "D" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			out := run(t, drill.Options{Config: twoProviders, Script: script(t, name), Seed: 1})
			t.Logf("%s in %v\n%s", out.Title, time.Since(begun).Round(time.Millisecond), figures(out))
			if out.Bad.Truncated > 0 {
				t.Errorf("%d answers were cut and looked whole", out.Bad.Truncated)
			}
			if len(out.Missed()) > 0 {
				t.Log(story(out))
				replay(t, name, 2, 3)
			}
			if out.Bad.Requests < 11_000 || out.Calm.Requests < 3_000 {
				t.Errorf("%d requests in the outage and %d before it: that is no load", out.Bad.Requests, out.Calm.Requests)
			}
		})
	}
}

// story is what happened, for failures.
func story(out *drill.Outcome) string {
	var b strings.Builder
	p := func(f *float64) string {
		if f == nil {
			return "-"
		}
		return fmt.Sprintf("%.3g", *f)
	}
	for _, e := range out.Episodes {
		fmt.Fprintf(&b, "%.0f to %.0f s: %.2f harmed, slow %.1f, by %s; opened %s, load gone %s, within %s, back %s\n",
			e.From, e.To, e.Harm, e.Slow, e.Fault, p(e.Opened), p(e.Moved), p(e.Within), p(e.Back))
	}
	for _, page := range out.Pages {
		fmt.Fprintf(&b, "%.0f s: %s: %s\n", page.At, page.Action, page.Summary)
	}
	for _, m := range out.Moves {
		fmt.Fprintf(&b, "%.0f s: %s is %s: %s\n", m.At, m.Target, m.State, m.Reason)
	}
	return b.String()
}

// figure is one of an outcome's.
func figure(t *testing.T, out *drill.Outcome, name string) float64 {
	t.Helper()
	for _, f := range out.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	t.Fatalf("there is no figure %q", name)
	return 0
}
