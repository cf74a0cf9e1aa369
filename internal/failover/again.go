package failover

import (
	"time"

	"github.com/switchgear-dev/switchgear"
)

// again says whether a step is tried once more after a failure, and does the
// waiting that takes: none if another key is free; what the provider asked for
// if that is short; else a random share of a growing bound, so that requests
// that failed together do not come back together. What it grants is paid for.
func (j *job) again(a *attempt, tries int, err *switchgear.Error, avoid uint64) bool {
	wait, worth := j.worthAgain(a, tries, err, avoid)
	if !worth || !j.pay(a.step) {
		return false
	}
	if wait > 0 && !j.sleep(wait) {
		j.refund(a.step)
		return false
	}
	return true
}

// worthAgain says whether a step is worth another try, and after which wait.
func (j *job) worthAgain(a *attempt, tries int, err *switchgear.Error, avoid uint64) (time.Duration, bool) {
	if tries >= j.tries(a.step) || j.capped() {
		return 0, false
	}
	if j.straggled(a, err) || j.stalled(a, err) {
		return 0, true
	}
	retryable := err.Retryable() || (j.sole && worthAlone(err))
	if !j.hasTime(0) || (!retryable && !err.Class.CoolsKey()) {
		return 0, false
	}
	var cooling time.Duration
	if a.step.Keys != nil {
		now := time.Now()
		if _, _, _, ok := a.step.Keys.Pick(now, avoid); ok {
			return 0, true
		}
		if _, _, until, ok := a.step.Keys.Pick(now, 0); !ok {
			cooling = until.Sub(now)
		}
		if cooling > 0 && j.sole {
			if _, _, ok := lent(a.step.Keys, now); ok {
				cooling, retryable = 0, true
			}
		}
	}
	if !retryable {
		return 0, false
	}
	if a.watch && j.later(a.at) {
		return 0, false // under suspicion it is not waited for
	}
	return j.waitAgain(a.at, tries, err.RetryAfter, cooling)
}

// tries is how often a step may be tried.
func (j *job) tries(step *Step) int {
	if j.sole && step.Retry.Alone > 0 {
		return step.Retry.Alone
	}
	return max(step.Retry.Attempts, 1)
}

// worthAlone reports whether a failure that sends a request to the next step is
// worth another try where there is none. Who asks for less gets less.
func worthAlone(err *switchgear.Error) bool {
	return (err.Class == switchgear.ClassOverloaded || err.Class == switchgear.ClassInterrupted) && !err.Marks.Has(switchgear.MarkRamp)
}

// stalled reports whether an attempt ran into the limit for its first content
// and there is nobody else to ask: where others are answered, another try has a
// chance, and if nobody is the retry budget has nothing left for it.
func (j *job) stalled(a *attempt, err *switchgear.Error) bool {
	return j.sole && err.Code == CodeFirstTokenTimeout && clocked(err) && j.hasTime(a.expected.usual.P95)
}

// straggled reports whether an attempt was one slow answer of a target that is
// otherwise well, with nowhere else to go: then another try has a fair chance,
// where a target that has fallen silent has none. It takes a breaker in calm
// and a known pace to know the one from the other.
func (j *job) straggled(a *attempt, err *switchgear.Error) bool {
	return a.calm && a.expected.usual.P95 > 0 && a.step.Breaker != nil && err.Code == CodeFirstTokenTimeout && clocked(err) &&
		!j.elsewhere(a.at, time.Now()) && j.hasTime(a.expected.usual.P95)
}

// waitAgain is the wait before the same key is used again, if that is worth it.
func (j *job) waitAgain(i, tries int, hint, cooling time.Duration) (time.Duration, bool) {
	retry := &j.plan.Steps[i].Retry
	wait := hint
	if hint <= 0 {
		if cooling > 0 && j.later(i) {
			return 0, false // nobody asked for a wait, and somebody else may answer at once
		}
		wait = j.backoff(retry, tries)
	}
	wait = max(wait, cooling)
	if (hint > 0 || cooling > 0) && wait > retry.WaitHint {
		return 0, false
	}
	return wait, j.hasTime(wait)
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
