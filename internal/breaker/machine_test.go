package breaker

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// TestMachine drives a breaker with whatever may happen and checks its
// promises after every step.
func TestMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{now: start, synthetic: rapid.Bool().Draw(t, "synthetic")}
		m.b = New(Options{
			Failures: rapid.IntRange(0, 6).Draw(t, "failures"), ConnectFailures: rapid.IntRange(0, 6).Draw(t, "connect failures"),
			Synthetic: m.synthetic, OnChange: func(e Event) { m.events = append(m.events, e) },
			Rand: func() float64 { return rapid.Float64Range(0, 0.999).Draw(t, "jitter") },
		})
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "wait": m.wait, "acquire": m.acquire, "burst": m.burst, "probe": m.probe, "done": m.done, "force": m.force, "manual": m.manual,
		})
		m.ends(t)
	})
}

type machine struct {
	b         *Breaker
	synthetic bool
	now       time.Time
	held      []held
	events    []Event
}

type held struct {
	token failover.Token
	at    time.Time
	tee   bool
}

func (m *machine) wait(t *rapid.T) {
	span := rapid.SampledFrom([]int{100, 1000, 20_000, 700_000}).Draw(t, "span")
	m.now = m.now.Add(time.Duration(rapid.IntRange(0, span).Draw(t, "ms")) * time.Millisecond)
}

func (m *machine) acquire(t *rapid.T) {
	before := m.b.Snapshot(m.now)
	token, v := m.b.Acquire(m.now)
	switch {
	case !v.Pass && before.State.lively():
		t.Fatalf("%v refuses", before.State)
	case !v.Pass && v.Reason == "", v.Final != (before.State == Held || before.State == Gone):
		t.Fatalf("%v says %+v", before.State, v)
	case !v.Pass && before.State != Held && !v.Until.After(m.now):
		t.Fatalf("%v refuses until %v ago", before.State, m.now.Sub(v.Until))
	case v.Pass && (v.Calm != (before.State == Closed) || v.Tee != (before.State == HalfOpen) || token.Probe != v.Tee || token.Generation != before.Generation):
		t.Fatalf("%v says %+v, %+v", before.State, v, token)
	case v.Pass && (before.State == Open || before.State == Held || before.State == Gone):
		t.Fatalf("%v lets pass", before.State)
	}
	if v.Pass {
		m.take(t, token, v.Tee)
	}
}

// burst is many good requests.
func (m *machine) burst(t *rapid.T) {
	for range rapid.IntRange(1, 60).Draw(t, "n") {
		if token, v := m.b.Acquire(m.now); v.Pass && !token.Probe {
			m.b.Done(token, good, m.now)
		} else if v.Pass {
			m.take(t, token, true)
		}
	}
}

func (m *machine) probe(t *rapid.T) {
	at, ok := m.b.NextProbe(m.now)
	token, taken := m.b.Probe(m.now)
	if taken && (!ok || at.After(m.now) || !token.Probe || !m.synthetic) {
		t.Fatalf("a probe that was due %v %v: %+v", at.Sub(m.now), ok, token)
	}
	if ok && at.Before(m.now) {
		t.Fatal("a probe is due in the past")
	}
	if taken {
		m.take(t, token, false)
	}
}

// take keeps a token. There is never more than one trial under way.
func (m *machine) take(t *rapid.T, token failover.Token, tee bool) {
	if token.Probe {
		for _, h := range m.held {
			if h.token.Probe && h.token.Generation == token.Generation && m.now.Before(h.at.Add(5*time.Second)) {
				t.Fatal("two trials under way")
			}
			if h.token.Probe && h.token.Serial == token.Serial {
				t.Fatal("two trials of one serial")
			}
		}
	}
	m.held = append(m.held, held{token, m.now, tee})
}

func (m *machine) force(t *rapid.T) { m.take(t, m.b.Force(m.now), false) }

func (m *machine) manual(t *rapid.T) {
	state := m.b.Snapshot(m.now).State
	var err error
	var fits bool
	switch rapid.IntRange(0, 2).Draw(t, "verb") {
	case 0:
		err, fits = m.b.Hold(m.now, "ann"), state != Held
	case 1:
		err, fits = m.b.Release(m.now), state == Held
	case 2:
		err, fits = m.b.Trial(m.now), state == Open || state == Gone
	}
	if (err == nil) != fits {
		t.Fatalf("%v: %v", state, err)
	}
}

func draw(t *rapid.T) failover.Outcome {
	o := failover.Outcome{Kind: failover.OutcomeKind(rapid.IntRange(0, 3).Draw(t, "outcome")), Key: -1}
	if o.Kind != failover.OutcomeOK {
		class := rapid.SampledFrom([]switchgear.Class{
			switchgear.ClassServer, switchgear.ClassConnect, switchgear.ClassGone, switchgear.ClassOverloaded,
		}).Draw(t, "class")
		o.Err = &switchgear.Error{Class: class, RetryAfter: time.Duration(rapid.IntRange(-1, 90).Draw(t, "retry after")) * time.Second}
		if class != switchgear.ClassConnect {
			o.Body = uint64(rapid.IntRange(1, 3).Draw(t, "body"))
		}
		o.Spared = rapid.IntRange(0, 4).Draw(t, "spared") == 0
	}
	return o
}

