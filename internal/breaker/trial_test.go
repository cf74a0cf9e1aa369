package breaker

import (
	"strings"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// TestForced: leave that was taken. Only a good end means something.
func TestForced(t *testing.T) {
	b, due := opened(t, synthetic())
	now := start.Add(time.Second)
	token := b.Force(now)
	if !token.Forced || token.Probe {
		t.Errorf("%+v", token)
	}
	before := b.Snapshot(now)
	if b.Done(token, fails(1), now) {
		t.Error("it opened what is open")
	}
	if s := want(t, b, now, Open); !s.Until.Equal(due) || s.Opens != before.Opens || s.Generation != before.Generation || s.Forced != 1 {
		t.Errorf("%+v", s)
	}
	token = b.Force(now)
	b.Done(token, good, now)
	want(t, b, now, HalfOpen)
	if at, ok := b.NextProbe(now); !ok || !at.Equal(now) {
		t.Errorf("the next trial is due at %v", at)
	}
}

// TestManual: what a person may do, and when it makes no sense.
func TestManual(t *testing.T) {
	b, _ := opened(t, synthetic())
	now := start.Add(time.Second)
	says := func(err error, words string) {
		t.Helper()
		if err == nil && words != "" || err != nil && (words == "" || !strings.Contains(err.Error(), words)) {
			t.Errorf("said %v, want %q", err, words)
		}
	}
	says(b.Release(now), "the circuit of p/m is open, not held")
	says(b.Trial(now), "")
	want(t, b, now, HalfOpen)
	says(b.Trial(now), "trials are being made")
	late, _ := b.Probe(now)
	says(b.Hold(now, "ann"), "")
	if s := want(t, b, now, Held); s.By != "ann" || s.Reason != "held by ann" {
		t.Errorf("%+v", s)
	}
	b.Done(late, good, now)
	says(b.Hold(now, "bob"), "held already, by ann since 2026-11-22T12:00:01Z")
	says(b.Trial(now), "held by ann: release it first")
	later := now.Add(1000 * time.Hour)
	if _, v := b.Acquire(later); v.Pass || !v.Final || !v.Until.IsZero() {
		t.Errorf("%+v", v)
	}
	if _, ok := b.NextProbe(later); ok {
		t.Error("it is probed although held")
	}
	if _, ok := b.Probe(later); ok {
		t.Error("it is probed although held")
	}
	says(b.Release(later), "")
	if s := want(t, b, later, HalfOpen); s.By != "" {
		t.Errorf("%+v", s)
	}
	calmed := New(options())
	says(calmed.Trial(now), "is closed: there is nothing to try")
	says(calmed.Hold(now, "ann"), "")
	if _, v := calmed.Acquire(now); v.Pass {
		t.Error("a held breaker passes")
	}
}

// TestHalfOpenTurns: who may make a trial, and when. The synthetic probe goes
// first, then users for a second each, then probes again.
func TestHalfOpenTurns(t *testing.T) {
	b, due := opened(t, synthetic())
	if _, v := b.Acquire(due); v.Pass || !v.Until.Equal(due.Add(trialTurn)) || !strings.HasPrefix(v.Reason, "breaker half-open") {
		t.Errorf("a user before the probe: %+v", v)
	}
	first, ok := b.Probe(due)
	if !ok {
		t.Fatal("no probe")
	}
	now := due.Add(200 * time.Millisecond)
	b.Done(first, good, now)
	if _, v := b.Acquire(due.Add(trialPause - 1)); v.Pass {
		t.Error("trials are half a second apart")
	}
	now = due.Add(trialPause)
	tee, v := b.Acquire(now)
	if !v.Pass || !v.Tee || !tee.Probe {
		t.Fatalf("not a user's turn: %+v", v)
	}
	if at, ok := b.NextProbe(now); !ok || at.Sub(now) != 5*time.Second {
		t.Errorf("while one is under way: %v %v", at.Sub(now), ok)
	}
	now = now.Add(2 * time.Second)
	b.Done(tee, good, now)
	at, ok := b.NextProbe(now)
	if !ok || at.Sub(now) != trialTurn {
		t.Fatalf("the users' turn lasts %v", at.Sub(now))
	}
	last, ok := b.Probe(at)
	if !ok {
		t.Fatal("closing waits for users")
	}
	b.Done(last, good, at)
	want(t, b, at, Closed)
}

// TestHalfOpenKeyCools: a probe whose key is over its limit says nothing about
// the target, nor about probes: the next is made a little later.
func TestHalfOpenKeyCools(t *testing.T) {
	b, now := opened(t, synthetic())
	limited := ignored
	limited.Err = &switchgear.Error{Class: switchgear.ClassRateLimited}
	for range 2 * probeRefusals {
		probe, ok := b.Probe(now)
		if !ok {
			t.Fatal("it is not probed on")
		}
		b.Done(probe, limited, now)
		at, ok := b.NextProbe(now)
		if !ok || at.Sub(now) != keyPause {
			t.Fatalf("the next probe is due after %v, %v", at.Sub(now), ok)
		}
		now = at
	}
	want(t, b, now, HalfOpen)
}

// TestHalfOpenUnusable: where the provider turns our small requests down,
// users' requests are the trials.
func TestHalfOpenUnusable(t *testing.T) {
	b, now := opened(t, synthetic())
	for range probeRefusals { // one may be bad luck, where some of all requests are refused
		probe, ok := b.Probe(now)
		if !ok {
			t.Fatal("it is not probed on")
		}
		b.Done(probe, ignored, now)
		now = now.Add(trialPause)
	}
	if _, ok := b.NextProbe(now); ok {
		t.Error("it is probed on")
	}
	for range 3 {
		now = now.Add(time.Second)
		token, v := b.Acquire(now)
		if !v.Tee {
			t.Fatalf("%+v", v)
		}
		b.Done(token, good, now)
	}
	want(t, b, now, Closed)
}

// TestHungHalfOpen: a probe of ours that does not come back is a failure.
func TestHungHalfOpen(t *testing.T) {
	b, now := opened(t, synthetic())
	hung, _ := b.Probe(now)
	now = now.Add(5 * time.Second)
	if s := want(t, b, now, Open); s.Opens != 2 || s.Until.Sub(now) != 10*time.Second {
		t.Errorf("%+v", s)
	}
	b.Done(hung, good, now)
	if s := want(t, b, now, Open); s.Stale != 1 {
		t.Errorf("%+v", s)
	}
}

// ramping is a breaker that has just begun to ramp under 20 requests a second.
func ramping(t *testing.T) (*Breaker, time.Time) {
	t.Helper()
	b := New(options())
	now := calm(b, start, 20, time.Minute)
	feed(b, now, fails(1), fails(2), fails(3), fails(4), fails(5))
	for {
		now = now.Add(50 * time.Millisecond)
		feed(b, now, good)
		if b.Snapshot(now).State == Ramp {
			return b, now
		}
	}
}

// TestRamp: the share grows in steps, and is spread evenly.
func TestRamp(t *testing.T) {
	b, now := ramping(t)
	began := now
	var got []int
	for _, stage := range []struct{ share, n int }{{10, 100}, {25, 80}, {50, 80}, {100, 80}} {
		if s := b.Snapshot(now); s.Share != stage.share || !s.Until.After(now) {
			t.Errorf("after %v: %+v", now.Sub(began), s)
		}
		passed, gap, widest := 0, 0, 0
		for range stage.n {
			token, v := b.Acquire(now)
			gap++
			switch {
			case v.Pass && (!v.Watch || v.Tee || v.Calm || token.Probe):
				t.Fatalf("%+v %+v", token, v)
			case v.Pass:
				passed, gap = passed+1, 0
				b.Done(token, good, now)
			case !strings.HasPrefix(v.Reason, "ramping, "):
				t.Fatalf("%+v", v)
			}
			widest = max(widest, gap)
			now = now.Add(50 * time.Millisecond)
		}
		if stage.share > 10 && widest > 100/stage.share {
			t.Errorf("%d %%: %d in a row were turned away", stage.share, widest)
		}
		got = append(got, passed)
	}
	if want := [4]int{7, 20, 40, 80}; [4]int(got) != want {
		t.Errorf("passed %v, want %v", got, want)
	}
	want(t, b, now, Closed)
	if now.Sub(began) != 17*time.Second {
		t.Errorf("it took %v", now.Sub(began))
	}
}

// TestRelapse: what opens a circuit again while it ramps.
func TestRelapse(t *testing.T) {
	slowly := good
	slowly.Ratio, slowly.Rival = 2, 1
	beaten := slowly
	beaten.Rival = 3
	many := func(o failover.Outcome, n int) (list []failover.Outcome) {
		for range n {
			list = append(list, o)
		}
		return list
	}
	for name, c := range map[string]struct {
		outcomes []failover.Outcome
		state    State
		again    time.Duration // the next cool-off
	}{
		"one of five":            {[]failover.Outcome{good, good, fails(1), good, good}, Ramp, 0},
		"two of four":            {[]failover.Outcome{good, good, fails(1), fails(2)}, Ramp, 0},
		"one that needs no body": {[]failover.Outcome{good, good, unconnected(), good, good}, Ramp, 0},
		"two of five":            {[]failover.Outcome{fails(1), good, good, good, fails(2)}, Open, 5 * time.Second},
		"two of five, the good":  {[]failover.Outcome{fails(1), fails(2), good, good, good}, Open, 5 * time.Second},
		"of one body":            {[]failover.Outcome{fails(1), good, good, good, fails(1)}, Ramp, 0},
		"spared":                 {[]failover.Outcome{fails(1), good, good, good, spared(fails(2))}, Ramp, 0},
		"two of eleven":          {append(many(good, 9), fails(1), fails(2)), Ramp, 0},
		"fourteen slow":          {many(slowly, 14), Ramp, 0},
		"fifteen slow":           {many(slowly, 15), Open, 10 * time.Second},
		"no better rival":        {many(beaten, 15), Ramp, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b, now := ramping(t)
			now = now.Add(13 * time.Second) // the last stage: all pass
			if n := feed(b, now, c.outcomes...); n != len(c.outcomes) {
				t.Fatalf("%d passed", n)
			}
			s := want(t, b, now, c.state)
			if c.state == Open && c.again != s.Until.Sub(now) {
				t.Errorf("the next cool-off is %v, want %v", s.Until.Sub(now), c.again)
			}
		})
	}
}

