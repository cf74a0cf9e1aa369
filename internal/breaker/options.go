package breaker

import (
	"math/rand/v2"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// Options say what a breaker guards, when it opens and for how long. A zero
// field takes its default.
type Options struct {
	Name            switchgear.Target
	Provider        *Provider                        // what its target shares with others; nil for nothing
	Synthetic       bool                             // probes can be made: somebody asks NextProbe and Probe
	AtOnce          bool                             // three good trials close it, with no ramp: to see what that is worth
	Window          time.Duration                    // what rates are counted over; 10 s
	Failures        int                              // failures in a row that open it; 5
	ConnectFailures int                              // failures to connect in a row that open it; 3, at most Failures
	Cooldown        time.Duration                    // how long it stays open at first; 5 s
	CooldownMax     time.Duration                    // it doubles with every failed trial, up to this; 15 s
	ProbeTimeout    time.Duration                    // after which a trial that has not come back is given up; 5 s
	ProbeMost       time.Duration                    // what that doubles up to while probes go unanswered; ProbeTimeout
	Deadline        func() time.Duration             // if set, asked for each trial instead of ProbeTimeout, under the lock; 0 is ProbeTimeout
	Rand            func() float64                   // in [0, 1), spreads the cool-off by 20 % either way; nil is math/rand/v2
	OnChange        func(Event)                      // called outside the lock, in the order of the changes as far as one goroutine makes them; nil for none
	Wake            func(b *Breaker, from time.Time) // called outside the lock when NextProbe is worth asking again; nil for nobody
}

// fill puts the defaults in.
func (o *Options) fill() {
	setDefault(&o.Window, 10*time.Second)
	setDefault(&o.Failures, 5)
	setDefault(&o.ConnectFailures, 3)
	o.ConnectFailures = min(o.ConnectFailures, o.Failures)
	setDefault(&o.Cooldown, 5*time.Second)
	setDefault(&o.CooldownMax, 15*time.Second)
	o.CooldownMax = max(o.CooldownMax, o.Cooldown)
	setDefault(&o.ProbeTimeout, 5*time.Second)
	o.ProbeMost = max(o.ProbeMost, o.ProbeTimeout)
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// Adjust changes how a breaker behaves from now on: when it opens and for how
// long, and whether and how it is probed. Over another window it begins to
// count anew. What it guards and whom it tells stays as it was.
func (b *Breaker) Adjust(o Options, now time.Time) {
	o.fill()
	b.mu.Lock()
	b.tick(now)
	own := &b.options
	if own.Window != o.Window {
		own.Window = o.Window
		b.count(o.Window)
	}
	own.Failures, own.ConnectFailures = o.Failures, o.ConnectFailures
	own.Cooldown, own.CooldownMax = o.Cooldown, o.CooldownMax
	own.Synthetic, own.Deadline = o.Synthetic, o.Deadline
	own.ProbeTimeout, own.ProbeMost = o.ProbeTimeout, o.ProbeMost
	b.patience = min(max(b.patience, own.ProbeTimeout), own.ProbeMost)
	b.cooldown = min(max(b.cooldown, own.Cooldown), own.CooldownMax)
	b.wake = true
	b.release(now)
}
