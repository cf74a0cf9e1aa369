package stat

import (
	"math"
	"math/big"
	"testing"
)

// The worked cases R1 to R24 of the procedure, computed once with another
// implementation (scipy 1.10.1): z and asymptotic p to 1e-6, exact p to 1e-5.

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.9f, want %.9f (within %g)", what, got, want, tolerance)
	}
}

const unknown = -9 // a figure the worked case does not give

func TestWorkedBinaryCases(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name             string
		wins, losses, n  int
		margin           float64
		z, asymptotic, p float64
		low, high        float64
		standing         Standing
	}{
		{"R1", 0, 0, 58, .05, 1.747178, .040303, .051047, unknown, unknown, Unclear},
		{"R2", 0, 0, 59, .05, 1.762176, .039020, .048495, -.043846, .043846, Within},
		{"R3", 0, 0, 29, .10, 1.795055, unknown, .048622, -.085333, .085333, Within},
		{"R4", 5, 5, 100, .05, 1.465399, .071406, .080568, -.057086, .057086, Unclear},
		{"R5", 5, 5, 100, .10, 2.606093, .004579, .006106, unknown, unknown, Within},
		{"R6", 2, 5, 329, .05, 3.182481, .000730, .000737, -.025585, .004953, Within},
		{"R7", 20, 16, 308, .05, 3.013289, .001292, .001402, -.019634, .046178, Within},
		{"R8", 17, 37, 350, .05, -0.345304, .635067, .655196, -.092580, -.023175, Worse},
		{"R9", 16, 14, 350, .05, 3.193691, .000702, .000714, -.020778, .032548, Within},
		{"R10", 10, 20, 200, .10, 1.740777, .040861, .041663, -.097052, -.005157, WithinWorse},
		{"R11", 3, 8, 329, .02, 0.461459, .322235, .364958, unknown, unknown, Unclear},
		{"R12", 41, 5, 329, .05, 6.915816, unknown, unknown, .078648, .144233, Better},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := Exact(Counts{Wins: c.wins, Losses: c.losses, N: c.n}, Test{Margin: c.margin})
			if err != nil {
				t.Fatal(err)
			}
			near(t, "z", r.Statistic, c.z, 1e-6)
			if c.asymptotic != unknown {
				near(t, "asymptotic p", r.PAsymptotic, c.asymptotic, 1e-6)
			}
			if c.p != unknown {
				near(t, "p", r.P, c.p, 1e-6)
			}
			if c.low != unknown {
				near(t, "low", r.Interval.Low, c.low, 1e-6)
				near(t, "high", r.Interval.High, c.high, 1e-6)
			}
			if r.Standing() != c.standing {
				t.Errorf("standing = %s, want %s", r.Standing(), c.standing)
			}
			if r.Method != MethodExact || r.PBetween != 0 {
				t.Errorf("method %s, p between %v", r.Method, r.PBetween)
			}
		})
	}
	// R1 to R3 in closed form: nothing but ties, at P(win) = 0.
	x := newExact(58, .05)
	near(t, "R1", x.p(0, 0), math.Pow(.95, 58), 1e-12)
	near(t, "R2", newExact(59, .05).p(0, 0), math.Pow(.95, 59), 1e-12)
	x = newExact(29, .10)
	near(t, "R3 at P(win) = 0", x.region(0, 0).probability(x.table, 0, .10), math.Pow(.9, 29), 1e-12)
}

func TestWorkedMcNemar(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		wins, losses int
		two, worse   float64
	}{
		{"R13", 12, 26, .0335524396, .0167762198},
		{"R14a", 0, 8, .0078125, .00390625},
		{"R14b", 5, 10, .3017578125, .150878906},
		{"R14c", 20, 29, .2528697309, .126434865},
	} {
		d, err := McNemar(c.wins, c.losses)
		if err != nil {
			t.Fatal(err)
		}
		// The two values that are no short fractions were worked out in floating
		// point and are off in the ninth digit; fractions settle who is right.
		near(t, c.name+" two-sided", d.TwoSided, c.two, 1e-9)
		near(t, c.name+" worse", d.Worse, c.worse, 1e-9)
		exact, _ := atLeast(c.wins+c.losses, c.losses).Float64()
		near(t, c.name+" worse, in fractions", d.Worse, exact, 1e-14)
	}
	d, _ := McNemar(12, 26)
	near(t, "R13 mid-p", d.MidP, .0237026990, 1e-8)
	near(t, "R13 mid-p, in fractions", d.MidP, 2*.016776219839812256-2707475148.0/(1<<38), 1e-14)
}

