package stat

import (
	"fmt"
	"math"
)

// Default values of what a caller leaves at zero.
const (
	DefaultAlpha       = 0.05 // one-sided
	DefaultPower       = 0.80
	DefaultDiscordance = 0.10 // share of cases on which two near-equal models differ; real pairs: a tenth under .046, half under .087, nine tenths under .150
)

// Margins that go with a route's stakes where none is declared.
const (
	MarginHighStakes   = 0.02
	MarginNormalStakes = 0.05
	MarginLowStakes    = 0.10
)

// Test says what is to be shown, and how sure one wants to be.
type Test struct {
	// Margin is the drop of the mean score that is no longer accepted, above 0
	// and below 1. It is declared beforehand, not chosen to fit.
	Margin float64
	// Alpha is the accepted chance of shipping a candidate whose true drop is
	// the margin or more. 0 means DefaultAlpha; at most 0.5.
	Alpha float64
	// Graded says that scores could have been other than 0 and 1, or are means
	// of repeats, even if in these cases they happen to be 0 and 1: which test
	// applies must not depend on the outcome.
	Graded bool
	// Seed is for the sign flips behind PWorse and PBetter of graded scores. No
	// decision about the margin depends on it.
	Seed uint64
}

// complete fills in defaults and refuses what makes no sense.
func (t Test) complete() (Test, error) {
	if t.Alpha == 0 {
		t.Alpha = DefaultAlpha
	}
	if !(t.Margin > 0 && t.Margin < 1) {
		return t, fmt.Errorf("the margin %v is not above 0 and below 1: it is a share, 0.05 for five points", t.Margin)
	}
	if !(t.Alpha > 0 && t.Alpha <= 0.5) {
		return t, fmt.Errorf("alpha %v is not above 0 and at most 0.5", t.Alpha)
	}
	return t, nil
}

// Method names how a result was come by.
type Method string

// The methods.
const (
	MethodExact      Method = "exact"      // unconditional, for 0/1 scores
	MethodAsymptotic Method = "asymptotic" // the same statistic, above ExactLimit cases
	MethodClustered  Method = "clustered"  // cluster-robust t, for everything else
)

// Standing is where a candidate stands on one metric. It is a statement about
// these scores; what is done about it is the gate's business.
type Standing string

// The standings. The first three have shown that the drop is under the margin.
const (
	Better      Standing = "better"       // and that the candidate is better
	Within      Standing = "within"       // and neither better nor worse
	WithinWorse Standing = "within_worse" // and that the candidate is nevertheless worse
	Worse       Standing = "worse"        // not shown to be within the margin, and shown to be worse
	Unclear     Standing = "unclear"      // neither: more cases are needed
)

// Result is the outcome of one test. All shares are in parts of 1.
type Result struct {
	Method Method
	Margin float64
	Alpha  float64

	N      int // cases
	Units  int // independent ones: clusters, or cases where there are none
	Wins   int // cases on which the candidate scored higher
	Losses int // cases on which it scored lower

	Diff     float64 // mean difference, candidate less incumbent
	Variance float64 // of the difference, per case; clustering included
	// Interval is two-sided at level 1-2*Alpha and goes with the report. The
	// decision is taken on P: the interval's method is asymptotic, and in close
	// cases the two may disagree.
	Interval Interval
	// Bound is the worst difference that the decision does not rule out. In the
	// clustered form it ships if Bound is above -Margin; Bound lies below
	// Interval.Low there, which has no floor under the standard error and a whole
	// alpha. In the others it is Interval.Low.
	Bound float64

	// Statistic is Tango's z, or t with DF degrees of freedom, for the
	// hypothesis that the drop is the margin.
	Statistic float64
	DF        int     // 0 for z
	SE        float64 // standard error of Diff; 0 for the exact method
	SEUsed    float64 // SE, or the floor under it if that is larger

	// P is the p value of "the drop is the margin or more". PAsymptotic is the
	// normal approximation of it; for the clustered form, that of the t test alone,
	// without the second test that few units need.
	P           float64
	PAsymptotic float64
	// PBetween is 0, except in the rare case that P is at most Alpha, yet between
	// the points of the nuisance grid that P is computed over a value above 1.01
	// Alpha was found, or could not be ruled out. It then overrules P.
	PBetween float64
	// PAbove is the p value of "the candidate is better by the margin or more":
	// the same test with the two models swapped.
	PAbove float64
	// PWorse and PBetter are the p values of "the candidate is not worse" and
	// "... not better": small values show that it is.
	PWorse  float64
	PBetter float64
}

