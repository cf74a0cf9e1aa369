package stat

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestExactAgainstDefinition holds the one-pass sum along the edge against the
// plain double sum over all tables.
func TestExactAgainstDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 70).Draw(t, "n")
		losses := rapid.IntRange(0, n).Draw(t, "losses")
		wins := rapid.IntRange(0, n-losses).Draw(t, "wins")
		margin := rapid.Float64Range(.005, .95).Draw(t, "margin")
		x := newExact(n, margin)
		region := x.region(wins, losses)
		observed := score(wins, losses, n, -margin)
		var tables [][2]int
		for b := 0; b <= n; b++ {
			for c := 0; b+c <= n; c++ {
				if score(b, c, n, -margin) >= observed-slack {
					tables = append(tables, [2]int{b, c})
				}
			}
		}
		worst := 0.0
		for _, win := range nuisance(margin) {
			want := plainSum(tables, n, win, win+margin)
			if got := region.probability(x.table, win, win+margin); math.Abs(got-want) > 1e-12 {
				t.Fatalf("P(win) = %v: %v, want %v", win, got, want)
			}
			worst = max(worst, want)
		}
		if got := x.p(wins, losses); math.Abs(got-min(1, worst)) > 1e-12 {
			t.Fatalf("p = %v, want %v", got, worst)
		}
	})
}

// TestScoreRises holds the fact that the edge rests on: the statistic rises with
// wins and falls with losses. It is tried for every table.
func TestScoreRises(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 7, 25, 60, 101} {
		for _, margin := range []float64{.001, .02, .05, .10, .3, .7, .99} {
			for b := 0; b <= n; b++ {
				for c := 0; b+c <= n; c++ {
					z := score(b, c, n, -margin)
					if b+c < n && score(b+1, c, n, -margin) < z-1e-12 {
						t.Fatalf("n %d margin %v: a win on top of %d-%d lowers z", n, margin, b, c)
					}
					if b+c < n && score(b, c+1, n, -margin) > z+1e-12 {
						t.Fatalf("n %d margin %v: a loss on top of %d-%d raises z", n, margin, b, c)
					}
					if c > 0 && score(b, c-1, n, -margin) < z-1e-12 {
						t.Fatalf("n %d margin %v: a loss less than %d-%d lowers z", n, margin, b, c)
					}
				}
			}
		}
	}
}

// TestScoreIsTheBestFit holds the closed form of the nuisance estimate against
// the likelihood it is said to maximise.
func TestScoreIsTheBestFit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 300).Draw(t, "n")
		losses := rapid.IntRange(1, n-1).Draw(t, "losses")
		wins := rapid.IntRange(1, n-losses).Draw(t, "wins")
		d0 := rapid.Float64Range(-.9, .9).Draw(t, "d0")
		b, c, ties := float64(wins), float64(losses), float64(n-wins-losses)
		likelihood := func(p float64) float64 {
			l := b*math.Log(p+d0) + c*math.Log(p)
			if ties > 0 {
				l += ties * math.Log(1-2*p-d0)
			}
			return l
		}
		// Golden-section search: the likelihood has one peak.
		lo, hi := max(0, -d0), (1-d0)/2
		for range 200 {
			left, right := hi-(hi-lo)*.6180339887498949, lo+(hi-lo)*.6180339887498949
			if likelihood(left) > likelihood(right) {
				hi = right
			} else {
				lo = left
			}
		}
		p, size := (lo+hi)/2, float64(n)
		want := (b - c - size*d0) / math.Sqrt(size*(2*p+d0*(1-d0)))
		if got := score(wins, losses, n, d0); math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
			t.Fatalf("z = %v, want %v", got, want)
		}
	})
}

// calibrated is every number of cases and margin that the procedure lists.
var calibrated = []struct {
	n      int
	margin float64
}{
	{25, .05},
	{25, .10},
	{40, .05},
	{40, .10},
	{60, .05},
	{60, .10},
	{100, .05},
	{100, .10},
	{20, .03},
	{200, .05},
	{52, .05},
	{29, .10},
	{52, .10},
	{120, .03},
	{150, .01},
	{200, .10},
	{400, .05},
}