// atLeast is P(k or more heads in n tosses), in fractions.
func atLeast(n, k int) *big.Rat {
	sum := new(big.Int)
	for j := k; j <= n; j++ {
		sum.Add(sum, new(big.Int).Binomial(int64(n), int64(j)))
	}
	return new(big.Rat).SetFrac(sum, new(big.Int).Lsh(big.NewInt(1), uint(n)))
}

func graded(diffs []float64, clusters []string) []Pair {
	pairs := make([]Pair, len(diffs))
	for i, d := range diffs {
		pairs[i] = Pair{Incumbent: 0.5, Candidate: 0.5 + d}
		if clusters != nil {
			pairs[i].Cluster = clusters[i]
		}
	}
	return pairs
}

func TestWorkedGradedCases(t *testing.T) {
	t.Parallel()
	diffs := []float64{.2, -.1, 0, .3, -.4, .1, 0, .2, -.2, .1}
	r, err := NonInferiority(graded(diffs, nil), Test{Margin: .05})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "R15 mean", r.Diff, .02, 1e-12)
	near(t, "R15 se", r.SE, .0663324958, 1e-10)
	near(t, "R15 df", float64(r.DF), 9, 0)
	near(t, "R15 t", quantileT(.95, 9), 1.8331129, 1e-7)
	near(t, "R15 low", r.Interval.Low, -.101595, 1e-6)

	r, err = NonInferiority(graded(diffs, []string{"1", "1", "2", "2", "3", "3", "4", "4", "5", "5"}), Test{Margin: .05})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "R16 se", r.SE, .0538516481, 1e-10)
	near(t, "R16 df", float64(r.DF), 4, 0)
	near(t, "R16 t", quantileT(.95, 4), 2.1318468, 1e-7)
	near(t, "R16 low", r.Interval.Low, -.094803, 1e-6)
}

func TestWorkedEProcess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		diffs []float64
		want  []float64
	}{
		{"R17", []float64{-1, -1, -1, -1, -1, -1, -1, -1}, []float64{1.5, 2.325, 3.7125, 6.0850875, 10.200656, 17.428000, 30.254576, 53.225636}},
		{"R18", []float64{-1, 1, -1, -1, 0, -1, -1, -1, 0}, []float64{1.5, .675, .9375, 1.339912, 1.339912, 1.969519, 2.973313, 4.601423, 4.601423}},
		{"R19", []float64{-.5, -.5, -.5, -.5, -.5, -.5, -.5, -.5, -.5, -.5}, []float64{1.25, 1.58125, 2.023438, 2.617818, 3.421909, 4.516145, 6.013320, 8.072028, 10.915798, 14.860395}},
	} {
		path, err := LossPath(graded01(c.diffs), Stopping{})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.want {
			near(t, c.name, path.Steps[i].E, want, 1e-6)
		}
	}
	path, err := LossPath(graded01([]float64{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}), Stopping{})
	if err != nil || path.Stop != 10 {
		t.Errorf("eleven straight losses stop after %d cases, want 10 (%v)", path.Stop, err)
	}
}

// graded01 makes pairs with differences of any size in [-1, 1].
func graded01(diffs []float64) []Pair {
	pairs := make([]Pair, len(diffs))
	for i, d := range diffs {
		pairs[i] = Pair{Incumbent: max(0, -d), Candidate: max(0, d)}
	}
	return pairs
}

func TestWorkedPlans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		discordance, margin float64
		want                int
	}{{.10, .05, 248}, {.05, .05, 124}, {.20, .05, 495}, {.10, .10, 62}, {.03, .02, 464}} {
		f, err := Plan{Test: Test{Margin: c.margin}, Discordance: c.discordance}.Foresee(10)
		if err != nil || f.Typical != c.want {
			t.Errorf("R20: %v at margin %v takes %d, want %d (%v)", c.discordance, c.margin, f.Typical, c.want, err)
		}
	}
	for _, c := range []struct {
		n                 int
		discordance, want float64
	}{{40, .15, .1523}, {40, .10, .1243}, {100, .10, .0786}, {200, .10, .0556}, {400, .10, .0393}} {
		f, err := Plan{Test: Test{Margin: .05}, Discordance: c.discordance}.Foresee(c.n)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "R21", f.Detectable, c.want, 5e-5)
	}
	p := RepeatPlan{Between: 1.0 / 9, NoiseIncumbent: 1.0 / 6, NoiseCandidate: 1.0 / 6, Drop: .03}
	got, err := p.Cases()
	if err != nil {
		t.Fatal(err)
	}
	near(t, "R22 K=1", got, 3875.99, .005)
	p.RepeatsIncumbent, p.RepeatsCandidate = 10, 10
	got, err = p.Cases()
	if err != nil {
		t.Fatal(err)
	}
	near(t, "R22 K=10", got, 1259.70, .005)
	z := quantileNormal(.975) + quantileNormal(.8)
	near(t, "R22 (z sum)^2", z*z, 7.848880, 1e-6)
}

