package pace

import (
	"cmp"
	"slices"
	"time"
)

// races are the last races of one bucket. A fallback that is hardly ever needed
// has been measured in nothing else. They are no fair sample: one that was slow
// lost, and was cut short. What is known of it is that it would have taken
// longer than it was waited for; that goes into the median as Kaplan and Meier
// do it.
type races struct {
	n    int // ever
	last [recent]run
}

// run is how one race went.
type run struct {
	bin  uint8
	lost bool
}

// rank puts what was measured before what was cut short at the same time.
func (r run) rank() int {
	if r.lost {
		return 1
	}
	return 0
}

func (r *races) add(bin int, lost bool) {
	r.last[r.n%recent] = run{uint8(bin), lost}
	r.n++
}

// median is the time that half of all would take; 0 as long as too little is
// known to say.
func (r *races) median() time.Duration {
	n := min(r.n, recent)
	if n < few {
		return 0
	}
	sorted := r.last
	runs := sorted[:n]
	slices.SortFunc(runs, func(a, b run) int { return cmp.Or(cmp.Compare(a.bin, b.bin), cmp.Compare(a.rank(), b.rank())) })
	longer := 1.0 // the share that takes longer
	for i, one := range runs {
		if one.lost {
			continue
		}
		if longer *= 1 - 1/float64(n-i); longer <= 0.5 {
			return at(float64(one.bin) + 0.5)
		}
	}
	return 0
}
