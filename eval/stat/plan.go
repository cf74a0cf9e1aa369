package stat

import (
	"fmt"
	"math"
)

// Plan is what is assumed before any money is spent.
type Plan struct {
	Test Test
	// Discordance is the expected share of cases on which the two models differ
	// if neither is better; for graded scores, the expected variance of the
	// difference. 0 means DefaultDiscordance.
	Discordance float64
	// Power is the wanted chance of success. 0 means DefaultPower.
	Power float64
}

// Foresight is what a set of cases can show.
type Foresight struct {
	N      int
	Margin float64
	Alpha  float64
	Graded bool

	Discordance float64 // as assumed
	Power       float64 // as wanted

	// MinCases is the fewest (independent) cases with which a candidate that
	// answers every case exactly as the incumbent does can ship. With fewer, only
	// one that wins cases outright can.
	MinCases int
	// Typical is the number with which an equal candidate that differs on
	// Discordance of the cases ships with probability Power.
	Typical int
	// Detectable is the smallest drop that N cases tell from no drop with
	// probability Power: the margin they are good for.
	Detectable float64
	// Chance is the exact chance that such an equal candidate ships with N cases,
	// or its normal approximation for graded scores and above 2,000 cases.
	Chance float64
}

// Foresee says what n cases can show. For clustered cases n is the number of
// clusters, if one wants to be safe.
func (p Plan) Foresee(n int) (Foresight, error) {
	p, err := p.complete()
	if err != nil {
		return Foresight{}, err
	}
	if n < 1 {
		return Foresight{}, ErrNoCases
	}
	f := Foresight{
		N: n, Margin: p.Test.Margin, Alpha: p.Test.Alpha, Graded: p.Test.Graded,
		Discordance: p.Discordance, Power: p.Power, MinCases: minCases(p.Test),
	}
	variance, z := p.variance(), p.quantile()
	zs := z + quantileNormal(p.Power)
	typical := zs * zs * variance / (f.Margin * f.Margin)
	f.Typical = max(f.MinCases, int(min(math.MaxInt32, math.Ceil(typical-1e-9))))
	f.Detectable = min(1, zs*math.Sqrt(variance/float64(n)))
	f.Chance = aboveNormal(z - f.Margin/math.Sqrt(variance/float64(n)))
	if !p.Test.Graded && n <= 2000 {
		f.Chance, err = Power(n, p.Test, p.Discordance/2, p.Discordance/2)
	}
	return f, err
}

func (p Plan) complete() (Plan, error) {
	t, err := p.Test.complete()
	if err != nil {
		return p, err
	}
	p.Test = t
	if p.Discordance == 0 {
		p.Discordance = DefaultDiscordance
	}
	if p.Power == 0 {
		p.Power = DefaultPower
	}
	if !(p.Discordance > 0 && p.Discordance <= 1) {
		return p, fmt.Errorf("the share of differing cases %v is not above 0 and at most 1", p.Discordance)
	}
	if !(p.Power >= 0.5 && p.Power < 1) {
		return p, fmt.Errorf("the power %v is not at least 0.5 and below 1", p.Power)
	}
	return p, nil
}

// quantile is the normal quantile the test has to clear; the graded form halves
// alpha.
func (p Plan) quantile() float64 {
	if p.Test.Graded {
		return quantileNormal(1 - p.Test.Alpha/2)
	}
	return quantileNormal(1 - p.Test.Alpha)
}

// variance of a difference, with the floor of the graded form under it.
func (p Plan) variance() float64 {
	if p.Test.Graded {
		return max(p.Discordance, 2*p.Test.Margin*(1-p.Test.Margin))
	}
	return p.Discordance
}

// MinCases is Foresight.MinCases by itself.
func MinCases(t Test) (int, error) {
	t, err := t.complete()
	if err != nil {
		return 0, err
	}
	return minCases(t), nil
}

// minCases, for 0/1 scores: if the true drop were the margin, n cases would all
// come out alike with probability (1-m)^n at most, which must not exceed alpha.
// For graded scores: the floor under the standard error must fall to m/t.
func minCases(t Test) int {
	n := int(min(math.MaxInt32, math.Ceil(math.Log(t.Alpha)/math.Log1p(-t.Margin)-1e-12)))
	if !t.Graded {
		return max(1, n)
	}
	z := quantileNormal(1 - t.Alpha/2)
	n = max(2, int(min(math.MaxInt32-1e6, 2*z*z*(1-t.Margin)/t.Margin))) // t is above z, so this is not too many
	for 2*aboveT(t.Margin/floor(t.Margin, float64(n)), float64(n-1)) > t.Alpha {
		n++
	}
	return n
}

