// Package breaker guards targets and providers: it stops calling what keeps
// failing, and finds out at its own expense when it is well again.
//
// It owns no goroutine and no timer. Time is passed in, and whoever guards a
// target with synthetic probes asks [Breaker.NextProbe] when to make one.
package breaker

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

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

	demand  tally                 // of all that asked, the last minute
	good    atomic.Pointer[tally] // outcomes of the last window
	seq     atomic.Uint64         // outcomes there have been, good and bad
	weather weather
	crowd   crowd
	retired atomic.Bool

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
	revived  bool          // since it opened out of a closed state it has shown signs of life, and was looked at again soon for it
	patience time.Duration // how long the next trial is waited for
	asked    time.Time     // the provider asked not to be called before
	bad      *tally        // outcomes of the last window
	hidden   *tally        // those of them that were races lost late
	row      row
	history  history
	doubt    doubt
	blind    int       // slow spells in a row of which nobody knows whether the rival is faster
	rested   time.Time // no suspicion is looked into before
	trial    trial
	ramp     ramp
	pending  []Event // changes not told yet
	wake     bool
}

// New makes a closed breaker.
func New(o Options) *Breaker {
	o.fill()
	b := &Breaker{options: o, cooldown: o.Cooldown, patience: o.ProbeTimeout}
	b.count(o.Window)
	b.demand.width, b.demand.span = 5*time.Second, 12
	b.weather.clear()
	b.pass.Store(1)
	b.calm.Store(1)
	o.Provider.join(b)
	return b
}

// Retire ends a breaker's part in its provider's affairs, and has it tell
// nobody of anything any more. For those who still have it, it works on alone.
func (b *Breaker) Retire() {
	b.retired.Store(true)
	b.options.Provider.leave(b)
}

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
	if o.Client != 0 {
		b.crowd.note(o.Client, b.at(now))
	}
	if b.calm.Load() == t.Generation+1 && !t.Probe && !t.Forced && harmless(&o) {
		at := b.at(now)
		if o.Kind == failover.OutcomeOK {
			b.good.Load().add(at)
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
	return b.options.Provider.hear(word, &o, b.crowd.several(b.at(now)), now) || tripped
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

// count begins to count outcomes over a window.
func (b *Breaker) count(window time.Duration) {
	slot := max(window/10, 1)
	b.good.Store(&tally{width: slot, span: 10})
	b.bad = &tally{width: slot, span: 10}
	b.hidden = &tally{width: slot, span: 10}
}

// counts are the outcomes of the last window: bad ones, and all.
func (b *Breaker) counts(at time.Duration) (bad, n int) {
	bad = b.bad.sum(at)
	return bad, bad + b.good.Load().sum(at)
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
		return token, failover.Verdict{Pass: true, Watch: true, Prompt: b.prompt(b.at(now))}
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
