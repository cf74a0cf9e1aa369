package stat

import "math"

// ExactLimit is the largest number of cases for which the test of 0/1 scores is
// exact; above it the normal approximation of the same statistic decides.
const ExactLimit = 10_000

// slack is how much a table of wins and losses may fall short of the observed
// statistic and still count as equal to it: rounding must not split a tie.
const slack = 1e-9

// exact is the exact unconditional test of non-inferiority for n cases and one
// margin. Its p value is the largest probability, over the nuisance parameter, of
// a table at least as good for the candidate as the observed one when its true
// drop is the margin.
//
// Hsueh H.-M., Liu J.-P., Chen J. J., Unconditional exact tests for equivalence
// or noninferiority for paired binary endpoints, Biometrics 57 (2001).
//
// The tables at least as good as the observed one form a region that each loss
// pushes up: for c losses it starts at some number of wins, and that number does
// not fall when c rises, because the statistic rises with wins and falls with
// losses. So the region is n+1 numbers, found by one walk along its edge, and
// shared by all points of the nuisance grid; and the probability of the region
// is one sum over c, with a binomial tail that is carried from one c to the next
// (see tail). The cost is O(n) per grid point instead of O(n^2), and all that is
// ever added is positive, so nothing cancels.
type exact struct {
	n      int
	margin float64
	table  factorials
}

func newExact(n int, margin float64) exact {
	return exact{n: n, margin: margin, table: logFactorials(n)}
}

// p is the p value, over the nuisance grid.
func (x exact) p(wins, losses int) float64 {
	return x.worst(x.region(wins, losses), 1)
}

// passes says whether the p value is at most alpha, which takes less work than
// the p value where it is not.
func (x exact) passes(wins, losses int, alpha float64) bool {
	return x.worst(x.region(wins, losses), alpha) <= alpha
}

// decide is the p value and, where that would ship, what overrules it.
func (x exact) decide(wins, losses int, alpha float64) (p, between float64) {
	region := x.region(wins, losses)
	p = x.worst(region, 1)
	if p <= alpha {
		between = x.between(region, alpha*(1+tolerance))
	}
	return p, between
}

// region is that of the tables at least as good as the given one.
func (x exact) region(wins, losses int) edge {
	return newEdge(score(wins, losses, x.n, -x.margin)-slack, x.n, x.margin)
}

// worst is the largest probability of a region over the nuisance grid, or the
// first that is found above enough.
func (x exact) worst(region edge, enough float64) float64 {
	worst := 0.0
	for _, win := range nuisance(x.margin) {
		worst = max(worst, region.probability(x.table, win, win+x.margin))
		if worst > enough {
			break
		}
	}
	return min(1, worst)
}

// tolerance is how far over alpha, relatively, the chance of a false ship may
// rise between the points of the nuisance grid: 5% becomes 5.05%.
const tolerance = 0.01

// finest is the shortest step of that proof, as a difference of P(win). What
// would need shorter ones lies within about 1e-4 of the limit and is refused.
const finest = 1e-6

// between looks at the nuisance parameter between the points of the grid, which
// are far apart for hundreds of cases (measured: at n = 400 a test that looked at
// the grid alone would ship up to 5.17% of the time at the margin). It returns 0
// if the probability of the region is proven to stay at or under the limit for
// every P(win), else a probability above it, or too near it to be told from it.
//
// The proof is by steps from u to v. A region that each win only enters and each
// loss only leaves gains probability when P(win) rises at the cost of ties, and
// loses it when P(loss) does. So for every w in [u, v], P(w, w+margin) is at most
// P(v, u+margin): if that is within the limit, the whole step is. A step that
// fails is halved, one that succeeds lets the next be longer; far from alpha a
// dozen steps do, close to it a few thousand.
func (x exact) between(region edge, limit float64) float64 {
	most := (1 - x.margin) / 2
	for u, step := 0.0, most/16; u < most; {
		v := min(most, u+step)
		if region.probability(x.table, v, u+x.margin) <= limit {
			u, step = v, 1.6*step
			continue
		}
		step /= 2
		if here := region.probability(x.table, u, u+x.margin); here > limit || step < finest {
			return max(here, limit)
		}
	}
	return 0
}

// nuisance is the grid of P(win) over which the test takes the worst case, for
// P(loss) = P(win) + margin. The last point leaves no room for ties: a grid that
// ended short of it let the size of the test reach 5.9% at n = 60.
func nuisance(margin float64) []float64 {
	most := (1 - margin) / 2
	grid := make([]float64, 0, 48)
	for _, win := range [...]float64{0, .002, .005, .01, .015, .02, .03, .04} {
		if win <= most { // a margin of nearly 1 leaves no room for the others
			grid = append(grid, win)
		}
	}
	for k := 1; k <= 40; k++ {
		grid = append(grid, most*float64(k)/40)
	}
	return grid
}

// edge holds, for each number of losses, the fewest wins that put a table into
// the region: n+1 at least where no number of wins does.
type edge []int

// newEdge walks the edge of {z >= least}.
func newEdge(least float64, n int, margin float64) edge {
	e := make(edge, n+1)
	wins := 0
	for losses := range e {
		for wins+losses <= n && score(wins, losses, n, -margin) < least {
			wins++
		}
		e[losses] = wins
		if wins+losses > n { // more losses need no fewer wins
			for rest := losses; rest <= n; rest++ {
				e[rest] = n + 1
			}
			break
		}
	}
	return e
}

// probability is that of the region when a case is won with probability win and
// lost with probability loss. Losses are binomial, and given c of them the wins
// are binomial among the other n-c cases. Numbers of losses that Bernstein's
// inequality gives less than 2e-16 together are left out.
func (e edge) probability(table factorials, win, loss float64) float64 {
	n := len(e) - 1
	lost := newBinomial(table, loss)
	lo, hi := bernstein(n, loss)
	for hi >= lo && e[hi] > n-hi {
		hi--
	}
	if hi < lo {
		return 0
	}
	rest := min(1, win/(1-loss)) // rounding may put it a hair over 1
	t := newTail(newBinomial(table, rest), n-hi, e[hi])
	sum := 0.0
	for c := hi; ; c-- {
		sum += lost.mass(n, c) * t.value()
		if c == lo {
			return sum
		}
		t.grow()
		t.lower(e[c-1])
	}
}

// tail is P(X >= k) for X binomial in n trials, carried along as n grows by one
// and k falls: both only add a positive term.
type tail struct {
	d    binomial
	p    float64
	n, k int
	sum  float64
}

func newTail(d binomial, n, k int) *tail {
	p := math.Exp(d.logP)
	_, hi := bernstein(n, p)
	t := &tail{d: d, p: p, n: n, k: max(k, hi+1)}
	t.lower(k)
	return t
}

// grow adds a trial: the sum gains the paths that reach k with it.
func (t *tail) grow() {
	if t.k > 0 && t.k <= t.n+1 {
		t.sum += t.p * t.d.mass(t.n, t.k-1)
	}
	t.n++
}

// lower moves k down.
func (t *tail) lower(k int) {
	for t.k > k {
		t.k--
		if t.k <= t.n {
			t.sum += t.d.mass(t.n, t.k)
		}
	}
}

func (t *tail) value() float64 {
	if t.k <= 0 {
		return 1
	}
	return min(1, t.sum)
}