// NonInferior says whether the drop is shown to be under the margin. This, and
// nothing else, ships.
func (r Result) NonInferior() bool { return r.P <= r.Alpha && r.PBetween == 0 }

// IsBetter says whether the candidate is shown to be better, by however little.
func (r Result) IsBetter() bool { return r.PBetter <= r.Alpha }

// IsWorse says whether the candidate is shown to be worse, by however little.
func (r Result) IsWorse() bool { return r.PWorse <= r.Alpha }

// Equivalent says whether the difference is shown to be under the margin on
// both sides (two one-sided tests, Schuirmann 1987).
func (r Result) Equivalent() bool { return r.NonInferior() && r.PAbove <= r.Alpha }

// Standing puts the result in a word.
func (r Result) Standing() Standing {
	switch {
	case r.NonInferior() && r.IsBetter():
		return Better
	case r.NonInferior() && r.IsWorse():
		return WithinWorse
	case r.NonInferior():
		return Within
	case r.IsWorse():
		return Worse
	}
	return Unclear
}

// MoreCases is about how many further cases would show the drop to be under the
// margin if the observed difference and scatter stayed as they are; false if no
// number would, because the observed drop is the margin or more. It is at least
// 1, and 0 only if nothing is left to show.
func (r Result) MoreCases() (int, bool) {
	if r.NonInferior() {
		return 0, true
	}
	room := r.Margin + r.Diff
	if !(room > 1e-12) {
		return 0, false
	}
	z, variance := quantileNormal(1-r.Alpha), r.Variance
	if r.Method == MethodClustered {
		z = quantileNormal(1 - r.Alpha/2)
		variance = float64(r.N) * r.SEUsed * r.SEUsed
	}
	need := math.Ceil(z * z * variance / (room * room))
	if need > math.MaxInt32 {
		return 0, false
	}
	return max(1, int(need)-r.N), true
}

// NonInferiority tests whether the candidate's mean score is at most the margin
// below the incumbent's: by [Exact] if all scores are 0 or 1, unclustered,
// equally weighted and not declared as graded, else by [Clustered].
func NonInferiority(pairs []Pair, t Test) (Result, error) {
	if err := checkPairs(pairs); err != nil {
		return Result{}, err
	}
	if counts, plain := Count(pairs); plain && !t.Graded {
		return Exact(counts, t)
	}
	return Clustered(pairs, t)
}

// Exact is the test for 0/1 scores: exact and unconditional on Tango's score
// statistic up to ExactLimit cases, its normal approximation above. The interval
// comes from inverting the statistic, PWorse and PBetter from McNemar's exact
// test.
func Exact(c Counts, t Test) (Result, error) {
	if err := c.check(); err != nil {
		return Result{}, err
	}
	t, err := t.complete()
	if err != nil {
		return Result{}, err
	}
	r := Result{
		Method: MethodExact, Margin: t.Margin, Alpha: t.Alpha,
		N: c.N, Units: c.N, Wins: c.Wins, Losses: c.Losses, Diff: c.Diff(),
		Interval:  scoreInterval(c, 1-2*t.Alpha),
		Statistic: score(c.Wins, c.Losses, c.N, -t.Margin),
	}
	r.Bound = r.Interval.Low
	r.Variance = float64(c.Wins+c.Losses)/float64(c.N) - r.Diff*r.Diff
	r.PAsymptotic = aboveNormal(r.Statistic)
	if c.N > ExactLimit {
		r.Method, r.P = MethodAsymptotic, r.PAsymptotic
		r.PAbove = aboveNormal(score(c.Losses, c.Wins, c.N, -t.Margin))
	} else {
		x := newExact(c.N, t.Margin)
		r.P, r.PBetween = x.decide(c.Wins, c.Losses, t.Alpha)
		r.PAbove = x.p(c.Losses, c.Wins)
	}
	discordant := mcnemar(c.Wins, c.Losses)
	r.PWorse, r.PBetter = discordant.Worse, discordant.Better
	return r, nil
}
