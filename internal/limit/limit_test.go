package limit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

var (
	start                = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	_     failover.Limit = (*Limit)(nil)
	busy                 = &switchgear.Error{Class: switchgear.ClassOverloaded}
	less                 = &switchgear.Error{Class: switchgear.ClassRateLimited, Marks: switchgear.MarkRamp}
)

func at(d time.Duration) time.Time { return start.Add(d) }

// fill enters until it is refused or n are in.
func fill(l *Limit, s switchgear.Stakes, n int, now time.Time) int {
	for i := range n {
		if !l.Enter(s, now) {
			return i
		}
	}
	return n
}

func leave(l *Limit, n int, now time.Time) {
	for range n {
		l.Leave(nil, now)
	}
}

// push gives one place back with push-back, after as much of it as makes it
// tell.
func push(l *Limit, err *switchgear.Error, now time.Time) {
	for range tellOf - 1 {
		if !err.Marks.Has(switchgear.MarkRamp) {
			l.mu.Lock()
			l.tells(now)
			l.mu.Unlock()
		}
	}
	l.Leave(err, now)
}

func TestNoLimit(t *testing.T) {
	l := New(Options{})
	if got := fill(l, switchgear.StakesLow, 5000, start); got != 5000 {
		t.Fatalf("refused after %d though nothing pushed back", got)
	}
	for _, class := range []switchgear.Class{switchgear.ClassServer, switchgear.ClassTimeout, switchgear.ClassQuota, switchgear.ClassInvalid} {
		l.Leave(&switchgear.Error{Class: class}, start)
	}
	if got, want := l.Snapshot(start), (Snapshot{InFlight: 4996}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		name     string
		err      *switchgear.Error
		inFlight int
		want     int
	}{
		{"overloaded", busy, 100, 70},
		{"rate limited", &switchgear.Error{Class: switchgear.ClassRateLimited}, 10, 7},
		{"asked for less", less, 100, 50},
		{"rounded down", busy, 9, 6},
		{"one is the least", busy, 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := New(Options{})
			fill(l, switchgear.StakesHigh, test.inFlight, start)
			push(l, test.err, start)
			want := Snapshot{
				Limit: test.want, Learned: true, Surplus: max(1, test.inFlight-1), InFlight: test.inFlight - 1, Cuts: 1,
			}
			if diff := cmp.Diff(want, l.Snapshot(start)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCutOnceASecond: a hundred refusals of one burst are one piece of news.
func TestCutOnceASecond(t *testing.T) {
	l := New(Options{})
	fill(l, switchgear.StakesHigh, 100, start)
	for i := range 20 {
		push(l, busy, at(time.Duration(i)*49*time.Millisecond))
	}
	if got := l.Snapshot(at(999 * time.Millisecond)).Limit; got != 70 {
		t.Errorf("limit %d within the second, want 70", got)
	}
	push(l, busy, at(time.Second)) // 80 are in flight: 56
	if got := l.Snapshot(at(time.Second)).Limit; got != 56 {
		t.Errorf("limit %d after the second, want 56", got)
	}
}

// TestPushBackMustTell: a few refusals among many good answers are chance, as
// is one on its own; only what asks for less is heeded at once.
func TestPushBackMustTell(t *testing.T) {
	for name, c := range map[string]struct {
		well, bad int
		over      time.Duration
		cut       bool
	}{
		"nineteen of nineteen":        {0, 19, time.Second, false},
		"twenty of twenty":            {0, 20, time.Second, true},
		"two fifths":                  {30, 20, time.Second, true},
		"less than two fifths":        {31, 20, time.Second, false},
		"twenty, but in half an hour": {0, 20, 30 * time.Minute, false},
	} {
		l := New(Options{})
		fill(l, switchgear.StakesHigh, 200, start)
		leave(l, c.well, start)
		l.began = start
		for i := range c.bad {
			l.Leave(busy, at(c.over*time.Duration(i)/time.Duration(c.bad)))
		}
		if s := l.Snapshot(at(c.over)); (s.Cuts > 0) != c.cut {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestCutsInVain: where push-back goes on whatever is cut it is not for the
// load, and the limit goes; it is tried again a minute later, then two. One that
// helps is kept.
func TestCutsInVain(t *testing.T) {
	l := New(Options{})
	fill(l, switchgear.StakesHigh, 100, start)
	var deaf []time.Duration
	var since time.Duration
	for now := time.Duration(0); now < 8*time.Minute; now += 100 * time.Millisecond {
		fill(l, switchgear.StakesHigh, 1, at(now))
		leave(l, 1, at(now))
		l.Leave(busy, at(now)) // half of what it is given, whatever that is
		switch s := l.Snapshot(at(now)); {
		case s.Deaf && since == 0:
			since = now
			if s.Limit != 0 {
				t.Errorf("at %v: %+v", now, s)
			}
		case !s.Deaf && since != 0:
			deaf, since = append(deaf, now-since), 0
		}
	}
	if diff := cmp.Diff([]time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute}, deaf); diff != "" {
		t.Errorf("deaf for: %s", diff)
	}
}

// TestSurplus: what is over the limit after a cut is neither cut off nor
// joined, but high stakes may take the places of those that leave.
func TestSurplus(t *testing.T) {
	l := New(Options{})
	fill(l, switchgear.StakesHigh, 100, start)
	push(l, busy, start)
	leave(l, 9, start)
	if got := fill(l, switchgear.StakesNormal, 100, start); got != 0 {
		t.Errorf("90 in flight, 70 allowed, and %d of normal stakes got in", got)
	}
	if got := fill(l, switchgear.StakesHigh, 100, start); got != 9 {
		t.Errorf("9 have left, and %d of high stakes got in", got)
	}
	var got []int
	for i := range 4 {
		s := l.Snapshot(at(time.Duration(i) * growEvery))
		got = append(got, s.Limit, s.Surplus)
	}
	if diff := cmp.Diff([]int{70, 99, 77, 89, 84, 0, 92, 0}, got); diff != "" {
		t.Errorf("limit and surplus every ten seconds: %s", diff)
	}
	if fill(l, switchgear.StakesHigh, 1, at(3*growEvery)) != 0 {
		t.Error("99 in flight, 92 allowed, and one of high stakes got in")
	}
}

// TestNeverUp: while the surplus of an old limit still runs, push-back must not
// raise the new one.
func TestNeverUp(t *testing.T) {
	l := New(Options{})
	fill(l, switchgear.StakesHigh, 100, start)
	l.Leave(less, start)
	push(l, busy, at(time.Second)) // 99 in flight
	if got := l.Snapshot(at(time.Second)).Limit; got != 50 {
		t.Errorf("limit %d, want 50", got)
	}
}

func TestShares(t *testing.T) {
	for _, test := range []struct{ most, low, normal, high int }{
		{1, 1, 1, 1},
		{2, 1, 1, 2},
		{3, 1, 2, 3},
		{10, 6, 8, 10},
		{100, 60, 85, 100},
	} {
		l := New(Options{Most: test.most})
		got := []int{fill(l, switchgear.StakesLow, 1000, start)}
		got = append(got, got[0]+fill(l, switchgear.StakesUnset, 1000, start))
		got = append(got, got[1]+fill(l, switchgear.StakesNormal, 1000, start))
		got = append(got, got[2]+fill(l, switchgear.StakesHigh, 1000, start))
		want := []int{test.low, test.normal, test.normal, test.high}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d: in flight after low, unset, normal, high: %s", test.most, diff)
		}
	}
}

func TestRecovery(t *testing.T) {
	l := New(Options{})
	fill(l, switchgear.StakesHigh, 100, start)
	l.Leave(less, start)
	leave(l, 99, start)
	var got []int
	for i := range 17 {
		got = append(got, l.Snapshot(at(time.Duration(i)*growEvery)).Limit)
	}
	want := []int{50, 55, 60, 66, 72, 79, 86, 94, 103, 113, 124, 136, 149, 163, 179, 196, 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("every ten seconds: %s", diff)
	}
}

// TestReturning: what was learned of a target that had just come back is out of
// the way in a minute; of one that has been back for long it is not.
func TestReturning(t *testing.T) {
	for _, c := range []struct {
		back time.Duration // before the push-back
		want []int
	}{
		{time.Minute, []int{50, 55, 66, 92, 165, 0}},
		{backTime + time.Second, []int{50, 55, 60, 66, 72, 79}},
	} {
		l := New(Options{})
		l.Forget(start.Add(-c.back))
		fill(l, switchgear.StakesHigh, 100, start)
		l.Leave(less, start)
		leave(l, 99, start)
		var got []int
		for i := range c.want {
			got = append(got, l.Snapshot(at(time.Duration(i)*growEvery)).Limit)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("back %v before: %s", c.back, diff)
		}
	}
}

// TestSmallRecovery: from one place on a target that is kept at its limit, the
// limit grows by whole places and stays for five minutes.
func TestSmallRecovery(t *testing.T) {
	l := New(Options{})
	fill(l, switchgear.StakesHigh, 1, start)
	push(l, busy, start)
	for i := range 30 {
		now := at(time.Duration(i) * growEvery)
		fill(l, switchgear.StakesHigh, 1000, now)
		if s := l.Snapshot(now); s.Limit < i+1 || s.Limit != s.InFlight {
			t.Fatalf("after %v: %+v, want a limit of %d at least, all of it used", now.Sub(start), s, i+1)
		}
	}
	if s := l.Snapshot(at(forgetTime - 1)); !s.Learned {
		t.Error("forgotten before five minutes were over")
	}
	if s := l.Snapshot(at(forgetTime)); s.Learned || s.Limit != 0 {
		t.Errorf("after five minutes: %+v", s)
	}
}

// TestGrowthIsNotLost: nobody asks for a minute; the steps are made up for.
func TestGrowthIsNotLost(t *testing.T) {
	l := New(Options{})
	fill(l, switchgear.StakesHigh, 100, start)
	l.Leave(less, start)
	if got := l.Snapshot(at(time.Minute)).Limit; got != 86 {
		t.Errorf("limit %d after a minute, want 86", got)
	}
}

func TestFixedLimit(t *testing.T) {
	l := New(Options{Most: 20})
	if got := fill(l, switchgear.StakesHigh, 100, start); got != 20 {
		t.Fatalf("%d in flight, want 20", got)
	}
	push(l, busy, start)
	if s := l.Snapshot(start); s.Limit != 14 || !s.Learned {
		t.Errorf("after push-back: %+v, want 14, learned", s)
	}
	if s := l.Snapshot(at(forgetTime)); s.Limit != 20 || s.Learned {
		t.Errorf("after five minutes: %+v, want 20, fixed", s)
	}
}

func TestLeaveTooOften(t *testing.T) {
	l := New(Options{Most: 1})
	l.Leave(nil, start)
	if got := fill(l, switchgear.StakesHigh, 5, start); got != 1 {
		t.Errorf("a place given back that nobody had made room for %d", got)
	}
}

func TestConcurrent(t *testing.T) {
	const most = 7
	l := New(Options{Most: most})
	var inside, highest, entered, shed atomic.Int64
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			stakes := switchgear.Stakes(w % 4)
			for i := range 3000 {
				now := at(time.Duration(i) * 20 * time.Millisecond)
				if !l.Enter(stakes, now) {
					shed.Add(1)
					continue
				}
				entered.Add(1)
				n := inside.Add(1)
				for h := highest.Load(); n > h && !highest.CompareAndSwap(h, n); h = highest.Load() {
				}
				var err *switchgear.Error
				if i%50 == 0 {
					err = busy
				}
				inside.Add(-1)
				l.Leave(err, now)
				if i%100 == 0 {
					l.Snapshot(now)
				}
			}
		})
	}
	wg.Wait()
	s := l.Snapshot(at(time.Hour))
	if highest.Load() > most || s.InFlight != 0 || s.Limit != most {
		t.Errorf("at most %d inside, %+v at the end", highest.Load(), s)
	}
	if got := int64(s.Shed.Low + s.Shed.Normal + s.Shed.High); got != shed.Load() || entered.Load() == 0 {
		t.Errorf("the books say %d shed, %d were; %d entered", got, shed.Load(), entered.Load())
	}
}

func TestAllocations(t *testing.T) {
	l := New(Options{})
	now := start
	if n := testing.AllocsPerRun(1000, func() {
		now = now.Add(time.Second)
		if l.Enter(switchgear.StakesNormal, now) {
			l.Leave(busy, now)
		}
		if l.Enter(switchgear.StakesLow, now) {
			l.Leave(nil, now)
		}
		l.Snapshot(now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkEnterLeave(b *testing.B) {
	limited := func() *Limit {
		l := New(Options{})
		fill(l, switchgear.StakesHigh, 1000, start)
		push(l, busy, start)
		leave(l, 999, start)
		return l
	}
	for _, test := range []struct {
		name string
		make func() *Limit
		err  *switchgear.Error
	}{
		{"calm", func() *Limit { return New(Options{}) }, nil},
		{"fixed", func() *Limit { return New(Options{Most: 1000}) }, nil},
		{"limited", limited, nil},
		{"push-back", limited, busy},
	} {
		b.Run(test.name, func(b *testing.B) {
			l := test.make()
			b.ReportAllocs()
			for b.Loop() {
				l.Enter(switchgear.StakesNormal, start)
				push(l, test.err, start)
			}
		})
		b.Run(test.name+" parallel", func(b *testing.B) {
			l := test.make()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					l.Enter(switchgear.StakesNormal, start)
					push(l, test.err, start)
				}
			})
		})
	}
}

// TestForget: what was learned is gone, and can be learned anew at once.
func TestForget(t *testing.T) {
	l := New(Options{})
	fill(l, switchgear.StakesNormal, 100, start)
	l.Leave(less, start)
	leave(l, 99, start)
	if s := l.Snapshot(start); s.Limit != 50 {
		t.Fatalf("%+v", s)
	}
	l.Forget(start)
	if got := fill(l, switchgear.StakesLow, 200, start); got != 200 {
		t.Errorf("refused after %d", got)
	}
	l.Leave(less, start)
	if s := l.Snapshot(start); s.Limit != 100 || s.Cuts != 2 {
		t.Errorf("%+v", s)
	}
}

// TestPress: what was learned can be overruled, what is written in a file
// cannot; a place that was taken so is left like any other.
func TestPress(t *testing.T) {
	for name, c := range map[string]struct {
		most int
		ok   bool
	}{"learned": {0, true}, "fixed": {4, false}} {
		t.Run(name, func(t *testing.T) {
			l, now := New(Options{Most: c.most}), start
			for range 4 {
				l.Enter(switchgear.StakesHigh, now)
			}
			if ok := l.Press(); ok != c.ok {
				t.Fatalf("%v at %+v", ok, l.Snapshot(now))
			}
			for range 5 {
				l.Leave(nil, now)
			}
			if n := l.Snapshot(now).InFlight; n != 0 {
				t.Errorf("%d in flight", n)
			}
		})
	}
}
