package breaker

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// world drives one breaker through virtual time: requests arrive at random and
// are over at once, probes are made when they are due.
type world struct {
	b      *Breaker
	now    time.Time
	rng    *rand.Rand
	rate   float64 // requests a second
	steady bool    // evenly spaced
	user   func(w *world) failover.Outcome
	probe  func(w *world) failover.Outcome // nil: nobody asks for probes

	asked, passed, probes int
	openedAt              time.Time // the last time
}

// random makes outcomes that are bad with probability p, each of its own body.
func random(p float64, class switchgear.Class) func(*world) failover.Outcome {
	return func(w *world) failover.Outcome {
		if w.rng.Float64() >= p {
			return good
		}
		body := w.rng.Uint64() | 1
		if class == switchgear.ClassConnect {
			body = 0
		}
		return failure(body, class)
	}
}

// timed are good outcomes that take factor times what is usual.
func timed(factor, rival float64) func(*world) failover.Outcome {
	return func(w *world) failover.Outcome {
		o := good
		o.Ratio, o.Rival = factor*math.Exp(0.52*w.rng.NormFloat64()), rival
		return o
	}
}

func newWorld(seed uint64, rate float64, o Options) *world {
	w := &world{now: start, rng: rand.New(rand.NewPCG(seed, 4)), rate: rate, user: random(0, 0)}
	o.Rand = w.rng.Float64
	told := o.OnChange
	o.OnChange = func(e Event) {
		if e.To == Open {
			w.openedAt = e.At
		}
		if told != nil {
			told(e)
		}
	}
	w.b = New(o)
	return w
}

// run goes on for a while, or until a state is reached.
func (w *world) run(d time.Duration, until ...State) bool {
	end := w.now.Add(d)
	for {
		gap := 1 / w.rate
		if !w.steady {
			gap = w.rng.ExpFloat64() / w.rate
		}
		next := w.now.Add(time.Duration(gap * float64(time.Second)))
		if next.After(end) {
			next = end
		}
		if w.probe != nil && w.b.pass.Load() == 0 && w.probing(next, until) {
			return true
		}
		w.now = next
		if !w.now.Before(end) {
			return false
		}
		w.asked++
		token, v := w.b.Acquire(w.now)
		if v.Pass {
			w.passed++
			w.b.Done(token, w.user(w), w.now)
		}
		if w.reached(until) {
			return true
		}
	}
}

// probing makes the probes that are due before the next request.
func (w *world) probing(next time.Time, until []State) bool {
	for {
		at, ok := w.b.NextProbe(w.now)
		if !ok || at.After(next) {
			return w.reached(until)
		}
		w.now = at
		if token, ok := w.b.Probe(w.now); ok {
			w.probes++
			w.b.Done(token, w.probe(w), w.now)
		}
		if w.reached(until) {
			return true
		}
	}
}

func (w *world) reached(until []State) bool {
	return len(until) > 0 && w.b.Snapshot(w.now).State == until[0]
}

// TestNoFalseOpen: a day at 20 requests a second, 2 % of them bad at random, or
// with the usual spread of first-token times.
func TestNoFalseOpen(t *testing.T) {
	for name, user := range map[string]func(*world) failover.Outcome{
		"server errors":  random(0.02, switchgear.ClassServer),
		"connect errors": random(0.02, switchgear.ClassConnect),
		"slow spread":    timed(1, 0.5),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(1) {
				slowSpells := 0
				o := synthetic()
				o.OnChange = func(e Event) {
					if e.To == Suspect && name == "slow spread" {
						slowSpells++
					}
				}
				w := newWorld(seed, 20, o)
				w.user, w.probe = user, user
				w.run(24 * time.Hour)
				s := w.b.Snapshot(w.now)
				if s.Opens != 0 || slowSpells != 0 {
					t.Errorf("seed %d: %d opens, %d slow spells, last at %v", seed, s.Opens, slowSpells, w.openedAt)
				}
				if w.passed != w.asked || w.asked < 1_700_000 {
					t.Errorf("seed %d: passed %d of %d", seed, w.passed, w.asked)
				}
			}
		})
	}
}

