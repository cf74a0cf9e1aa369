package breaker

import (
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// spread makes n attempts in even intervals within d; each k-th fails with a
// body of its own, or with the given one.
func spread(b *Breaker, now time.Time, d time.Duration, n, k int, body uint64) time.Time {
	for i := range n {
		o := good
		if (i+1)%k == 0 {
			o = fails(uint64(i) + 1)
			if body != 0 {
				o = fails(body)
			}
		}
		feed(b, now, o)
		now = now.Add(d / time.Duration(n))
	}
	return now
}

// TestRates: the rules that look at shares, each just met and just missed.
// Bad outcomes never stand in a row.
func TestRates(t *testing.T) {
	for name, c := range map[string]struct {
		d      time.Duration
		n, k   int
		body   uint64
		state  State
		reason string
	}{
		"half of 20":                   {9 * time.Second, 20, 2, 0, Open, "8 of the last 20 failed"},
		"with one body":                {9 * time.Second, 20, 2, 7, Suspect, ""},
		"9 of 19":                      {9 * time.Second, 19, 2, 0, Open, "8 of the last 20 failed"},
		"a third of 30":                {9 * time.Second, 30, 3, 0, Suspect, ""},
		"a fifth of 50":                {9 * time.Second, 50, 5, 0, Open, "20 % of 50 failed in 10s"},
		"a fifth of 50, one body":      {9 * time.Second, 50, 5, 7, Suspect, ""},
		"a fifth of 49":                {9 * time.Second, 49, 5, 0, Suspect, ""},
		"a sixth of 60":                {9 * time.Second, 60, 6, 0, Suspect, ""},
		"a fiftieth":                   {9 * time.Second, 180, 50, 0, Closed, ""},
		"half, one a second":           {20 * time.Second, 20, 2, 0, Open, "8 of the last 20 failed"},
		"half, one a second, one body": {20 * time.Second, 20, 2, 7, Suspect, ""},
		"a third, one a second":        {60 * time.Second, 60, 3, 0, Suspect, ""},
		"half, one in 20 s":            {400 * time.Second, 20, 2, 0, Open, "8 of the last 20 failed"},
		"half, one in 25 s":            {500 * time.Second, 20, 2, 0, Suspect, ""},
	} {
		t.Run(name, func(t *testing.T) {
			reason := ""
			o := options()
			o.OnChange = func(e Event) {
				if e.To == Open && reason == "" {
					reason = e.Reason
				}
			}
			b := New(o)
			attend(b)
			now := spread(b, start, c.d, c.n, c.k, c.body)
			s := b.Snapshot(now.Add(-c.d / time.Duration(c.n)))
			if reason != c.reason || reason == "" && s.State != c.state {
				t.Errorf("%v (%s), opened for %q", s.State, s.Reason, reason)
			}
		})
	}
}

// TestHalfBad: half of 20 and more in a window, when the good ones of before
// have left it.
func TestHalfBad(t *testing.T) {
	b := New(options())
	calm(b, start, 100, 250*time.Millisecond)
	now := start.Add(5 * time.Second)
	for i := range 40 {
		if s := b.Snapshot(now); s.State == Open {
			if since := now.Sub(start); since < 10*time.Second || since > 11*time.Second || s.Reason != "50 % of 22 failed in 10s" {
				t.Errorf("after %v: %s", since, s.Reason)
			}
			return
		}
		feed(b, now, []failover.Outcome{good, fails(uint64(i))}[i%2])
		now = now.Add(260 * time.Millisecond)
	}
	t.Error("not open")
}

// TestHalfWindow: a fifth of 75 in half a window opens it, whatever good
// answers there were before.
func TestHalfWindow(t *testing.T) {
	for _, c := range []struct {
		n     int
		state State
	}{{76, Open}, {74, Closed}} {
		b := New(options())
		now := calm(b, start, 100, 9*time.Second).Truncate(time.Second).Add(time.Second)
		now = spread(b, now, 4500*time.Millisecond, c.n, 4, 0)
		want(t, b, now, c.state)
	}
}

// TestLoneConnect: three failures to connect open it only if they come out of
// the blue.
func TestLoneConnect(t *testing.T) {
	for _, c := range []struct {
		ago   time.Duration
		state State
	}{{29 * time.Second, Suspect}, {31 * time.Second, Open}} {
		b := New(options())
		now := calm(b, start, 20, 10*time.Second)
		feed(b, now, unconnected())
		now = calm(b, now, 20, c.ago)
		feed(b, now, unconnected(), unconnected(), unconnected())
		want(t, b, now, c.state)
		feed(b, now, unconnected(), unconnected())
		want(t, b, now, Open)
	}
}

// TestSuspicion: what begins it and what ends it.
func TestSuspicion(t *testing.T) {
	b := New(options())
	now := calm(b, start, 20, 15*time.Second)
	feed(b, now, fails(1))
	if _, v := b.Acquire(now); !v.Calm || v.Watch {
		t.Errorf("one failure of many: %+v", v)
	}
	feed(b, now, fails(2))
	if s := want(t, b, now, Suspect); s.Generation != 0 || s.Reason != "2 failures in a row" {
		t.Errorf("%+v", s)
	}
	token, v := b.Acquire(now)
	if !v.Pass || v.Calm || !v.Watch || v.Tee {
		t.Errorf("suspect: %+v", v)
	}
	for range 9 {
		feed(b, now, good)
	}
	want(t, b, now, Suspect)
	b.Done(token, good, now) // of the same generation, whatever the state was
	want(t, b, now, Closed)

	b = New(options()) // nobody comes by any more
	attend(b)
	feed(b, start, fails(1), fails(2))
	want(t, b, start.Add(10*time.Second-1), Suspect)
	if s := want(t, b, start.Add(10*time.Second), Closed); s.Reason != "no failure for 10s" {
		t.Errorf("%+v", s)
	}
}

// TestQuietWithoutProbes: two failures in a row open a quiet target, unless
// one request may be the reason for both.
func TestQuietWithoutProbes(t *testing.T) {
	for name, c := range map[string]struct {
		outcomes []failover.Outcome
		state    State
	}{
		"one":               {[]failover.Outcome{fails(1)}, Suspect},
		"two":               {[]failover.Outcome{fails(1), fails(2)}, Open},
		"two of one body":   {[]failover.Outcome{fails(1), fails(1)}, Suspect},
		"two connects":      {[]failover.Outcome{unconnected(), unconnected()}, Open},
		"not in a row":      {[]failover.Outcome{fails(1), good, fails(2)}, Suspect},
		"the second spared": {[]failover.Outcome{fails(1), spared(fails(2))}, Suspect},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(options())
			now := calm(b, start, 0.25, 5*time.Minute)
			for _, o := range c.outcomes {
				feed(b, now, o)
				now = now.Add(4 * time.Second)
			}
			want(t, b, now.Add(-4*time.Second), c.state)
		})
	}
}