// TestSignOfLife: what fails after it has answered well is looked at again soon,
// the first time; after that its cool-offs grow as ever.
func TestSignOfLife(t *testing.T) {
	b := New(options())
	now := calm(b, start, 20, time.Minute)
	feed(b, now, fails(1), fails(2), fails(3), fails(4), fails(5))
	trial := func(outcomes ...failover.Outcome) time.Duration {
		for now = b.Snapshot(now).Until; len(outcomes) > 0; now = now.Add(trialPause) {
			feed(b, now, outcomes[0])
			outcomes = outcomes[1:]
		}
		now = now.Add(-trialPause)
		return want(t, b, now, Open).Until.Sub(now)
	}
	for i, c := range []struct {
		outcomes []failover.Outcome
		rest     time.Duration
	}{
		{[]failover.Outcome{fails(6)}, 10 * time.Second},
		{[]failover.Outcome{good, good, fails(7)}, 5 * time.Second},
		{[]failover.Outcome{good, good, fails(8)}, 15 * time.Second},
		{[]failover.Outcome{good, fails(9)}, 15 * time.Second},
	} {
		if rest := trial(c.outcomes...); rest != c.rest {
			t.Errorf("the cool-off after trial %d is %v, want %v", i+1, rest, c.rest)
		}
	}
}

