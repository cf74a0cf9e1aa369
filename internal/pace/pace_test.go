package pace

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

var (
	start               = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	_     failover.Pace = (*Pace)(nil)
	none  failover.Span
)

// sigma makes the 95th percentile of a lognormal 2.33 times the median: 0.6 s
// and 1.4 s, what a healthy chat model does.
const sigma = 0.515

func p95(median time.Duration) time.Duration {
	return time.Duration(float64(median) * math.Exp(1.6449*sigma))
}

// load is a stream of samples of one bucket.
type load struct {
	pace   *Pace
	rand   *rand.Rand
	now    time.Time
	every  time.Duration
	median time.Duration
}

func newLoad(every time.Duration) *load {
	return &load{pace: New(), rand: rand.New(rand.NewPCG(1, 2)), now: start, every: every, median: 600 * time.Millisecond}
}

// run learns for a while, from samples that are a number of times as slow as
// usual. The slowness may change with how much of the time is over.
func (l *load) run(d time.Duration, slower func(part float64) float64) {
	begun := l.now
	for ; l.now.Sub(begun) < d; l.now = l.now.Add(l.every) {
		times := slower(float64(l.now.Sub(begun)) / float64(d))
		l.pace.Learn(failover.Sample{
			Input: 500, First: time.Duration(float64(l.median) * times * math.Exp(l.rand.NormFloat64()*sigma)),
		}, l.now)
	}
}

func steady(times float64) func(float64) float64 { return func(float64) float64 { return times } }

func within(t *testing.T, what string, got, want time.Duration, part float64) {
	t.Helper()
	if off := math.Abs(float64(got)/float64(want) - 1); off > part {
		t.Errorf("%s is %v, want %v within %.0f %%", what, got, want, 100*part)
	}
}

func TestLognormal(t *testing.T) {
	l := newLoad(50 * time.Millisecond)
	l.run(10*time.Minute, steady(1))
	got := l.pace.First(500)
	within(t, "the median", got.Median, l.median, 0.05)
	within(t, "the 95th percentile", got.P95, p95(l.median), 0.05)
}

// TestFirstKnowledge: a baseline is there twenty seconds after the start if
// there is traffic, and from twenty samples on if there is not.
func TestFirstKnowledge(t *testing.T) {
	for _, test := range []struct{ every, want time.Duration }{
		{50 * time.Millisecond, 20 * time.Second},
		{time.Second, 20 * time.Second},
		{4 * time.Second, 80 * time.Second},
		{30 * time.Second, 10*time.Minute + 30*time.Second},
	} {
		l := newLoad(test.every)
		for l.pace.First(500).P95 == 0 && l.now.Sub(start) < time.Hour {
			l.run(test.every, steady(1))
		}
		if got := l.now.Add(-test.every).Sub(start); got > test.want+time.Second || got < 20*time.Second {
			t.Errorf("a request every %v: known after %v, want %v", test.every, got, test.want)
		}
		within(t, "the first baseline", l.pace.First(500).P95, p95(l.median), 0.5)
	}
}

// TestSlowdown: a target becomes four times as slow at any moment of a window,
// somebody notices within a minute, and does so again every ten seconds as long
// as it lasts. Nothing of it may be learned.
func TestSlowdown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLoad(200 * time.Millisecond)
		l.run(5*time.Minute+time.Duration(rapid.IntRange(0, 120_000).Draw(t, "begins, ms"))*time.Millisecond, steady(1))
		calm := l.pace.First(500)
		noticed := time.Duration(rapid.IntRange(0, 59_000).Draw(t, "noticed after, ms")) * time.Millisecond
		begun := l.now
		l.run(noticed, steady(4))
		l.pace.Spoil(l.now)
		for l.now.Sub(begun) < 3*time.Minute {
			l.run(10*time.Second, steady(4))
			l.pace.Spoil(l.now)
		}
		// What was calm before the trouble may still have been taken in, but
		// no more than that.
		got := l.pace.First(500)
		if off := float64(got.P95)/float64(calm.P95) - 1; math.Abs(off) > 0.07 {
			t.Fatalf("the 95th percentile went from %v to %v in trouble that was noticed", calm.P95, got.P95)
		}
		l.run(10*time.Minute, steady(1))
		if again := l.pace.First(500); math.Abs(float64(again.P95)/float64(p95(l.median))-1) > 0.1 {
			t.Fatalf("the 95th percentile is %v ten minutes after the trouble, want %v", again.P95, p95(l.median))
		}
	})
}

