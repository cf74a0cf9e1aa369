package breaker

import (
	"slices"
	"strconv"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// Half-open is paid by us: at first a synthetic probe, then users' requests
// whose fallback is started at the same moment. Trials are half a second
// apart, so that a target that is asked for 20 times a second gets no more
// than a tenth of that.
const (
	trialsNeeded  = 3
	trialPause    = 500 * time.Millisecond // from the start of one to the start of the next
	trialTurn     = time.Second            // how long a turn is left to those that have the right of it
	keyPause      = 5 * time.Second        // after a probe whose key is in trouble
	probeRefusals = 3                      // of probes, after which none is made any more
	slowTees      = 2                      // of a circuit that opened for slowness: one of five is slow in calm, and is forgiven
)

// trial is the one attempt under way that a half-open breaker lets through, or
// a suspect one's probe, and what came of those before it.
type trial struct {
	kind      kind // what the circuit was opened for
	due       time.Time
	serial    uint64 // of the one under way; 0 for none
	expires   time.Time
	synthetic bool
	unusable  bool // probes tell nothing
	ours      bool // the next turn is a probe's: a user's request has taken one and told nothing
	good      int
	slow      int
	refused   int // probes that were, for no fault of the target's that we know of

	// late are tees that were given up, and whose answer is good all the same:
	// one that streams for a minute is as well as any.
	late  [4]uint64
	lates int
}

// NextProbe is when the next synthetic probe is due; ok is false if none is,
// as things are. While one is under way it is when that is given up. It is to
// be asked again when [Options.Wake] is called.
func (b *Breaker) NextProbe(now time.Time) (at time.Time, ok bool) {
	b.mu.Lock()
	b.tick(now)
	at, ok = b.due()
	b.release(now)
	if ok && at.Before(now) {
		at = now
	}
	return at, ok
}

// Patience is how long the trial under way, or else the next, is waited for.
func (b *Breaker) Patience() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.patience
}

// Probe takes the synthetic probe that is due. Its outcome is told to Done.
func (b *Breaker) Probe(now time.Time) (failover.Token, bool) {
	b.mu.Lock()
	b.tick(now)
	at, ok := b.due()
	ok = ok && b.trial.serial == 0 && !now.Before(at)
	var token failover.Token
	if ok {
		token = b.start(true, now)
	}
	b.release(now)
	return token, ok
}

func (b *Breaker) due() (time.Time, bool) {
	t := &b.trial
	switch {
	case !b.options.Synthetic:
		return time.Time{}, false
	case b.state == Open || b.state == Gone:
		return b.until, true
	case b.state != HalfOpen && (b.state != Suspect || !b.doubt.confirming):
		return time.Time{}, false
	case t.serial != 0:
		return t.expires, true
	case b.state == Suspect || b.probeFirst():
		return t.due, true
	case t.unusable || t.kind == kindSlow: // a probe of a few tokens is fast where the rest is slow
		return time.Time{}, false
	default:
		return t.due.Add(trialTurn), true
	}
}

// probeFirst reports whether the next turn is a probe's rather than a user's.
func (b *Breaker) probeFirst() bool {
	t := &b.trial
	return b.probing() && (t.good == 0 || t.ours && t.kind != kindSlow)
}

// start begins a trial.
func (b *Breaker) start(synthetic bool, now time.Time) failover.Token {
	t := &b.trial
	b.serial++
	limit := b.patience
	if b.options.Deadline != nil {
		if d := b.options.Deadline(); d > 0 {
			limit = d
		}
	}
	pause := trialPause
	if b.state == Suspect {
		pause = confirmPause
	}
	t.serial, t.synthetic, t.expires, t.due = b.serial, synthetic, now.Add(limit), now.Add(pause)
	t.ours = false
	b.wake = true
	return failover.Token{Generation: b.gen, Probe: true, Serial: t.serial}
}

// volunteer lets a user's request be a trial, if it is time for one.
func (b *Breaker) volunteer(now time.Time) (failover.Token, failover.Verdict) {
	t, first := &b.trial, b.trial.due
	if t.serial != 0 {
		return failover.Token{}, failover.Verdict{Reason: "breaker half-open, probe in flight", Until: t.expires}
	}
	if b.probeFirst() {
		first = first.Add(trialTurn)
	}
	if now.Before(first) {
		return failover.Token{}, failover.Verdict{Reason: "breaker half-open, the next trial is not due", Until: first}
	}
	return b.start(false, now), failover.Verdict{Pass: true, Tee: true}
}

// mine reports whether a probe's result is waited for.
func (b *Breaker) mine(serial uint64) bool {
	return serial != 0 && (serial == b.trial.serial || slices.Contains(b.trial.late[:], serial))
}

// expire gives up a trial that does not come back. A probe of ours has failed
// then; a user's request may still come to a good end.
func (b *Breaker) expire(now time.Time) {
	t := &b.trial
	if t.serial == 0 || now.Before(t.expires) {
		return
	}
	if t.synthetic {
		err := &switchgear.Error{Class: switchgear.ClassTimeout, Provider: b.options.Name.Provider, Message: "a probe was not answered in time"}
		b.tried(t.serial, &failover.Outcome{Kind: failover.OutcomeSlow, Err: err, Key: -1}, now)
		return
	}
	t.late[t.lates%len(t.late)] = t.serial
	t.lates++
	t.serial, t.due, t.ours, b.wake = 0, now, true, true
}

