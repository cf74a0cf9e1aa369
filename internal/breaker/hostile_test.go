package breaker

import (
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// TestPatience: a probe that goes unanswered has the next one waited for twice
// as long, up to the most there is, and a fresh start begins anew.
func TestPatience(t *testing.T) {
	o := synthetic()
	o.ProbeMost = 15 * time.Second
	b, due := opened(t, o)
	for _, limit := range []time.Duration{5 * time.Second, 10 * time.Second, 15 * time.Second, 15 * time.Second} {
		if got := b.Patience(); got != limit {
			t.Fatalf("waits for %v, want %v", got, limit)
		}
		if _, ok := b.Probe(due); !ok {
			t.Fatal("no probe is due")
		}
		want(t, b, due.Add(limit-1), HalfOpen)
		due = want(t, b, due.Add(limit), Open).Until
	}
	for range trialsNeeded {
		token, ok := b.Probe(due)
		if !ok {
			t.Fatal("no probe is due")
		}
		b.Done(token, failover.Outcome{Key: -1}, due)
		due = due.Add(2 * time.Second)
	}
	want(t, b, due, Closed)
	if got := b.Patience(); got != 5*time.Second {
		t.Errorf("waits for %v", got)
	}
}

// TestAnotherWindow: what is counted begins anew, and nothing else does: what
// is open stays open, and what is held held.
func TestAnotherWindow(t *testing.T) {
	o := options()
	o.Window = time.Minute
	b, due := opened(t, options())
	b.Adjust(o, start)
	if s := want(t, b, start, Open); s.N != 0 || !s.Until.Equal(due) {
		t.Errorf("%+v", s)
	}
	if err := b.Hold(start, "ann"); err != nil {
		t.Fatal(err)
	}
	b.Adjust(options(), start)
	if s := want(t, b, start, Held); s.By != "ann" {
		t.Errorf("%+v", s)
	}
	// Over a minute, what failed half a minute ago counts.
	b = New(options())
	b.Adjust(o, start)
	for i := range 10 {
		feed(b, start.Add(time.Duration(i)*time.Second), good, fails(uint64(i+1)), good)
	}
	if s := b.Snapshot(start.Add(50 * time.Second)); s.Bad != 10 || s.N != 30 {
		t.Errorf("%+v", s)
	}
}

// TestRetired: a breaker that is out of the table opens for those who still
// have it, and pages nobody: nobody would hear of its end.
func TestRetired(t *testing.T) {
	told := 0
	o := synthetic()
	p := NewProvider("p", func(Event) { told++ })
	o.Provider, o.OnChange, o.Wake = p, func(Event) { told++ }, func(*Breaker, time.Time) { told++ }
	b := New(o)
	b.Retire()
	feed(b, start, unconnected(), unconnected(), unconnected(), unconnected(), unconnected())
	want(t, b, start, Open)
	if told != 0 || p.Snapshot().State != Closed {
		t.Errorf("told %d times, the provider is %v", told, p.Snapshot().State)
	}
}

// TestLockedThenDead: the last key is refused, and what looks into that fails
// otherwise, with no user about. That ends with an open circuit, not with four
// probes a second for as long as it lasts.
func TestLockedThenDead(t *testing.T) {
	for name, probe := range map[string]failover.Outcome{"failing": fails(0), "silent": slow(0)} {
		t.Run(name, func(t *testing.T) {
			o := synthetic()
			o.Provider = NewProvider("p", nil)
			b, now := New(o), start
			feed(b, now, good)
			refusal := failure(0, switchgear.ClassAuth)
			refusal.Kind, refusal.Locked, refusal.Key = failover.OutcomeIgnored, true, 0
			feed(b, now, refusal)
			probes := 0
			for ; probes < 100 && b.Snapshot(now).State == Suspect; probes++ {
				at, ok := b.NextProbe(now)
				if !ok {
					t.Fatal("nobody looks into it")
				}
				now = at
				token, ok := b.Probe(now)
				if !ok {
					t.Fatal("no probe is due")
				}
				probe.Body = 7 // as every probe's is
				b.Done(token, probe, now)
			}
			if want(t, b, now, Open); probes > 5 {
				t.Errorf("took %d probes", probes)
			}
		})
	}
}

// TestOneClientOfSeveral: failures of one client open nothing while others are
// about, whatever it sends; but a probe, or another client, may confirm them.
func TestOneClientOfSeveral(t *testing.T) {
	by := func(client uint64, o failover.Outcome) failover.Outcome { o.Client = client; return o }
	storm := func(b *Breaker, now time.Time, client uint64, n int) time.Time {
		for i := range n {
			now = now.Add(10 * time.Millisecond)
			feed(b, now, by(client, fails(uint64(1000+i))))
		}
		return now
	}
	begin := func(o Options) (*Breaker, time.Time) {
		b := New(o)
		feed(b, start, by(1, good), by(2, good))
		return b, start
	}
	t.Run("alone it stays closed", func(t *testing.T) {
		b, now := begin(options())
		now = storm(b, now, 1, 500)
		want(t, b, now, Suspect)
		feed(b, now, by(2, fails(1)))
		want(t, b, now, Open)
	})
	t.Run("connections prove themselves", func(t *testing.T) {
		b, now := begin(options())
		feed(b, now, by(1, unconnected()), by(1, unconnected()), by(1, unconnected()))
		want(t, b, now, Open)
	})
	t.Run("the others have left", func(t *testing.T) {
		b, now := begin(options())
		feed(b, now.Add(time.Second), by(1, good))
		now = storm(b, now.Add(time.Second+quietSpan), 1, 5)
		want(t, b, now, Open)
	})
	t.Run("nobody has a name", func(t *testing.T) {
		b := New(options())
		want(t, b, storm(b, start, 0, 5), Open)
	})
	for name, c := range map[string]struct {
		probe failover.Outcome
		state State
	}{"a probe fails too": {fails(0), Open}, "a probe is answered": {good, Closed}} {
		t.Run(name, func(t *testing.T) {
			b, now := begin(synthetic())
			for i := range 300 { // busy, so that not any failure is looked into
				feed(b, now.Add(time.Duration(i)*10*time.Millisecond), by(2, good))
			}
			now = storm(b, now.Add(3*time.Second), 1, 5)
			at, ok := b.NextProbe(now)
			if !ok || at.After(now) {
				t.Fatalf("nobody looks into it: %v, %v", at, ok)
			}
			token, _ := b.Probe(now)
			b.Done(token, c.probe, now)
			want(t, b, now, c.state)
		})
	}
	t.Run("while ramping", func(t *testing.T) {
		b, now := begin(options())
		b.mu.Lock()
		b.change(Ramp, cause{}, now)
		b.mu.Unlock()
		now = storm(b, now, 1, 200)
		want(t, b, now, Ramp)
	})
	t.Run("of a provider", func(t *testing.T) {
		o := options()
		o.Provider = NewProvider("p", nil)
		b, now := begin(o)
		for i := range 20 {
			edge := by(1, fails(uint64(i+1)))
			edge.Err.Marks = switchgear.MarkEdge
			feed(b, now, edge)
		}
		if s := o.Provider.Snapshot(); s.State != Closed {
			t.Errorf("%+v", s)
		}
	})
}