// TestSlowdownUnnoticed shows that the test above can fail.
func TestSlowdownUnnoticed(t *testing.T) {
	l := newLoad(200 * time.Millisecond)
	l.run(5*time.Minute, steady(1))
	calm := l.pace.First(500)
	l.run(5*time.Minute, steady(4))
	if got := l.pace.First(500); got.P95 < 2*calm.P95 {
		t.Errorf("the 95th percentile went from %v to %v after five minutes at a quarter of the pace", calm.P95, got.P95)
	}
}

// TestQuarantine: for a minute after suspicion nothing is learned, and after
// that everything is.
func TestQuarantine(t *testing.T) {
	l := newLoad(100 * time.Millisecond)
	l.pace.Spoil(l.now)
	l.run(quarantine, steady(4))
	if got := l.pace.First(500); got != none {
		t.Fatalf("learned %v while it was not to be trusted", got)
	}
	l.run(firstWindow+time.Second, steady(1))
	within(t, "the median", l.pace.First(500).Median, l.median, 0.2)
}

// TestDrift: a target that takes twice as long after an hour is followed.
func TestDrift(t *testing.T) {
	for _, every := range []time.Duration{50 * time.Millisecond, 4 * time.Second} {
		l := newLoad(every)
		l.run(30*time.Minute, steady(1))
		l.run(time.Hour, math.Exp2)
		got := l.pace.First(500)
		t.Logf("a request every %v: %.2f of the truth at the end of the drift", every, float64(got.Median)/float64(2*l.median))
		within(t, "the median at the end", got.Median, 2*l.median, 0.25)
		within(t, "the 95th percentile at the end", got.P95, 2*p95(l.median), 0.25)
		l.run(time.Hour, steady(2))
		got = l.pace.First(500)
		within(t, "the median an hour later", got.Median, 2*l.median, 0.1)
		within(t, "the 95th percentile an hour later", got.P95, 2*p95(l.median), 0.15)
	}
}

// TestQuiet: what is known of a target stays known however seldom it is called.
func TestQuiet(t *testing.T) {
	l := newLoad(time.Second)
	l.run(10*time.Minute, steady(1))
	l.now = l.now.Add(24 * time.Hour)
	within(t, "the median after a day", l.pace.First(500).Median, l.median, 0.1)
	l.every = 10 * time.Minute
	for range 72 {
		if l.run(l.every, steady(1)); l.pace.First(500) == none {
			t.Fatal("a call after a long time made it forget all others")
		}
	}
	within(t, "the median after seventy calls in twelve hours", l.pace.First(500).Median, l.median, 0.2)
	l.run(48*time.Hour, steady(3))
	within(t, "the median after two days at a third of the pace", l.pace.First(500).Median, 3*l.median, 0.25)
}

// TestStubborn: a target that became slower for good, and is suspicious for
// that alone, is learned anew after an hour.
func TestStubborn(t *testing.T) {
	l := newLoad(time.Second)
	l.run(10*time.Minute, steady(1))
	calm, begun := l.pace.First(500), l.now
	for l.now.Sub(begun) < time.Hour {
		if l.pace.First(500) != calm {
			t.Fatalf("forgotten after %v", l.now.Sub(begun))
		}
		l.pace.Spoil(l.now)
		l.run(2*time.Minute-time.Second, steady(4)) // the last of them go into no window that ends
	}
	l.pace.Spoil(l.now)
	if got := l.pace.First(500); got != none {
		t.Fatalf("after an hour of nothing but suspicion it says %v", got)
	}
	for range 4 { // it goes on being suspected
		l.run(10*time.Second, steady(4))
		l.pace.Spoil(l.now)
	}
	anew := l.pace.First(500)
	within(t, "the median afterwards", anew.Median, 4*l.median, 0.3)
	for range 60 {
		l.run(10*time.Second, steady(16))
		l.pace.Spoil(l.now)
	}
	if got := l.pace.First(500); got != anew {
		t.Errorf("once something was known again, suspicion did not count: it went from %v to %v", anew, got)
	}
}

// TestSeldomSuspected: two suspicions with two idle hours between are no hour
// of suspicion.
func TestSeldomSuspected(t *testing.T) {
	l := newLoad(time.Second)
	l.run(10*time.Minute, steady(1))
	l.pace.Spoil(l.now)
	l.pace.Spoil(l.now.Add(2 * time.Hour))
	if l.pace.First(500) == none {
		t.Error("forgotten for two suspicions")
	}
}