// TestOpening: how long it takes after a minute of calm, at 20 requests a
// second with 0.5 % of errors.
func TestOpening(t *testing.T) {
	for name, c := range map[string]struct {
		user  func(*world) failover.Outcome
		limit time.Duration
	}{
		"dead":         {random(1, switchgear.ClassServer), 1500 * time.Millisecond},
		"unreachable":  {random(1, switchgear.ClassConnect), 1500 * time.Millisecond},
		"60 % fail":    {random(0.6, switchgear.ClassServer), 5 * time.Second},
		"25 % fail":    {random(0.25, switchgear.ClassServer), 12 * time.Second},
		"twice slower": {timed(2, 1.2), time.Minute},
		"four times":   {timed(4, 1.2), time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			var worst, sum time.Duration
			const seeds = 40
			for seed := range uint64(seeds) {
				w := newWorld(seed, 20, synthetic())
				errors, times := random(0.005, switchgear.ClassServer), timed(1, 1.2)
				w.user = func(w *world) failover.Outcome {
					if o := errors(w); o.Kind != failover.OutcomeOK {
						return o
					}
					return times(w)
				}
				w.run(time.Minute + time.Duration(seed)*time.Second)
				w.user = c.user
				began := w.now
				if !w.run(2*time.Minute, Open) {
					t.Fatalf("seed %d: not open after two minutes: %+v", seed, w.b.Snapshot(w.now))
				}
				took := w.now.Sub(began)
				sum += took
				worst = max(worst, took)
			}
			t.Logf("opens after %v on average, %v at worst", (sum / seeds).Round(time.Millisecond), worst.Round(time.Millisecond))
			if worst > c.limit {
				t.Errorf("at worst it opens after %v, want %v", worst, c.limit)
			}
		})
	}
}

// TestSlowRival: where the next target is no better, slow is better than
// nothing. Where that is not known it is to be found out, for a while.
func TestSlowRival(t *testing.T) {
	for name, c := range map[string]struct {
		rival  float64
		minute State // how it stands after one
	}{"unknown": {0, Suspect}, "as slow": {6, Closed}} {
		w := newWorld(1, 20, synthetic())
		w.user = timed(3, c.rival)
		w.run(time.Minute)
		if s := w.b.Snapshot(w.now); s.State != c.minute {
			t.Errorf("%s: %v %s", name, s.State, s.Reason)
		}
		w.run(10 * time.Minute)
		if s := w.b.Snapshot(w.now); s.State != Closed || s.Opens != 0 {
			t.Errorf("%s: %v %s", name, s.State, s.Reason)
		}
	}
	w := newWorld(1, 20, synthetic())
	w.user = timed(3, 0)
	w.run(40 * time.Second)
	w.user = timed(3, 1)
	w.run(40 * time.Second)
	if s := w.b.Snapshot(w.now); s.Opens == 0 {
		t.Errorf("it has become known that the rival is faster: %v %s", s.State, s.Reason)
	}
}

// TestSlowRecovery: a target that was slow comes back by users' own times; it
// does not while it is still slow.
func TestSlowRecovery(t *testing.T) {
	var took []time.Duration
	for seed := range uint64(100) {
		w := newWorld(seed, 20, synthetic())
		w.user, w.probe = timed(1, 0.9), func(*world) failover.Outcome { return good }
		w.run(time.Minute)
		w.user = timed(4, 0.9)
		if !w.run(time.Minute, Open) {
			t.Fatal("not open")
		}
		if w.run(2*time.Minute, Closed) {
			t.Fatalf("seed %d: closed while slow", seed)
		}
		w.user = timed(1, 0.9)
		healed := w.now
		if !w.run(3*time.Minute, Closed) {
			t.Fatalf("seed %d: not closed: %+v", seed, w.b.Snapshot(w.now))
		}
		took = append(took, w.now.Sub(healed))
	}
	slices.Sort(took)
	t.Logf("closed %v after it healed, 95 %% within %v", took[50], took[95])
	if took[95] > 60*time.Second {
		t.Errorf("of a hundred, five closed only %v after it healed", took[95])
	}
}

