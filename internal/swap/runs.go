package swap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear/eval"
)

// FromRuns makes rows of evidence of the runs of evals, oldest first. For each
// route and candidate the newest run counts; those that asked other cases than
// the route's newest run, graded them otherwise, or compared with another
// incumbent, do not compare with it and are left out, which the notes say.
func FromRuns(runs []*eval.Run) (rows []Row, notes []string) {
	newest := map[string]*eval.Run{}
	var routes []string
	for _, run := range runs {
		if newest[run.Route] == nil {
			routes = append(routes, run.Route)
		}
		newest[run.Route] = run
	}
	slices.Sort(routes)
	for _, route := range routes {
		ref := newest[route]
		last := map[string]*eval.Run{}
		var candidates []string
		for _, run := range runs {
			if run.Route != route {
				continue
			}
			if why := unlike(run, ref); why != "" {
				notes = append(notes, fmt.Sprintf("run %s of %s on route %s is left out: %s", run.ID, run.Candidate.Target, route, why))
				continue
			}
			if last[run.Candidate.Target] == nil {
				candidates = append(candidates, run.Candidate.Target)
			}
			last[run.Candidate.Target] = run
		}
		rows = append(rows, rowOf(ref, &ref.Incumbent, false))
		for _, c := range candidates {
			if c != ref.Incumbent.Target {
				rows = append(rows, rowOf(last[c], &last[c].Candidate, true))
			}
		}
	}
	return rows, notes
}

// MeanUsage is what one request of a run read and wrote with the incumbent, on
// average; false if that is not known.
func MeanUsage(run *eval.Run) (Usage, bool) {
	answers := int64(len(run.Cases) * max(run.Repeats, 1))
	p := &run.Incumbent
	if answers == 0 || p.Input == 0 {
		return Usage{}, false
	}
	return Usage{Input: p.Input / answers, Output: p.Output / answers, Cached: min(p.Cached, p.Input) / answers}, true
}

// unlike says why two runs do not compare.
func unlike(run, ref *eval.Run) string {
	switch {
	case run.Hashes.Cases != ref.Hashes.Cases:
		return "it asked other cases than the newest run"
	case run.Hashes.Graders != ref.Hashes.Graders || run.Hashes.Harness != ref.Hashes.Harness:
		return "its answers were graded otherwise than the newest run's"
	case run.Incumbent.Target != ref.Incumbent.Target:
		return "it compared with " + run.Incumbent.Target + ", and the newest run with " + ref.Incumbent.Target
	case run.Candidate.Target == run.Incumbent.Target:
		return "it compared a model with itself, under other levers"
	case len(run.Metrics) == 0:
		return "it has no scores"
	default:
		return ""
	}
}

// rowOf is what a run says of one of its models.
func rowOf(run *eval.Run, of *eval.Party, candidate bool) Row {
	r := Row{Route: run.Route, Target: of.Target, P95: of.P95MS / 1000, Outputs: true, Run: run.ID}
	for i := range run.Metrics {
		m := &run.Metrics[i]
		s := Score{Metric: m.Name, N: m.Strict.N, Mean: m.Strict.Incumbent}
		if candidate {
			s.Mean = m.Strict.Candidate
			if !m.Graded {
				s.Pairs = &Pairs{Against: run.Incumbent.Target, Wins: m.Strict.Wins, Losses: m.Strict.Losses}
			}
		}
		r.Scores = append(r.Scores, s)
	}
	if candidate {
		r.Verdict = strings.ToLower(string(run.Verdict.Word))
	}
	if answers := len(run.Cases) * max(run.Repeats, 1); of.USD != nil && answers > 0 {
		thousand := *of.USD / float64(answers) * 1000
		r.Cost = Spent{USD: &thousand, Basis: BasisUsage}
	}
	return r
}
