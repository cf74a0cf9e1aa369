package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestForesightInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		plan Plan
		n    int
		want string
	}{
		{Plan{Test: Test{Margin: .05}}, 58, "58 cases can never show 'within 5 points' for a candidate that merely ties: it takes 59 if no case differs, about 248 for a typical equal one (10% differing)."},
		{Plan{Test: Test{Margin: .05}, Discordance: .15}, 40, "40 cases can never show 'within 5 points' for a candidate that merely ties: it takes 59 if no case differs, about 371 for a typical equal one (15% differing)."},
		{Plan{Test: Test{Margin: .10}, Discordance: .15}, 40, "40 cases (15% differing): only a drop of 15.2 points or more can be seen with 80% power; for 10 points you need about 93."},
		{Plan{Test: Test{Margin: .01}}, 1, "1 case can never show 'within 1 point' for a candidate that merely ties: it takes 299 if no case differs, about 6183 for a typical equal one (10% differing)."},
		{Plan{Test: Test{Margin: .05}}, 600, "600 cases (10% differing): only a drop of 3.2 points or more can be seen with 80% power."},
	} {
		f, err := c.plan.Foresee(c.n)
		if err != nil || f.String() != c.want {
			t.Errorf("%d cases: %s (%v)\nwant %s", c.n, f, err, c.want)
		}
	}
}

func TestForesightChance(t *testing.T) {
	t.Parallel()
	f, err := Plan{Test: Test{Margin: .05}}.Foresee(200)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "exact chance at n = 200, 5% wins and losses", f.Chance, .668, 5e-4)
	far, err := Plan{Test: Test{Margin: .02}}.Foresee(2001)
	if err != nil {
		t.Fatal(err)
	}
	here, err := Power(2001, Test{Margin: .02}, .05, .05)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "asymptotic chance at n = 2,001", far.Chance, here, .02)
	graded, err := Plan{Test: Test{Margin: .05, Graded: true}, Discordance: .01}.Foresee(200)
	if err != nil {
		t.Fatal(err)
	}
	if graded.Typical < graded.MinCases || graded.Chance > .99 || graded.TooFew() {
		t.Errorf("the floor under the standard error was forgotten: %+v", graded)
	}
	for name, p := range map[string]Plan{
		"margin":      {},
		"discordance": {Test: Test{Margin: .05}, Discordance: 2},
		"power":       {Test: Test{Margin: .05}, Power: .1},
	} {
		if _, err := p.Foresee(10); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := (Plan{Test: Test{Margin: .05}}).Foresee(0); err == nil {
		t.Error("no cases were planned with")
	}
}

func TestPowerEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		win, loss, want float64
	}{{0, 0, 1}, {1, 0, 1}, {0, 1, 0}, {0, .9, 0}} {
		got, err := Power(100, Test{Margin: .05}, c.win, c.loss)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "power", got, c.want, 1e-12)
	}
	for _, c := range [][2]float64{{.6, .6}, {-.1, 0}, {math.NaN(), 0}} {
		if _, err := Power(100, Test{Margin: .05}, c[0], c[1]); err == nil {
			t.Errorf("chances of %v were taken", c)
		}
	}
	if _, err := Power(ExactLimit+1, Test{Margin: .05}, 0, 0); err == nil {
		t.Error("exact power above the limit of the exact test")
	}
}

func TestMoreCases(t *testing.T) {
	t.Parallel()
	// 600 cases, -3.2 points: the example of a report.
	r, err := Exact(Counts{Wins: 44, Losses: 55, N: 343}, Test{Margin: .05})
	if err != nil {
		t.Fatal(err)
	}
	more, ok := r.MoreCases()
	want := math.Ceil(2.7055434540954142*r.Variance/((.05+r.Diff)*(.05+r.Diff))) - 343
	if !ok || r.Standing() != Unclear || float64(more) != want || more < 1500 {
		t.Errorf("%s, %d more cases, want %v", r.Standing(), more, want)
	}
	// And that many more, in the same proportions, do ship.
	scale := float64(343+more) / 343
	again, err := Exact(Counts{Wins: int(44 * scale), Losses: int(55 * scale), N: int(343*scale) + 20}, Test{Margin: .05})
	if err != nil || !again.NonInferior() {
		t.Errorf("%+v (%v)", again, err)
	}
	if more, ok := again.MoreCases(); more != 0 || !ok {
		t.Errorf("%d more cases after a ship", more)
	}
	hopeless, err := Exact(Counts{Losses: 10, N: 100}, Test{Margin: .05})
	if err != nil {
		t.Fatal(err)
	}
	if more, ok := hopeless.MoreCases(); ok {
		t.Errorf("%d more cases would make -10 points pass at 5", more)
	}
	ties, err := Clustered(make([]Pair, 40), Test{Margin: .05})
	if err != nil {
		t.Fatal(err)
	}
	if more, ok := ties.MoreCases(); !ok || more < 100 || more > 115 {
		t.Errorf("%d more graded ties, want about 106", more)
	}
}

