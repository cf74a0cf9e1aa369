package failover

import (
	"context"
	"errors"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// attempt is one call of one provider, from the leave to make it until its
// breaker, its key and the observer have been told how it went.
type attempt struct {
	job     *job
	step    *Step
	token   Token
	place   int // of the key; -1 for none
	ctx     context.Context
	cancel  context.CancelCauseFunc
	clock   clock
	call    switchgear.Call
	start   time.Time
	whole   time.Time // by when a whole answer must be there; zero for never
	record  int       // in the trace
	first   time.Duration
	content bool // something the caller asked for has come
	usage   switchgear.Usage
	settled bool
}

// begin starts an attempt for which leave was given.
func (j *job) begin(i int, token Token, credential switchgear.Credential, place int, now time.Time) *attempt {
	step := &j.plan.Steps[i]
	a := &attempt{
		job: j, step: step, token: token, place: place, start: now, record: len(j.trace.Attempts),
		call: switchgear.Call{Target: step.Target, Credential: credential, Levers: step.Levers},
	}
	a.ctx, a.cancel = context.WithCancelCause(j.ctx)
	a.clock.cancel, a.clock.provider = a.cancel, step.Target.Provider
	if !j.deadline.IsZero() {
		left := j.deadline.Sub(now)
		share := max(left/time.Duration(max(j.left(i), 1)), j.plan.Timeout.FirstToken)
		a.whole = now.Add(min(share, left))
	}
	j.calls++
	j.trace.Attempts = append(j.trace.Attempts, switchgear.Attempt{
		Step: step.Number, Target: step.Target, Credential: credential.ID, Start: now,
	})
	return a
}

// bit is the attempt's key as a bit of a mask.
func (a *attempt) bit() uint64 {
	if a.place < 0 {
		return 0
	}
	return 1 << uint(a.place)
}

// expectWhole sets the clock for an answer that comes in one piece.
func (a *attempt) expectWhole() {
	if !a.whole.IsZero() {
		a.clock.set(a.whole, CodeTotalTimeout, a.whole.Sub(a.start))
	}
}

// failure says what an error means, once and for all: the caller's leaving and
// our own clocks come before whatever the provider made of them.
func (a *attempt) failure(err error) *switchgear.Error {
	if gone := a.job.gone(); gone != nil {
		return gone
	}
	if a.ctx.Err() != nil {
		cause, ok := errors.AsType[*switchgear.Error](context.Cause(a.ctx))
		if a.job.ctx.Err() != nil && (!ok || !clocked(cause)) {
			// The request's own deadline, in whatever words its owner gives:
			// the clock for it was about to fire.
			return timedOut(a.step.Target.Provider, CodeTotalTimeout, time.Since(a.start))
		}
		if ok {
			return cause
		}
	}
	known, ok := errors.AsType[*switchgear.Error](err)
	if ok && known.Class != switchgear.ClassCanceled {
		if known.Provider != "" {
			return known
		}
		named := *known
		named.Provider = a.step.Target.Provider
		return &named
	}
	// What a provider outside this module says in its own words may quote the
	// request: it goes where no log looks.
	return &switchgear.Error{
		Class: switchgear.ClassUnknown, Provider: a.step.Target.Provider,
		Message: "the provider failed without a class", Detail: err.Error(),
	}
}

// settle ends the attempt and tells everybody, once.
func (a *attempt) settle(err *switchgear.Error) {
	if a.settled {
		return
	}
	a.settled = true
	a.clock.stop()
	now := time.Now()
	record := &a.job.trace.Attempts[a.record]
	record.Duration, record.FirstToken, record.Usage, record.Err = now.Sub(a.start), a.first, a.usage, err
	record.Cost = a.cost()
	if a.step.Breaker != nil {
		a.step.Breaker.Done(a.token, a.outcome(err, now), now)
	}
	if a.step.Keys != nil {
		a.step.Keys.Report(a.place, err, now)
	}
	a.job.runner.observer.Attempted(a.job.ctx, a.job.plan, record)
	a.cancel(nil)
}

func (a *attempt) cost() switchgear.Cost {
	if a.step.Price == nil || a.usage.Known == 0 {
		return switchgear.Cost{}
	}
	return a.step.Price.Cost(&a.usage, a.start)
}

// outcome is how the attempt went, as far as it speaks about the target.
func (a *attempt) outcome(err *switchgear.Error, now time.Time) Outcome {
	if err == nil {
		return Outcome{Kind: OutcomeOK}
	}
	o := Outcome{Kind: OutcomeIgnored, Err: err}
	switch {
	case !err.Class.BlamesTarget():
		return o
	case err.Class == switchgear.ClassTimeout:
		if err.Code == CodeTotalTimeout && !a.hadItsTime(now) {
			return o
		}
		o.Kind = OutcomeSlow
	default:
		o.Kind = OutcomeFail
	}
	if err.Class.NeedsBody() {
		o.Body = a.job.digest()
	}
	return o
}

// hadItsTime reports whether an attempt that ran into the end of the request
// got enough of it to be blamed. What earlier steps used up, a deadline
// the caller chose, or an answer that was flowing, say nothing about the
// target. Enough is half of an even share among the steps, and never less than
// the limit for the first token.
func (a *attempt) hadItsTime(now time.Time) bool {
	t := &a.job.plan.Timeout
	if t.Total <= 0 || a.content {
		return false
	}
	enough := max(t.Total/time.Duration(2*max(len(a.job.plan.Steps), 1)), t.FirstToken)
	return now.Sub(a.start) >= min(enough, t.Total)
}
