package eval

import "time"

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