func TestSmallestMargin(t *testing.T) {
	t.Parallel()
	pairs := slices.Repeat([]Pair{{Incumbent: 1, Candidate: 1}}, 59)
	got, err := SmallestMargin(pairs, Test{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "59 ties", got, 1-math.Pow(.05, 1.0/59), 2e-4)
	for i := range 30 {
		pairs[i].Candidate = 0
	}
	got, err = SmallestMargin(pairs, Test{})
	if err != nil {
		t.Fatal(err)
	}
	for margin, ships := range map[float64]bool{got + 1e-5: true, got - 1e-5: false} {
		r, err := NonInferiority(pairs, Test{Margin: margin})
		if err != nil || r.NonInferior() != ships {
			t.Errorf("margin %v: ships %v (%v)", margin, r.NonInferior(), err)
		}
	}
	if _, err := SmallestMargin(nil, Test{}); err == nil {
		t.Error("no cases have a smallest margin")
	}
}

func TestIntersection(t *testing.T) {
	t.Parallel()
	of := func(wins, losses int) Result {
		r, err := Exact(Counts{Wins: wins, Losses: losses, N: 329}, Test{Margin: .05})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, c := range map[string]struct {
		results []Result
		want    Joint
	}{
		"all pass":         {[]Result{of(6, 6), of(2, 5)}, Joint{Passes: true, P: of(2, 5).P, Weakest: 1, Standing: Within}},
		"one is better":    {[]Result{of(2, 5), of(41, 5)}, Joint{Passes: true, P: of(2, 5).P, Standing: Better}},
		"one is worse":     {[]Result{of(41, 5), of(0, 8), of(2, 5)}, Joint{Passes: true, P: of(0, 8).P, Weakest: 1, Standing: WithinWorse}},
		"one falls short":  {[]Result{of(41, 5), of(10, 60)}, Joint{P: of(10, 60).P, Weakest: 1, Failing: []int{1}, Standing: Worse}},
		"one is not clear": {[]Result{of(20, 30), of(2, 5)}, Joint{P: of(20, 30).P, Failing: []int{0}, Standing: Unclear}},
	} {
		got, err := Intersection(c.results)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, err := Intersection(nil); err == nil {
		t.Error("no metrics passed")
	}
	near(t, "joint power", JointPower(.9, .8), .7, 1e-12)
	near(t, "joint power, poor", JointPower(.3, .3), 0, 0)
}

func TestTries(t *testing.T) {
	t.Parallel()
	near(t, "five tries", LuckyShip(.05, 5), .2262, 5e-5)
	third, err := AlphaForTry(.05, 3)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "third try", third, .05/3, 1e-15)
	if _, err := AlphaForTry(.05, 0); err == nil {
		t.Error("try 0 was given an alpha")
	}
	if _, err := AlphaForTry(math.NaN(), 1); err == nil {
		t.Error("no alpha was divided")
	}
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	near(t, "2 repeats", RepeatGain(2), 2.0/3, 1e-12)
	near(t, "4 repeats", RepeatGain(4), .5, 1e-12)
	near(t, "no repeats", RepeatGain(0), 1, 1e-12)
	noise, ok := Noise([][]float64{{0, 1}, {1, 1, 1}, {.5}, nil})
	if !ok {
		t.Fatal("repeats were not found")
	}
	near(t, "noise", noise, .25, 1e-12)
	if _, ok := Noise([][]float64{{1}, {0}}); ok {
		t.Error("noise from cases without repeats")
	}
	// The claim behind RepeatGain: difficulty evenly spread over [0, 1], a coin
	// of that chance for each answer.
	random, one, four := rand.New(rand.NewPCG(1, 2)), 0.0, 0.0
	const runs = 200_000
	for range runs {
		p := random.Float64()
		mean := func(k int) float64 {
			right := 0.0
			for range k {
				if random.Float64() < p {
					right++
				}
			}
			return right/float64(k) - .5
		}
		a, b := mean(1), mean(4)
		one, four = one+a*a, four+b*b
	}
	near(t, "simulated gain of 4", four/one, RepeatGain(4), .01)
	for _, p := range []RepeatPlan{{}, {Drop: .03, Between: -1}, {Drop: .03, RepeatsCandidate: -1}, {Drop: .03, Power: 2}} {
		if _, err := p.Cases(); err == nil {
			t.Errorf("%+v was planned with", p)
		}
	}
}

func TestQuantileInterval(t *testing.T) {
	t.Parallel()
	values := make([]float64, 100)
	for i := range values {
		values[i] = float64(100 - i) // 1..100, backwards
	}
	point, i, err := QuantileInterval(values, .95, .90)
	if err != nil {
		t.Fatal(err)
	}
	// From a table of the binomial: P(X <= 90) = .028, P(X <= 91) = .063;
	// P(X >= 99) = .037, P(X >= 98) = .118.
	if point != 95 || i.Low != 91 || i.High != 99 {
		t.Errorf("95th percentile %v, %+v, want 95 in [91, 99]", point, i)
	}
	if _, i, _ := QuantileInterval(values[:58], .95, .90); !math.IsInf(i.High, 1) {
		t.Errorf("58 values bound the 95th percentile by %v", i.High)
	}
	if _, i, _ := QuantileInterval(values[:59], .95, .90); i.High != 100 {
		t.Errorf("59 values bound the 95th percentile by %v, want their largest", i.High)
	}
	// Coverage, by simulation on a skewed distribution.
	random, covered := rand.New(rand.NewPCG(3, 4)), 0
	truth := -math.Log(.05)
	for range 2_000 {
		for j := range values {
			values[j] = random.ExpFloat64()
		}
		if _, i, _ := QuantileInterval(values, .95, .90); i.Low <= truth && truth <= i.High {
			covered++
		}
	}
	if covered < 1_780 {
		t.Errorf("%d of 2,000 intervals cover", covered)
	}
	for _, c := range []struct {
		values   []float64
		q, level float64
	}{{nil, .5, .9}, {values, 0, .9}, {values, .5, 1}, {[]float64{math.NaN()}, .5, .9}} {
		if _, _, err := QuantileInterval(c.values, c.q, c.level); err == nil {
			t.Errorf("quantile %v at %v of %d values was taken", c.q, c.level, len(c.values))
		}
	}
}

func TestRatioAndWilsonRefuse(t *testing.T) {
	t.Parallel()
	ratio, err := RatioOfMeans([]float64{3, 1, 2}, []float64{1, 3})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "ratio", ratio, 1, 1e-12)
	for _, c := range [][2][]float64{{nil, {1}}, {{1}, nil}, {{1}, {0}}, {{math.Inf(1)}, {1}}} {
		if _, err := RatioOfMeans(c[0], c[1]); err == nil {
			t.Errorf("%v has a ratio", c)
		}
	}
	for _, c := range [][2]int{{1, 0}, {3, 2}, {-1, 2}} {
		if _, err := Wilson(c[0], c[1], .95); err == nil {
			t.Errorf("%v has an interval", c)
		}
	}
	if _, err := Wilson(1, 2, 95); err == nil {
		t.Error("a level of 95 was taken")
	}
}

func TestBootstrapPicture(t *testing.T) {
	t.Parallel()
	var pairs []Pair
	for i := range 300 {
		p := Pair{Incumbent: 1, Candidate: 1}
		if i < 30 {
			p.Candidate = 0
		} else if i < 45 {
			p.Incumbent = 0
		}
		pairs = append(pairs, p)
	}
	one, err := Bootstrap(pairs, 20, 1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NonInferiority(pairs, Test{Margin: .05})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "low", one.Interval.Low, r.Interval.Low, .006)
	near(t, "high", one.Interval.High, r.Interval.High, .006)
	total := 0
	for _, b := range one.Bins {
		total += b.Count
	}
	if len(one.Bins) != 20 || total != Resamples {
		t.Errorf("%d bins hold %d", len(one.Bins), total)
	}
	again, _ := Bootstrap(pairs, 20, 1)
	other, _ := Bootstrap(pairs, 20, 2)
	if !cmp.Equal(one, again) || cmp.Equal(one, other) {
		t.Error("the seed, and nothing else, is to matter")
	}
	flat, err := Bootstrap(make([]Pair, 5), 20, 1)
	if err != nil || len(flat.Bins) != 1 || flat.Bins[0].Count != Resamples {
		t.Errorf("all ties: %+v (%v)", flat, err)
	}
	if _, err := Bootstrap(pairs, 0, 1); err == nil {
		t.Error("a histogram without bins")
	}
	if _, err := Bootstrap(nil, 5, 1); err == nil {
		t.Error("a bootstrap of nothing")
	}
}
