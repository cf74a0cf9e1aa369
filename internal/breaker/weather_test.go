package breaker

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

func TestBins(t *testing.T) {
	for ratio, want := range map[float64]int{
		1.6: 31, math.Nextafter(1.6, 2): 32, 1e-9: 0, math.SmallestNonzeroFloat64: 0, 1e9: 63, math.Inf(1): 63, 0.8: 24, 3.2: 40, 2.5: 36,
	} {
		if got := bin(ratio); got != want {
			t.Errorf("%v is in bin %d, want %d", ratio, got, want)
		}
	}
	for ratio := 0.11; ratio < 25; ratio *= 1.01 {
		var w weather
		w.clear()
		w.note(&failover.Outcome{Ratio: ratio}, 0)
		if got, _, _ := w.median(1); math.Abs(got/ratio-1) > 0.07 {
			t.Errorf("the median of %v is %v", ratio, got)
		}
	}
}

func TestTelling(t *testing.T) {
	for _, c := range []struct {
		o    failover.Outcome
		want bool
	}{
		{failover.Outcome{}, false},
		{failover.Outcome{Ratio: math.NaN()}, false},
		{failover.Outcome{Ratio: 0.4}, true},
		{failover.Outcome{Kind: failover.OutcomeSlow, Ratio: 5}, true},
		{failover.Outcome{Kind: failover.OutcomeIgnored, Ratio: 1.5}, false}, // it was cancelled: no telling
		{failover.Outcome{Kind: failover.OutcomeIgnored, Ratio: 1.7}, true},
	} {
		if telling(&c.o) != c.want {
			t.Errorf("%+v", c.o)
		}
	}
}

// TestSpells: two slow spells in a row, told apart by time and number of
// samples.
func TestSpells(t *testing.T) {
	late := failover.Outcome{Ratio: 2, Rival: 1, Key: -1}
	early := failover.Outcome{Ratio: 1, Rival: 1, Key: -1}
	some := func(b *Breaker, now time.Time, d time.Duration, n int, o failover.Outcome) time.Time {
		for range n {
			feed(b, now, o)
			now = now.Add(d / time.Duration(n))
		}
		return now
	}
	for name, c := range map[string]struct {
		rate  time.Duration // from one sample to the next
		spans []time.Duration
		kinds []failover.Outcome
		state State
	}{
		"one spell":          {100 * time.Millisecond, []time.Duration{6 * time.Second}, []failover.Outcome{late}, Suspect},
		"two":                {100 * time.Millisecond, []time.Duration{11 * time.Second}, []failover.Outcome{late}, Suspect},
		"three":              {100 * time.Millisecond, []time.Duration{16 * time.Second}, []failover.Outcome{late}, Open},
		"not in a row":       {100 * time.Millisecond, []time.Duration{10 * time.Second, 10 * time.Second, 15 * time.Second}, []failover.Outcome{late, early, late}, Suspect},
		"over, by and by":    {100 * time.Millisecond, []time.Duration{11 * time.Second, 40 * time.Second}, []failover.Outcome{late, early}, Closed},
		"nobody comes":       {100 * time.Millisecond, []time.Duration{11 * time.Second, 40 * time.Second}, []failover.Outcome{late, ignored}, Closed},
		"too few to tell":    {time.Second, []time.Duration{3 * time.Minute}, []failover.Outcome{late}, Closed},
		"just enough":        {700 * time.Millisecond, []time.Duration{time.Minute}, []failover.Outcome{late}, Open},
		"spared at the turn": {100 * time.Millisecond, []time.Duration{time.Minute}, []failover.Outcome{spared(late)}, Closed},
	} {
		t.Run(name, func(t *testing.T) {
			b, now := New(options()), start
			for i, d := range c.spans {
				now = some(b, now, d, int(d/c.rate), c.kinds[i])
				if b.Snapshot(now).State == Open && i < len(c.spans)-1 {
					t.Fatal("open already")
				}
			}
			s := b.Snapshot(now)
			if c.state == Open && s.Opens != 1 || c.state != Open && (s.State != c.state || s.Opens != 0) {
				t.Errorf("%+v, want %v", s, c.state)
			}
			if name == "spared at the turn" && !s.Since.IsZero() {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestTally: what is counted when, and that no count is lost between
// goroutines.
func TestTally(t *testing.T) {
	count := tally{width: time.Second, span: 10}
	for i := range 30 {
		at := time.Duration(i) * time.Second
		count.add(at)
		if got := count.sum(at); got != min(i+1, 10) {
			t.Errorf("after %v: %d", at, got)
		}
	}
	count.add(13 * time.Second) // a straggler of a slot that is in use again
	if got := count.sum(29 * time.Second); got != 10 {
		t.Errorf("%d with a straggler", got)
	}
	if got := count.sum(34 * time.Second); got != 5 {
		t.Errorf("%d five seconds later", got)
	}
	count.clear()
	if got := count.sum(29 * time.Second); got != 0 {
		t.Errorf("%d when cleared", got)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 1000 {
				count.add(100*time.Second + time.Duration(i)*5*time.Millisecond)
			}
		})
	}
	wg.Wait()
	if got := count.sum(105 * time.Second); got != 4000 {
		t.Errorf("%d of 4000", got)
	}
}

// TestWholesAreSetApart: answers in one piece show a slow beginning less. They
// decide where there are too few streams, and there only.
func TestWholesAreSetApart(t *testing.T) {
	sample := func(ratio float64, whole bool) *failover.Outcome {
		return &failover.Outcome{Ratio: ratio, Rival: 1, Whole: whole}
	}
	for _, c := range []struct {
		streams, wholes int // the streams are slow, the others are not
		want            sky
	}{
		{40, 0, skySlow}, {40, 50, skySlow}, {39, 50, skyClear}, {39, 20, skySlow}, {0, 50, skyClear},
	} {
		var w weather
		w.clear()
		for range c.streams {
			w.note(sample(2, false), 0)
		}
		for range c.wholes {
			w.note(sample(1, true), 0)
		}
		if _, _, is := w.median(40); is != c.want {
			t.Errorf("%d slow streams and %d usual answers in one piece: %v, want %v", c.streams, c.wholes, is, c.want)
		}
	}
}

// TestRivalKnownLate: what the rival's usual time is turns up in the middle of a
// spell. What can be compared from then on decides, if it is enough.
func TestRivalKnownLate(t *testing.T) {
	for _, c := range []struct {
		blind, beaten, faster int
		want                  sky
	}{
		{100, 0, 0, skyBlind}, {100, 19, 0, skyBlind}, {100, 20, 0, skySlow}, {100, 11, 10, skySlow}, {100, 10, 11, skyClear}, {0, 60, 50, skySlow},
	} {
		var w weather
		w.clear()
		for n, rival := range map[*int]float64{&c.blind: 0, &c.beaten: 1, &c.faster: 5} {
			for range *n {
				w.note(&failover.Outcome{Ratio: 2, Rival: rival}, 0)
			}
		}
		if _, _, is := w.median(40); is != c.want {
			t.Errorf("%+v: %v", c, is)
		}
	}
}
