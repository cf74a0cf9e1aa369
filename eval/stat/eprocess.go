package stat

import (
	"fmt"
	"math"
)

// bets is how many constant stakes the e-process mixes: .05, .10, ... .95.
const bets = 19

// DefaultBeta is the accepted chance of stopping a candidate that is at least as
// good as the incumbent.
const DefaultBeta = 0.01

// EProcess is a bet against the candidate. It starts with 1; each unit of
// evidence, the difference d in [-1, 1], multiplies each of its stakes l by
// 1 - l*d, and its value is the mean. If the candidate is at least as good as the
// incumbent the value has a mean of at most 1 at all times, so that by Ville's
// inequality the chance that it ever reaches 1/beta is at most beta: one may look
// after every case and stop, without any correction. It assumes nothing about
// the scores but their range.
//
// A constant-stake form of the betting of Waudby-Smith and Ramdas, Estimating
// means of bounded random variables by betting, JRSS B 86 (2024).
//
// The zero value is ready. What it observes must be independent units in an
// order that does not depend on the scores: see [Waves].
type EProcess struct {
	logs  [bets]float64 // of each stake's capital; products would leave a float64's range after 1,000 cases
	units int
}

// Observe takes in the difference of one unit.
func (e *EProcess) Observe(d float64) error {
	if !(d >= -1 && d <= 1) {
		return fmt.Errorf("the difference %v is not between -1 and 1", d)
	}
	e.units++
	if d != 0 { // else nothing was won or lost
		e.bet(d)
	}
	return nil
}

func stake(i int) float64 { return float64(i+1) / (bets + 1) }

// Units is how many units were observed.
func (e *EProcess) Units() int { return e.units }

// Log is the natural logarithm of the value.
func (e *EProcess) Log() float64 {
	most := e.logs[0]
	for _, l := range e.logs {
		most = max(most, l)
	}
	sum := 0.0
	for _, l := range e.logs {
		sum += math.Exp(l - most)
	}
	return most + math.Log(sum/bets)
}

// Value is the evidence that the candidate is worse: 1 at the start, 100 when
// the odds of seeing this from an equal candidate are at most one in a hundred.
// It never exceeds the largest float64.
func (e *EProcess) Value() float64 {
	return min(math.MaxFloat64, math.Exp(e.Log()))
}

// bet takes any d under 1/.95, so that no stake loses more than it has.
func (e *EProcess) bet(d float64) {
	for i := range e.logs {
		e.logs[i] += math.Log1p(-stake(i) * d)
	}
}
