package breaker

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// house is a provider with some busy targets.
type house struct {
	p      *Provider
	b      []*Breaker
	events []Event
	told   []string // "p closed>open", "a suspect>open"
	now    time.Time
}

func newHouse(n int, synthetic bool) *house {
	h := &house{now: start}
	tell := func(e Event) {
		who := e.Provider
		if who == "" {
			who = e.Target.Model
		}
		h.events = append(h.events, e)
		h.told = append(h.told, who+" "+e.From.String()+">"+e.To.String())
	}
	h.p = NewProvider("p", tell)
	for i := range n {
		o := options()
		o.Name.Model, o.Provider, o.Synthetic, o.OnChange = string(rune('a'+i)), h.p, synthetic, tell
		h.b = append(h.b, New(o))
		attend(h.b[i])
		feed(h.b[i], start, good, good, good)
	}
	return h
}

// trip opens one target by failures of its own.
func (h *house) trip(i int) {
	feed(h.b[i], h.now, fails(1), fails(2), fails(3), fails(4), fails(5))
}

func (h *house) states() string {
	var s []string
	for _, b := range h.b {
		s = append(s, b.Snapshot(h.now).State.String())
	}
	return strings.Join(s, ",")
}

func denied(key int, locked bool) failover.Outcome {
	return failover.Outcome{Kind: failover.OutcomeIgnored, Err: &switchgear.Error{Class: switchgear.ClassAuth}, Key: key, Locked: locked}
}

func edge(body uint64) failover.Outcome {
	o := failure(body, switchgear.ClassServer)
	o.Err.Marks = switchgear.MarkEdge
	return o
}

// step is an outcome at one of the targets, some time after the one before.
type step struct {
	after   time.Duration
	target  int
	outcome failover.Outcome
}

// TestProviderOpens: what opens a provider, and what does not.
func TestProviderOpens(t *testing.T) {
	row := func(outcomes ...failover.Outcome) (steps []step) { // spread over three targets
		for i, o := range outcomes {
			steps = append(steps, step{target: i % 3, outcome: o})
		}
		return steps
	}
	for name, c := range map[string]struct {
		steps  []step
		reason string
	}{
		"five unreachable":        {row(unconnected(), unconnected(), unconnected(), unconnected(), unconnected()), "5 failures to get through in a row"},
		"four":                    {row(unconnected(), unconnected(), unconnected(), unconnected()), ""},
		"a success between":       {row(unconnected(), unconnected(), unconnected(), good, unconnected(), unconnected()), ""},
		"ignored between":         {row(unconnected(), unconnected(), unconnected(), ignored, unconnected(), unconnected()), "5 failures to get through in a row"},
		"the fifth spared":        {row(unconnected(), unconnected(), unconnected(), unconnected(), spared(unconnected())), ""},
		"the edge":                {row(edge(1), edge(2), edge(1), edge(2), edge(1)), "5 failures to get through in a row"},
		"the edge, one body":      {row(edge(1), edge(1), edge(1), edge(1), edge(1), edge(1)), ""},
		"plain failures":          {row(fails(1), fails(2), fails(3), fails(4), fails(5), fails(6)), ""},
		"too long between":        {[]step{{0, 0, unconnected()}, {0, 1, unconnected()}, {0, 2, unconnected()}, {0, 0, unconnected()}, {6 * time.Minute, 3, unconnected()}}, ""},
		"two keys refused":        {row(denied(0, false), denied(1, false)), "2 keys refused in 30s"},
		"one key, twice":          {row(denied(0, false), denied(0, false)), ""},
		"two keys, a good one":    {row(denied(0, false), good, denied(1, false)), ""},
		"two keys, long between":  {[]step{{0, 0, denied(0, false)}, {31 * time.Second, 0, denied(1, false)}}, ""},
		"the last key":            {row(denied(0, true)), ""},
		"the last key, twice":     {row(denied(0, true), denied(0, true)), "its last key was refused twice"},
		"long between":            {[]step{{0, 0, denied(0, true)}, {31 * time.Second, 0, denied(0, true)}}, ""},
		"the last key, then good": {row(denied(0, true), good, denied(0, true)), ""},
		"the second spared":       {row(denied(0, true), spared(denied(0, true))), ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(4, false)
			opened := false
			for _, s := range c.steps {
				h.now = h.now.Add(s.after)
				token, v := h.b[s.target].Acquire(h.now)
				if !v.Pass {
					t.Fatalf("refused: %+v", v)
				}
				opened = h.b[s.target].Done(token, s.outcome, h.now)
			}
			s := h.p.Snapshot()
			if (s.State == Open) != (c.reason != "") || s.Reason != c.reason || opened != (c.reason != "") {
				t.Fatalf("%+v, told %v", s, opened)
			}
			if c.reason == "" {
				return
			}
			if h.states() != "open,open,open,open" {
				t.Errorf("targets %s", h.states())
			}
			for _, b := range h.b {
				if got := b.Snapshot(h.now).Reason; got != "provider p: "+c.reason {
					t.Errorf("a target is open for %q", got)
				}
			}
		})
	}
}