// tried takes the outcome of a trial. It reports whether that opened the
// circuit.
func (b *Breaker) tried(serial uint64, o *failover.Outcome, now time.Time) bool {
	t := &b.trial
	synthetic := false
	if serial == t.serial {
		synthetic = t.synthetic
		t.serial = 0
		if synthetic && o.Kind == failover.OutcomeSlow {
			b.patience = min(2*b.patience, b.options.ProbeMost) // dead, or a slow thinker: the next is given longer
		}
		if t.due.Before(now) {
			t.due = now
		}
	} else {
		t.late[slices.Index(t.late[:], serial)] = 0
	}
	b.wake = true
	if b.state == HalfOpen {
		return b.tested(o, synthetic, now)
	}
	return b.confirmed(o, now)
}

// confirmed takes the outcome of a probe that looked into a suspicion.
func (b *Breaker) confirmed(o *failover.Outcome, now time.Time) bool {
	switch {
	case refused(o):
		if b.doubt.locked.IsZero() {
			b.doubt.unusable, b.doubt.confirming = true, false
			return false
		}
		refusal := *o
		refusal.Locked = true
		return b.locked(&refusal, now)
	case o.Kind == failover.OutcomeIgnored:
		b.doubt.unusable, b.doubt.confirming = true, false
	case o.Kind != failover.OutcomeOK:
		return b.failed(o, probed, now)
	default:
		b.cleared(now)
	}
	return false
}

// cleared ends a suspicion that a good probe disproves. Users' failures in a
// row stay on record: what is good enough for a probe may fail at length.
func (b *Breaker) cleared(now time.Time) {
	b.row.connects, b.rested = 0, now.Add(confirmRest)
	spells, slow, last := b.doubt.spells, b.doubt.slow, b.doubt.last
	b.doubt = doubt{}
	switch {
	case spells > 0: // slow is another matter
		b.doubt.spells, b.doubt.slow, b.doubt.last = spells, slow, last
	case b.state == Suspect:
		b.change(Closed, cause{reason: "a probe was answered"}, now)
	}
}

// tested takes the outcome of a trial while half-open. It reports whether that
// opened the circuit again.
func (b *Breaker) tested(o *failover.Outcome, synthetic bool, now time.Time) bool {
	t := &b.trial
	bad := o.Kind == failover.OutcomeFail || o.Kind == failover.OutcomeSlow
	tooSlow := t.kind == kindSlow && !synthetic && !bad && o.Ratio > slowRatio
	again := cause{reason: "the trial failed", kind: t.kind, err: o.Err, alive: t.good > 0}
	switch {
	case refused(o) && (o.Locked || t.kind == kindRefused):
		again.reason, again.kind = "the trial's key was refused", kindRefused
	case tooSlow:
		if t.slow++; t.slow < slowTees || o.Spared {
			return false
		}
		again.reason = slowReason(o.Ratio)
	case o.Kind == failover.OutcomeIgnored:
		if synthetic {
			t.toldNothing(o, now)
		} else {
			t.ours = true
		}
		return false
	case bad:
		if o.Spared {
			return false
		}
		b.heed(o, now)
	default:
		b.passed(synthetic, now)
		return false
	}
	if bad && o.Err != nil && o.Err.Class == switchgear.ClassGone {
		b.vanish(o.Err, now)
	} else {
		b.open(again, now)
	}
	return true
}

// toldNothing takes a probe that says nothing about the target. One that met a
// key in trouble is made again a little later. One that was refused may be what
// the provider does not take, and then none is; but what refuses some of all
// requests for no reason may have refused it for none.
func (t *trial) toldNothing(o *failover.Outcome, now time.Time) {
	if o.Err != nil && o.Err.CoolsKey() {
		t.due = now.Add(keyPause)
		return
	}
	t.refused++
	t.unusable = t.refused >= probeRefusals
}

// passed takes a good trial.
func (b *Breaker) passed(synthetic bool, now time.Time) {
	t := &b.trial
	if t.kind == kindSlow && synthetic && t.good > 0 {
		return
	}
	if t.good++; t.good >= trialsNeeded {
		b.recover(now)
	}
}

// recover ends half-open well.
func (b *Breaker) recover(now time.Time) {
	why := cause{reason: strconv.Itoa(trialsNeeded) + " good trials"}
	if b.busy(b.at(now)) && !b.options.AtOnce {
		b.change(Ramp, why, now)
	} else {
		b.change(Closed, why, now)
	}
}

// Calm reports whether the target is closed, and nothing suspected.
func (b *Breaker) Calm() bool { return b.pass.Load() != 0 }

// Barred reports whether Acquire would not pass a request in full: it is open,
// half-open, held or gone. It gives no leave.
func (b *Breaker) Barred(now time.Time) bool {
	if b.pass.Load() != 0 {
		return false
	}
	b.mu.Lock()
	b.tick(now)
	s := b.state
	b.release(now)
	return s == Open || s == Gone || s == Held || s == HalfOpen
}
