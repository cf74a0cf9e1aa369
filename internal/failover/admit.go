package failover

import (
	"time"

	"github.com/switchgear-dev/switchgear"
)

// bar is why a step gave no leave for an attempt.
type bar struct {
	reason string
	until  time.Time // zero if unknown
	keys   bool      // it is for want of a key
}

// permit is the leave for one attempt: its breaker's, a key, and a place. It
// is either begun or given back.
type permit struct {
	at         int // the step
	place      int // of the key; -1 for none
	token      Token
	credential switchgear.Credential
	start      time.Time
	calm       bool // nothing is suspected
	watch      bool // something is
	prompt     bool // of what is, failures show at once
	trial      bool // the target is on trial
}

// admit asks a step's breaker, keys and limit for leave.
func (j *job) admit(i int, avoid uint64) (permit, bar, bool) {
	step := &j.plan.Steps[i]
	p := permit{at: i, place: -1, start: time.Now(), calm: true}
	if step.Breaker != nil {
		token, v := step.Breaker.Acquire(p.start)
		if !v.Pass {
			j.shut(i, &v)
			return p, bar{reason: v.Reason, until: v.Until}, false
		}
		p.token, p.calm, p.watch, p.prompt, p.trial = token, v.Calm, v.Watch, v.Prompt, v.Tee
	}
	b, ok := j.furnish(&p, avoid)
	return p, b, ok
}

// furnish gets what an attempt needs besides its breaker's leave, and gives
// that back if there is something it cannot get.
func (j *job) furnish(p *permit, avoid uint64) (bar, bool) {
	step := &j.plan.Steps[p.at]
	b := bar{reason: skipLimit}
	if step.Keys != nil {
		c, place, until, ok := pick(step.Keys, p.start, avoid)
		if !ok && j.sole {
			c, place, ok = lent(step.Keys, p.start)
		}
		if !ok {
			b = bar{reason: skipKeys, until: until, keys: true}
			p.returnToken(step)
			return b, false
		}
		p.credential, p.place = c, place
	}
	if step.Limit != nil && !step.Limit.Enter(j.plan.Stakes, p.start) && !j.press(step) {
		p.returnToken(step)
		return b, false
	}
	return bar{}, true
}

// returnToken gives the breaker's leave back unused.
func (p *permit) returnToken(step *Step) {
	if step.Breaker != nil {
		step.Breaker.Done(p.token, Outcome{Kind: OutcomeIgnored, Key: -1}, p.start)
	}
}

// giveBack returns a permit that is not used.
func (j *job) giveBack(p *permit) {
	step := &j.plan.Steps[p.at]
	p.returnToken(step)
	if step.Limit != nil {
		step.Limit.Leave(canceled(nil), p.start) // neither well nor ill
	}
}

// shut notes a step that its breaker barred, for panic: once, though it may have
// been asked twice, as a rival and in its turn.
func (j *job) shut(i int, v *Verdict) {
	if v.Final {
		return
	}
	for k := range j.closed {
		if j.closed[k].at == i {
			j.closed[k].until = v.Until
			return
		}
	}
	j.closed = append(j.closed, closed{at: i, until: v.Until})
}

// pick prefers a key that has not failed in this request.
func pick(keys Keys, now time.Time, avoid uint64) (switchgear.Credential, int, time.Time, bool) {
	if avoid != 0 {
		if c, place, _, ok := keys.Pick(now, avoid); ok {
			return c, place, time.Time{}, true
		}
	}
	return keys.Pick(now, 0)
}

// press takes a place over a limit that was learned, for a request that nobody
// else could take. What refuses at random refuses however little it is given:
// as long as answers come, and so the retry budget has something left, a limit
// would turn away more than the target does. Low stakes are turned away all the same.
func (j *job) press(step *Step) bool {
	l, ok := step.Limit.(Pressed)
	if !ok || !j.sole || j.plan.Stakes == switchgear.StakesLow || !j.pay(step) {
		return false
	}
	j.refund(step) // it was only asked for
	return l.Press()
}

// lent is a key that cools, of keys that lend one.
func lent(keys Keys, now time.Time) (switchgear.Credential, int, bool) {
	if l, ok := keys.(Lender); ok {
		return l.Lend(now)
	}
	return switchgear.Credential{}, 0, false
}

// passOver leaves a step that gave no leave. One that has been called already
// needs no record of why it is not called again.
func (j *job) passOver(i, tries int, b bar) {
	if tries == 0 {
		j.skip(i, b.reason, b.until)
		j.trace.Attempts[len(j.trace.Attempts)-1].Unready = true
		return
	}
	j.trialAt(i, b.until)
}

// waitForKeys waits, briefly, for the first key of a step to be back: only if
// there is nowhere else to go, and not for a caller who has been sent away
// before and would make the waiting a storm.
func (j *job) waitForKeys(i int, b bar) bool {
	if !b.keys || b.until.IsZero() || j.later(i) || (j.callersRetry() && j.calls == 0) {
		return false
	}
	wait := time.Until(b.until)
	return wait <= j.plan.Steps[i].Retry.WaitHint && j.hasTime(wait) && j.sleep(wait)
}

// learn keeps what a failure says for the words of a later error.
func (j *job) learn(a *attempt, err *switchgear.Error) {
	if j.first == nil && err.Class != switchgear.ClassCanceled {
		j.first = err
	}
	var trial time.Time
	if err.CoolsKey() && a.step.Keys != nil {
		_, _, trial, _ = a.step.Keys.Pick(time.Now(), 0)
	} else if err.RetryAfter > 0 {
		trial = time.Now().Add(err.RetryAfter)
	}
	j.trialAt(a.at, trial)
}
