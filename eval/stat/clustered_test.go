package stat

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func drawPairs(t *rapid.T, most int) []Pair {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Pair {
		return Pair{Incumbent: rapid.Float64Range(0, 1).Draw(t, "incumbent"), Candidate: rapid.Float64Range(0, 1).Draw(t, "candidate")}
	}), 2, most).Draw(t, "pairs")
}

// TestSingletonClusters is property (h): clusters of one case each change
// nothing, and neither do equal weights.
func TestSingletonClusters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pairs := drawPairs(t, 30)
		plain, err := Clustered(pairs, Test{Margin: .05})
		if err != nil {
			t.Fatal(err)
		}
		n, sum, squares := float64(len(pairs)), 0.0, 0.0
		for _, p := range pairs {
			sum += p.diff()
		}
		for _, p := range pairs {
			squares += (p.diff() - sum/n) * (p.diff() - sum/n)
		}
		if se := math.Sqrt(squares / (n - 1) / n); math.Abs(plain.SE-se) > 1e-12 {
			t.Fatalf("SE %v, plain standard error %v", plain.SE, se)
		}
		named, weight := slices.Clone(pairs), rapid.Float64Range(.01, 100).Draw(t, "weight")
		for i := range named {
			named[i].Cluster, named[i].Weight = fmt.Sprint("c", i), weight
		}
		again, err := Clustered(named, Test{Margin: .05})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain, again, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestCopiesProveNothing: every case copied into its own cluster several times
// leaves difference, standard error, floor and p value where they were. A floor
// that counted cases would let the copies ship.
func TestCopiesProveNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pairs, copies := drawPairs(t, 20), rapid.IntRange(2, 12).Draw(t, "copies")
		var copied []Pair
		for i, p := range pairs {
			p.Cluster = fmt.Sprint(i)
			for range copies {
				copied = append(copied, p)
			}
		}
		one, err := Clustered(pairs, Test{Margin: .05})
		if err != nil {
			t.Fatal(err)
		}
		many, err := Clustered(copied, Test{Margin: .05})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one, many, cmpopts.EquateApprox(0, 1e-9), cmpopts.IgnoreFields(Result{}, "N", "Wins", "Losses", "Variance")); diff != "" {
			t.Fatal(diff)
		}
	})
	// Twenty documents of ten questions each, all answered alike: if whole
	// documents are lost, one in twenty, this is seen 36% of the time.
	var alike []Pair
	for i := range 200 {
		alike = append(alike, Pair{Incumbent: 1, Candidate: 1, Cluster: fmt.Sprint("document ", i/10)})
	}
	r, err := NonInferiority(alike, Test{Margin: .05})
	if err != nil || r.Method != MethodClustered || r.Units != 20 || r.NonInferior() {
		t.Errorf("%+v ships %v (%v)", r, r.NonInferior(), err)
	}
}

// TestWeightsCountAsCopies: a weight of 3 moves the mean as three copies do.
func TestWeightsCountAsCopies(t *testing.T) {
	t.Parallel()
	weighted := []Pair{{Incumbent: 1, Candidate: 0, Weight: 3}, {Incumbent: 0, Candidate: 1}, {Incumbent: 1, Candidate: 1}, {Incumbent: .5, Candidate: .25}}
	r, err := NonInferiority(weighted, Test{Margin: .10})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "weighted mean", r.Diff, (-3+1+0-.25)/6, 1e-12)
	near(t, "effective units in the floor", r.SEUsed*r.SEUsed, max(r.SE*r.SE, .18/(36.0/12)), 1e-12)
	if r.Method != MethodClustered {
		t.Errorf("unequal weights were tested as %s", r.Method)
	}
}

