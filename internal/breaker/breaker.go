// Package breaker guards targets and providers: it stops calling what keeps
// failing, and finds out at its own expense when it is well again.
//
// It owns no goroutine and no timer. Time is passed in, and whoever guards a
// target with synthetic probes asks [Breaker.NextProbe] when to make one.
package breaker

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// Options say what a breaker guards, when it opens and for how long. A zero
// field takes its default.
type Options struct {
	Name            switchgear.Target
	Provider        *Provider                        // what its target shares with others; nil for nothing
	Synthetic       bool                             // probes can be made: somebody asks NextProbe and Probe
	Window          time.Duration                    // what rates are counted over; 10 s
	Failures        int                              // failures in a row that open it; 5
	ConnectFailures int                              // failures to connect in a row that open it; 3, at most Failures
	Cooldown        time.Duration                    // how long it stays open at first; 5 s
	CooldownMax     time.Duration                    // it doubles with every failed trial, up to this; 15 s
	ProbeTimeout    time.Duration                    // after which a trial that has not come back is given up; 5 s
	Deadline        func() time.Duration             // if set, asked for each trial instead of ProbeTimeout, under the lock; 0 is ProbeTimeout
	Rand            func() float64                   // in [0, 1), spreads the cool-off by 20 % either way; nil is math/rand/v2
	OnChange        func(Event)                      // called outside the lock, in the order of the changes as far as one goroutine makes them; nil for none
	Wake            func(b *Breaker, from time.Time) // called outside the lock when NextProbe is worth asking again; nil for nobody
}

// Breaker is a [failover.Breaker]. It is safe for concurrent use.
//
// A change of state begins a new generation, unless what was let through
// before is as good a witness afterwards: between closed and suspect, and at
// the end of a ramp. The result of an attempt admitted in an older generation
// changes nothing.
type Breaker struct {
	options Options
	base    atomic.Pointer[time.Time] // the first moment it heard of; the tallies count from there

	// pass is the generation plus one while the breaker is closed, else 0: then
	// Acquire needs no lock. calm is the same while, besides, the last outcome
	// was good: then a good Done needs none either.
	pass atomic.Uint64
	calm atomic.Uint64

	demand  tally         // of all that asked, the last minute
	good    tally         // outcomes of the last window
	seq     atomic.Uint64 // outcomes there have been, good and bad
	weather weather

	mu       sync.Mutex // guards what follows
	state    State
	since    time.Time
	until    time.Time // of Open and Gone
	reason   string
	by       string // who holds it
	gen      uint64
	serial   uint64
	opens    uint64
	stale    uint64
	forced   uint64
	cooldown time.Duration // the next one
	asked    time.Time     // the provider asked not to be called before
	bad      tally         // outcomes of the last window
	row      row
	history  history
	doubt    doubt
	trial    trial
	ramp     ramp
	pending  []Event // changes not told yet
	wake     bool
}

