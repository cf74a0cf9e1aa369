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

// admit asks a step's breaker and keys for leave, and begins the attempt.
func (j *job) admit(i int, avoid uint64) (*attempt, bar) {
	step, now := &j.plan.Steps[i], time.Now()
	var token Token
	if step.Breaker != nil {
		t, verdict := step.Breaker.Acquire(now)
		if !verdict.Pass {
			return nil, bar{reason: verdict.Reason, until: verdict.Until}
		}
		token = t
	}
	var credential switchgear.Credential
	place := -1
	if step.Keys != nil {
		c, p, until, ok := pick(step.Keys, now, avoid)
		if !ok {
			if step.Breaker != nil {
				step.Breaker.Done(token, Outcome{Kind: OutcomeIgnored}, now)
			}
			return nil, bar{reason: skipKeys, until: until, keys: true}
		}
		credential, place = c, p
	}
	return j.begin(i, token, credential, place, now), bar{}
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

// passOver leaves a step that gave no leave. One that has been called already
// needs no record of why it is not called again.
func (j *job) passOver(i, tries int, b bar) {
	if tries == 0 {
		j.skip(i, b.reason, b.until)
		return
	}
	j.trialAt(i, b.until)
}

// waitForKeys waits, briefly, for the first key of a step to be back: only if
// there is nowhere else to go.
func (j *job) waitForKeys(i int, b bar) bool {
	if !b.keys || b.until.IsZero() || j.later(i) {
		return false
	}
	wait := time.Until(b.until)
	return wait <= j.plan.Steps[i].Retry.WaitHint && j.hasTime(wait) && j.sleep(wait)
}

// learn keeps what a failure says for the words of a later error.
func (j *job) learn(i int, a *attempt, err *switchgear.Error) {
	if j.first == nil && err.Class != switchgear.ClassCanceled {
		j.first = err
	}
	var trial time.Time
	if err.Class.CoolsKey() && a.step.Keys != nil {
		_, _, trial, _ = a.step.Keys.Pick(time.Now(), 0)
	} else if err.RetryAfter > 0 {
		trial = time.Now().Add(err.RetryAfter)
	}
	j.trialAt(i, trial)
}

// again says whether a step is tried once more after a failure, and does the
// waiting that takes: none if another key is free; what the provider asked for
// if that is short; else a random share of a growing bound, so that requests
// that failed together do not come back together.
func (j *job) again(i, tries int, err *switchgear.Error, avoid uint64) bool {
	step := &j.plan.Steps[i]
	retryable := err.Retryable()
	if tries >= max(step.Retry.Attempts, 1) || j.capped() || !j.hasTime(0) || (!retryable && !err.Class.CoolsKey()) {
		return false
	}
	var cooling time.Duration
	if step.Keys != nil {
		now := time.Now()
		if _, _, _, ok := step.Keys.Pick(now, avoid); ok {
			return true
		}
		if _, _, until, ok := step.Keys.Pick(now, 0); !ok {
			cooling = until.Sub(now)
		}
	}
	return retryable && j.waitAgain(i, tries, err.RetryAfter, cooling)
}

// waitAgain waits before the same key is used again, if that is worth it.
func (j *job) waitAgain(i, tries int, hint, cooling time.Duration) bool {
	retry := &j.plan.Steps[i].Retry
	wait := hint
	if hint <= 0 {
		if cooling > 0 && j.later(i) {
			return false // nobody asked for a wait, and somebody else may answer at once
		}
		wait = j.backoff(retry, tries)
	}
	wait = max(wait, cooling)
	if (hint > 0 || cooling > 0) && wait > retry.WaitHint {
		return false
	}
	return j.hasTime(wait) && j.sleep(wait)
}

// backoff is full jitter: uniform between 0 and a bound that doubles with
// every try.
func (j *job) backoff(r *Retry, tries int) time.Duration {
	bound := r.Base
	for range tries - 1 {
		if bound >= r.Cap {
			break
		}
		bound *= 2
	}
	if r.Cap > 0 {
		bound = min(bound, r.Cap)
	}
	return time.Duration(j.runner.rand() * float64(bound))
}

// sleep waits, and reports whether the request is still wanted and in time.
func (j *job) sleep(d time.Duration) bool {
	if d <= 0 {
		return j.ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-j.ctx.Done():
		return false
	}
}
