package breaker

import (
	"fmt"
	"time"
)

// Hold bars the target until somebody releases it: nothing passes, panic or
// not, and nothing is probed.
func (b *Breaker) Hold(now time.Time, by string) error {
	b.mu.Lock()
	b.tick(now)
	var err error
	if b.state == Held {
		err = fmt.Errorf("the circuit of %s is held already, by %s since %s", b.options.Name, b.by, b.since.UTC().Format(time.RFC3339))
	} else {
		b.by = by
		b.change(Held, cause{reason: "held by " + by}, now)
	}
	b.release(now)
	return err
}

// Release ends a hold. The target is readmitted by way of trials.
func (b *Breaker) Release(now time.Time) error {
	b.mu.Lock()
	b.tick(now)
	var err error
	if b.state == Held {
		b.by = ""
		b.change(HalfOpen, cause{reason: "released by hand"}, now)
	} else {
		err = fmt.Errorf("the circuit of %s is %s, not held: there is nothing to release", b.options.Name, b.state)
	}
	b.release(now)
	return err
}

// Trial ends a cool-off: the target is half-open now.
func (b *Breaker) Trial(now time.Time) error {
	b.mu.Lock()
	b.tick(now)
	var err error
	switch b.state {
	case Open, Gone:
		b.change(HalfOpen, cause{reason: "tried by hand"}, now)
	case Held:
		err = fmt.Errorf("the circuit of %s is held by %s: release it first", b.options.Name, b.by)
	case HalfOpen:
		err = fmt.Errorf("the circuit of %s is half-open: trials are being made", b.options.Name)
	case Closed, Suspect, Ramp:
		err = fmt.Errorf("the circuit of %s is %s: there is nothing to try", b.options.Name, b.state)
	}
	b.release(now)
	return err
}
