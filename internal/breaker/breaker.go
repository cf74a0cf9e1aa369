// Package breaker guards one target: it stops calling what keeps failing, and
// finds out with one probe at a time when it is well again.
package breaker

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// Options say when a breaker opens and for how long. A zero field takes its
// default.
type Options struct {
	Failures        int             // failures in a row that open it; 5
	ConnectFailures int             // failures to connect in a row that open it; 3, at most Failures
	Cooldown        time.Duration   // how long it stays open at first; 5 s
	CooldownMax     time.Duration   // it doubles with every failed probe, up to this; 15 s
	ProbeTimeout    time.Duration   // after which a probe that has not come back is given up; 30 s
	Rand            func() float64  // in [0, 1), spreads the cool-off by 20% either way; nil is math/rand/v2
	OnChange        func(now Event) // called outside the lock, in the order of the changes as far as one goroutine makes them; nil for none
}

// Breaker is a [failover.Breaker]. It is safe for concurrent use.
//
// Every change of state begins a new generation; the result of an attempt
// admitted in an older one changes nothing.
type Breaker struct {
	options Options

	// clear is the generation plus one while the breaker is closed and no
	// failure is on record, else 0: then Acquire and a good Done need no lock.
	clear atomic.Uint64

	mu       sync.Mutex
	state    State
	since    time.Time
	until    time.Time // of Open
	cooldown time.Duration
	gen      uint64
	run      run
	probe    probe
	serial   uint64
	opens    uint64
	stale    uint64
}

// probe is the one attempt a half-open breaker lets through.
type probe struct {
	serial  uint64 // 0: none in flight
	expires time.Time
}

// New makes a closed breaker.
func New(o Options) *Breaker {
	setDefault(&o.Failures, 5)
	setDefault(&o.ConnectFailures, 3)
	o.ConnectFailures = min(o.ConnectFailures, o.Failures)
	setDefault(&o.Cooldown, 5*time.Second)
	setDefault(&o.CooldownMax, 15*time.Second)
	o.CooldownMax = max(o.CooldownMax, o.Cooldown)
	setDefault(&o.ProbeTimeout, 30*time.Second)
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	b := &Breaker{options: o, cooldown: o.Cooldown}
	b.clear.Store(1)
	return b
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// Acquire asks for leave to make an attempt.
func (b *Breaker) Acquire(now time.Time) (failover.Token, failover.Verdict) {
	if gen := b.clear.Load(); gen != 0 {
		return failover.Token{Generation: gen - 1}, failover.Verdict{Pass: true}
	}
	b.mu.Lock()
	token, verdict, event := b.acquire(now)
	b.mu.Unlock()
	b.tell(event)
	return token, verdict
}

// Done tells how an attempt went, once for each token. It reports whether that
// opened the breaker.
func (b *Breaker) Done(t failover.Token, o failover.Outcome, now time.Time) bool {
	if !t.Probe && (o.Kind == failover.OutcomeOK || o.Kind == failover.OutcomeIgnored) && b.clear.Load() == t.Generation+1 {
		return false
	}
	b.mu.Lock()
	event := b.done(t, &o, now)
	b.mu.Unlock()
	b.tell(event)
	return event.From != event.To && event.To == Open
}

// Snapshot looks at the breaker. An open one whose cool-off is over stays Open
// until somebody asks for leave.
func (b *Breaker) Snapshot(now time.Time) Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Snapshot{
		State: b.state, Since: b.since, Consecutive: b.run.failures, Generation: b.gen, Opens: b.opens, Stale: b.stale,
	}
	switch b.state {
	case Open:
		s.Until = b.until
	case HalfOpen:
		if b.probe.serial != 0 && now.Before(b.probe.expires) {
			s.Until = b.probe.expires
		}
	case Closed:
	}
	return s
}

func (b *Breaker) acquire(now time.Time) (failover.Token, failover.Verdict, Event) {
	var event Event
	if b.state == Closed {
		return failover.Token{Generation: b.gen}, failover.Verdict{Pass: true}, event
	}
	if b.state == Open {
		if now.Before(b.until) {
			return failover.Token{}, failover.Verdict{Reason: "breaker open", Until: b.until}, event
		}
		event = b.change(HalfOpen, now, nil)
	}
	if b.probe.serial != 0 && now.Before(b.probe.expires) {
		return failover.Token{}, failover.Verdict{Reason: "breaker half-open, probe in flight", Until: b.probe.expires}, event
	}
	b.serial++
	b.probe = probe{serial: b.serial, expires: now.Add(b.options.ProbeTimeout)}
	return failover.Token{Generation: b.gen, Probe: true, Serial: b.serial}, failover.Verdict{Pass: true}, event
}

func (b *Breaker) done(t failover.Token, o *failover.Outcome, now time.Time) Event {
	// A probe that was given up and answers after all is as good a sign as any
	// that the target is well; for everything else it is too late.
	late := t.Probe && t.Serial != b.probe.serial && o.Kind != failover.OutcomeOK
	if t.Generation != b.gen || late {
		b.stale++
		return Event{}
	}
	if t.Probe {
		return b.probed(o, now)
	}
	switch o.Kind {
	case failover.OutcomeOK:
		b.run = run{}
		b.clear.Store(b.gen + 1)
	case failover.OutcomeFail, failover.OutcomeSlow:
		b.clear.Store(0)
		b.run.add(o)
		if b.run.trips(&b.options) {
			return b.open(now, o.Err)
		}
	case failover.OutcomeIgnored:
	}
	return Event{}
}

// probed takes the result of the probe in flight.
func (b *Breaker) probed(o *failover.Outcome, now time.Time) Event {
	b.probe = probe{}
	switch o.Kind {
	case failover.OutcomeOK:
		b.run, b.cooldown = run{}, b.options.Cooldown
		event := b.change(Closed, now, nil)
		b.clear.Store(b.gen + 1)
		return event
	case failover.OutcomeFail, failover.OutcomeSlow:
		b.run.add(o)
		b.cooldown = min(2*b.cooldown, b.options.CooldownMax)
		return b.open(now, o.Err)
	case failover.OutcomeIgnored:
	}
	return Event{}
}

// open begins a cool-off.
func (b *Breaker) open(now time.Time, err *switchgear.Error) Event {
	b.opens++
	spread := 0.8 + 0.4*b.options.Rand()
	b.until = now.Add(time.Duration(float64(b.cooldown) * spread))
	return b.change(Open, now, err)
}

// change begins a generation.
func (b *Breaker) change(to State, now time.Time, err *switchgear.Error) Event {
	event := Event{From: b.state, To: to, At: now, Consecutive: b.run.failures, Generation: b.gen + 1, Err: err}
	if to == Open {
		event.Until = b.until
	}
	b.gen++
	b.state, b.since, b.probe = to, now, probe{}
	b.clear.Store(0)
	return event
}

func (b *Breaker) tell(e Event) {
	if e.From != e.To && b.options.OnChange != nil {
		b.options.OnChange(e)
	}
}