// TestGradedFalseShipByEnumeration: on 0/1 scores, the hardest for it, the
// graded form ships at most 5.05% of the time when the true drop is the margin.
func TestGradedFalseShipByEnumeration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n      int
		margin float64
	}{{20, .03}, {25, .05}, {25, .10}, {40, .05}, {40, .10}, {60, .05}, {100, .05}, {100, .10}, {200, .05}} {
		var tables [][2]int
		for b := 0; b <= c.n; b++ {
			for l := 0; b+l <= c.n; l++ {
				if Counts.Diff(Counts{b, l, c.n})+c.margin < 1.9*floor(c.margin, float64(c.n)) {
					continue // under the floor, whatever the scatter
				}
				r := clustered(counted(b, l, c.n), Test{Margin: c.margin, Alpha: DefaultAlpha})
				if r.NonInferior() {
					tables = append(tables, [2]int{b, l})
				}
			}
		}
		worst := 0.0
		for k := range 101 {
			win := (1 - c.margin) / 2 * float64(k*k) / 10_000 // closer where few cases differ
			worst = max(worst, plainSum(tables, c.n, win, win+c.margin))
		}
		if worst > .0505 {
			t.Errorf("n %d margin %v: ships %.5f of the time at the margin", c.n, c.margin, worst)
		}
	}
}

// TestGradedFalseShipWithRareLosses: a candidate that is a little better almost
// always and wrong altogether now and then, so that its true drop is the margin.
// Below MinCases at most 5% ship, from there on at most 5.6%.
func TestGradedFalseShipWithRareLosses(t *testing.T) {
	t.Parallel()
	for _, margin := range []float64{.02, .05, .10, .20} {
		test := Test{Margin: margin, Alpha: DefaultAlpha, Graded: true}
		fewest := minCases(test)
		for _, n := range []int{3, 5, 10, 20, 40, 60, 100, fewest - 1, fewest, fewest * 3 / 2} {
			table, worst := logFactorials(n), 0.0
			for gain := .01; gain < .5; gain += .03 {
				d, ships := newBinomial(table, (gain+margin)/(1+gain)), 0.0
				for losses := 0; losses <= n && clustered(lopsided(n, losses, gain), test).NonInferior(); losses++ {
					ships += d.mass(n, losses)
				}
				worst = max(worst, ships)
			}
			limit := .05
			if n >= fewest {
				limit = .056
			}
			if worst > limit {
				t.Errorf("n %d margin %v: ships %.4f of the time at the margin", n, margin, worst)
			}
		}
	}
	// And a candidate that is better beyond doubt still ships with few cases.
	r, err := NonInferiority(slices.Repeat([]Pair{{Incumbent: .5, Candidate: .7}, {Incumbent: .6, Candidate: .7}, {Incumbent: .7, Candidate: .75}}, 14), Test{Margin: .05})
	if err != nil || !r.NonInferior() || r.Standing() != Better {
		t.Errorf("+12 points on 42 cases: %+v (%v)", r, err)
	}
}

func lopsided(n, losses int, gain float64) []unit {
	list := make([]unit, n)
	for i := range list {
		list[i] = unit{weight: 1, sum: gain, cases: 1}
		if i < losses {
			list[i].sum = -1
		}
	}
	return list
}

// counted makes the units of 0/1 scores.
func counted(wins, losses, n int) []unit {
	list := make([]unit, n)
	for i := range list {
		list[i] = unit{weight: 1, cases: 1}
		if i < wins {
			list[i].sum = 1
		} else if i < wins+losses {
			list[i].sum = -1
		}
	}
	return list
}

// TestSignFlipIsMcNemar: on 0/1 scores the permutation test and McNemar's are
// the same, exactly where all patterns are taken and nearly where they are drawn.
func TestSignFlipIsMcNemar(t *testing.T) {
	t.Parallel()
	for wins := range 17 {
		for losses := 0; wins+losses <= 16; losses++ {
			worse, better := signFlip(counted(wins, losses, 40), 1)
			d := mcnemar(wins, losses)
			near(t, fmt.Sprint("worse ", wins, losses), worse, d.Worse, 1e-12)
			near(t, fmt.Sprint("better ", wins, losses), better, d.Better, 1e-12)
		}
	}
	worse, better := signFlip(counted(20, 29, 300), 7)
	near(t, "worse, sampled", worse, .126434865, .015)
	near(t, "better, sampled", better, mcnemar(20, 29).Better, .015)
	again, _ := signFlip(counted(20, 29, 300), 7)
	if other, _ := signFlip(counted(20, 29, 300), 8); again != worse || other == worse {
		t.Errorf("seed 7 gives %v and %v, seed 8 %v", worse, again, other)
	}
}

