package breaker

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// TestMachine drives a breaker with whatever may happen and checks its
// promises after every step.
func TestMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{now: start, b: New(Options{
			Failures: rapid.IntRange(1, 6).Draw(t, "failures"), ConnectFailures: rapid.IntRange(1, 6).Draw(t, "connect failures"),
			Rand: func() float64 { return rapid.Float64Range(0, 0.999).Draw(t, "jitter") },
		})}
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "wait": m.wait, "acquire": m.acquire, "done": m.done,
		})
		m.ends(t)
	})
}

type machine struct {
	b             *Breaker
	now           time.Time
	held          []held
	bodyA         bool // since the last success or change, only body 1 has failed
	poison, other int
}

type held struct {
	token failover.Token
	at    time.Time
}

func (m *machine) wait(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
}

func (m *machine) acquire(t *rapid.T) {
	before := m.b.Snapshot(m.now)
	token, verdict := m.b.Acquire(m.now)
	if !verdict.Pass {
		if before.State == Closed {
			t.Fatal("a closed breaker passes everything")
		}
		if !verdict.Until.After(m.now) || verdict.Reason == "" {
			t.Fatalf("refused without a time or a reason: %+v", verdict)
		}
		return
	}
	if token.Probe == (before.State == Closed) {
		t.Fatalf("%v gave a token with probe %v", before.State, token.Probe)
	}
	for _, h := range m.held {
		if token.Probe && h.token.Probe && h.token.Generation == token.Generation && m.now.Before(h.at.Add(30*time.Second)) {
			t.Fatal("two probes in flight")
		}
	}
	m.held = append(m.held, held{token, m.now})
}

func (m *machine) done(t *rapid.T) {
	if len(m.held) == 0 {
		t.Skip("nothing in flight")
	}
	i := rapid.IntRange(0, len(m.held)-1).Draw(t, "which")
	h := m.held[i]
	m.held = append(m.held[:i], m.held[i+1:]...)
	o := failover.Outcome{Kind: failover.OutcomeKind(rapid.IntRange(0, 3).Draw(t, "outcome"))}
	if o.Kind == failover.OutcomeFail || o.Kind == failover.OutcomeSlow {
		o.Body = uint64(rapid.IntRange(0, 2).Draw(t, "body"))
		o.Err = &switchgear.Error{Class: switchgear.ClassServer}
		if o.Body == 0 {
			o.Err.Class = switchgear.ClassConnect
		}
	}
	before := m.b.Snapshot(m.now)
	m.b.Done(h.token, o, m.now)
	after := m.b.Snapshot(m.now)
	if h.token.Generation != before.Generation && (after.State != before.State || after.Consecutive != before.Consecutive || after.Opens != before.Opens) {
		t.Fatalf("a stale result changed %+v to %+v", before, after)
	}
	if o.Kind == failover.OutcomeIgnored && (after.State != before.State || after.Consecutive != before.Consecutive) {
		t.Fatalf("an ignored result changed %+v to %+v", before, after)
	}
	m.remember(before, after, h.token, &o)
	if before.State == Closed && after.State == Open && m.other == 0 {
		t.Fatalf("one body opened it, in %d failures", m.poison)
	}
}

// remember counts the failures in the present row: of body 1, and others.
func (m *machine) remember(before, after Snapshot, token failover.Token, o *failover.Outcome) {
	switch {
	case token.Generation != before.Generation:
	case o.Kind == failover.OutcomeOK:
		m.poison, m.other = 0, 0
	case o.Kind == failover.OutcomeIgnored:
	case m.poison == 0 && m.other == 0 && o.Body != 0:
		m.poison, m.bodyA = 1, o.Body == 1
	case o.Body != 0 && m.bodyA == (o.Body == 1) && m.poison > 0:
		m.poison++
	default:
		m.other++
	}
}

func (m *machine) check(t *rapid.T) {
	s := m.b.Snapshot(m.now)
	if s.State == Open && s.Until.Sub(s.Since) > 18*time.Second {
		t.Fatalf("open for %v", s.Until.Sub(s.Since))
	}
	if s.State == Closed && s.Generation == 0 && s.Opens != 0 {
		t.Fatalf("%+v", s)
	}
}

// ends checks that whatever has happened and whatever hangs, a probe comes in
// time and closes the breaker.
func (m *machine) ends(t *rapid.T) {
	for range 2 {
		m.now = m.now.Add(30 * time.Second)
		token, verdict := m.b.Acquire(m.now)
		if !verdict.Pass {
			t.Fatalf("no trial after 30 s: %+v", verdict)
		}
		m.b.Done(token, failover.Outcome{}, m.now)
		if s := m.b.Snapshot(m.now); s.State != Closed {
			t.Fatalf("a good probe left it %v", s.State)
		}
	}
}