// TestConfirming: probes look into the first failure of a quiet target.
func TestConfirming(t *testing.T) {
	for name, c := range map[string]struct {
		first  failover.Outcome
		probes []failover.Outcome
		state  State
	}{
		"one good":               {fails(1), []failover.Outcome{good}, Closed},
		"two bad, one good":      {fails(1), []failover.Outcome{fails(0), fails(0), good}, Closed},
		"two bad":                {fails(1), []failover.Outcome{fails(0), fails(0)}, Suspect},
		"three bad":              {fails(1), []failover.Outcome{fails(0), fails(0), fails(0)}, Open},
		"slow, and again":        {slow(1), []failover.Outcome{slow(0)}, Open},
		"unreachable":            {unconnected(), []failover.Outcome{unconnected()}, Suspect},
		"unreachable, confirmed": {unconnected(), []failover.Outcome{unconnected(), unconnected()}, Open},
		"poison prompt":          {fails(1), []failover.Outcome{good}, Closed},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(synthetic())
			now := calm(b, start, 0.25, 5*time.Minute)
			if _, ok := b.NextProbe(now); ok {
				t.Fatal("a closed breaker makes no probes")
			}
			feed(b, now, c.first)
			for i, o := range c.probes {
				at, ok := b.NextProbe(now)
				pause := confirmPause
				if i == 0 {
					pause = 0
				}
				if want := now.Add(pause); !ok || !at.Equal(want) {
					t.Fatalf("probe %d is due at %v, want %v", i+1, at, want)
				}
				if now = at; at.After(now) {
					if _, ok := b.Probe(at.Add(-1)); ok {
						t.Fatal("early")
					}
				}
				token, ok := b.Probe(now)
				if !ok || !token.Probe {
					t.Fatal("no probe")
				}
				if _, ok := b.Probe(now); ok {
					t.Fatal("two probes at once")
				}
				b.Done(token, o, now)
				b.Done(token, o, now)
			}
			want(t, b, now, c.state)
		})
	}
}