// TestBoundDecides: the bound lies above -margin exactly where the test ships.
func TestBoundDecides(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 400).Draw(t, "n")
		drop := rapid.Float64Range(-.1, .1).Draw(t, "drop")
		pairs := make([]Pair, n)
		for i := range pairs {
			pairs[i] = Pair{Incumbent: .5, Candidate: .5 - drop + .2*float64(i%3-1)}
		}
		r, err := NonInferiority(pairs, Test{Margin: .05})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(r.Bound+r.Margin) > 1e-9 && r.NonInferior() != (r.Bound > -r.Margin) {
			t.Fatalf("ships %v with a bound of %v", r.NonInferior(), r.Bound)
		}
		if r.Bound > r.Interval.Low {
			t.Fatalf("bound %v is above the low end %v", r.Bound, r.Interval.Low)
		}
	})
}

func TestWhichTest(t *testing.T) {
	t.Parallel()
	plain := []Pair{{Incumbent: 1, Candidate: 1}, {Incumbent: 0, Candidate: 1}, {Incumbent: 1}}
	for name, c := range map[string]struct {
		change func(p []Pair, t *Test)
		want   Method
	}{
		"0/1":              {func([]Pair, *Test) {}, MethodExact},
		"lone clusters":    {func(p []Pair, _ *Test) { p[0].Cluster, p[1].Cluster = "a", "b" }, MethodExact},
		"equal weights":    {func(p []Pair, _ *Test) { p[0].Weight, p[1].Weight, p[2].Weight = 2, 2, 2 }, MethodExact},
		"unequal weights":  {func(p []Pair, _ *Test) { p[1].Weight = 2 }, MethodClustered},
		"shared cluster":   {func(p []Pair, _ *Test) { p[0].Cluster, p[1].Cluster = "a", "a" }, MethodClustered},
		"a graded score":   {func(p []Pair, _ *Test) { p[2].Candidate = .5 }, MethodClustered},
		"declared graded":  {func(_ []Pair, t *Test) { t.Graded = true }, MethodClustered},
		"weight of 1 left": {func(p []Pair, _ *Test) { p[1].Weight = 1 }, MethodExact},
	} {
		pairs, test := slices.Clone(plain), Test{Margin: .05}
		c.change(pairs, &test)
		r, err := NonInferiority(pairs, test)
		if err != nil || r.Method != c.want {
			t.Errorf("%s: %s, want %s (%v)", name, r.Method, c.want, err)
		}
	}
}

