package stat

import (
	"errors"
	"fmt"
	"math"
)

// Joint is the outcome of several metrics that must all pass.
type Joint struct {
	Passes   bool
	P        float64  // the largest of the p values: that of the joint test
	Weakest  int      // index of the metric it comes from
	Failing  []int    // indices of those that did not pass
	Standing Standing // worse or unclear if any is; of those that passed, within_worse if any is, else better if any is
}

// Intersection joins the results of several metrics on the same cases. A
// candidate ships only if each metric passes its own margin at its own full
// alpha. That needs no correction: if the candidate falls short on any one
// metric, shipping means a false pass on that one, which has a chance of at most
// its alpha (an intersection-union test; Berger 1982). The price is power: see
// JointPower.
func Intersection(results []Result) (Joint, error) {
	if len(results) == 0 {
		return Joint{}, errors.New("there are no metrics to join: a verdict needs at least one")
	}
	j := Joint{P: -1, Standing: Within}
	rank := map[Standing]int{Within: 0, Better: 1, WithinWorse: 2, Unclear: 3, Worse: 4}
	for i, r := range results {
		if !r.NonInferior() {
			j.Failing = append(j.Failing, i)
		}
		if p := max(r.P, r.PBetween); p > j.P {
			j.P, j.Weakest = p, i
		}
		if s := r.Standing(); rank[s] > rank[j.Standing] {
			j.Standing = s
		}
	}
	j.Passes = len(j.Failing) == 0
	return j, nil
}

// JointPower is the least power of an intersection, whatever the dependence of
// its metrics: 1 less the sum of their chances to fail (Bonferroni).
func JointPower(powers ...float64) float64 {
	miss := 0.0
	for _, p := range powers {
		miss += 1 - p
	}
	return max(0, 1-miss)
}

// AlphaForTry is what is left of alpha for a route's k-th gate run on the same
// cases, counted from 1: alpha/k. It keeps the chance of a lucky ship over k
// tries under alpha (1 + 1/2 + ... + 1/k): 11.4% for five tries at 5%, where five
// tries at full alpha would have [LuckyShip] 22.6%. It is a brake, not a
// guarantee; fresh cases are.
func AlphaForTry(alpha float64, try int) (float64, error) {
	if !(alpha > 0 && alpha <= 0.5) {
		return 0, fmt.Errorf("alpha %v is not above 0 and at most 0.5", alpha)
	}
	if try < 1 {
		return 0, fmt.Errorf("try %d: tries are counted from 1", try)
	}
	return alpha / float64(try), nil
}

// LuckyShip is the chance that at least one of so many independent tries ships
// a candidate that each should refuse with probability 1-alpha.
func LuckyShip(alpha float64, tries int) float64 {
	return -math.Expm1(float64(max(0, tries)) * math.Log1p(-alpha))
}
