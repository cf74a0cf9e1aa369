package limit

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
)

// TestMachine drives a limit with whatever may happen and checks its promises
// after every step.
func TestMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{now: start}
		if rapid.Bool().Draw(t, "fixed") {
			m.most = rapid.IntRange(1, 60).Draw(t, "most")
		}
		m.l = New(Options{Most: m.most})
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "wait": m.wait, "enter": m.enter, "burst": m.burst, "leave": m.leave, "drain": m.drain, "push back": m.pushBack,
		})
	})
}

type machine struct {
	l             *Limit
	most          int
	now           time.Time
	pushed, cut   time.Time
	entered, left int
	shed          Shed
}

func (m *machine) wait(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Second)).Draw(t, "ns")))
}

func (m *machine) enter(t *rapid.T) {
	m.try(t, switchgear.Stakes(rapid.IntRange(0, 3).Draw(t, "stakes")))
}

func (m *machine) burst(t *rapid.T) {
	s := switchgear.Stakes(rapid.IntRange(0, 3).Draw(t, "stakes"))
	for range rapid.IntRange(1, 40).Draw(t, "n") {
		m.try(t, s)
	}
}

func (m *machine) try(t *rapid.T, s switchgear.Stakes) {
	before := m.l.Snapshot(m.now)
	ok := m.l.Enter(s, m.now)
	percent, surplus := 85, 0
	switch s {
	case switchgear.StakesLow:
		percent = 60
	case switchgear.StakesHigh:
		percent, surplus = 100, before.Surplus
	default:
	}
	want := before.Limit == 0 || before.InFlight == 0 || before.InFlight < max(before.Limit*percent/100, surplus)
	if ok != want {
		t.Fatalf("stakes %q: %v, want %v, at %+v", s, ok, want, before)
	}
	switch {
	case ok:
		m.entered++
	case s == switchgear.StakesLow:
		m.shed.Low++
	case s == switchgear.StakesHigh:
		m.shed.High++
	default:
		m.shed.Normal++
	}
}

func (m *machine) leave(t *rapid.T) {
	if m.entered == m.left {
		t.Skip("nothing is in flight")
	}
	var err *switchgear.Error
	if rapid.Bool().Draw(t, "failed") {
		err = &switchgear.Error{Class: switchgear.ClassServer}
	}
	m.l.Leave(err, m.now)
	m.left++
}

func (m *machine) drain(t *rapid.T) {
	for m.entered > m.left {
		m.l.Leave(nil, m.now)
		m.left++
	}
}

func (m *machine) pushBack(t *rapid.T) {
	if m.entered == m.left {
		t.Skip("nothing is in flight")
	}
	before := m.l.Snapshot(m.now)
	err, part := busy, 0.7
	if rapid.Bool().Draw(t, "ramp") {
		err, part = less, 0.5
	}
	push(m.l, err, m.now)
	m.left++
	after := m.l.Snapshot(m.now)
	switch {
	case after.Cuts == before.Cuts && (m.cut.IsZero() || m.now.Sub(m.cut) >= time.Second):
		if after.Limit != before.Limit && !after.Deaf {
			t.Fatalf("no cut, and another limit: %+v, then %+v", before, after)
		}
		return
	case !m.cut.IsZero() && m.now.Sub(m.cut) < time.Second:
		if after.Limit != before.Limit || after.Cuts != before.Cuts {
			t.Fatalf("cut twice in a second: %+v, then %+v", before, after)
		}
	default:
		m.cut = m.now
		want := max(1, int(part*float64(before.InFlight)+1e-9))
		if before.Limit != 0 {
			want = min(want, before.Limit)
		}
		if after.Limit != want {
			t.Fatalf("limit %d after push-back, want %d; before %+v", after.Limit, want, before)
		}
	}
	m.pushed = m.now
	if (after.Surplus > max(after.InFlight, 1) || (before.Surplus != 0 && after.Surplus > before.Surplus)) && after.Cuts != before.Cuts {
		t.Fatalf("more may be in flight than was: %+v", after)
	}
}

func (m *machine) check(t *rapid.T) {
	s := m.l.Snapshot(m.now)
	if s.InFlight != m.entered-m.left || s.Shed != m.shed {
		t.Fatalf("%+v, but %d entered, %d left, shed %+v", s, m.entered, m.left, m.shed)
	}
	if m.most != 0 && (s.Limit < 1 || s.Limit > m.most) {
		t.Fatalf("limit %d, the fixed one is %d", s.Limit, m.most)
	}
	if s.Learned && (m.pushed.IsZero() || m.now.Sub(m.pushed) >= 5*time.Minute) {
		t.Fatalf("the last push-back was at %v, it is %v, and there is a learned limit: %+v", m.pushed, m.now, s)
	}
	if s.Learned && m.most > 1 && s.Limit == m.most {
		t.Fatalf("what was learned bounds nothing: %+v", s)
	}
	if s.Surplus != 0 && (!s.Learned || (m.now.Sub(m.pushed) >= growEvery && s.Surplus <= s.Limit)) {
		t.Fatalf("a surplus that is none: %+v", s)
	}
	if !m.pushed.IsZero() && m.now.Sub(m.pushed) < growEvery && s.Limit == 0 && !s.Deaf {
		t.Fatal("forgotten within ten seconds, and not given up")
	}
}