// TestRefusedInRamp: a key that is refused while ramping is the outage going on,
// and no traffic for a while would not be seen otherwise.
func TestRefusedInRamp(t *testing.T) {
	for name, c := range map[string]struct {
		outcome failover.Outcome
		state   State
	}{
		"the last":      {denied(0, true), Open},
		"one of two":    {denied(0, false), Ramp},
		"spared":        {spared(denied(0, true)), Ramp},
		"of the caller": {ignored, Ramp},
	} {
		t.Run(name, func(t *testing.T) {
			b, now := ramping(t)
			now = now.Add(13 * time.Second)
			feed(b, now, good, c.outcome)
			want(t, b, now, c.state)
		})
	}
}

// TestWake: whoever makes the probes is told when to ask again.
func TestWake(t *testing.T) {
	woken := 0
	o := synthetic()
	o.Wake = func(b *Breaker, at time.Time) {
		b.NextProbe(at) // no lock is held
		woken++
	}
	b := New(o)
	now := calm(b, start, 0.25, 5*time.Minute)
	if woken != 0 {
		t.Errorf("woken %d times in calm", woken)
	}
	feed(b, now, fails(1))
	if woken != 1 {
		t.Errorf("woken %d times for the first failure", woken)
	}
	token, _ := b.Probe(now)
	b.Done(token, fails(0), now)
	if woken != 3 {
		t.Errorf("woken %d times by now, want once for each start and end of a probe", woken)
	}
}

// TestTurnAfterNothing: a tee that told nothing, for its rival was faster, does
// not take the next turn as well: closing must not wait for a race to be won.
func TestTurnAfterNothing(t *testing.T) {
	b, now := opened(t, synthetic())
	probe, _ := b.Probe(now)
	b.Done(probe, good, now)
	for range 2 {
		now = now.Add(trialPause)
		tee, v := b.Acquire(now)
		if !v.Tee {
			t.Fatalf("%+v", v)
		}
		b.Done(tee, ignored, now)
		now = now.Add(trialPause)
		if _, v := b.Acquire(now); v.Pass || v.Until.Sub(now) != trialTurn {
			t.Fatalf("a user again: %+v", v)
		}
		token, ok := b.Probe(now)
		if !ok {
			t.Fatal("no probe")
		}
		b.Done(token, good, now)
	}
	if s := b.Snapshot(now); s.State != Closed && s.State != Ramp {
		t.Errorf("%+v", s)
	}
}