// TestFalseShipByEnumeration is property (a): for every listed n up to 100 and
// margin, and P(win) in steps of .001, the tables that ship have a probability of
// at most 5.05% when the true drop is the margin. The sum is the plain one over
// all tables, so that it shares nothing with the sum inside the test.
func TestFalseShipByEnumeration(t *testing.T) {
	t.Parallel()
	for _, c := range calibrated {
		if c.n > 100 {
			continue // TestFalseShipBetweenTheSteps goes further, faster
		}
		tables := shipping(c.n, c.margin)
		worst := 0.0
		for k := 0; float64(k)*.001 <= (1-c.margin)/2+1e-12; k++ {
			win := min(float64(k)*.001, (1-c.margin)/2)
			worst = max(worst, plainSum(tables, c.n, win, win+c.margin))
		}
		if worst > .0505 {
			t.Errorf("n %d margin %v: ships %.5f of the time at the margin", c.n, c.margin, worst)
		}
		if worst < .035 { // and not because it ships next to nothing
			t.Errorf("n %d margin %v: ships only %.5f of the time at the margin", c.n, c.margin, worst)
		}
	}
}

// shipping lists the tables that ship, each decided by the test itself. Tables
// with an asymptotic p above .21 or under .0014 are not worked out.
func shipping(n int, margin float64) [][2]int {
	var tables [][2]int
	x := newExact(n, margin)
	decide := x.shipsAt(DefaultAlpha)
	for b := 0; b <= n; b++ {
		for l := 0; b+l <= n; l++ {
			z := score(b, l, n, -margin)
			if z > 3 || (z > .8 && decide(b, l)) {
				tables = append(tables, [2]int{b, l})
			}
		}
	}
	return tables
}

// plainSum is the sum of the trinomial chances of some tables.
func plainSum(tables [][2]int, n int, win, loss float64) float64 {
	logs, logWin, logLoss, logTie := logFactorials(n), math.Log(win), math.Log(loss), math.Log(max(0, 1-win-loss))
	power := func(log float64, k int) float64 {
		if k == 0 {
			return 0
		}
		return log * float64(k)
	}
	sum := 0.0
	for _, table := range tables {
		b, c := table[0], table[1]
		sum += math.Exp(logs[n] - logs[b] - logs[c] - logs[n-b-c] + power(logWin, b) + power(logLoss, c) + power(logTie, n-b-c))
	}
	return sum
}

// TestFalseShipBetweenTheSteps proves the same for every P(win), by steps whose
// chance is bounded from above as in exact.between. It looks at the tables that
// ship by the grid alone, and only where these are too many at the whole
// decision, which ships a subset of them.
func TestFalseShipBetweenTheSteps(t *testing.T) {
	t.Parallel()
	for _, c := range calibrated {
		x := newExact(c.n, c.margin)
		ships := x.shipEdge(0, c.n, func(b, l int) bool { return x.passes(b, l, DefaultAlpha) })
		for losses := 1; losses <= c.n; losses++ {
			if ships[losses] < ships[losses-1] {
				t.Fatalf("n %d margin %v: %d losses need fewer wins than %d", c.n, c.margin, losses, losses-1)
			}
		}
		if x.between(ships, .0505) == 0 {
			continue
		}
		ships = x.shipEdge(0, c.n, x.shipsAt(DefaultAlpha))
		if p := x.between(ships, .0505); p != 0 {
			t.Errorf("n %d margin %v: ships %.5f of the time at some drop of the margin", c.n, c.margin, p)
		}
	}
}

// TestGridAloneIsNotEnough shows what PBetween is for: at n = 400 the grid
// passes tables that would ship too often between its points.
func TestGridAloneIsNotEnough(t *testing.T) {
	t.Parallel()
	x := newExact(400, .02)
	grid := x.shipEdge(0, 400, func(b, c int) bool { return x.passes(b, c, DefaultAlpha) })
	if x.between(grid, .0505) == 0 {
		t.Error("the grid alone keeps to 5.05% here: PBetween has lost its example")
	}
	r, err := Exact(Counts{Wins: 71, Losses: 60, N: 400}, Test{Margin: .02})
	if err != nil {
		t.Fatal(err)
	}
	if r.P > r.Alpha || r.PBetween <= r.Alpha || r.NonInferior() {
		t.Errorf("p %.5f between %.5f ships %v", r.P, r.PBetween, r.NonInferior())
	}
}

