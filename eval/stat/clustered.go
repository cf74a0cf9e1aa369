package stat

import (
	"math"
	"slices"
)

// Clustered is the test for graded scores, means of repeats, clusters and
// weights: a t test on the weighted mean difference with a cluster-robust
// standard error, made safe for scores that hardly scatter.
//
//	SE^2 = G/(G-1) * sum over clusters g of (sum over i in g of w_i (d_i - d))^2 / (sum of w)^2,   G-1 degrees of freedom
//
// (the sandwich form of Liang and Zeger 1986 with the small-sample factor; see
// Miller, Adding error bars to evals, arXiv 2411.00640). Two things are added,
// because a plain t test believes that cases which all came out alike prove
// something: at n = 20 it would ship more than half of the candidates it should
// not. The standard error does not go below that of 0/1 scores whose wins and
// losses balance at the margin, sqrt(2 m (1-m) / units); and alpha is halved.
// Independent units, not cases, are what the floor counts: copying every case
// into its own cluster ten times over must not prove more. With unequal weights
// it is their effective number, (sum of w)^2 / sum of w^2 (Kish 1965).
//
// And with fewer units than MinCases a second test must pass too, one that holds
// at any size whatever the scores (see betP). There only a candidate that scored
// higher on the whole can pass at all, and a t test takes "a little better almost
// always, much worse now and then" for proof before the now and then was seen:
// measured at n = 20 and a margin of 2 points, it would ship 16% of such
// candidates at the margin.
//
// P is doubled rather than alpha halved, so that P <= Alpha means the same
// everywhere.
func Clustered(pairs []Pair, t Test) (Result, error) {
	if err := checkPairs(pairs); err != nil {
		return Result{}, err
	}
	t, err := t.complete()
	if err != nil {
		return Result{}, err
	}
	list := units(pairs)
	if len(list) < 2 {
		return Result{}, ErrOneCluster
	}
	r := clustered(list, t).bound(list, t)
	counts, _ := Count(pairs)
	r.N, r.Wins, r.Losses = counts.N, counts.Wins, counts.Losses
	r.Variance = r.SE * r.SE * float64(r.N)
	r.PWorse, r.PBetter = signFlip(list, t.Seed)
	return r, nil
}

// clustered is the decision about the margin, and what goes with it.
func clustered(list []unit, t Test) Result {
	m, df := moments(list), float64(len(list)-1)
	r := Result{
		Method: MethodClustered, Margin: t.Margin, Alpha: t.Alpha,
		Units: len(list), DF: len(list) - 1, Diff: m.diff,
		SE: m.se, SEUsed: max(m.se, floor(t.Margin, m.effective)),
	}
	r.Statistic = (r.Diff + t.Margin) / r.SEUsed
	r.PAsymptotic = min(1, 2*aboveT(r.Statistic, df))
	r.P = r.PAsymptotic
	r.PAbove = min(1, 2*aboveT((t.Margin-r.Diff)/r.SEUsed, df))
	if few(m, t) {
		r.P = max(r.P, betP(list, t.Margin))
		r.PAbove = max(r.PAbove, betP(mirrored(list), t.Margin))
	}
	return r
}

// few says whether the units are fewer than the t test can be trusted with.
func few(m spread, t Test) bool {
	t.Graded = true
	return m.effective < float64(minCases(t))
}

// bound fills in what goes with the decision in a report.
func (r Result) bound(list []unit, t Test) Result {
	df := float64(r.DF)
	half := quantileT(1-t.Alpha, df) * r.SE
	r.Interval = Interval{Low: r.Diff - half, High: r.Diff + half, Level: 1 - 2*t.Alpha}
	r.Bound = r.Diff - quantileT(1-t.Alpha/2, df)*r.SEUsed
	if few(moments(list), t) {
		r.Bound = min(r.Bound, betBound(list, t.Alpha))
	}
	return r
}

// betP is a p value of "the drop is the margin or more" that needs nothing but
// scores between 0 and 1: one over the capital of a bettor who stakes on the
// candidate, unit by unit, and whose capital has a mean of at most 1 if that is
// so (Markov's inequality; the stakes are those of EProcess).
func betP(list []unit, margin float64) float64 {
	heaviest := 0.0
	for _, u := range list {
		heaviest = max(heaviest, u.weight)
	}
	var e EProcess
	for _, u := range list {
		e.bet(-(u.sum + margin*u.weight) / heaviest)
	}
	return min(1, math.Exp(-e.Log()))
}

// betBound is the difference at which betP falls to alpha: its capital grows
// with the margin.
func betBound(list []unit, alpha float64) float64 {
	lo, hi := -1.0, 1.0
	for range 50 {
		margin := lo + (hi-lo)/2
		if betP(list, margin) > alpha {
			lo = margin
		} else {
			hi = margin
		}
	}
	return -hi
}

// mirrored swaps the two models.
func mirrored(list []unit) []unit {
	other := slices.Clone(list)
	for i := range other {
		other[i].sum = -other[i].sum
	}
	return other
}

// floor is the least standard error the test believes in.
func floor(margin, units float64) float64 {
	return math.Sqrt(2 * margin * (1 - margin) / units)
}

// spread is what the clustered form needs to know of the scores.
type spread struct {
	diff      float64 // weighted mean difference
	se        float64 // its cluster-robust standard error
	effective float64 // Kish's number of units
}

func moments(list []unit) spread {
	weight, squares, sum := 0.0, 0.0, 0.0
	for _, u := range list {
		weight += u.weight
		squares += u.weight * u.weight
		sum += u.sum
	}
	s := spread{diff: sum / weight, effective: weight * weight / squares}
	residuals := 0.0
	for _, u := range list {
		residual := u.sum - s.diff*u.weight
		residuals += residual * residual
	}
	g := float64(len(list))
	s.se = math.Sqrt(g/(g-1)*residuals) / weight
	return s
}