// TestSiblings: two targets that open within half a minute take the others
// with them; what happens to targets that are barred already is nothing.
func TestSiblings(t *testing.T) {
	h := newHouse(5, false)
	if err := h.b[4].Hold(h.now, "ann"); err != nil {
		t.Fatal(err)
	}
	h.told = nil
	h.trip(0)
	if h.states() != "open,closed,closed,closed,held" {
		t.Fatal(h.states())
	}
	h.now = h.now.Add(4 * time.Second)
	h.trip(1)
	if h.states() != "open,open,open,open,held" {
		t.Fatal(h.states())
	}
	want := "a closed>suspect, a suspect>open, b closed>suspect, b suspect>open, p closed>open, c closed>open, d closed>open"
	if got := strings.Join(h.told, ", "); got != want {
		t.Errorf("told %s\nwant %s", got, want)
	}
	if h.events[len(h.events)-1].Reason != "provider p: 2 targets in 30s" || h.b[1].Snapshot(h.now).Reason != "5 failures in a row" {
		t.Errorf("%+v", h.events)
	}

	h = newHouse(3, false)
	h.trip(0)
	h.now = h.now.Add(31 * time.Second)
	feed(h.b[1], h.now, good, good, good, good, good)
	h.trip(1)
	if h.p.Snapshot().State != Closed {
		t.Error("half a minute has passed")
	}
}

// TestSameTwice: one target that opens twice in half a minute is still one.
func TestSameTwice(t *testing.T) {
	h := newHouse(2, false)
	b := h.b[0]
	h.trip(0)
	for h.now = b.Snapshot(h.now).Until; b.Snapshot(h.now).State != Closed; h.now = h.now.Add(time.Second) {
		feed(b, h.now, good)
	}
	h.trip(0)
	if s := b.Snapshot(h.now); s.Opens != 2 || h.now.Sub(start) > 30*time.Second || h.p.Snapshot().Opens != 0 {
		t.Errorf("%+v %+v", s, h.p.Snapshot())
	}
}

// TestInheritedHalfOpen: a target that is being tried is opened with the rest.
func TestInheritedHalfOpen(t *testing.T) {
	h := newHouse(3, false)
	h.trip(2)
	h.now = h.now.Add(40 * time.Second)
	if h.states() != "closed,closed,half-open" {
		t.Fatal(h.states())
	}
	for _, b := range h.b[:2] {
		calm(b, h.now, 20, time.Second)
	}
	h.trip(0)
	h.trip(1)
	if h.states() != "open,open,open" {
		t.Error(h.states())
	}
}

// TestLateGood: a target that is well while the others are only just being
// opened does not close the provider.
func TestLateGood(t *testing.T) {
	h := newHouse(3, false)
	h.p.onChange = func(e Event) {
		if e.To == Open {
			feed(h.b[2], h.now, good)
		}
	}
	h.trip(0)
	h.trip(1)
	if s := h.p.Snapshot(); s.State != Open || h.states() != "open,open,open" {
		t.Errorf("%+v, %s", s, h.states())
	}
}

// TestProviderCloses: when a target has closed again, or a user was served.
func TestProviderCloses(t *testing.T) {
	trips := func() *house {
		h := newHouse(3, false)
		h.trip(0)
		h.trip(1)
		return h
	}
	h := trips()
	for h.now = h.now.Add(time.Minute); h.b[2].Snapshot(h.now).State != Closed; h.now = h.now.Add(time.Second) {
		if h.p.Snapshot().State != Open {
			t.Fatal("a trial alone closed it")
		}
		feed(h.b[2], h.now, good)
	}
	if s := h.p.Snapshot(); s.State != Closed || s.Reason != "a target has closed again" || h.told[len(h.told)-1] != "p open>closed" {
		t.Errorf("%+v %v", s, h.told)
	}
	if h.states() != "half-open,half-open,closed" {
		t.Errorf("each target finds its own way: %s", h.states())
	}

	h = trips()
	token := h.b[0].Force(h.now)
	h.b[0].Done(token, good, h.now)
	if s := h.p.Snapshot(); s.State != Closed || s.Reason != "a request was served" {
		t.Errorf("%+v", s)
	}
}

