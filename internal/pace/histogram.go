package pace

import (
	"math"
	"time"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

const (
	shortest = time.Millisecond // the lower edge of the first bin
	factor   = 1.08             // from the lower edge of a bin to its upper
	bins     = 182              // up to 20 minutes: 1 ms * 1.08^182
)

// binOf is the bin a span falls into. What is too short or too long for any
// goes to the first or the last.
func binOf(d time.Duration) int {
	if d <= shortest {
		return 0
	}
	const perOctave = math.Ln2 / 0.0769610411361283781 // the second is the logarithm of factor
	return min(int(log2(float64(d)*(1/float64(shortest)))*perOctave), bins-1)
}

// log2 is the binary logarithm of a number not below 1, right to 0.00002,
// which is a five-thousandth of a bin. It is several times as fast as math.Log,
// which took longer than the rest of Learn together.
func log2(x float64) float64 {
	const mantissa = 1<<52 - 1
	word := math.Float64bits(x)
	m := math.Float64frombits(word&mantissa | 1023<<52) // in [1, 2)
	t := (m - 1) / (m + 1)
	t2 := t * t
	return float64(int(word>>52)-1023) + 2/math.Ln2*t*(1+t2*(1./3+t2*(1./5+t2*(1./7))))
}

// at is the span a number of bins above the shortest.
func at(position float64) time.Duration {
	return time.Duration(float64(shortest) * math.Pow(factor, position))
}

// counts are the samples of one bucket in one window.
type counts struct {
	total uint32
	bins  [bins]uint16
}

func (c *counts) add(bin int) {
	// Full after 65,535 of a kind in one window: the shape is known by then.
	if b := &c.bins[bin]; *b < math.MaxUint16 {
		*b++
		c.total++
	}
}

// weights are the samples of one bucket in all windows, the older the lighter.
type weights struct {
	total float32
	since time.Time // the windows up to here are in it
	bins  [bins]float32
}

// fold takes a window in that has just ended, after letting go of some of what
// was there.
func (w *weights) fold(c *counts, now time.Time) {
	if keep := w.keep(now); keep < 1 {
		for i := range w.bins {
			w.bins[i] *= keep
		}
	}
	w.since = now
	w.total = 0
	for i, n := range c.bins {
		w.bins[i] += float32(n)
		w.total += w.bins[i]
	}
}

// keep is the part of the old samples that is not forgotten.
func (w *weights) keep(now time.Time) float32 {
	age := now.Sub(w.since)
	if w.total <= leastWeight || age <= 0 {
		return 1
	}
	return max(float32(math.Exp2(-float64(age)/float64(halfLife))), leastWeight/w.total)
}

// span is the median and the 95th percentile; the median alone if there are
// few samples, and the zero Span if there are too few to say even that.
func (w *weights) span() failover.Span {
	switch {
	case w.total < few:
		return failover.Span{}
	case w.total < enough:
		return failover.Span{Median: w.quantile(0.5)}
	}
	return failover.Span{Median: w.quantile(0.5), P95: w.quantile(0.95)}
}

func (w *weights) quantile(q float32) time.Duration {
	rank := q * w.total
	for i, n := range w.bins {
		if n > 0 && rank <= n {
			return at(float64(i) + float64(rank/n))
		}
		rank -= n
	}
	return at(bins) // rounding left a trifle over
}