// TestConfirmingUnusable: a provider that turns our small requests down tells
// nothing by it; then the rules without probes hold.
func TestConfirmingUnusable(t *testing.T) {
	b := New(synthetic())
	now := calm(b, start, 0.25, 5*time.Minute)
	feed(b, now, fails(1))
	token, _ := b.Probe(now)
	b.Done(token, ignored, now)
	if _, ok := b.NextProbe(now.Add(time.Second)); ok {
		t.Error("it is probed on")
	}
	want(t, b, now, Suspect)
	feed(b, now, fails(2))
	want(t, b, now, Open)
}

// TestHungConfirming: a probe that does not come back is slow.
func TestHungConfirming(t *testing.T) {
	o := synthetic()
	limit := 2 * time.Second
	o.Deadline = func() time.Duration { return limit }
	b := New(o)
	now := calm(b, start, 0.25, 5*time.Minute)
	feed(b, now, fails(1))
	hung, _ := b.Probe(now)
	at, ok := b.NextProbe(now)
	if !ok || at.Sub(now) != limit {
		t.Fatalf("given up after %v", at.Sub(now))
	}
	limit = 0 // unknown: the default
	second, ok := b.Probe(at)
	if !ok {
		t.Fatal("no second probe")
	}
	if s := want(t, b, at, Suspect); s.Bad != 2 {
		t.Errorf("%+v", s)
	}
	b.Done(hung, good, at)
	if s := want(t, b, at, Suspect); s.Stale != 1 {
		t.Errorf("%+v", s)
	}
	if until, _ := b.NextProbe(at); until.Sub(at) != 5*time.Second {
		t.Errorf("given up after %v", until.Sub(at))
	}
	b.Done(second, fails(0), at)
	want(t, b, at, Open)
}

// TestSilenceIsLookedInto: at a rate that is not little, two that waited in vain
// have a probe sent; one that is answered clears the target, one that waits in
// vain too is the proof. Failures that were told at once change nothing.
func TestSilenceIsLookedInto(t *testing.T) {
	for name, c := range map[string]struct {
		users []failover.Outcome
		probe failover.Outcome
		state State
	}{
		"silent, and the probe too":     {[]failover.Outcome{slow(1), slow(2)}, slow(0), Open},
		"silent, one body, the probe":   {[]failover.Outcome{slow(1), slow(1)}, slow(0), Open},
		"silent, and the probe is well": {[]failover.Outcome{slow(1), slow(2)}, good, Closed},
		"silent, and the probe fails":   {[]failover.Outcome{slow(1), slow(2)}, fails(0), Suspect},
		"raced ever after":              {[]failover.Outcome{slow(1), slow(2), ignored, ignored}, slow(0), Open},
		"three silent are not enough":   {[]failover.Outcome{slow(1), slow(2), slow(3)}, ignored, Suspect},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(synthetic())
			now := calm(b, start, 20, time.Minute)
			feed(b, now, c.users...)
			want(t, b, now, Suspect)
			token, ok := b.Probe(now)
			if !ok {
				t.Fatal("no probe")
			}
			b.Done(token, c.probe, now)
			want(t, b, now, c.state)
		})
	}
	b := New(synthetic())
	now := calm(b, start, 20, time.Minute)
	feed(b, now, fails(1), fails(2))
	if _, ok := b.NextProbe(now); ok {
		t.Error("a busy target that fails is told by its users")
	}
}

// TestGone: a model that is not there is nothing to wait for.
func TestGone(t *testing.T) {
	gone := func(body uint64) failover.Outcome { return failure(body, switchgear.ClassGone) }
	b := New(synthetic())
	now := calm(b, start, 20, 10*time.Second)
	feed(b, now, gone(1))
	want(t, b, now, Suspect)
	token, ok := b.Probe(now)
	if !ok {
		t.Fatal("not confirmed at once")
	}
	if !b.Done(token, gone(0), now) {
		t.Error("not told that this opened it")
	}
	s := want(t, b, now, Gone)
	if _, v := b.Acquire(now.Add(9 * time.Minute)); v.Pass || !v.Final || v.Reason == "" || v.Until.Sub(now) != 10*time.Minute {
		t.Errorf("%+v", v)
	}
	for range 3 { // looked at every ten minutes
		at, ok := b.NextProbe(now)
		if !ok || at.Sub(now) != 10*time.Minute {
			t.Fatalf("probed again after %v", at.Sub(now))
		}
		now = at
		token, ok = b.Probe(now)
		if !ok {
			t.Fatal("not probed")
		}
		b.Done(token, gone(0), now)
		want(t, b, now, Gone)
	}
	now = now.Add(10 * time.Minute)
	token, _ = b.Probe(now)
	b.Done(token, good, now)
	want(t, b, now, HalfOpen)
	if got := b.Snapshot(now).Opens; got != s.Opens+3 {
		t.Errorf("opened %d times", got)
	}
}