// TestOddData: nothing panics, and what cannot be decided says why.
func TestOddData(t *testing.T) {
	t.Parallel()
	good := []Pair{{Incumbent: 1, Candidate: 1}, {Incumbent: 1, Candidate: .5}}
	for name, c := range map[string]struct {
		pairs []Pair
		test  Test
		want  string
	}{
		"empty":          {nil, Test{Margin: .05}, "there are no cases: a verdict needs at least one"},
		"NaN":            {[]Pair{{}, {Candidate: math.NaN()}}, Test{Margin: .05}, "case 2: the candidate's score NaN is not between 0 and 1"},
		"percent":        {[]Pair{{Incumbent: 87}}, Test{Margin: .05}, "case 1: the incumbent's score 87 is not between 0 and 1"},
		"weight":         {[]Pair{{Weight: -1}}, Test{Margin: .05}, "case 1: the weight -1 is not a finite number of 0 or more"},
		"endless weight": {[]Pair{{Weight: math.Inf(1)}}, Test{Margin: .05}, "case 1: the weight +Inf is not a finite number of 0 or more"},
		"no margin":      {good, Test{}, "the margin 0 is not above 0 and below 1: it is a share, 0.05 for five points"},
		"margin of 5":    {good, Test{Margin: 5}, "the margin 5 is not above 0 and below 1: it is a share, 0.05 for five points"},
		"NaN margin":     {good, Test{Margin: math.NaN()}, "the margin NaN is not above 0 and below 1: it is a share, 0.05 for five points"},
		"alpha":          {good, Test{Margin: .05, Alpha: 5}, "alpha 5 is not above 0 and at most 0.5"},
		"one cluster":    {[]Pair{{Cluster: "a"}, {Cluster: "a"}}, Test{Margin: .05}, "all cases belong to one cluster: the test of graded or clustered scores needs at least two"},
		"one graded":     {good[1:], Test{Margin: .05}, "all cases belong to one cluster: the test of graded or clustered scores needs at least two"},
	} {
		_, err := NonInferiority(c.pairs, c.test)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := Exact(Counts{Wins: 3, Losses: 3, N: 5}, Test{Margin: .05}); err == nil {
		t.Error("6 differing cases of 5 were tested")
	}
	if _, err := Exact(Counts{Wins: -1, N: 5}, Test{Margin: .05}); err == nil {
		t.Error("-1 wins were tested")
	}
	if _, err := McNemar(-1, 2); err == nil {
		t.Error("-1 wins were tested")
	}
	if _, err := Clustered(nil, Test{Margin: .05}); !errors.Is(err, ErrNoCases) {
		t.Error(err)
	}
	if _, err := Clustered(good[1:], Test{Margin: .05}); !errors.Is(err, ErrOneCluster) {
		t.Error(err)
	}
	r, err := NonInferiority([]Pair{{Incumbent: .3, Candidate: .3, Weight: 1e308}, {Incumbent: .3, Candidate: .3, Weight: 1e308}}, Test{Margin: .05})
	if err != nil || r.SE != 0 || r.Diff != 0 || math.IsNaN(r.P) || r.NonInferior() {
		t.Errorf("all ties, heavy: %+v (%v)", r, err)
	}
}

// FuzzNonInferiority: whatever the scores, an error or defined numbers, and
// (property (i)) the same ones twice.
func FuzzNonInferiority(f *testing.F) {
	f.Add(1.0, 0.0, 1.0, 1.0, 0.05, uint8(3))
	f.Add(0.5, 0.25, 2.0, 0.0, 0.2, uint8(9))
	f.Add(math.NaN(), 0.0, math.Inf(1), 0.0, -1.0, uint8(2))
	f.Add(0.0, 1.0, 1e-300, 5e-324, 0.999999, uint8(40))
	f.Fuzz(func(t *testing.T, incumbent, candidate, weight, other, margin float64, n uint8) {
		var pairs []Pair
		for i := range int(n % 64) {
			p := Pair{Incumbent: incumbent, Candidate: candidate, Weight: weight}
			if i%2 == 1 {
				p.Candidate, p.Cluster = other, fmt.Sprint(i/4)
			}
			pairs = append(pairs, p)
		}
		r, err := NonInferiority(pairs, Test{Margin: margin})
		again, _ := NonInferiority(pairs, Test{Margin: margin})
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatal(diff)
		}
		if err != nil {
			return
		}
		for name, p := range map[string]float64{"P": r.P, "PAsymptotic": r.PAsymptotic, "PBetween": r.PBetween, "PAbove": r.PAbove, "PWorse": r.PWorse, "PBetter": r.PBetter} {
			if !(p >= 0 && p <= 1) {
				t.Fatalf("%s = %v in %+v", name, p, r)
			}
		}
		if math.IsNaN(r.Statistic) || math.IsNaN(r.SEUsed) || !(r.Interval.Low <= r.Interval.High) || !(math.Abs(r.Diff) <= 1+1e-9) {
			t.Fatalf("%+v", r)
		}
	})
}