// New makes a closed breaker.
func New(o Options) *Breaker {
	setDefault(&o.Window, 10*time.Second)
	setDefault(&o.Failures, 5)
	setDefault(&o.ConnectFailures, 3)
	o.ConnectFailures = min(o.ConnectFailures, o.Failures)
	setDefault(&o.Cooldown, 5*time.Second)
	setDefault(&o.CooldownMax, 15*time.Second)
	o.CooldownMax = max(o.CooldownMax, o.Cooldown)
	setDefault(&o.ProbeTimeout, 5*time.Second)
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	b := &Breaker{options: o, cooldown: o.Cooldown}
	slot := max(o.Window/10, 1)
	b.good.width, b.good.span = slot, 10
	b.bad.width, b.bad.span = slot, 10
	b.demand.width, b.demand.span = 5*time.Second, 12
	b.weather.clear()
	b.pass.Store(1)
	b.calm.Store(1)
	o.Provider.join(b)
	return b
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// Retire ends a breaker's part in its provider's affairs. It works on alone.
func (b *Breaker) Retire() { b.options.Provider.leave(b) }

// Acquire asks for leave to make an attempt.
func (b *Breaker) Acquire(now time.Time) (failover.Token, failover.Verdict) {
	b.demand.add(b.at(now))
	if gen := b.pass.Load(); gen != 0 {
		return failover.Token{Generation: gen - 1}, failover.Verdict{Pass: true, Calm: true}
	}
	b.mu.Lock()
	b.tick(now)
	token, verdict := b.admit(now)
	b.release(now)
	return token, verdict
}

// Done tells how an attempt went, once for each token. It reports whether that
// opened the circuit.
func (b *Breaker) Done(t failover.Token, o failover.Outcome, now time.Time) bool {
	if b.calm.Load() == t.Generation+1 && !t.Probe && !t.Forced && harmless(&o) {
		at := b.at(now)
		if o.Kind == failover.OutcomeOK {
			b.good.add(at)
			b.seq.Add(1)
			b.options.Provider.well(now)
		}
		if !telling(&o) || !b.weather.note(&o, at) || o.Spared {
			return false
		}
		b.mu.Lock()
		b.tick(now)
		tripped := b.weigh(&o, now)
		b.release(now)
		return tripped
	}
	b.mu.Lock()
	b.tick(now)
	word, tripped := b.hear(t, &o, now)
	b.release(now)
	return b.options.Provider.hear(word, &o, now) || tripped
}

// harmless reports whether an outcome can change nothing in calm, but for the
// weather.
func harmless(o *failover.Outcome) bool {
	return o.Kind == failover.OutcomeOK || o.Kind == failover.OutcomeIgnored && !refused(o)
}

// refused reports whether the provider did not want our key.
func refused(o *failover.Outcome) bool {
	return o.Err != nil && o.Err.Class == switchgear.ClassAuth
}

// Force is leave taken rather than given: every target of a plan is barred, and
// something has to be tried. If that goes well the next trial is due at once;
// if not, it changes nothing.
func (b *Breaker) Force(now time.Time) failover.Token {
	b.mu.Lock()
	b.tick(now)
	b.forced++
	token := failover.Token{Generation: b.gen, Forced: true}
	b.release(now)
	return token
}

// Snapshot looks at the breaker. Changes that time alone brings about are made
// first.
func (b *Breaker) Snapshot(now time.Time) Snapshot {
	b.mu.Lock()
	b.tick(now)
	at := b.at(now)
	s := Snapshot{
		State: b.state, Since: b.since, Reason: b.reason, Consecutive: b.row.failures, Generation: b.gen,
		Opens: b.opens, Stale: b.stale, Forced: b.forced, By: b.by,
	}
	s.Bad, s.N = b.counts(at)
	switch b.state {
	case Open, Gone:
		s.Until = b.until
	case HalfOpen:
		if b.trial.serial != 0 {
			s.Until = b.trial.expires
		}
	case Ramp:
		s.Until, s.Share = b.ramp.until, stages[b.ramp.stage].share
	case Closed, Suspect, Held:
	}
	b.release(now)
	return s
}

// counts are the outcomes of the last window: bad ones, and all.
func (b *Breaker) counts(at time.Duration) (bad, n int) {
	bad = b.bad.sum(at)
	return bad, bad + b.good.sum(at)
}

// at is a moment as the tallies count: since the first one there was. It does
// not jump when the clock of the machine is set.
func (b *Breaker) at(now time.Time) time.Duration {
	base := b.base.Load()
	if base == nil {
		first := now
		b.base.CompareAndSwap(nil, &first)
		base = b.base.Load()
	}
	return max(now.Sub(*base), 0)
}

// tick makes the changes that time alone brings about.
func (b *Breaker) tick(now time.Time) {
	b.expire(now)
	switch b.state {
	case Suspect:
		b.relax(now)
	case Open, Gone:
		if !now.Before(b.until) {
			b.change(HalfOpen, cause{reason: "the cool-off is over"}, now)
		}
	case Ramp:
		b.climb(now)
	case Closed, HalfOpen, Held:
	}
}

// admit answers a request, in any state but closed.
func (b *Breaker) admit(now time.Time) (failover.Token, failover.Verdict) {
	token := failover.Token{Generation: b.gen}
	switch b.state {
	case Closed:
		return token, failover.Verdict{Pass: true, Calm: true}
	case Suspect:
		return token, failover.Verdict{Pass: true, Watch: true}
	case Open:
		return failover.Token{}, failover.Verdict{Reason: "breaker open", Until: b.until}
	case Gone:
		return failover.Token{}, failover.Verdict{Final: true, Reason: "the provider does not have this model", Until: b.until}
	case Held:
		return failover.Token{}, failover.Verdict{Final: true, Reason: "breaker held open by hand"}
	case Ramp:
		return b.share(token)
	case HalfOpen:
		return b.volunteer(now)
	default:
		return failover.Token{}, failover.Verdict{Reason: "breaker broken"}
	}
}

// said is what an outcome means for the provider.
type said uint8

const (
	saidNothing said = iota
	saidWell         // a user's request was served
	saidSound        // a trial was
	saidBad          // it failed, which may be the provider's fault
	saidRefused      // it does not want our key
)

// hear takes an outcome. It reports whether that opened the circuit.
func (b *Breaker) hear(t failover.Token, o *failover.Outcome, now time.Time) (said, bool) {
	if t.Generation != b.gen || t.Probe && !b.mine(t.Serial) {
		b.stale++
		return saidNothing, false
	}
	word := saidNothing
	switch {
	case refused(o):
		word = saidRefused
	case o.Kind == failover.OutcomeFail || o.Kind == failover.OutcomeSlow:
		word = saidBad
	case o.Kind == failover.OutcomeOK && t.Probe:
		word = saidSound
	case o.Kind == failover.OutcomeOK:
		word = saidWell
	}
	switch {
	case t.Probe:
		return word, b.tried(t.Serial, o, now)
	case b.state.lively():
		return word, b.lived(o, now)
	case b.state == Ramp && !t.Forced:
		return word, b.ramped(o, now)
	case b.state == Open && o.Kind == failover.OutcomeOK: // forced
		b.until = now
		b.tick(now)
	}
	return word, false
}

// cause is why a state changes.
type cause struct {
	reason    string
	kind      kind
	err       *switchgear.Error
	inherited bool
}

// kind is what a circuit was opened for, as far as that decides what closes it
// again.
type kind uint8

const (
	kindFailing kind = iota
	kindSlow
	kindRefused // the provider does not want our keys
)

// open begins a cool-off.
func (b *Breaker) open(why cause, now time.Time) {
	if b.state == HalfOpen || b.state == Ramp {
		b.cooldown = min(2*b.cooldown, b.options.CooldownMax)
	}
	spread := 0.8 + 0.4*b.options.Rand()
	b.until = now.Add(time.Duration(float64(b.cooldown) * spread))
	if b.asked.After(b.until) {
		b.until = b.asked
	}
	b.opens++
	b.trial.kind = why.kind
	b.change(Open, why, now)
}

// vanish is open for a model that is gone: somebody has to do something about
// it, so it is looked at now and then only.
func (b *Breaker) vanish(err *switchgear.Error, now time.Time) {
	b.until = now.Add(goneRest)
	b.opens++
	b.trial.kind = kindFailing
	b.change(Gone, cause{reason: "the provider does not have this model", err: err}, now)
}

const (
	goneRest = 10 * time.Minute
	mostHint = time.Minute // of a Retry-After
)

// heed notes for how long an overloaded provider asks to be left alone.
func (b *Breaker) heed(o *failover.Outcome, now time.Time) {
	if o.Err != nil && o.Err.Class == switchgear.ClassOverloaded && o.Err.RetryAfter > 0 {
		b.asked = now.Add(min(o.Err.RetryAfter, mostHint))
	}
}

// change enters a state.
func (b *Breaker) change(to State, why cause, now time.Time) {
	from := b.state
	if lasting := from.lively() && to.lively() || from == Ramp && to == Closed; !lasting {
		b.gen++
	}
	event := Event{
		Target: b.options.Name, From: from, To: to, Reason: why.reason, Generation: b.gen, At: now, Err: why.err, inherited: why.inherited,
	}
	event.Bad, event.N = b.counts(b.at(now))
	if to == Open || to == Gone {
		event.Until = b.until
	}
	b.pass.Store(0)
	b.calm.Store(0)
	b.state, b.since, b.reason, b.wake = to, now, why.reason, true
	b.enter(from, to, now)
	b.pending = append(b.pending, event)
}

// enter puts what a state needs in order.
func (b *Breaker) enter(from, to State, now time.Time) {
	switch to {
	case Closed:
		b.doubt = doubt{}
		if from != Suspect {
			b.forget()
			b.cooldown = b.options.Cooldown
		}
		b.pass.Store(b.gen + 1)
		if b.row.failures == 0 {
			b.calm.Store(b.gen + 1)
		}
	case HalfOpen:
		b.trial = trial{kind: b.trial.kind, due: now, gone: from == Gone}
	case Ramp:
		b.ramp = ramp{until: now.Add(stages[0].length), credit: -100}
		b.weather.clear()
	case Open, Gone, Held:
		b.doubt = doubt{}
		b.trial = trial{kind: b.trial.kind}
	case Suspect:
	}
}

// forget is for a fresh start.
func (b *Breaker) forget() {
	b.good.clear()
	b.bad.clear()
	b.weather.clear()
	b.row, b.history, b.asked = row{}, history{}, time.Time{}
}

// release gives the lock back, and then tells what has changed.
func (b *Breaker) release(now time.Time) {
	events, wake := b.pending, b.wake
	b.pending, b.wake = nil, false
	b.mu.Unlock()
	for i := range events {
		if b.options.OnChange != nil {
			b.options.OnChange(events[i])
		}
		b.options.Provider.changed(b, &events[i])
	}
	if wake && b.options.Wake != nil {
		b.options.Wake(b, now)
	}
}
