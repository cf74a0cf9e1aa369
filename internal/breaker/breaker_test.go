package breaker

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func options() Options { return Options{Rand: func() float64 { return 0.5 }} } // cool-offs as configured

func fails(body uint64) failover.Outcome {
	return failover.Outcome{Kind: failover.OutcomeFail, Body: body, Err: &switchgear.Error{Class: switchgear.ClassServer}}
}

func refused() failover.Outcome {
	return failover.Outcome{Kind: failover.OutcomeFail, Err: &switchgear.Error{Class: switchgear.ClassConnect}}
}

// feed makes attempts that end as told, all at one moment, and counts those
// that were let through.
func feed(b *Breaker, now time.Time, outcomes ...failover.Outcome) int {
	passed := 0
	for _, o := range outcomes {
		token, verdict := b.Acquire(now)
		if !verdict.Pass {
			continue
		}
		passed++
		b.Done(token, o, now)
	}
	return passed
}

// opened is a breaker that has just opened, and when its probe is due.
func opened(t *testing.T, o Options) (*Breaker, time.Time) {
	t.Helper()
	b := New(o)
	feed(b, start, fails(1), fails(2), fails(1), fails(2), fails(1))
	s := b.Snapshot(start)
	if s.State != Open {
		t.Fatalf("not open: %+v", s)
	}
	return b, s.Until
}

func TestOpens(t *testing.T) {
	ok, ignored := failover.Outcome{}, failover.Outcome{Kind: failover.OutcomeIgnored}
	slow := failover.Outcome{Kind: failover.OutcomeSlow, Body: 9, Err: &switchgear.Error{Class: switchgear.ClassTimeout}}
	for name, c := range map[string]struct {
		outcomes []failover.Outcome
		state    State
		passed   int
	}{
		"four failures":                    {[]failover.Outcome{fails(1), fails(2), fails(3), fails(4)}, Closed, 4},
		"five":                             {[]failover.Outcome{fails(1), fails(2), fails(3), fails(4), fails(5)}, Open, 5},
		"the sixth finds it open":          {[]failover.Outcome{fails(1), fails(2), fails(3), fails(4), fails(5), ok}, Open, 5},
		"a success between":                {[]failover.Outcome{fails(1), fails(2), fails(3), ok, fails(4), fails(5)}, Closed, 6},
		"ignored between":                  {[]failover.Outcome{fails(1), fails(2), ignored, fails(3), ignored, fails(4), fails(5)}, Open, 7},
		"slow is bad":                      {[]failover.Outcome{slow, slow, fails(1), slow, slow}, Open, 5},
		"one body over and over":           {[]failover.Outcome{fails(1), fails(1), fails(1), fails(1), fails(1), fails(1), fails(1)}, Closed, 7},
		"then another":                     {[]failover.Outcome{fails(1), fails(1), fails(1), fails(1), fails(1), fails(1), fails(2)}, Open, 7},
		"three refused connections":        {[]failover.Outcome{refused(), refused(), refused()}, Open, 3},
		"not in a row":                     {[]failover.Outcome{refused(), refused(), fails(1), refused()}, Closed, 4},
		"in a row at last":                 {[]failover.Outcome{refused(), fails(1), refused(), refused(), refused()}, Open, 5},
		"bodies do not matter for connect": {[]failover.Outcome{fails(1), fails(1), refused(), fails(1), fails(1)}, Open, 5},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(options())
			passed := feed(b, start, c.outcomes...)
			if s := b.Snapshot(start); s.State != c.state || passed != c.passed {
				t.Errorf("%v after %d passed, want %v after %d", s.State, passed, c.state, c.passed)
			}
		})
	}
}

// TestProbe walks through an outage: open, a probe that fails, a longer
// cool-off, a probe that answers.
func TestProbe(t *testing.T) {
	var events []Event
	o := options()
	o.OnChange = func(e Event) { e.Err = nil; events = append(events, e) }
	b, due := opened(t, o)
	if want := start.Add(5 * time.Second); !due.Equal(want) {
		t.Fatalf("due %v, want %v", due, want)
	}
	early := due.Add(-time.Nanosecond)
	if _, v := b.Acquire(early); v.Pass || v.Reason != "breaker open" || !v.Until.Equal(due) {
		t.Errorf("before the cool-off is over: %+v", v)
	}
	token, v := b.Acquire(due)
	if !v.Pass || !token.Probe {
		t.Fatalf("no probe: %+v %+v", token, v)
	}
	if _, v := b.Acquire(due); v.Pass || !v.Until.Equal(due.Add(30*time.Second)) {
		t.Errorf("a second probe in flight: %+v", v)
	}
	failed := due.Add(time.Second)
	b.Done(token, fails(1), failed)
	second := failed.Add(10 * time.Second)
	if s := b.Snapshot(failed); s.State != Open || !s.Until.Equal(second) || s.Opens != 2 || s.Consecutive != 6 {
		t.Errorf("after the probe failed: %+v", s)
	}
	token, _ = b.Acquire(second)
	b.Done(token, failover.Outcome{}, second)
	if s := b.Snapshot(second); s.State != Closed || s.Consecutive != 0 || !s.Since.Equal(second) {
		t.Errorf("after the probe answered: %+v", s)
	}
	want := []Event{
		{From: Closed, To: Open, At: start, Until: due, Consecutive: 5, Generation: 1},
		{From: Open, To: HalfOpen, At: due, Consecutive: 5, Generation: 2},
		{From: HalfOpen, To: Open, At: failed, Until: second, Consecutive: 6, Generation: 3},
		{From: Open, To: HalfOpen, At: second, Consecutive: 6, Generation: 4},
		{From: HalfOpen, To: Closed, At: second, Generation: 5},
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Error(diff)
	}
}