// TestGoneUnconfirmed: where there are probes it takes one of them.
func TestGoneUnconfirmed(t *testing.T) {
	b := New(synthetic())
	now := calm(b, start, 20, 10*time.Second)
	feed(b, now, failure(1, switchgear.ClassGone), failure(2, switchgear.ClassGone))
	want(t, b, now, Suspect)
}

func TestGoneWithoutProbes(t *testing.T) {
	gone := func(body uint64) failover.Outcome { return failure(body, switchgear.ClassGone) }
	for name, c := range map[string]struct {
		outcomes []failover.Outcome
		state    State
	}{
		"one":            {[]failover.Outcome{gone(1)}, Suspect},
		"one, repeated":  {[]failover.Outcome{gone(1), gone(1), gone(1), gone(1)}, Suspect},
		"two bodies":     {[]failover.Outcome{gone(1), gone(2)}, Gone},
		"good between":   {[]failover.Outcome{gone(1), good, gone(2)}, Suspect},
		"second, spared": {[]failover.Outcome{gone(1), spared(gone(2))}, Suspect},
	} {
		b := New(options())
		now := calm(b, start, 20, 10*time.Second)
		feed(b, now, c.outcomes...)
		if s := b.Snapshot(now); s.State != c.state {
			t.Errorf("%s: %v", name, s.State)
		}
	}
}

// TestConfirmingRests: a prompt that always fails costs a probe every two
// seconds at most.
func TestConfirmingRests(t *testing.T) {
	b := New(synthetic())
	now := calm(b, start, 20, 10*time.Second)
	probes := 0
	for i := range 200 { // ten seconds, one poison prompt in four
		o := good
		if i%4 == 0 {
			o = failure(7, switchgear.ClassGone)
		}
		feed(b, now, o)
		if token, ok := b.Probe(now); ok {
			probes++
			b.Done(token, good, now)
		}
		now = now.Add(50 * time.Millisecond)
	}
	if probes < 3 || probes > 6 {
		t.Errorf("%d probes in 10 s", probes)
	}
	if s := b.Snapshot(now); s.Opens != 0 {
		t.Errorf("%+v", s)
	}
}

// TestConfirmingRefused: a probe whose key is refused, while others are not,
// tells nothing about the target.
func TestConfirmingRefused(t *testing.T) {
	b := New(synthetic())
	now := calm(b, start, 0.25, 5*time.Minute)
	feed(b, now, fails(1))
	token, _ := b.Probe(now)
	if b.Done(token, denied(0, false), now) {
		t.Error("it opened")
	}
	if _, ok := b.NextProbe(now); ok {
		t.Error("it is probed on")
	}
	want(t, b, now, Suspect)
}

// TestSlowAndConfirmed: a probe is answered, but the target is still slow: that
// it is under suspicion for.
func TestSlowAndConfirmed(t *testing.T) {
	late := good
	late.Ratio, late.Rival = 2, 1
	b := New(synthetic())
	now := start
	for b.Snapshot(now).State == Closed {
		feed(b, now, late)
		now = now.Add(100 * time.Millisecond)
	}
	feed(b, now, failure(1, switchgear.ClassGone))
	token, ok := b.Probe(now)
	if !ok {
		t.Fatal("not confirmed")
	}
	b.Done(token, good, now)
	want(t, b, now, Suspect)
	for range 110 {
		feed(b, now, late)
		now = now.Add(100 * time.Millisecond)
	}
	want(t, b, now, Open)
}

