package retry

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

var (
	start                 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	_     failover.Budget = (*Budget)(nil)
)

// drain spends until there is nothing left, and says how much there was.
func drain(b *Budget, now time.Time) int {
	n := 0
	for b.Spend(now) {
		n++
	}
	return n
}

func TestDefaults(t *testing.T) {
	b := New(Options{})
	if got := drain(b, start); got != 10 {
		t.Errorf("a new budget held %d tokens, want 10", got)
	}
	for range 9 {
		b.Earn(start)
	}
	if b.Spend(start) {
		t.Error("nine first attempts paid for a retry")
	}
	b.Earn(start)
	if !b.Spend(start) {
		t.Error("ten first attempts did not pay for a retry")
	}
	if b.Spend(start.Add(2*time.Second - 1)) {
		t.Error("the floor gave a token before two seconds were over")
	}
	if !b.Spend(start.Add(2 * time.Second)) {
		t.Error("the floor gave no token in two seconds")
	}
	if got := drain(b, start.Add(time.Hour)); got != 10 {
		t.Errorf("an idle hour saved %d tokens, want 10", got)
	}
}

func TestRefund(t *testing.T) {
	b := New(Options{})
	drain(b, start)
	b.Refund()
	if got := drain(b, start); got != 1 {
		t.Errorf("a refund paid for %d retries", got)
	}
	full := New(Options{})
	full.Refund()
	if got := drain(full, start); got != 10 {
		t.Errorf("a refund made a full budget hold %d", got)
	}
}

func TestNone(t *testing.T) {
	if got := drain(New(Options{Max: -1}), start); got != 0 {
		t.Errorf("a budget of nothing paid for %d retries", got)
	}
	b := New(Options{Ratio: -1, Floor: -1, Max: 3})
	drain(b, start)
	for i := range 100 {
		b.Earn(start.Add(time.Duration(i) * time.Hour))
	}
	if b.Spend(start.Add(1000 * time.Hour)) {
		t.Error("a budget without income paid for a retry")
	}
}

func TestClockBehind(t *testing.T) {
	b := New(Options{})
	b.Spend(start)
	if got := drain(b, start.Add(-time.Hour)); got != 9 {
		t.Errorf("a clock that was behind found %d tokens, want 9", got)
	}
	if b.Spend(start.Add(2*time.Second - 1)) {
		t.Error("a clock that was behind made the floor count an hour twice")
	}
}

// TestCalm: a full budget is not locked to earn.
func TestCalm(t *testing.T) {
	b := New(Options{})
	drain(b, start)
	b.Snapshot(start.Add(time.Minute)) // full again
	b.mu.Lock()
	defer b.mu.Unlock()
	done := make(chan struct{})
	go func() {
		b.Earn(start.Add(time.Minute))
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Error("earning waits for a lock though there is nothing to earn")
	}
}

func TestSnapshot(t *testing.T) {
	b := New(Options{Max: 2})
	drain(b, start)
	b.Refund()
	got := b.Snapshot(start.Add(time.Second))
	if want := (Snapshot{Tokens: 1.5, Max: 2, Spent: 1, Denied: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestBound drives a budget with any schedule. It must never pay for more than
// it may, and never refuse what a budget counted in plain arithmetic would pay.
func TestBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{
			Ratio: rapid.Float64Range(0.001, 1).Draw(t, "ratio"),
			Max:   rapid.Float64Range(0.5, 50).Draw(t, "max"),
			Floor: rapid.Float64Range(0.001, 5).Draw(t, "floor"),
		}
		b, now, tokens := New(o), start, o.Max
		var spends, earns, refunds float64
		t.Repeat(map[string]func(*rapid.T){
			"wait": func(t *rapid.T) {
				d := time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "ns"))
				now = now.Add(d)
				tokens = min(o.Max, tokens+o.Floor*d.Seconds())
			},
			"earn": func(*rapid.T) {
				b.Earn(now)
				earns++
				tokens = min(o.Max, tokens+o.Ratio)
			},
			"refund": func(t *rapid.T) {
				if spends == refunds {
					t.Skip("nothing was spent")
				}
				// The floor's share of a wait is added when the budget is next
				// looked at; looking makes both books close at the same moment.
				b.Snapshot(now)
				b.Refund()
				refunds++
				tokens = min(o.Max, tokens+1)
			},
			"spend": func(t *rapid.T) {
				ok := b.Spend(now)
				if math.Abs(tokens-1) > 1e-6 && ok != (tokens > 1) {
					t.Fatalf("with %.9f tokens, spending said %v", tokens, ok)
				}
				if ok {
					spends++
					tokens--
				}
			},
			"": func(t *rapid.T) {
				if most := o.Max + o.Ratio*earns + o.Floor*now.Sub(start).Seconds() + refunds; spends > most+1e-6 {
					t.Fatalf("%v spent, at most %v may be", spends, most)
				}
			},
		})
	})
}