// TooFew says whether the set cannot even ship a candidate that answers
// everything as the incumbent does.
func (f Foresight) TooFew() bool { return f.N < f.MinCases }

// String is the foresight in words, for a terminal.
func (f Foresight) String() string {
	if f.TooFew() {
		return fmt.Sprintf("%s can never show 'within %s' for a candidate that merely ties: it takes %d if no case differs, about %d for a typical equal one (%s%% differing).",
			cases(f.N), points(f.Margin), f.MinCases, f.Typical, percent(f.Discordance))
	}
	text := fmt.Sprintf("%s (%s%% differing): only a drop of %s or more can be seen with %s%% power",
		cases(f.N), percent(f.Discordance), points(f.Detectable), percent(f.Power))
	if f.Typical > f.N {
		return fmt.Sprintf("%s; for %s you need about %d.", text, points(f.Margin), f.Typical)
	}
	return text + "."
}

func cases(n int) string {
	if n == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", n)
}

func percent(share float64) string { return short(100 * share) }

func points(share float64) string {
	if s := short(100 * share); s != "1" {
		return s + " points"
	}
	return "1 point"
}

// short has at most one decimal.
func short(x float64) string {
	return fmt.Sprintf("%.4g", math.Round(10*x)/10)
}

// RepeatPlan is the sample size for a mean difference when each case is answered
// several times, so that the noise of the models and the difficulty of the cases
// part company (Miller, Adding error bars to evals, arXiv 2411.00640).
type RepeatPlan struct {
	Between          float64 // variance over cases of the expected difference
	NoiseIncumbent   float64 // variance of one answer's score around its case's mean, averaged over cases: see Noise
	NoiseCandidate   float64
	RepeatsIncumbent int     // answers per case; 0 means 1
	RepeatsCandidate int     //
	Drop             float64 // to be told from none
	Alpha            float64 // two-sided; 0 means DefaultAlpha
	Power            float64 // 0 means DefaultPower
}

// Cases is how many cases it takes, not rounded. What is gained by repeats is
// bounded by Between: no number of repeats replaces another case.
func (p RepeatPlan) Cases() (float64, error) {
	t, err := Test{Margin: p.Drop, Alpha: p.Alpha / 2}.complete()
	if err != nil {
		return 0, err
	}
	if p.Alpha == 0 {
		t.Alpha = DefaultAlpha / 2
	}
	if p.Power == 0 {
		p.Power = DefaultPower
	}
	if !(p.Power >= 0.5 && p.Power < 1) {
		return 0, fmt.Errorf("the power %v is not at least 0.5 and below 1", p.Power)
	}
	if !(p.Between >= 0 && p.NoiseIncumbent >= 0 && p.NoiseCandidate >= 0) {
		return 0, fmt.Errorf("variances %v, %v, %v: none may be negative", p.Between, p.NoiseIncumbent, p.NoiseCandidate)
	}
	if p.RepeatsIncumbent < 0 || p.RepeatsCandidate < 0 {
		return 0, fmt.Errorf("repeats %d and %d: none may be negative", p.RepeatsIncumbent, p.RepeatsCandidate)
	}
	z := quantileNormal(1-t.Alpha) + quantileNormal(p.Power)
	variance := p.Between + p.NoiseIncumbent/float64(max(1, p.RepeatsIncumbent)) + p.NoiseCandidate/float64(max(1, p.RepeatsCandidate))
	return z * z * variance / (p.Drop * p.Drop), nil
}

// Noise estimates the variance of one answer's score around its case's mean from
// repeated answers, one slice per case: the mean of the unbiased variances of
// the cases that have at least two. It is false if none has.
func Noise(repeats [][]float64) (float64, bool) {
	sum, count := 0.0, 0
	for _, scores := range repeats {
		m, err := mean(scores)
		if err != nil || len(scores) < 2 {
			continue
		}
		squares := 0.0
		for _, s := range scores {
			squares += (s - m) * (s - m)
		}
		sum += squares / float64(len(scores)-1)
		count++
	}
	if count == 0 {
		return 0, false
	}
	return sum / float64(count), true
}

// RepeatGain is the variance left by k repeats, relative to one, on a benchmark
// whose cases are of evenly spread difficulty: (1 + 2/k)/3. Two repeats take a
// third off, four a half, and no number more than two thirds.
func RepeatGain(k int) float64 {
	return (1 + 2/float64(max(1, k))) / 3
}
