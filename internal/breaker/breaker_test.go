package breaker

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

var (
	start                   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	_     failover.Breaker  = (*Breaker)(nil)
	_     failover.Forcible = (*Breaker)(nil)
	_     failover.Calmer   = (*Breaker)(nil)
	name                    = switchgear.Target{Provider: "p", Model: "m"}

	good    = failover.Outcome{Key: -1}
	ignored = failover.Outcome{Kind: failover.OutcomeIgnored, Key: -1}
)

func options() Options { // cool-offs as configured
	return Options{Name: name, Rand: func() float64 { return 0.5 }}
}

func synthetic() Options {
	o := options()
	o.Synthetic = true
	return o
}

func fails(body uint64) failover.Outcome { return failure(body, switchgear.ClassServer) }

func failure(body uint64, class switchgear.Class) failover.Outcome {
	return failover.Outcome{Kind: failover.OutcomeFail, Body: body, Key: -1, Err: &switchgear.Error{Class: class}}
}

func slow(body uint64) failover.Outcome {
	o := failure(body, switchgear.ClassTimeout)
	o.Kind = failover.OutcomeSlow
	return o
}

func unconnected() failover.Outcome { return failure(0, switchgear.ClassConnect) }

func spared(o failover.Outcome) failover.Outcome {
	o.Spared = true
	return o
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

// calm makes good attempts at a rate until a moment.
func calm(b *Breaker, from time.Time, rate float64, d time.Duration) time.Time {
	step := time.Duration(float64(time.Second) / rate)
	now := from
	for ; now.Before(from.Add(d)); now = now.Add(step) {
		feed(b, now, good)
	}
	return now
}

// attend makes a new breaker's target one that is asked for a lot.
func attend(b *Breaker) { feed(b, start, ignored, ignored, ignored, ignored, ignored) }

// opened is a breaker that has just opened, and when its first trial is due.
func opened(t *testing.T, o Options) (*Breaker, time.Time) {
	t.Helper()
	b := New(o)
	attend(b)
	feed(b, start, fails(1), fails(2), fails(1), fails(2), fails(1))
	s := b.Snapshot(start)
	if s.State != Open {
		t.Fatalf("not open: %+v", s)
	}
	return b, s.Until
}

func want(t *testing.T, b *Breaker, now time.Time, state State) Snapshot {
	t.Helper()
	s := b.Snapshot(now)
	if s.State != state {
		t.Fatalf("after %v: %v (%s), want %v", now.Sub(start), s.State, s.Reason, state)
	}
	return s
}

// TestFailuresInRow: the first rule there ever was. Twenty a second, so that
// the rules for quiet targets stay out of it.
func TestFailuresInRow(t *testing.T) {
	for name, c := range map[string]struct {
		outcomes []failover.Outcome
		state    State
		passed   int
	}{
		"one failure":                      {[]failover.Outcome{fails(1)}, Closed, 1},
		"two":                              {[]failover.Outcome{fails(1), fails(2)}, Suspect, 2},
		"four":                             {[]failover.Outcome{fails(1), fails(2), fails(3), fails(4)}, Suspect, 4},
		"five":                             {[]failover.Outcome{fails(1), fails(2), fails(3), fails(4), fails(5)}, Open, 5},
		"the sixth finds it open":          {[]failover.Outcome{fails(1), fails(2), fails(3), fails(4), fails(5), good}, Open, 5},
		"a success between":                {[]failover.Outcome{fails(1), fails(2), fails(3), good, fails(4), fails(5)}, Suspect, 6},
		"ignored between":                  {[]failover.Outcome{fails(1), fails(2), ignored, fails(3), ignored, fails(4), fails(5)}, Open, 7},
		"slow is bad":                      {[]failover.Outcome{slow(9), slow(8), fails(1), slow(9), slow(9)}, Open, 5},
		"one body over and over":           {[]failover.Outcome{fails(1), fails(1), fails(1), fails(1), fails(1), fails(1), fails(1)}, Suspect, 7},
		"then another":                     {[]failover.Outcome{fails(1), fails(1), fails(1), fails(1), fails(1), fails(1), fails(2)}, Open, 7},
		"three failures to connect":        {[]failover.Outcome{unconnected(), unconnected(), unconnected()}, Open, 3},
		"not in a row":                     {[]failover.Outcome{unconnected(), unconnected(), fails(1), unconnected()}, Suspect, 4},
		"in a row at last":                 {[]failover.Outcome{unconnected(), fails(1), unconnected(), unconnected(), unconnected()}, Open, 5},
		"bodies do not matter for connect": {[]failover.Outcome{fails(1), fails(1), unconnected(), fails(1), fails(1)}, Open, 5},
		"spared":                           {[]failover.Outcome{fails(1), fails(2), fails(3), fails(4), spared(fails(5))}, Suspect, 5},
		"spared, then another":             {[]failover.Outcome{fails(1), fails(2), fails(3), fails(4), spared(fails(5)), fails(6)}, Open, 6},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(options())
			now := calm(b, start, 20, 10*time.Second)
			passed := feed(b, now, c.outcomes...)
			if s := b.Snapshot(now); s.State != c.state || passed != c.passed {
				t.Errorf("%v after %d passed, want %v after %d", s.State, passed, c.state, c.passed)
			}
		})
	}
}

