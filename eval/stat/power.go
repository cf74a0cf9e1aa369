package stat

import (
	"fmt"
	"math"
	"sort"
)

// Power is the exact chance that the exact test ships a candidate that wins a
// case with probability win and loses one with probability loss, over n cases.
// At loss - win = margin it is the chance of a false ship. The check between the
// points of the nuisance grid is left out here, so that the chance may be stated
// a few hundredths of a point too high.
func Power(n int, t Test, win, loss float64) (float64, error) {
	t, err := t.complete()
	if err != nil {
		return 0, err
	}
	if n < 1 {
		return 0, ErrNoCases
	}
	if n > ExactLimit {
		return 0, fmt.Errorf("%d cases are more than the %d that the test is exact for", n, ExactLimit)
	}
	if !(win >= 0 && loss >= 0 && win+loss <= 1+1e-12) {
		return 0, fmt.Errorf("chances %v of a win and %v of a loss are not those of one case", win, loss)
	}
	x := newExact(n, t.Margin)
	lo, hi := bernstein(n, loss)
	ships := x.shipEdge(lo, hi, func(wins, losses int) bool { return x.passes(wins, losses, t.Alpha) })
	if loss == 1 {
		return boolToChance(ships[n] <= 0), nil
	}
	return ships.probability(x.table, win, loss), nil
}

func boolToChance(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// shipEdge finds, for lo..hi losses, the fewest wins that ship. Other numbers of
// losses are left as if none did. It starts at the first by halving, since p
// falls with wins, and goes on by single steps, since the edge rises with losses.
func (x exact) shipEdge(lo, hi int, ships func(wins, losses int) bool) edge {
	e := make(edge, x.n+1)
	for c := range e {
		e[c] = x.n + 1
	}
	wins := sort.Search(x.n-lo+1, func(w int) bool { return ships(w, lo) })
	for losses := lo; losses <= hi; losses++ {
		for wins+losses <= x.n && !ships(wins, losses) {
			wins++
		}
		if wins+losses > x.n {
			break
		}
		e[losses] = wins
	}
	return e
}

// SmallestMargin is the smallest margin, to a ten-thousandth of a point, that
// these scores would have passed at the test's alpha; its own margin is not
// read. It is for reading a report ("this would have passed at 6.3 points"), not
// for choosing a margin after the fact. 1 if none would do.
func SmallestMargin(pairs []Pair, t Test) (float64, error) {
	passes := func(margin float64) (bool, error) {
		t.Margin = margin
		r, err := NonInferiority(pairs, t)
		return r.NonInferior(), err
	}
	lo, hi := 0.0, 1.0
	for hi-lo > 1e-6 {
		mid := lo + (hi-lo)/2
		ok, err := passes(mid)
		if err != nil {
			return 0, err
		}
		if ok {
			hi = mid
		} else {
			lo = mid
		}
	}
	return math.Round(hi*1e6) / 1e6, nil
}
