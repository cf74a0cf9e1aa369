package stat

import "math"

// score is Tango's score statistic for paired 0/1 scores and the hypothesis
// P(win) - P(loss) = d0, -1 < d0 < 1: the observed difference less d0, in
// standard errors estimated under that hypothesis. It rises with wins and falls
// with losses; at d0 = 0 it is McNemar's (b-c)/sqrt(b+c).
//
// Tango T., Equivalence test and confidence interval for the difference in
// proportions for the paired-sample design, Statistics in Medicine 17 (1998).
func score(wins, losses, n int, d0 float64) float64 {
	b, c, size := float64(wins), float64(losses), float64(n)
	// The chance of a loss that fits best under the hypothesis: the larger root
	// of A p^2 + B p + C, taken in the form that subtracts no near-equals.
	qa := 2 * size
	qb := (2*size-b+c)*d0 - b - c
	qc := -c * d0 * (1 - d0)
	root := math.Sqrt(max(0, qb*qb-4*qa*qc))
	p := (root - qb) / (2 * qa)
	if qb > 0 {
		p = -2 * qc / (root + qb)
	}
	variance := size * (2*p + d0*(1-d0))
	distance := b - c - size*d0
	if variance <= 0 {
		// No case differs and nothing is to be shown: 0/0. Elsewhere the limit.
		switch {
		case distance > 0:
			return math.Inf(1)
		case distance < 0:
			return math.Inf(-1)
		}
		return 0
	}
	return distance / math.Sqrt(variance)
}

// scoreInterval is the set of differences that the score statistic does not
// reject at the given two-sided level: 0.90 for the interval that goes with a
// one-sided test at 0.05.
func scoreInterval(c Counts, level float64) Interval {
	z := quantileNormal((1 + level) / 2)
	return Interval{
		Low:   scoreRoot(c, z),
		High:  scoreRoot(c, -z),
		Level: level,
	}
}

// scoreRoot is the difference at which the statistic equals z: it falls from
// one end of (-1, 1) to the other, so halving finds it.
func scoreRoot(c Counts, z float64) float64 {
	lo, hi := -1.0, 1.0
	for range 60 {
		mid := lo + (hi-lo)/2
		if score(c.Wins, c.Losses, c.N, mid) > z {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + (hi-lo)/2
}
