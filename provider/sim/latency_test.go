package sim

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestDealt: a thousand waits that are dealt have the spread as it is written
// between them, whatever the seed; a few dozen of them are as far from it as if
// they had been drawn.
func TestDealt(t *testing.T) {
	const few = 50
	p := Profile{FirstToken: 600 * time.Millisecond, Spread: 0.52}
	middle := func(waits []time.Duration) float64 {
		sorted := slices.Sorted(slices.Values(waits))
		return math.Log(float64(sorted[len(sorted)/2]) / float64(p.FirstToken))
	}
	var off, dealt, drawn float64
	for seed := range uint64(100) {
		d := deck{rng: rand.New(rand.NewPCG(seed, 1))}
		rng := rand.New(rand.NewPCG(seed, 2))
		var waits, others []time.Duration
		for range deckSize {
			waits = append(waits, p.wait(d.deal()))
			others = append(others, p.first(rng))
		}
		off = max(off, math.Abs(middle(waits)))
		dealt += math.Abs(middle(waits[:few]))
		drawn += math.Abs(middle(others[:few]))
		sorted := slices.Sorted(slices.Values(waits))
		if p95 := sorted[deckSize*95/100]; p95 < 1380*time.Millisecond || p95 > 1440*time.Millisecond {
			t.Errorf("one in twenty is beyond %v", p95)
		}
	}
	if off > 0.005 {
		t.Errorf("the median is off by %.2f %%", 100*off)
	}
	if dealt < 0.7*drawn || dealt > 1.3*drawn {
		t.Errorf("the median of %d is off by %.3f on average, and by %.3f if drawn", few, dealt/100, drawn/100)
	}
}