// TestPrompt: a suspect whose failures showed at once is hardly worth a race,
// until one takes long.
func TestPrompt(t *testing.T) {
	late := fails(9)
	late.Late = true
	slowly := good
	slowly.Ratio, slowly.Rival = 2, 1
	for name, c := range map[string]struct {
		outcomes []failover.Outcome
		prompt   bool
	}{
		"at once":               {[]failover.Outcome{fails(1), fails(2)}, true},
		"one of them late":      {[]failover.Outcome{late, fails(2)}, false},
		"late, but long before": {append([]failover.Outcome{late}, many(fails(2), fails(3), 5)...), true},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Failures = 100
			b := New(o)
			now := calm(b, start, 20, time.Minute)
			feed(b, now, c.outcomes...)
			want(t, b, now, Suspect)
			if _, v := b.Acquire(now); !v.Watch || v.Prompt != c.prompt {
				t.Errorf("%+v", v)
			}
		})
	}
	b := New(options())
	now := start
	for b.Snapshot(now).State == Closed {
		feed(b, now, slowly)
		now = now.Add(100 * time.Millisecond)
	}
	feed(b, now, fails(1))
	if _, v := b.Acquire(now); !v.Watch || v.Prompt {
		t.Errorf("slow, and a failure: %+v", v)
	}
}

// many are two outcomes in turn.
func many(a, b failover.Outcome, n int) (list []failover.Outcome) {
	for range n {
		list = append(list, a, b)
	}
	return list
}

// TestHidden: where failures take long to show, races hide half of them. Those
// that were lost late count beside those that were seen, and never more of them.
func TestHidden(t *testing.T) {
	lost := failover.Outcome{Kind: failover.OutcomeIgnored, Ratio: farTooSlow, Key: -1}
	soon := lost
	soon.Ratio = farTooSlow - 0.1
	late := func(body uint64) failover.Outcome {
		o := fails(body)
		o.Late = true
		return o
	}
	for name, c := range map[string]struct {
		bad   func(body uint64) failover.Outcome
		race  failover.Outcome
		count int // of the last 100 outcomes, bad
	}{
		"late, and races lost late": {late, lost, 12},
		"races lost soon":           {late, soon, 6},
		"failures that show soon":   {fails, lost, 6},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(options())
			now := calm(b, start, 20, time.Minute)
			for i := range 6 { // one seen and two hidden among twelve
				feed(b, now, c.bad(uint64(i+1)), c.race, c.race)
				for range 9 {
					feed(b, now, good)
				}
				now = now.Add(500 * time.Millisecond)
				if i == 0 {
					b.mu.Lock()
					b.change(Suspect, cause{}, now)
					b.release(now)
				}
			}
			s := b.Snapshot(now)
			if s.State == Open || s.Bad < c.count-2 || s.Bad > c.count {
				t.Errorf("%+v, want %d bad", s, c.count)
			}
		})
	}
	t.Run("a brownout opens", func(t *testing.T) {
		b := New(options())
		now := calm(b, start, 20, time.Minute)
		for i := 0; i < 60 && b.Snapshot(now).State != Open; i++ { // 13 % seen, as many hidden
			feed(b, now, late(uint64(2*i+1)), good, good, lost, good, late(uint64(2*i+2)), good, good, lost, good, good)
			now = now.Add(500 * time.Millisecond)
		}
		want(t, b, now, Open)
	})
}

// TestOverran: answers that take longer than their share may be long, or there
// may be none. A probe that is answered clears the target, however many there
// were; one that is silent opens it. Without probes they count as slow.
func TestOverran(t *testing.T) {
	long := func(body uint64) failover.Outcome {
		o := failure(body, switchgear.ClassTimeout)
		o.Kind, o.Overran = failover.OutcomeSlow, true
		return o
	}
	silent := failure(0, switchgear.ClassTimeout)
	silent.Kind = failover.OutcomeSlow
	t.Run("long answers", func(t *testing.T) {
		b := New(synthetic())
		now := calm(b, start, 20, time.Minute)
		for i := range 20 {
			feed(b, now, long(uint64(i+1)))
			want(t, b, now, Suspect)
			now = now.Add(3 * time.Second)
			token, ok := b.Probe(now)
			if !ok {
				t.Fatal("nobody looks")
			}
			b.Done(token, good, now)
			if s := want(t, b, now, Closed); s.Bad != 0 {
				t.Fatalf("%+v", s)
			}
		}
	})
	t.Run("silence", func(t *testing.T) {
		b := New(synthetic())
		now := calm(b, start, 20, time.Minute)
		feed(b, now, long(1))
		token, ok := b.Probe(now)
		if !ok {
			t.Fatal("nobody looks")
		}
		now = now.Add(5 * time.Second)
		b.Done(token, silent, now)
		want(t, b, now, Open)
	})
	t.Run("no probes", func(t *testing.T) {
		b := New(options())
		now := calm(b, start, 20, time.Minute)
		feed(b, now, long(1), long(2), long(3), long(4), long(5))
		want(t, b, now, Open)
	})
}
