package pace

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

// TestRaces: in a race the slow are cut short, and the median is guessed all the
// same: of what wins against a target twice as slow, and against one that is
// as fast.
func TestRaces(t *testing.T) {
	const median = 600 * time.Millisecond
	for name, other := range map[string]float64{"against one four times as slow": 4, "twice": 2, "as fast": 1} {
		rng := rand.New(rand.NewPCG(7, 7))
		draw := func(slow float64) time.Duration {
			return time.Duration(slow * float64(median) * math.Exp(0.52*rng.NormFloat64()))
		}
		worst, known := 0.0, 0
		for range 200 {
			p := New()
			for i := range 40 {
				own := draw(1)
				left := draw(other) // what the other still takes when this one is started
				s := failover.Sample{Input: 100, First: min(own, left), Raced: true, Lost: left < own}
				p.Learn(s, start.Add(time.Duration(i)*time.Second))
			}
			if got := p.First(100); got.Median > 0 {
				known++
				worst = max(worst, math.Abs(math.Log(float64(got.Median)/float64(median))))
				if got.P95 != 0 {
					t.Fatalf("%s: a guess has a percentile: %v", name, got)
				}
			}
		}
		if known < 190 || worst > math.Log(1.8) {
			t.Errorf("%s: known in %d of 200, off by a factor of %.2f at worst", name, known, math.Exp(worst))
		}
	}
}

// TestRacesTeachNoMore: from races alone no deadline is learned, and what was
// learned in calm is not touched by them.
func TestRacesTeachNoMore(t *testing.T) {
	raced := failover.Sample{Input: 100, First: 100 * time.Millisecond, Raced: true}
	p := New()
	for i := range 300 {
		p.Learn(raced, start.Add(time.Duration(i)*time.Second))
	}
	if got := p.First(100); got.P95 != 0 || got.Median == 0 {
		t.Errorf("%v", got)
	}
	l := newLoad(100 * time.Millisecond)
	l.run(5*time.Minute, steady(1))
	before := l.pace.First(500)
	raced.Input = 500
	for range 1000 {
		l.pace.Learn(raced, l.now)
	}
	l.run(5*time.Minute, steady(1))
	within(t, "the median", l.pace.First(500).Median, before.Median, 0.1)
	for _, lost := range []int{0, 3, 4, 5} {
		p := New()
		for i := range few {
			s := raced
			s.Lost = i < lost
			p.Learn(s, start)
		}
		if got := p.First(100).Median; (got > 0) != (lost <= 4) {
			t.Errorf("of %d races %d lost: %v", few, lost, got)
		}
	}
}
