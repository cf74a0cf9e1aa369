package eval

import (
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear/eval/lock"
)

// Evidence is what a lock file keeps of a run: what was shown, and with what.
type Evidence struct {
	Run       string
	At        time.Time
	Route     string
	Target    string // the candidate
	Incumbent string
	Verdict   Word
	Ships     bool
	N         int // cases compared
	Diff      float64
	Low       float64 // of the interval at 1 - 2 alpha
	High      float64
	P         float64
	Margin    float64
	Alpha     float64
	Cases     string // hashes, as in [Hashes]
	System    string
	Graders   string
	Harness   string
	Params    string   // of the candidate's step: its levers and its provider's place
	Normalise []string // what serving undoes
}

// Evidence is what a lock file keeps of the run. Of several metrics it is the
// one that was nearest to failing.
func (run *Run) Evidence() Evidence {
	e := Evidence{
		Run: run.ID, At: run.At, Route: run.Route, Target: run.Candidate.Target, Incumbent: run.Incumbent.Target,
		Verdict: run.Verdict.Word, Ships: run.Verdict.Ships, Margin: run.Margin, Alpha: run.Alpha,
		Cases: run.Hashes.Cases, System: run.Hashes.System, Graders: run.Hashes.Graders, Harness: run.Hashes.Harness,
		Params: run.Candidate.Params, Normalise: run.Normalise,
	}
	if len(run.Metrics) > 0 {
		t := &run.Metrics[run.weakest()].Strict
		e.N, e.Diff, e.Low, e.High, e.P, e.Margin = t.N, t.Diff, t.Low, t.High, t.P, t.Margin
	}
	return e
}

// Unbound says which hashes of a bound are not those the run was made with; ""
// if they all are.
func (run *Run) Unbound(b *lock.Bound) string {
	for _, h := range []struct{ what, run, bound string }{
		{"cases", run.Hashes.Cases, b.Cases},
		{"system texts", run.Hashes.System, b.System},
		{"graders", run.Hashes.Graders, b.Graders},
		{"normalisers", run.Hashes.Harness, b.Harness},
	} {
		if strings.TrimPrefix(h.bound, "sha256:") != h.run {
			return h.what
		}
	}
	return ""
}

// Answers is the hash of what the candidate answered, as it was graded: two runs
// that share it are one try.
func (run *Run) Answers() string {
	said := object{"graders": run.Hashes.Graders, "harness": run.Hashes.Harness}
	for i := range run.Cases {
		said["case "+run.Cases[i].ID] = run.Cases[i].Candidate.Said
	}
	return "sha256:" + digest(said)
}