// TestIdleWindow: a window that was followed by a calm minute is good, even if
// nobody came to end it before suspicion did.
func TestIdleWindow(t *testing.T) {
	for _, test := range []struct {
		after time.Duration
		want  bool
	}{{2*window - time.Second, false}, {2 * window, true}} {
		l := newLoad(time.Second)
		l.run(5*time.Minute, steady(1))
		for range 30 {
			l.pace.Learn(failover.Sample{Input: 5000, First: time.Second}, l.now.Add(window))
		}
		l.pace.Spoil(l.now.Add(window + test.after))
		if got := l.pace.First(5000) != none; got != test.want {
			t.Errorf("spoiled %v after the window began: learned %v, want %v", test.after, got, test.want)
		}
	}
}

func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New()
		for range 100 {
			p.Learn(failover.Sample{Input: 10, Output: 100, Whole: 2 * time.Second}, time.Now())
			time.Sleep(time.Second)
		}
		within(t, "the median", p.Whole(10, 100).Median, 2*time.Second, 0.08)
	})
}

func TestNoSample(t *testing.T) {
	p := New()
	for i := range 100 {
		p.Learn(failover.Sample{First: -time.Second}, start.Add(time.Duration(i)*time.Second))
	}
	if p.First(0) != none || p.open {
		t.Error("learned from samples that measured nothing")
	}
}

// TestQuantiles holds what is said against the samples themselves.
func TestQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := New()
		var all []time.Duration
		for range rapid.IntRange(20, 300).Draw(t, "n") {
			ms := math.Exp(rapid.Float64Range(math.Log(2), math.Log(1e6)).Draw(t, "log ms"))
			all = append(all, time.Duration(ms*float64(time.Millisecond)))
		}
		for _, d := range all {
			p.Learn(failover.Sample{Input: 1, First: d}, start)
		}
		p.Learn(failover.Sample{Input: 1 << 20, First: time.Second}, start.Add(firstWindow))
		slices.Sort(all)
		check := func(what string, got time.Duration, q float64) {
			truth := all[int(math.Ceil(q*float64(len(all))))-1]
			if off := math.Abs(math.Log(float64(got) / float64(truth))); off > math.Log(factor)+1e-3 {
				t.Fatalf("%s is %v, want %v within a bin", what, got, truth)
			}
		}
		s := p.First(1)
		check("the median", s.Median, 0.5)
		check("the 95th percentile", s.P95, 0.95)
	})
}

func TestConcurrent(t *testing.T) {
	p := New()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 3000 {
				now := start.Add(time.Duration(i) * 100 * time.Millisecond)
				p.Learn(failover.Sample{
					Input: int64(i), Output: int64(w * 300), First: time.Duration(i%100+1) * time.Millisecond, Whole: time.Second,
				}, now)
				if s := p.First(int64(i)); s.P95 > 0 && s.Median > s.P95 {
					t.Errorf("the median of %v is above its percentile", s)
				}
				p.Whole(int64(i), int64(w*300))
				if w == 0 && i%1000 == 999 {
					p.Spoil(now)
				}
			}
		})
	}
	wg.Wait()
	if p.First(10) == none {
		t.Error("nothing was learned")
	}
}

func TestAllocations(t *testing.T) {
	p, now, i := New(), start, int64(0)
	if n := testing.AllocsPerRun(2000, func() {
		now, i = now.Add(150*time.Millisecond), i+1
		p.Learn(failover.Sample{Input: i * 100, Output: i * 3, First: time.Second, Whole: time.Second}, now)
		p.First(i)
		p.Whole(i, i)
		if i%700 == 0 {
			p.Spoil(now)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRead(b *testing.B) {
	l := newLoad(time.Second)
	l.run(time.Minute, steady(1))
	b.ReportAllocs()
	for b.Loop() {
		l.pace.First(5000)
		l.pace.Whole(5000, 300)
	}
}

func BenchmarkLearn(b *testing.B) {
	s := failover.Sample{Input: 5000, First: 700 * time.Millisecond}
	b.Run("alone", func(b *testing.B) {
		p, now := New(), start
		b.ReportAllocs()
		for b.Loop() {
			now = now.Add(time.Millisecond)
			p.Learn(s, now)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		p := New()
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			now := start
			for pb.Next() {
				now = now.Add(time.Millisecond)
				p.Learn(s, now)
			}
		})
	})
}

func BenchmarkSpoil(b *testing.B) {
	p := New()
	b.ReportAllocs()
	for b.Loop() {
		p.Spoil(start)
	}
}

// BenchmarkCommit is the once in a minute that others wait for.
func BenchmarkCommit(b *testing.B) {
	p, now := New(), start
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(window)
		for i := range int64(inputs) {
			p.Learn(failover.Sample{Input: 1 << (2 * i), First: time.Second, Whole: time.Second}, now)
		}
	}
}