func TestConcurrent(t *testing.T) {
	const workers, rounds = 8, 2000
	b := New(Options{Floor: -1})
	var spent atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range rounds {
				now := start.Add(time.Duration(i) * time.Millisecond)
				b.Earn(now)
				if !b.Spend(now) {
					continue
				}
				if i%3 == 0 {
					b.Refund()
					continue
				}
				spent.Add(1)
			}
		})
	}
	wg.Wait()
	if got, most := spent.Load(), int64(10+workers*rounds/10); got > most || got < most-10 {
		t.Errorf("%d spent, want %d to %d", got, most-10, most)
	}
	if s := b.Snapshot(start); s.Spent != uint64(spent.Load()) || s.Tokens < 0 || s.Tokens > 10 {
		t.Errorf("the books say %+v, %d were spent", s, spent.Load())
	}
}

// TestOutage is a total outage of ten minutes: how many calls one request
// makes, with a budget and without.
func TestOutage(t *testing.T) {
	const minutes, tries = 10, 3
	for _, rps := range []int{1, 20, 100} {
		n := rps * minutes * 60
		ours := outage(New(Options{}), n, tries, time.Second/time.Duration(rps))
		naive := outage(failover.Budget(nil), n, tries, time.Second/time.Duration(rps))
		// Ratio, a burst of Max, and half a token a second.
		bound := 1.1 + (10+0.5*minutes*60)/float64(n)
		t.Logf("%3d requests a second: %.3f calls a request, at most %.3f; %.1f without a budget", rps, ours, bound, naive)
		if ours > bound {
			t.Errorf("%d requests a second: %.3f calls a request, want at most %.3f", rps, ours, bound)
		}
		if ours < 1.1 {
			t.Errorf("%d requests a second: %.3f calls a request: the budget was not used up", rps, ours)
		}
		if naive != tries {
			t.Errorf("without a budget: %.3f calls a request, want %d", naive, tries)
		}
	}
}

func outage(b failover.Budget, requests, tries int, every time.Duration) float64 {
	calls := 0
	for i := range requests {
		now := start.Add(time.Duration(i) * every)
		if b != nil {
			b.Earn(now)
		}
		for try := 1; try <= tries; try++ {
			if try > 1 && b != nil && !b.Spend(now) {
				break
			}
			calls++ // and it fails
		}
	}
	return float64(calls) / float64(requests)
}

func TestAllocations(t *testing.T) {
	b := New(Options{})
	now := start
	if n := testing.AllocsPerRun(1000, func() {
		now = now.Add(time.Millisecond)
		b.Earn(now)
		if b.Spend(now) {
			b.Refund()
		}
		b.Spend(now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkEarn(b *testing.B) {
	b.Run("calm", func(b *testing.B) {
		budget := New(Options{})
		b.ReportAllocs()
		for b.Loop() {
			budget.Earn(start)
		}
	})
	b.Run("calm parallel", func(b *testing.B) {
		budget := New(Options{})
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				budget.Earn(start)
			}
		})
	})
	b.Run("trouble", func(b *testing.B) {
		budget := New(Options{Max: 1e9, Ratio: 1e-9})
		budget.Spend(start)
		b.ReportAllocs()
		for b.Loop() {
			budget.Earn(start)
		}
	})
}

func BenchmarkSpend(b *testing.B) {
	b.Run("refused", func(b *testing.B) {
		budget := New(Options{Max: -1})
		b.ReportAllocs()
		for b.Loop() {
			budget.Spend(start)
		}
	})
	b.Run("and refund", func(b *testing.B) {
		budget := New(Options{})
		b.ReportAllocs()
		for b.Loop() {
			budget.Spend(start)
			budget.Refund()
		}
	})
	b.Run("and refund parallel", func(b *testing.B) {
		budget := New(Options{})
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if budget.Spend(start) {
					budget.Refund()
				}
			}
		})
	})
}

// TestRepay: an answer that nobody else could have given pays for one retry, up
// to what can be saved.
func TestRepay(t *testing.T) {
	b, now := New(Options{Floor: -1}), time.Unix(1_800_000_000, 0)
	b.Repay(now)
	for range 10 {
		b.Spend(now)
	}
	if b.Spend(now) {
		t.Fatal("more than can be saved")
	}
	for range 3 {
		b.Repay(now)
	}
	if s := b.Snapshot(now); s.Tokens != 3 {
		t.Errorf("%+v", s)
	}
	for range 20 {
		b.Repay(now)
	}
	if s := b.Snapshot(now); s.Tokens != 10 {
		t.Errorf("%+v", s)
	}
}