// TestAuthOutage: a provider with one key, which it suddenly refuses. It opens
// with the first probe, and closes when the key is taken again.
func TestAuthOutage(t *testing.T) {
	h := newHouse(2, true)
	b := h.b[0]
	feed(b, h.now, denied(0, true))
	if s := b.Snapshot(h.now); s.State != Suspect || s.Reason != "the last key was refused" {
		t.Fatalf("%+v", s)
	}
	probe := func(b *Breaker, o failover.Outcome) bool {
		t.Helper()
		at, ok := b.NextProbe(h.now)
		if !ok {
			t.Fatal("no probe is due")
		}
		h.now = at
		token, ok := b.Probe(at)
		if !ok {
			t.Fatal("no probe")
		}
		return b.Done(token, o, at)
	}
	if !probe(b, denied(0, true)) || h.states() != "open,open" {
		t.Fatalf("%s, %+v", h.states(), h.p.Snapshot())
	}
	for range 3 { // the outage goes on
		if !probe(b, denied(0, false)) || b.Snapshot(h.now).State != Open {
			t.Fatal("a refused trial left it half-open")
		}
	}
	for range 3 {
		probe(b, good)
	}
	if s := b.Snapshot(h.now); s.State != Closed || h.p.Snapshot().State != Closed {
		t.Errorf("%+v %+v", s, h.p.Snapshot())
	}

	h = newHouse(1, true) // a key that is refused once
	feed(h.b[0], h.now, denied(0, true))
	probe(h.b[0], good)
	feed(h.b[0], h.now, denied(0, true))
	if h.p.Snapshot().State != Closed || h.states() != "suspect" {
		t.Error("the good probe between is forgotten")
	}
}

// TestAuthAlone: the same for a target that has no provider.
func TestAuthAlone(t *testing.T) {
	b := New(synthetic())
	attend(b)
	feed(b, start, denied(0, true))
	token, ok := b.Probe(start)
	if !ok || !b.Done(token, denied(0, true), start) {
		t.Error("not confirmed")
	}
	if s := want(t, b, start, Open); s.Reason != "every key was refused" {
		t.Errorf("%+v", s)
	}
}

// TestProbesDisprove: failures to connect that probes did not find again are
// forgotten.
func TestProbesDisprove(t *testing.T) {
	h := newHouse(3, true)
	h.now = h.now.Add(2 * time.Minute) // it is quiet by now
	for i := range 9 {
		b := h.b[i%3]
		feed(b, h.now, unconnected())
		token, ok := b.Probe(h.now)
		if !ok {
			t.Fatal("no probe")
		}
		b.Done(token, good, h.now)
		h.now = h.now.Add(time.Minute)
	}
	if s := h.p.Snapshot(); s.Opens != 0 || h.states() != "closed,closed,closed" {
		t.Errorf("%+v, targets %s", s, h.states())
	}
}

func TestRetire(t *testing.T) {
	h := newHouse(3, false)
	h.b[2].Retire()
	h.trip(0)
	h.trip(1)
	if h.states() != "open,open,closed" || h.p.Snapshot().Targets != 2 {
		t.Errorf("%s, %+v", h.states(), h.p.Snapshot())
	}
	New(options()).Retire()
}

// TestParallel has everything happen to one provider at once; the race
// detector watches, and a lock taken in the wrong order would hang it.
func TestParallel(t *testing.T) {
	var p *Provider
	var mu sync.Mutex
	seen := 0
	tell := func(e Event) {
		p.Snapshot() // no lock is held
		mu.Lock()
		defer mu.Unlock()
		seen++
	}
	p = NewProvider("p", tell)
	var targets []*Breaker
	for range 3 {
		targets = append(targets, New(Options{Provider: p, Synthetic: true, OnChange: tell, Wake: func(b *Breaker, at time.Time) { b.NextProbe(at) }}))
	}
	outcomes := []failover.Outcome{good, good, good, good, fails(1), fails(2), unconnected(), slow(3), ignored, denied(0, false), denied(1, true), edge(4)}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 4000 {
				now := start.Add(time.Duration(i) * 7 * time.Millisecond)
				b := targets[(i+g)%3]
				o := outcomes[(i*(g+3)+i/200)%len(outcomes)]
				o.Ratio, o.Rival = float64(i%5), 1
				if i/500%2 == 0 {
					o = good
				}
				token, v := b.Acquire(now)
				probe, ok := b.Probe(now)
				switch {
				case ok:
					b.Done(probe, o, now)
				case !v.Pass && i%16 == 0:
					token = b.Force(now)
				}
				if v.Pass || token.Forced {
					b.Done(token, o, now)
				}
				if g == 0 && i%900 == 0 {
					_ = b.Hold(now, "test")
				}
				if g == 1 && i%50 == 0 {
					_, _ = b.Release(now), b.Trial(now)
				}
				b.Snapshot(now)
			}
		})
	}
	wg.Wait()
	if seen < 10 {
		t.Errorf("only %d changes: nothing was tried", seen)
	}
	end := start.Add(time.Hour)
	for _, b := range targets {
		_ = b.Release(end)
		for i := range 200 {
			now := end.Add(time.Duration(i) * time.Second)
			if token, ok := b.Probe(now); ok {
				b.Done(token, good, now)
			}
			feed(b, now, good)
		}
		want(t, b, end.Add(200*time.Second), Closed)
	}
	if s := p.Snapshot(); s.State != Closed {
		t.Errorf("%+v", s)
	}
}
