package eval

import (
	"fmt"

	"github.com/switchgear-dev/switchgear/eval/stat"
)

// Stopped is why a run ended before its last case.
type Stopped struct {
	Cases    int     `json:"cases"`  // that were asked
	Of       int     `json:"of"`     //
	Reason   string  `json:"reason"` // one of the Stop constants
	Why      string  `json:"why"`
	SavedUSD float64 `json:"saved_usd,omitempty"` // what the candidate's other answers would have cost, by the mean of those it gave
}

// The reasons to stop.
const (
	StopWorse    = "worse"    // the candidate is worse beyond doubt
	StopHopeless = "hopeless" // it could not ship even if it won every case that is left
	StopMissing  = "missing"  // too many cases have no score
	StopSpent    = "spent"    // the purse is empty, or a limit in dollars cannot be kept
)

// look decides after a wave whether to go on. It can only ever end a run that
// would not have shipped.
func (r *runner) look() *Stopped {
	asked, of := len(r.run.Cases), len(r.set.Cases)
	stop := &Stopped{Cases: asked, Of: of}
	if err := r.barred(); err != nil {
		stop.Reason, stop.Why = StopSpent, err.Error()
		return stop
	}
	lost := r.run.countMissing()
	if float64(lost) > missingMost*float64(of) && asked < of {
		stop.Reason = StopMissing
		stop.Why = fmt.Sprintf("%d of %d cases have no score, and %.0f%% of %d is the most that may be missing", lost, asked, 100*missingMost, of)
		return stop
	}
	if asked == of || r.Full || asked == lost {
		return nil
	}
	for i := range r.metrics {
		if reason, why := r.lost(i); reason != "" {
			stop.Reason, stop.Why = reason, why
			stop.SavedUSD = r.run.saved(asked, of)
			return stop
		}
	}
	return nil
}

// lost reports whether the candidate has lost on a metric, or must.
func (r *runner) lost(i int) (reason, why string) {
	pairs := r.run.pairs(i, strictTrack)
	path, err := stat.LossPath(pairs, stat.Stopping{Beta: stat.DefaultBeta / float64(len(r.metrics)), Heaviest: r.set.heaviest()})
	if err == nil && path.Stopped() {
		return StopWorse, fmt.Sprintf("after %d cases, the odds of seeing this from a candidate that is as good are below 1 in %.0f", path.Stop, path.Threshold)
	}
	worse := 0.0
	for _, p := range pairs {
		worse += p.Incumbent - p.Candidate
	}
	asked := map[string]bool{}
	for j := range r.run.Cases {
		asked[r.run.Cases[j].ID] = true
	}
	var left []stat.Pair
	for _, c := range r.set.Cases {
		if !asked[c.ID] {
			left = append(left, stat.Pair{Cluster: c.Cluster, Weight: c.Weight})
		}
	}
	if worse < float64(len(left)) { // all that is left could make good more than was lost: no need to ask the test
		return "", ""
	}
	can, err := stat.CanStillShip(pairs, left, r.test(i))
	if err == nil && !can {
		return StopHopeless, fmt.Sprintf("after %d cases it could not pass even by winning all the %d that are left", len(pairs), len(left))
	}
	return "", ""
}

// heaviest is the weight of the heaviest cluster.
func (s *Set) heaviest() float64 {
	weights, most := map[string]float64{}, 0.0
	for _, c := range s.Cases {
		key := "c" + c.Cluster
		if c.Cluster == "" {
			key = "i" + c.ID
		}
		w := c.Weight
		if w == 0 {
			w = 1
		}
		weights[key] += w
		most = max(most, weights[key])
	}
	return most
}

func (r *runner) test(i int) stat.Test { return r.run.test(&r.metrics[i]) }