// TestQuiet: one request every four seconds. It opens about a second after
// the first failure, which is the only one that users see, and closes within 30
// s of health.
func TestQuiet(t *testing.T) {
	for name, class := range map[string]switchgear.Class{"server": switchgear.ClassServer, "connect": switchgear.ClassConnect} {
		var worstOpen, worstClose time.Duration
		for seed := range uint64(40) {
			w := newWorld(seed, 0.25, synthetic())
			w.steady, w.probe = true, random(0, 0)
			w.run(5*time.Minute + time.Duration(w.rng.IntN(4000))*time.Millisecond)
			w.user = random(1, class)
			w.probe = w.user
			if !w.run(5*time.Second, Suspect) {
				t.Fatal("the first failure goes by unnoticed")
			}
			failed := w.now
			before := w.passed
			if !w.run(10*time.Second, Open) || w.passed != before {
				t.Fatalf("%s: not open, or at users' expense: %+v", name, w.b.Snapshot(w.now))
			}
			worstOpen = max(worstOpen, w.now.Sub(failed))
			w.run(time.Duration(20+w.rng.IntN(60_000)) * time.Millisecond)
			w.user, w.probe = random(0, 0), random(0, 0)
			healed := w.now
			if !w.run(time.Minute, Closed) {
				t.Fatalf("not closed: %+v", w.b.Snapshot(w.now))
			}
			worstClose = max(worstClose, w.now.Sub(healed))
		}
		t.Logf("%s: opens %v after the first failure, closes %v after health, at worst", name, worstOpen, worstClose)
		if worstOpen > time.Second || worstClose > 30*time.Second {
			t.Errorf("%s: opens after %v, closes after %v", name, worstOpen, worstClose)
		}
	}
}

// TestQuietRandom: a quiet target with 2 % of random errors, for a month. It
// takes three bad probes out of three, 8e-6, once for each of the 13 000
// failures: 0.1 a month. Where all failures are failures to connect it takes two
// probes, 4e-4: five a month; if all are slow one, and 260: 2 % of first tokens
// later than a deadline of three times the 95th percentile is no calm.
func TestQuietRandom(t *testing.T) {
	w := newWorld(1, 0.25, synthetic())
	w.user = random(0.02, switchgear.ClassServer)
	w.probe = w.user
	w.run(30 * 24 * time.Hour)
	if s := w.b.Snapshot(w.now); s.Opens > 1 || w.probes < 10_000 {
		t.Errorf("%d opens, %d probes", s.Opens, w.probes)
	}
}

// TestRecoveringLoad: what a target gets that comes back under 20 requests a
// second, from the first trial on.
func TestRecoveringLoad(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(seed, 20, synthetic())
		w.probe = random(0, 0)
		w.run(time.Minute)
		w.user, w.probe = random(1, switchgear.ClassServer), random(1, switchgear.ClassServer)
		w.run(2 * time.Minute)
		w.user, w.probe = random(0, 0), random(0, 0)
		healed := w.now
		if !w.run(time.Minute, HalfOpen) {
			t.Fatal("not tried")
		}
		w.passed, w.probes, w.asked = 0, 0, 0
		w.run(5 * time.Second)
		if n := w.passed + w.probes; 10*n > w.asked {
			t.Errorf("seed %d: %d calls in the first 5 s, %d requests", seed, n, w.asked)
		}
		w.passed, w.probes, w.asked = 0, 0, 0
		w.run(4 * time.Second)
		if n := w.passed + w.probes; 4*n > w.asked+4 {
			t.Errorf("seed %d: %d calls in the next 4 s, %d requests", seed, n, w.asked)
		}
		if !w.run(time.Minute, Closed) || w.now.Sub(healed) > 45*time.Second {
			t.Errorf("seed %d: back after %v", seed, w.now.Sub(healed))
		}
	}
}

// TestWaste: what ten minutes of a dead target cost, and that a gateway's users
// see no more of it than what opened the circuit.
func TestWaste(t *testing.T) {
	for seed := range uint64(10) {
		w := newWorld(seed, 20, synthetic())
		w.run(time.Minute)
		w.user = random(1, switchgear.ClassServer)
		w.probe = w.user
		w.passed = 0
		w.run(10 * time.Minute)
		if w.passed > 12 || w.probes > 60 || w.probes < 30 {
			t.Errorf("seed %d: %d requests and %d probes", seed, w.passed, w.probes)
		}
	}
}

// TestRaces: a target that has recovered, but whose rival is so much faster that
// it never wins a race against it, closes all the same.
func TestRaces(t *testing.T) {
	for seed := range uint64(10) {
		w := newWorld(seed, 20, synthetic())
		w.probe = random(0, 0)
		w.run(time.Minute)
		w.user, w.probe = random(1, switchgear.ClassServer), random(1, switchgear.ClassServer)
		w.run(time.Minute)
		w.user, w.probe = func(*world) failover.Outcome { return ignored }, random(0, 0)
		if healed := w.now; !w.run(time.Minute, Closed) || w.now.Sub(healed) > 45*time.Second {
			t.Errorf("seed %d: %+v", seed, w.b.Snapshot(w.now))
		}
	}
}