// TestTripped: the outcome that opens it is told so, and no other.
func TestTripped(t *testing.T) {
	b := New(options())
	attend(b)
	for i := range 7 {
		token, v := b.Acquire(start)
		if !v.Pass {
			token = b.Force(start)
		}
		if got := b.Done(token, fails(uint64(i)+1), start); got != (i == 4) {
			t.Errorf("outcome %d: %v", i+1, got)
		}
	}
	if s := b.Snapshot(start); s.Forced != 2 || s.Opens != 1 {
		t.Errorf("%+v", s)
	}
}

// TestOutage walks through one: open, a trial that fails, a longer cool-off,
// three trials that answer.
func TestOutage(t *testing.T) {
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
	if !v.Pass || !v.Tee || !token.Probe {
		t.Fatalf("no trial: %+v %+v", token, v)
	}
	if _, v := b.Acquire(due); v.Pass || !v.Until.Equal(due.Add(5*time.Second)) {
		t.Errorf("a second trial under way: %+v", v)
	}
	failed := due.Add(time.Second)
	b.Done(token, fails(1), failed)
	second := failed.Add(10 * time.Second)
	if s := b.Snapshot(failed); s.State != Open || !s.Until.Equal(second) || s.Opens != 2 {
		t.Errorf("after the trial failed: %+v", s)
	}
	now := second
	for range 3 {
		token, _ = b.Acquire(now)
		b.Done(token, good, now)
		now = now.Add(trialPause)
	}
	closed := now.Add(-trialPause)
	if s := b.Snapshot(closed); s.State != Closed || s.Consecutive != 0 || !s.Since.Equal(closed) {
		t.Errorf("after three were answered: %+v", s)
	}
	diff := cmp.Diff([]Event{
		{Target: name, From: Closed, To: Suspect, Reason: "2 failures in a row", Bad: 2, N: 2, At: start},
		{Target: name, From: Suspect, To: Open, Reason: "5 failures in a row", Bad: 5, N: 5, Generation: 1, At: start, Until: due},
		{Target: name, From: Open, To: HalfOpen, Reason: "the cool-off is over", Bad: 5, N: 5, Generation: 2, At: due},
		{Target: name, From: HalfOpen, To: Open, Reason: "the trial failed", Bad: 5, N: 5, Generation: 3, At: failed, Until: second},
		{Target: name, From: Open, To: HalfOpen, Reason: "the cool-off is over", Generation: 4, At: second},
		{Target: name, From: HalfOpen, To: Closed, Reason: "3 good trials", Generation: 5, At: closed},
	}, events)
	if diff != "" {
		t.Error(diff)
	}
}