// TestBetweenBoundsEveryStep tries the inequality that the proof rests on.
func TestBetweenBoundsEveryStep(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 150).Draw(t, "n")
		losses := rapid.IntRange(0, n).Draw(t, "losses")
		wins := rapid.IntRange(0, n-losses).Draw(t, "wins")
		margin := rapid.Float64Range(.005, .6).Draw(t, "margin")
		most := (1 - margin) / 2
		u := rapid.Float64Range(0, most).Draw(t, "u")
		v := rapid.Float64Range(u, most).Draw(t, "v")
		w := rapid.Float64Range(u, v).Draw(t, "w")
		x := newExact(n, margin)
		region := x.region(wins, losses)
		inside, bound := region.probability(x.table, w, w+margin), region.probability(x.table, v, u+margin)
		if inside > bound+1e-12 {
			t.Fatalf("P(%v) = %v is above the bound %v of [%v, %v]", w, inside, bound, u, v)
		}
	})
}

// TestExactIsMonotone is property (b): a win more never raises p, a loss more
// never lowers it.
func TestExactIsMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 400).Draw(t, "n")
		losses := rapid.IntRange(0, n-1).Draw(t, "losses")
		wins := rapid.IntRange(0, n-losses-1).Draw(t, "wins")
		margin := rapid.Float64Range(.005, .5).Draw(t, "margin")
		x := newExact(n, margin)
		p := x.p(wins, losses)
		if more := x.p(wins+1, losses); more > p+1e-12 {
			t.Fatalf("a win more raises p from %v to %v", p, more)
		}
		if more := x.p(wins, losses+1); more < p-1e-12 {
			t.Fatalf("a loss more lowers p from %v to %v", p, more)
		}
	})
}

// TestWiderMargins is property (c), for every table: z rises with the margin, and
// what ships at one margin ships at every wider one. The p value itself does not
// always fall, because the margin decides which other tables count as at least as
// good as the observed one; where p is far above alpha it can rise, which changes
// no decision. (docs/statistics.md says so.)
func TestWiderMargins(t *testing.T) {
	t.Parallel()
	margins := []float64{.01, .02, .03, .05, .10, .15, .20}
	for _, n := range []int{25, 40, 60} {
		tests := make([]exact, len(margins))
		for i, margin := range margins {
			tests[i] = newExact(n, margin)
		}
		for b := 0; b <= n; b++ {
			for c := 0; b+c <= n; c++ {
				shipped, before := false, math.Inf(-1)
				for i, margin := range margins {
					z := score(b, c, n, -margin)
					if z < before-1e-12 {
						t.Fatalf("n %d, %d-%d: margin %v lowers z", n, b, c, margin)
					}
					before = z
					if z < .8 || z > 3 {
						continue // no decision is near
					}
					ships := tests[i].passes(b, c, DefaultAlpha)
					if shipped && !ships {
						t.Fatalf("n %d, %d-%d: ships at a narrower margin than %v and not there", n, b, c, margin)
					}
					shipped = ships
				}
			}
		}
	}
}

// TestSwapMirrors is property (d).
func TestSwapMirrors(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		losses := rapid.IntRange(0, n).Draw(t, "losses")
		wins := rapid.IntRange(0, n-losses).Draw(t, "wins")
		one, err := Exact(Counts{Wins: wins, Losses: losses, N: n}, Test{Margin: .05})
		if err != nil {
			t.Fatal(err)
		}
		two, err := Exact(Counts{Wins: losses, Losses: wins, N: n}, Test{Margin: .05})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(one.Interval.Low+two.Interval.High) > 1e-9 || math.Abs(one.Interval.High+two.Interval.Low) > 1e-9 {
			t.Fatalf("%+v and %+v are no mirror images", one.Interval, two.Interval)
		}
		if one.PWorse != two.PBetter || one.PAbove != two.P || one.Diff != -two.Diff {
			t.Fatalf("%+v and %+v are no mirror images", one, two)
		}
		if !(one.Interval.Low <= one.Diff && one.Diff <= one.Interval.High) {
			t.Fatalf("%v is outside its interval %+v", one.Diff, one.Interval)
		}
	})
}

// TestIntervalInverts: at the ends of the interval the statistic is what it was
// inverted at.
func TestIntervalInverts(t *testing.T) {
	t.Parallel()
	c := Counts{Wins: 10, Losses: 20, N: 200}
	i := scoreInterval(c, .90)
	near(t, "z at the low end", score(c.Wins, c.Losses, c.N, i.Low), 1.6448536269514722, 1e-9)
	near(t, "z at the high end", score(c.Wins, c.Losses, c.N, i.High), -1.6448536269514722, 1e-9)
	near(t, "z at no difference", score(12, 26, 100, 0), -14/math.Sqrt(38), 1e-12)
}
