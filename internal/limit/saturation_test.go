package limit

import (
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// fallback takes 50 calls at once and refuses the rest; a call takes ten
// seconds, a refusal a tenth of one.
type fallback struct {
	limit *Limit
	now   time.Time
	calls []call
	good  [4]int // by stakes
	shed  [4]int // turned away by the limit
	lost  [4]int // turned away by the fallback
	first [4]time.Duration
}

type call struct {
	ends   time.Time
	stakes switchgear.Stakes
	err    *switchgear.Error
}

func (f *fallback) arrive(s switchgear.Stakes) {
	if !f.limit.Enter(s, f.now) {
		if f.shed[s]++; f.shed[s] == 1 {
			f.first[s] = f.now.Sub(start)
		}
		return
	}
	c := call{ends: f.now.Add(10 * time.Second), stakes: s}
	running := 0
	for _, other := range f.calls {
		if other.err == nil {
			running++
		}
	}
	if running >= 50 {
		c.ends, c.err = f.now.Add(100*time.Millisecond), busy
	}
	f.calls = append(f.calls, c)
}

func (f *fallback) end() {
	kept := f.calls[:0]
	for _, c := range f.calls {
		switch {
		case c.ends.After(f.now):
			kept = append(kept, c)
			continue
		case c.err == nil:
			f.good[c.stakes]++
		default:
			f.lost[c.stakes]++
		}
		f.limit.Leave(c.err, f.now)
	}
	f.calls = kept
}

// mix is who calls: 3 of low stakes, 5 of normal, 2 of high.
var mix = [10]switchgear.Stakes{1, 2, 3, 2, 1, 2, 3, 2, 1, 2}

func (f *fallback) served(s switchgear.Stakes) float64 {
	return float64(f.good[s]) / float64(f.good[s]+f.shed[s]+f.lost[s])
}

// TestSaturation: a dead primary sends its fallback ten calls a second, twice
// what it can take, at once and for ten minutes.
func TestSaturation(t *testing.T) {
	f := &fallback{limit: New(Options{})}
	for tick := range 10 * 600 { // tenths of a second
		f.now = at(time.Duration(tick) * 100 * time.Millisecond)
		f.end()
		f.arrive(mix[tick%10])
	}
	low, normal, high := f.served(switchgear.StakesLow), f.served(switchgear.StakesNormal), f.served(switchgear.StakesHigh)
	t.Logf("served: low %.3f, normal %.3f, high %.3f; refused by the fallback itself: %v", low, normal, high, f.lost[1:])
	if low > 0.1 || normal < 0.35 || high < 0.98 {
		t.Errorf("served: low %.3f, normal %.3f, high %.3f", low, normal, high)
	}
	if lost := f.lost[1] + f.lost[2] + f.lost[3]; lost > 90 {
		t.Errorf("the fallback itself refused %d of 6000 calls, want 90 at most", lost)
	}
}

// TestRisingLoad: the load rises from nothing to ten calls a second; low
// stakes are turned away first, then normal, then high.
func TestRisingLoad(t *testing.T) {
	const ticks = 10 * 600
	f := &fallback{limit: New(Options{Most: 50})}
	for tick, due, n := 0, 0.0, 0; tick < ticks; tick++ {
		f.now = at(time.Duration(tick) * 100 * time.Millisecond)
		f.end()
		for due += float64(tick) / ticks; due >= 1; due-- {
			f.arrive(mix[n%10])
			n++
		}
	}
	first := f.first[1:]
	t.Logf("first turned away: low after %v, normal %v, high %v (0: never); all: %v", first[0], first[1], first[2], f.shed[1:])
	if first[0] == 0 || first[1] < first[0]+time.Minute || f.shed[3] != 0 {
		t.Errorf("first turned away: low after %v, normal %v, high %v", first[0], first[1], first[2])
	}
	if lost := f.lost[1] + f.lost[2] + f.lost[3]; lost != 0 {
		t.Errorf("the fallback refused %d calls within the limit it is known to have", lost)
	}
}
