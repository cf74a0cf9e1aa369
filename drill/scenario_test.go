package drill_test

import (
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/drill"
)

// healthy is what the providers of these scripts are like when nothing is wrong.
const healthy = "healthy: {first: 600ms, p95: 1.4s, rate: 70, errors: 0.5%}\n"

// faultScript is an outage of one phase.
func faultScript(t *testing.T, strikes, lasts, rule string) drill.Options {
	t.Helper()
	return drill.Options{Seed: 1, Calm: 3 * time.Minute, After: time.Minute, Script: own(t, "name: own\nstrikes: "+strikes+"\n"+healthy+
		"phases:\n  - {name: bad, for: "+lasts+", faults: ["+rule+"]}\n  - {name: over, for: 1m}\n")}
}

// notUnderRace skips what takes minutes under the race detector and shows it
// nothing that TestOutages does not.
func notUnderRace(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("make test plays it without the race detector")
	}
}

// opened are the targets whose circuits were seen open.
func opened(out *drill.Outcome) (names []string) {
	for _, m := range out.Moves {
		if m.State == "open" || m.State == "half-open" || m.State == "ramp" {
			names = append(names, m.Target)
		}
	}
	return names
}

// keeps checks figures that have a limit of their own here.
func keeps(t *testing.T, out *drill.Outcome, limits drill.Limits) {
	t.Helper()
	for name, limit := range limits {
		for _, f := range out.Figures {
			if f.Name == name && (f.Least && f.Value < limit || !f.Least && f.Value > limit) {
				t.Errorf("%s is %.4g, want %.4g", name, f.Value, limit)
			}
		}
	}
	if t.Failed() {
		t.Logf("%s%s", figures(out), story(out))
	}
}

// TestCalmHour: two calls in a hundred fail for an hour, as they may on the best
// of days. No circuit opens, nobody is woken, users see nothing of it, and the
// provider gets a call for each request and little more.
func TestCalmHour(t *testing.T) {
	t.Parallel()
	lasts := "1h"
	if raceEnabled {
		lasts = "5m"
	}
	o := faultScript(t, "provider", lasts, `{fault: slow-headers-80ms+500, p: 1%}, {fault: slow-headers-2s+503, p: 0.5%}`)
	o.Config, o.Rate = twoProviders, 10
	out := run(t, o)
	if names := opened(out); len(names) > 0 {
		t.Errorf("opened: %v", names)
	}
	if out.Bad.Requests < 2500 {
		t.Errorf("%d requests are no hour", out.Bad.Requests)
	}
	keeps(t, out, drill.Limits{
		drill.FigureOK: 99.95, drill.FigureTruncated: 0, drill.FigureP50: 0.030, drill.FigureP99: 0.5,
		drill.FigureCalls: 1.03, drill.FigurePages: 0,
	})
}

// TestSlowdowns: a provider gets slower without a single error. That is noticed
// within a minute, and users wait at most half as long again as in calm.
func TestSlowdowns(t *testing.T) {
	notUnderRace(t)
	for _, slow := range []string{"x2", "x4"} {
		t.Run(slow, func(t *testing.T) {
			t.Parallel()
			o := faultScript(t, "provider", "9m", "{slow: "+slow+"}")
			o.Config = twoProviders
			out := run(t, o)
			if len(out.Episodes) != 1 || out.Episodes[0].Opened == nil || *out.Episodes[0].Opened > 60 {
				t.Errorf("not noticed within a minute")
			}
			for name, pair := range map[string][2]float64{
				"p50": {out.Bad.P50, out.Calm.P50}, "p99": {out.Bad.P99, out.Calm.P99},
				"p50 of answers in one piece": {out.Bad.WholeP50, out.Calm.WholeP50}, "p99 of them": {out.Bad.WholeP99, out.Calm.WholeP99},
			} {
				if pair[0] > 1.5*pair[1] {
					t.Errorf("%s: %.3g s, where it is %.3g s in calm", name, pair[0], pair[1])
				}
			}
			keeps(t, out, drill.Limits{
				drill.FigureOK: 99.95, drill.FigureTruncated: 0, drill.FigureCalls: 1.03, drill.FigurePages: 1, drill.FigureResolves: 1,
			})
		})
	}
}