func (m *machine) done(t *rapid.T) {
	if len(m.held) == 0 {
		t.Skip("nothing under way")
	}
	i := rapid.IntRange(0, len(m.held)-1).Draw(t, "which")
	h := m.held[i]
	m.held = slices.Delete(m.held, i, i+1)
	o := draw(t)
	before, told := m.b.Snapshot(m.now), len(m.events)
	tripped := m.b.Done(h.token, o, m.now)
	after := m.b.Snapshot(m.now)
	opened := 0
	for _, e := range m.events[told:] {
		if e.To == Open || e.To == Gone {
			opened++
		}
	}
	if tripped != (opened == 1) || opened > 1 || after.Opens != before.Opens+uint64(opened) {
		t.Fatalf("told %v, with %d events, from %d to %d", tripped, opened, before.Opens, after.Opens)
	}
	if tripped && (o.Kind == failover.OutcomeOK || o.Kind == failover.OutcomeIgnored || o.Spared || h.token.Forced && !before.State.lively()) {
		t.Fatalf("%+v opened it", o)
	}
	if h.token.Generation != before.Generation {
		m.unchanged(t, before, after, 1)
	}
	if o.Kind == failover.OutcomeIgnored && (after.State != before.State || after.Consecutive != before.Consecutive || after.Bad != before.Bad) {
		t.Fatalf("an ignored result changed %+v to %+v", before, after)
	}
	if h.token.Probe { // told twice
		m.b.Done(h.token, draw(t), m.now)
		m.unchanged(t, after, m.b.Snapshot(m.now), 1)
	}
}

func (m *machine) unchanged(t *rapid.T, before, after Snapshot, stale uint64) {
	before.Stale += stale
	if diff := cmp.Diff(before, after); diff != "" {
		t.Fatalf("a result that comes too late changed something: %s", diff)
	}
}

func (m *machine) check(t *rapid.T) {
	s := m.b.Snapshot(m.now)
	if s.State == Open && (s.Until.Sub(s.Since) > time.Minute || s.Until.Sub(s.Since) < 4*time.Second) {
		t.Fatalf("open for %v", s.Until.Sub(s.Since))
	}
	state, opens := Closed, uint64(0)
	for _, e := range m.events {
		if e.From != state || e.To == e.From || e.Reason == "" || e.At.After(m.now) {
			t.Fatalf("after %v comes %+v", state, e)
		}
		if state = e.To; state == Open || state == Gone {
			opens++
		}
	}
	if state != s.State || opens != s.Opens {
		t.Fatalf("%d events, the last one to %v, and %d of opening: %+v", len(m.events), state, opens, s)
	}
	if fast := m.b.pass.Load() != 0; fast != (s.State == Closed) {
		t.Fatalf("%v, and the short cut is open: %v", s.State, fast)
	}
}

// ends checks that whatever has happened and whatever hangs, it closes in time
// once all goes well; and no trial's place is lost.
func (m *machine) ends(t *rapid.T) {
	if m.b.Snapshot(m.now).State == Held {
		_ = m.b.Release(m.now)
	}
	for i := range 700 { // ten minutes for a model that was gone, a minute for the rest
		m.now = m.now.Add(time.Second)
		if token, ok := m.b.Probe(m.now); ok {
			m.b.Done(token, good, m.now)
		}
		if token, v := m.b.Acquire(m.now); v.Pass {
			m.b.Done(token, good, m.now)
		}
		if s := m.b.Snapshot(m.now); s.State == Closed && i > 20 {
			if m.b.trial.serial != 0 {
				t.Fatal("a trial's place is lost")
			}
			return
		}
	}
	t.Fatalf("never closed: %+v", m.b.Snapshot(m.now))
}

// TestPoison: one body that always fails, at whatever pace and mixed with
// whatever is good, never opens a circuit, if our own probes are answered.
func TestPoison(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{Synthetic: rapid.Bool().Draw(t, "synthetic")}
		b, now := New(o), start
		class := rapid.SampledFrom([]switchgear.Class{switchgear.ClassServer, switchgear.ClassGone, switchgear.ClassMalformed}).Draw(t, "class")
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{1, 50, 500, 4000, 40_000}).Draw(t, "ms")) * time.Millisecond)
			if token, ok := b.Probe(now); ok {
				b.Done(token, good, now)
			}
			result := good
			switch rapid.IntRange(0, 2).Draw(t, "result") {
			case 0:
				result = failure(7, class)
			case 1:
				result = slow(7)
			}
			if token, v := b.Acquire(now); !v.Pass || b.Done(token, result, now) {
				t.Fatalf("opened: %+v", b.Snapshot(now))
			}
		}
	})
}