// TestNobodyProbes: should nobody make the probes that were promised, users
// make the trials after all.
func TestNobodyProbes(t *testing.T) {
	b, now := opened(t, synthetic())
	for range 3 {
		now = now.Add(trialTurn)
		tee, v := b.Acquire(now)
		if !v.Tee {
			t.Fatalf("%+v", v)
		}
		b.Done(tee, good, now)
	}
	if s := b.Snapshot(now); s.State != Closed && s.State != Ramp {
		t.Errorf("%+v", s)
	}
}

// TestSlowTrials: a circuit that opened for slowness. A probe is good for the
// first trial only; a slow tee is forgiven once.
func TestSlowTrials(t *testing.T) {
	late := good
	late.Ratio = 1.7
	onTime := good
	onTime.Ratio = 1.6
	lost := late
	lost.Kind = failover.OutcomeIgnored
	for name, c := range map[string]struct {
		tees  []failover.Outcome
		state State
	}{
		"two on time":            {[]failover.Outcome{onTime, onTime}, Ramp},
		"unknown is good":        {[]failover.Outcome{good, good}, Ramp},
		"one late":               {[]failover.Outcome{late, onTime}, HalfOpen},
		"one late, then on time": {[]failover.Outcome{onTime, late, onTime}, Ramp},
		"two late":               {[]failover.Outcome{onTime, late, late}, Open},
		"late and lost":          {[]failover.Outcome{lost, onTime, lost}, Open},
		"a late one that fails":  {[]failover.Outcome{fails(1)}, Open},
		"late, but spared":       {[]failover.Outcome{late, spared(late), spared(late)}, HalfOpen},
		"told nothing":           {[]failover.Outcome{ignored, ignored}, HalfOpen},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1, 20, synthetic())
			w.user = timed(3, 1)
			if !w.run(2*time.Minute, Open) {
				t.Fatal("not open")
			}
			now := w.b.Snapshot(w.now).Until
			calm(w.b, now.Add(-3*time.Second), 20, 3*time.Second) // demand, all turned away
			probe, ok := w.b.Probe(now)
			if !ok {
				t.Fatal("no probe")
			}
			w.b.Done(probe, good, now)
			if _, ok := w.b.NextProbe(now); ok {
				t.Fatal("a second probe, which would tell nothing")
			}
			for _, o := range c.tees {
				now = now.Add(trialPause)
				tee, v := w.b.Acquire(now)
				if !v.Tee {
					t.Fatalf("%+v", v)
				}
				w.b.Done(tee, o, now)
			}
			want(t, w.b, now, c.state)
		})
	}
}

// TestAdjust: a reload changes how a breaker behaves, not how it stands.
func TestAdjust(t *testing.T) {
	b, due := opened(t, options())
	b.Adjust(Options{Cooldown: 40 * time.Second, CooldownMax: time.Minute, Synthetic: true}, start)
	if s := want(t, b, start, Open); !s.Until.Equal(due) {
		t.Errorf("%+v", s)
	}
	token, ok := b.Probe(due)
	if !ok {
		t.Fatal("not probed")
	}
	b.Done(token, fails(1), due)
	if s := want(t, b, due, Open); s.Until.Sub(due) != time.Minute {
		t.Errorf("the next cool-off is %v", s.Until.Sub(due))
	}
}

// TestSparedTrial: a request that has tripped another circuit decides nothing
// as a trial.
func TestSparedTrial(t *testing.T) {
	b, now := opened(t, options())
	tee, _ := b.Acquire(now)
	if b.Done(tee, spared(fails(1)), now) {
		t.Error("it opened a second circuit")
	}
	want(t, b, now, HalfOpen)
	if _, v := b.Acquire(now.Add(trialPause)); !v.Tee {
		t.Errorf("its place is lost: %+v", v)
	}
}

// TestTurnAfterLength: nor does a user's request that is served at length.
func TestTurnAfterLength(t *testing.T) {
	b, now := opened(t, synthetic())
	probe, _ := b.Probe(now)
	b.Done(probe, good, now)
	now = now.Add(trialPause)
	if _, v := b.Acquire(now); !v.Tee {
		t.Fatalf("%+v", v)
	}
	now = now.Add(5 * time.Second)
	if at, ok := b.NextProbe(now); !ok || !at.Equal(now) {
		t.Errorf("the next probe is due in %v", at.Sub(now))
	}
}