// TestSharedProvider: two routes share a provider that goes dark, a third has
// nothing to do with it. The two fall over, the third does not notice, and the
// provider is taken to be in trouble once: one page, and the wasted calls of one
// circuit or two and not of every user.
func TestSharedProvider(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	o := faultScript(t, "provider", "2m", "{fault: slow-headers-80ms+503}")
	o.Config, o.Rate, o.Strike = `version: 1
providers:
  one: {kind: openai, key: "${ONE}"}
  two: {kind: openai, key: "${TWO}"}
routes:
  chat: {chain: [one/gpt-5.6-terra, two/gpt-5.6-terra]}
  code: {chain: [one/gpt-5.4-mini, two/gpt-5.4-mini]}
  rest: {chain: [two/gpt-5.6-terra]}
`, 60, "one"
	out := run(t, o)
	for _, r := range out.Routes {
		if r.Requests < 3000 || r.Failed > r.Requests/2000+1 {
			t.Errorf("route %s: %d of %d failed", r.Name, r.Failed, r.Requests)
		}
	}
	seen := map[string]bool{}
	for _, name := range opened(out) {
		seen[name] = true
	}
	if len(seen) != 2 || !seen["one/gpt-5.6-terra"] || !seen["one/gpt-5.4-mini"] {
		t.Errorf("opened: %v", seen)
	}
	keeps(t, out, drill.Limits{
		drill.FigureOpen: 1.58, drill.FigureTruncated: 0, drill.FigureP50: 0.030, drill.FigureP99: 0.5, drill.FigureBack: 45,
		drill.FigureCalls: 1.02, drill.FigureWasted: 240, drill.FigurePages: 1, drill.FigureResolves: 1,
	})
}

// TestChainOfOne: where there is nowhere else to go nobody can be saved, but
// nobody is kept waiting either, the provider is not called over and over, and
// all is as before soon after. The report says that there is no way out.
func TestChainOfOne(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	o := faultScript(t, "provider", "3m", "{fault: slow-headers-80ms+503}")
	o.Config = oneProvider
	out := run(t, o)
	if r := out.Routes[0]; !r.NoWayOut || !r.Alone || r.Failed < r.Requests*7/10 {
		t.Errorf("%+v", r)
	}
	if p := out.Bad; p.Worst > 4 || p.P50 > 1 {
		t.Errorf("users wait %.3g s, the last of them %.3g s, to be told that nobody serves", p.P50, p.Worst)
	}
	if out.Bad.PerRequest > 1.15 {
		t.Errorf("%.3f calls a request to what is dead", out.Bad.PerRequest)
	}
	keeps(t, out, drill.Limits{drill.FigureTruncated: 0, drill.FigureBack: 45, drill.FigurePages: 1, drill.FigureResolves: 1})
}

// TestAllSick: both steps of a chain are at the provider that fails. Where six
// calls in ten fail, a last resort still serves most; where all do, users are
// told at once, and the calls are not doubled.
func TestAllSick(t *testing.T) {
	notUnderRace(t)
	const config = `version: 1
providers:
  one: {kind: openai, key: "${ONE}"}
routes:
  chat: {chain: [one/gpt-5.6-terra, one/gpt-5.4-mini]}
`
	for name, c := range map[string]struct {
		share string
		least float64 // served, in percent
		calls float64
	}{
		"six in ten": {"60%", 60, 1.9},
		"all":        {"100%", 0, 2.1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := faultScript(t, "provider", "3m", "{fault: slow-headers-80ms+503, p: "+c.share+"}")
			o.Config = config
			out := run(t, o)
			if r := out.Routes[0]; !r.NoWayOut {
				t.Errorf("%+v", r)
			}
			if 100*out.Bad.OKShare < c.least || out.Bad.PerRequest > c.calls || out.Bad.P50 > 1.2 {
				t.Errorf("%.1f %% were served by %.2f calls each, half of them within %.3g s", 100*out.Bad.OKShare, out.Bad.PerRequest, out.Bad.P50)
			}
			t.Logf("%.1f %% were served by %.2f calls each, half of them within %.3g s", 100*out.Bad.OKShare, out.Bad.PerRequest, out.Bad.P50)
			keeps(t, out, drill.Limits{drill.FigureTruncated: 0, drill.FigurePages: 1, drill.FigureResolves: 1})
			if t.Failed() {
				return
			}
			if back := out.After; back.OKShare < 0.999 {
				t.Errorf("%.2f %% are served once it is over", 100*back.OKShare)
			}
		})
	}
}

// TestQuietRoute: one request in four seconds never fills a window. The circuit
// opens within two users' time all the same, and closes by itself: our probes
// find out, and no user is needed for it.
func TestQuietRoute(t *testing.T) {
	for name, rule := range map[string]string{"errors": "{fault: slow-headers-80ms+503}", "silence": "{fault: silence}"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := faultScript(t, "provider", "9m", rule)
			o.Config, o.Rate, o.Calm = twoProviders, 0.25, 20*time.Minute
			out := run(t, o)
			if out.Bad.Requests < 100 || out.Bad.Failed+out.Bad.Truncated > 0 {
				t.Errorf("%d of %d failed", out.Bad.Failed, out.Bad.Requests)
			}
			e := &out.Episodes[0]
			if e.Opened == nil || *e.Opened > 15 {
				t.Errorf("it opened late: %s", story(out))
			}
			if e.Back == nil || *e.Back > 45 {
				t.Errorf("it came back late: %s", story(out))
			}
			for _, m := range out.Moves {
				if strings.HasPrefix(m.Target, "two/") && m.State == "open" {
					t.Errorf("the fallback opened: %s", story(out))
				}
			}
			keeps(t, out, drill.Limits{drill.FigurePages: 1, drill.FigureResolves: 1, drill.FigureWasted: 60})
		})
	}
}