func TestCooldownDoublesToItsMost(t *testing.T) {
	b, due := opened(t, options())
	for i, want := range []time.Duration{10 * time.Second, 15 * time.Second, 15 * time.Second} {
		token, v := b.Acquire(due)
		if !v.Pass {
			t.Fatal("no probe")
		}
		b.Done(token, fails(1), due)
		until := b.Snapshot(due).Until
		if until.Sub(due) != want {
			t.Errorf("cool-off %d is %v, want %v", i+2, until.Sub(due), want)
		}
		due = until
	}
	token, _ := b.Acquire(due)
	b.Done(token, failover.Outcome{}, due)
	feed(b, due, fails(1), fails(2), fails(1), fails(2), fails(1))
	if until := b.Snapshot(due).Until; until.Sub(due) != 5*time.Second {
		t.Errorf("after recovery the cool-off is %v", until.Sub(due))
	}
}

func TestJitter(t *testing.T) {
	for draw, want := range map[float64]time.Duration{0: 4 * time.Second, 0.5: 5 * time.Second, 1: 6 * time.Second} {
		o := options()
		o.Rand = func() float64 { return draw }
		if _, due := opened(t, o); due.Sub(start).Round(time.Millisecond) != want {
			t.Errorf("draw %v: %v, want %v", draw, due.Sub(start), want)
		}
	}
}

// TestIgnoredProbe: a probe whose caller left frees its place.
func TestIgnoredProbe(t *testing.T) {
	b, due := opened(t, options())
	token, _ := b.Acquire(due)
	b.Done(token, failover.Outcome{Kind: failover.OutcomeIgnored}, due)
	if s := b.Snapshot(due); s.State != HalfOpen {
		t.Errorf("%+v", s)
	}
	if token, v := b.Acquire(due); !v.Pass || !token.Probe {
		t.Errorf("no second probe: %+v", v)
	}
}

// TestHungProbe: one that never comes back does not wedge the breaker. If it
// comes back late its failure is nothing, and its success is one.
func TestHungProbe(t *testing.T) {
	b, due := opened(t, options())
	hung, _ := b.Acquire(due)
	expired := due.Add(30 * time.Second)
	if _, v := b.Acquire(expired.Add(-1)); v.Pass {
		t.Error("a second probe before the first is given up")
	}
	second, v := b.Acquire(expired)
	if !v.Pass || !second.Probe || second.Serial == hung.Serial {
		t.Fatalf("no second probe: %+v", v)
	}
	b.Done(hung, fails(1), expired)
	if s := b.Snapshot(expired); s.State != HalfOpen || s.Stale != 1 {
		t.Errorf("a late failure: %+v", s)
	}
	b.Done(hung, failover.Outcome{}, expired)
	if s := b.Snapshot(expired); s.State != Closed {
		t.Errorf("a late success: %+v", s)
	}
	b.Done(second, fails(2), expired)
	if s := b.Snapshot(expired); s.State != Closed || s.Consecutive != 0 || s.Stale != 2 {
		t.Errorf("the probe of an older generation: %+v", s)
	}
}

// TestStale: results of attempts admitted before a change say nothing after
// it.
func TestStale(t *testing.T) {
	b := New(options())
	var late []failover.Token
	for range 6 {
		token, _ := b.Acquire(start)
		late = append(late, token)
	}
	feed(b, start, fails(1), fails(2), fails(1), fails(2), fails(1))
	before := b.Snapshot(start)
	for i, token := range late {
		b.Done(token, []failover.Outcome{{}, fails(3)}[i%2], start)
	}
	after := b.Snapshot(start)
	if after.Stale != 6 {
		t.Errorf("%d stale results", after.Stale)
	}
	after.Stale = before.Stale
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

func TestStateWords(t *testing.T) {
	for s, want := range map[State]string{Closed: "closed", Open: "open", HalfOpen: "half-open", State(9): "unknown"} {
		if s.String() != want {
			t.Errorf("%d is %q", s, s)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	calm := New(options())
	if n := testing.AllocsPerRun(100, func() {
		token, _ := calm.Acquire(start)
		calm.Done(token, failover.Outcome{}, start)
	}); n != 0 {
		t.Errorf("closed: %v allocations", n)
	}
	troubled, failure := New(options()), fails(1)
	if n := testing.AllocsPerRun(100, func() {
		token, _ := troubled.Acquire(start)
		troubled.Done(token, failure, start)
	}); n != 0 {
		t.Errorf("failing: %v allocations", n)
	}
	open, _ := opened(t, options())
	if n := testing.AllocsPerRun(100, func() { open.Acquire(start) }); n != 0 {
		t.Errorf("open: %v allocations", n)
	}
}

func BenchmarkClosed(b *testing.B) {
	guard := New(Options{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			token, _ := guard.Acquire(start)
			guard.Done(token, failover.Outcome{}, start)
		}
	})
}
