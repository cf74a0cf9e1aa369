package drill_test

import (
	"fmt"
	"os"
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

func script(t *testing.T, name string) *sim.Script {
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

// TestOutages is the acceptance test of failure handling: the eight outages at
// twenty requests a second, with one healthy fallback.
func TestOutages(t *testing.T) {
	for _, name := range []string{"A", "B", "C", "D", "E", "F", "G", "H"} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			out := run(t, drill.Options{Config: twoProviders, Script: script(t, name), Seed: 1, Alone: os.Getenv("ALONE") != ""})
			t.Logf("%s in %v\n%s", out.Title, time.Since(begun), figures(out))
			if testing.Verbose() {
				t.Logf("calm %+v\nbad %+v\nafter %+v\nalone %+v", *out.Calm, *out.Bad, *out.After, out.Alone)
				for _, e := range out.Episodes {
					t.Logf("%s", dump(e))
				}
				for _, p := range out.Pages {
					t.Logf("%+v", p)
				}
			}
			for _, f := range out.Missed() {
				t.Errorf("%s is %.4g%s", f.Name, f.Value, f.Unit)
			}
		})
	}
}

func dump(e drill.Episode) string {
	p := func(f *float64) string {
		if f == nil {
			return "-"
		}
		return fmt.Sprintf("%.3g", *f)
	}
	return fmt.Sprintf("%.0f-%.0f harm %.2f slow %.1f %s opened %s within %s back %s", e.From, e.To, e.Harm, e.Slow, e.Fault, p(e.Opened), p(e.Within), p(e.Back))
}
