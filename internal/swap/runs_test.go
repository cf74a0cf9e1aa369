package swap

import (
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/eval"
)

// run is a run of an eval as its file has it.
func run(id, candidate string, mean float64, wins, losses int, verdict eval.Word) *eval.Run {
	usd, old := 0.06, 0.3
	r := &eval.Run{
		ID: id, Route: "mail", At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Repeats: 1,
		Incumbent: eval.Party{Target: "host/old", USD: &old, P95MS: 2000}, Candidate: eval.Party{Target: candidate, USD: &usd, P95MS: 1500},
		Hashes: eval.Hashes{Cases: "c", Graders: "g"}, Verdict: eval.Verdict{Word: verdict}, Cases: make([]eval.Outcome, 600),
	}
	r.Metrics = []eval.Metric{{Name: "label", Strict: eval.Track{Incumbent: 0.94, Candidate: mean, N: 600, Wins: wins, Losses: losses}}}
	return r
}

func TestMeanUsage(t *testing.T) {
	r := run("r1", "host/new", 0.9, 0, 0, eval.Ship)
	if u, ok := MeanUsage(r); ok {
		t.Errorf("%+v of a run that counted nothing", u)
	}
	r.Incumbent.Input, r.Incumbent.Output, r.Incumbent.Cached, r.Repeats = 1_200_000, 60_000, 120_000, 2
	if u, ok := MeanUsage(r); !ok || u != (Usage{Input: 1000, Output: 50, Cached: 100}) {
		t.Errorf("%+v", u)
	}
}

func TestFromRuns(t *testing.T) {
	stale := run("r0", "host/stale", 0.99, 30, 0, eval.Better)
	stale.Hashes.Cases = "other"
	rows, notes := FromRuns([]*eval.Run{
		stale,
		run("r1", "host/cheap", 0.5, 0, 264, eval.Regression),
		run("r2", "host/cheap", 0.935, 12, 15, eval.Ship), // the newer one counts
		run("r3", "host/worse", 0.92, 2, 14, eval.WithinWorse),
		run("r4", "host/fenced", 0.10, 0, 504, eval.Mismatch),
		run("r5", "host/unsure", 0.93, 3, 9, eval.Inconclusive),
	})
	if len(rows) != 5 || len(notes) != 1 || !strings.Contains(notes[0], "host/stale on route mail is left out: it asked other cases") {
		t.Fatalf("%d rows, %q", len(rows), notes)
	}
	if r := rows[0]; r.Target != "host/old" || *r.Cost.USD != 0.5 || r.P95 != 2 || r.Scores[0].Mean != 0.94 || r.Verdict != "" {
		t.Errorf("%+v", r)
	}
	f := func(stakes, pick string, want map[string]Choice) {
		t.Helper()
		a := tuned(t, rows, Goal{Incumbent: "host/old", Within: 0.05, Stakes: stakes})
		if a.Pick != pick {
			t.Errorf("%s: picked %q", stakes, a.Pick)
		}
		for target, choice := range want {
			if r := a.judged("host/" + target); r.Choice != choice {
				t.Errorf("%s, %s: %s (%s), want %s", stakes, target, r.Choice, r.Why, choice)
			}
		}
	}
	f("normal", "host/cheap", map[string]Choice{
		"old": ChoiceIncumbent, "cheap": ChoicePasses, "worse": ChoicePasses, "fenced": ChoiceFails, "unsure": ChoiceUntested,
	})
	f("high", "host/cheap", map[string]Choice{"worse": ChoiceFails})
}
