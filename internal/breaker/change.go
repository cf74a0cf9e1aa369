package breaker

import (
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// cause is why a state changes.
type cause struct {
	reason string
	kind   kind
	err    *switchgear.Error
	alive  bool // it has answered well since it opened, and fails again
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
	rest := b.rest(why.alive)
	spread := 0.8 + 0.4*b.options.Rand()
	b.until = now.Add(time.Duration(float64(rest) * spread))
	if b.asked.After(b.until) {
		b.until = b.asked
	}
	b.opens++
	b.trial.kind = why.kind
	b.change(Open, why, now)
}

// rest is how long the cool-off is. It doubles with each trial that fails, but
// for the first that does so after a good one: what shows a first sign of life
// may be well again but for the few failures everybody has, and is looked at
// again soon. It is given that once, for a brownout shows such signs all day.
func (b *Breaker) rest(alive bool) time.Duration {
	switch {
	case b.state != HalfOpen && b.state != Ramp:
		b.revived = false
	case alive && !b.revived:
		b.revived = true
		return b.options.Cooldown
	default:
		b.cooldown = min(2*b.cooldown, b.options.CooldownMax)
	}
	return b.cooldown
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
		Target: b.options.Name, From: from, To: to, Reason: why.reason, Generation: b.gen, At: now, Err: why.err,
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
			b.cooldown, b.patience = b.options.Cooldown, b.options.ProbeTimeout
		}
		b.pass.Store(b.gen + 1)
		if b.row.failures == 0 {
			b.calm.Store(b.gen + 1)
		}
	case HalfOpen:
		b.trial = trial{kind: b.trial.kind, due: now}
		if (from == Open || from == Gone) && b.until.Before(now) {
			b.trial.due = b.until // nobody has asked since
		}
	case Ramp:
		b.ramp = ramp{until: now.Add(stages[0].length), credit: -100 * trialsNeeded}
		b.weather.clear()
	case Open, Gone, Held:
		b.doubt = doubt{}
		b.trial = trial{kind: b.trial.kind}
	case Suspect:
	}
}

// forget is for a fresh start.
func (b *Breaker) forget() {
	b.good.Load().clear()
	b.bad.clear()
	b.hidden.clear()
	b.weather.clear()
	b.row, b.history, b.asked = row{}, history{}, time.Time{}
}

// release gives the lock back, and then tells what has changed.
func (b *Breaker) release(now time.Time) {
	events, wake := b.pending, b.wake
	b.pending, b.wake = nil, false
	b.mu.Unlock()
	if b.retired.Load() {
		return
	}
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