func TestWorkedWilson(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		k         int
		low, high float64
	}{{36, .769482, .960420}, {40, .912378, 1}, {0, 0, .087622}} {
		i, err := Wilson(c.k, 40, .95)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "R23 low", i.Low, c.low, 1e-6)
		near(t, "R23 high", i.High, c.high, 1e-6)
	}
}

func TestWorkedSizeAndPower(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n                 int
		size, even, ahead float64
	}{{60, .0488, .271, .7902}, {200, .0464, .668, .9991}} {
		near(t, "R24 size", sizeOnGrid(c.n, .05), c.size, 5e-5)
		even, err := Power(c.n, Test{Margin: .05}, .05, .05)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "R24 power at equality", even, c.even, 5e-4)
		ahead, err := Power(c.n, Test{Margin: .05}, .07, .02)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "R24 power ahead", ahead, c.ahead, 5e-5)
	}
}

// sizeOnGrid is the largest chance of a false ship with P(win) in steps of .001.
func sizeOnGrid(n int, margin float64) float64 {
	x := newExact(n, margin)
	ships := x.shipEdge(0, n, x.shipsAt(DefaultAlpha))
	worst := 0.0
	for k := 0; float64(k)*.001 <= (1-margin)/2+1e-12; k++ {
		win := min(float64(k)*.001, (1-margin)/2)
		worst = max(worst, ships.probability(x.table, win, win+margin))
	}
	return worst
}

// shipsAt is the decision of the test.
func (x exact) shipsAt(alpha float64) func(wins, losses int) bool {
	return func(wins, losses int) bool {
		if !x.passes(wins, losses, alpha) {
			return false
		}
		p, between := x.decide(wins, losses, alpha)
		return p <= alpha && between == 0
	}
}

// TestPowerTable holds the chance of shipping an equal candidate against the
// table of the procedure: P(win) = P(loss) = 1%, 2.5%, 5%, 10%.
func TestPowerTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n      int
		margin float64
		want   [4]float64
	}{
		{20, .03, [4]float64{.001, .008, .031, .062}},
		{40, .10, [4]float64{.758, .615, .481, .365}},
		{60, .05, [4]float64{.587, .386, .271, .198}},
		{100, .05, [4]float64{.789, .583, .406, .261}},
		{200, .05, [4]float64{.986, .880, .668, .444}},
		{100, .10, [4]float64{.999, .976, .885, .694}},
	} {
		for i, share := range []float64{.01, .025, .05, .10} {
			got, err := Power(c.n, Test{Margin: c.margin}, share, share)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "power", got, c.want[i], 6e-4)
		}
	}
}

func TestHolm(t *testing.T) {
	t.Parallel()
	got, err := Holm([]float64{.01, .04, .03, .005})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{.03, .06, .06, .02} {
		near(t, "Holm", got[i], want, 1e-12)
	}
	if _, err := Holm([]float64{math.NaN()}); err == nil {
		t.Error("a p value that is no number was adjusted")
	}
}

func TestMinCasesTable(t *testing.T) {
	t.Parallel()
	for margin, want := range map[float64]int{.01: 299, .02: 149, .03: 99, .05: 59, .10: 29, .15: 19, .20: 14} {
		got, err := MinCases(Test{Margin: margin})
		if err != nil || got != want {
			t.Errorf("margin %v takes %d cases, want %d (%v)", margin, got, want, err)
		}
		for n, ships := range map[int]bool{want: true, want - 1: false} {
			r, err := Exact(Counts{N: n}, Test{Margin: margin})
			if err != nil || r.NonInferior() != ships {
				t.Errorf("%d ties at margin %v: ships %v, want %v (p %v, %v)", n, margin, r.NonInferior(), ships, r.P, err)
			}
		}
		graded, err := MinCases(Test{Margin: margin, Graded: true})
		if err != nil {
			t.Fatal(err)
		}
		for n, ships := range map[int]bool{graded: true, graded - 1: false} {
			r, err := Clustered(make([]Pair, n), Test{Margin: margin})
			if err != nil || r.NonInferior() != ships {
				t.Errorf("%d graded ties at margin %v: ships %v, want %v (p %v, %v)", n, margin, r.NonInferior(), ships, r.P, err)
			}
		}
	}
}