func TestCooldownDoublesToItsMost(t *testing.T) {
	b, due := opened(t, options())
	for i, want := range []time.Duration{10 * time.Second, 15 * time.Second, 15 * time.Second} {
		token, v := b.Acquire(due)
		if !v.Pass {
			t.Fatal("no trial")
		}
		b.Done(token, fails(1), due)
		until := b.Snapshot(due).Until
		if until.Sub(due) != want {
			t.Errorf("cool-off %d is %v, want %v", i+2, until.Sub(due), want)
		}
		due = until
	}
	for range 3 {
		feed(b, due, good)
		due = due.Add(time.Second)
	}
	now := calm(b, due, 20, time.Second)
	feed(b, now, fails(1), fails(2), fails(1), fails(2), fails(1))
	if until := b.Snapshot(now).Until; until.Sub(now) != 5*time.Second {
		t.Errorf("after recovery the cool-off is %v", until.Sub(now))
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

// TestRetryAfter: an overloaded provider that says when to come back is left
// alone until then, within reason.
func TestRetryAfter(t *testing.T) {
	for name, c := range map[string]struct {
		class switchgear.Class
		after time.Duration
		want  time.Duration
	}{
		"longer":      {switchgear.ClassOverloaded, 20 * time.Second, 20 * time.Second},
		"shorter":     {switchgear.ClassOverloaded, 2 * time.Second, 5 * time.Second},
		"absurd":      {switchgear.ClassOverloaded, 1e9 * time.Second, time.Minute},
		"negative":    {switchgear.ClassOverloaded, -time.Second, 5 * time.Second},
		"another say": {switchgear.ClassServer, 20 * time.Second, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(options())
			attend(b)
			o := failure(1, c.class)
			o.Err.RetryAfter = c.after
			feed(b, start, fails(2), fails(3), fails(4), fails(5), o)
			if s := want(t, b, start, Open); s.Until.Sub(start) != c.want {
				t.Errorf("until %v, want %v", s.Until.Sub(start), c.want)
			}
		})
	}
}

// TestIgnoredTrial: one whose caller left frees its place.
func TestIgnoredTrial(t *testing.T) {
	b, due := opened(t, options())
	token, _ := b.Acquire(due)
	b.Done(token, ignored, due)
	want(t, b, due, HalfOpen)
	if _, v := b.Acquire(due); v.Pass {
		t.Error("trials are half a second apart")
	}
	if token, v := b.Acquire(due.Add(trialPause)); !v.Pass || !token.Probe {
		t.Errorf("no second trial: %+v", v)
	}
}

// TestHungTee: a user's request that is served at length does not wedge the
// breaker, and its good end counts, once.
func TestHungTee(t *testing.T) {
	b, due := opened(t, options())
	hung, _ := b.Acquire(due)
	expired := due.Add(5 * time.Second)
	if _, v := b.Acquire(expired.Add(-1)); v.Pass {
		t.Error("a second trial before the first is given up")
	}
	second, v := b.Acquire(expired)
	if !v.Pass || !second.Probe || second.Serial == hung.Serial {
		t.Fatalf("no second trial: %+v", v)
	}
	b.Done(hung, good, expired)
	b.Done(hung, good, expired)
	b.Done(hung, fails(1), expired)
	if s := want(t, b, expired, HalfOpen); s.Stale != 2 {
		t.Errorf("%+v", s)
	}
	b.Done(second, good, expired)
	b.Done(second, good, expired)
	if s := want(t, b, expired, HalfOpen); s.Stale != 3 {
		t.Errorf("%+v", s)
	}
	third, _ := b.Acquire(expired.Add(trialPause))
	b.Done(third, good, expired.Add(trialPause))
	want(t, b, expired.Add(trialPause), Closed)
}

// TestStale: results of attempts admitted before a change say nothing after
// it.
func TestStale(t *testing.T) {
	b := New(options())
	attend(b)
	var late []failover.Token
	for range 6 {
		token, _ := b.Acquire(start)
		late = append(late, token)
	}
	feed(b, start, fails(1), fails(2), fails(1), fails(2), fails(1))
	before := b.Snapshot(start)
	for i, token := range late {
		b.Done(token, []failover.Outcome{good, fails(3)}[i%2], start)
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
	for s, want := range map[State]string{
		Closed: "closed", Suspect: "suspect", Open: "open", HalfOpen: "half-open", Ramp: "ramp", Held: "held", Gone: "gone", State(9): "unknown",
	} {
		if s.String() != want {
			t.Errorf("%d is %q", s, s)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	measured := good
	measured.Ratio, measured.Rival = 1.1, 0.9
	b := New(Options{Provider: NewProvider("p", nil)})
	if n := testing.AllocsPerRun(100, func() {
		token, _ := b.Acquire(start)
		b.Done(token, measured, start)
	}); n != 0 {
		t.Errorf("closed: %v allocations", n)
	}
	feed(b, start, fails(1), fails(1))
	want(t, b, start, Suspect)
	if n := testing.AllocsPerRun(100, func() {
		token, _ := b.Acquire(start)
		b.Done(token, fails(1), start)
	}); n > 1 { // the outcome's own
		t.Errorf("failing: %v allocations", n)
	}
	open, _ := opened(t, options())
	if n := testing.AllocsPerRun(100, func() { open.Acquire(start) }); n != 0 {
		t.Errorf("open: %v allocations", n)
	}
}

func BenchmarkClosed(b *testing.B) {
	guard := New(Options{Provider: NewProvider("p", nil)})
	measured := good
	measured.Ratio, measured.Rival = 1.1, 0.9
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			token, _ := guard.Acquire(start)
			guard.Done(token, measured, start)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	guard := New(Options{})
	feed(guard, start, unconnected(), unconnected(), unconnected())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			guard.Acquire(start)
		}
	})
}
