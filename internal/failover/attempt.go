package failover

import (
	"context"
	"errors"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// attempt is one call of one provider, from the leave to make it until its
// breaker, its key and the observer have been told how it went. It belongs to
// one goroutine at a time: its request's, or in a race one of its own. Until
// the two are joined it keeps its record to itself.
type attempt struct {
	permit

	job      *job
	kind     kind // how the answer comes
	step     *Step
	ctx      context.Context
	cancel   context.CancelCauseFunc
	clock    clock
	call     switchgear.Call
	whole    time.Time // by when a whole answer must be there; zero for never
	expected expectation
	tokens   int64 // what the request reads, roughly, if a pace is to learn of it
	most     int64 // what it asks for at most
	next     int   // the step after it that could take the request; -1 for none
	race     *race // nil if it runs alone
	probe    bool  // it is the gateway's own
	final    bool  // its refusal of the request stands: no further opinion is asked for
	learned  bool  // its deadline is one that was learned, and so its own

	slot     int                 // of its record in the trace
	own      *switchgear.Attempt // in a race, its record until it has come back; else nil
	first    time.Duration
	content  bool // something the caller asked for has come
	finished bool // the answer has come to its end
	seen     int64
	usage    switchgear.Usage
	settled  bool
	dispute  dispute
	untie    func() bool // of a trial in a race: lets go of the caller, whose leaving would end it
}

// begin starts an attempt for which leave was given; r is the race it runs in,
// nil for none.
func (j *job) begin(p *permit, r *race) *attempt {
	step := &j.plan.Steps[p.at]
	a := &attempt{
		permit: *p, job: j, step: step, kind: j.kindAt(), slot: len(j.trace.Attempts), race: r,
		next: j.after(p.at), expected: j.expect(p.at, p.start),
		call: switchgear.Call{Target: step.Target, Credential: p.credential, Levers: step.Levers, Strict: j.plan.Strict},
	}
	if step.Pace != nil {
		a.tokens, a.most = j.inputTokens(), j.mostTokens(step)
	}
	if r != nil && r.tee && p.trial {
		a.ctx, a.cancel = context.WithCancelCause(context.WithoutCancel(j.ctx))
		a.untie = context.AfterFunc(j.ctx, func() { a.cancel(context.Cause(j.ctx)) })
	} else {
		a.ctx, a.cancel = context.WithCancelCause(j.ctx)
	}
	a.clock.cancel, a.clock.provider = a.cancel, step.Target.Provider
	if !j.deadline.IsZero() {
		left := j.deadline.Sub(p.start)
		share := max(left/time.Duration(max(j.left(p.at), 1)), j.plan.Timeout.FirstToken)
		a.whole = p.start.Add(min(share, left))
	}
	j.calls++
	j.trace.Attempts = append(j.trace.Attempts, switchgear.Attempt{
		Step: step.Number, Target: step.Target, Trial: step.Trial, Credential: p.credential.ID, Start: p.start,
	})
	if r != nil {
		own := j.trace.Attempts[a.slot]
		a.own = &own
	}
	return a
}

// bit is the attempt's key as a bit of a mask.
func (a *attempt) bit() uint64 {
	if a.place < 0 {
		return 0
	}
	return 1 << uint(a.place)
}

// lost reports whether another attempt serves in this one's place.
func (a *attempt) lost() bool { return a.race != nil && a.race.lostBy(a) }

// failure says what an error means, once and for all: the caller's leaving and
// our own clocks come before whatever the provider made of them.
func (a *attempt) failure(err error) *switchgear.Error {
	lost := a.lost()
	if gone := a.job.gone(); gone != nil && !lost {
		return gone
	}
	if a.ctx.Err() != nil {
		cause, ok := errors.AsType[*switchgear.Error](context.Cause(a.ctx))
		switch {
		case ok && (lost || clocked(cause)):
			return cause
		case lost:
			return outrun()
		case a.job.ctx.Err() != nil:
			// The request's own deadline, in whatever words its owner gives:
			// the clock for it was about to fire.
			return timedOut(a.step.Target.Provider, CodeTotalTimeout, time.Since(a.start))
		case ok:
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
	withheld, record := wouldDrop(err), a.record()
	if withheld == "" {
		a.account(err)
		record.Duration, record.FirstToken, record.Usage, record.Err = now.Sub(a.start), a.first, a.usage, err
		record.Cost, record.Lost, record.Probe = a.cost(), a.lost(), a.probe
	} else {
		*record = switchgear.Attempt{Step: record.Step, Target: record.Target, Trial: record.Trial, Start: a.start, Skipped: withheld}
		if a.own == nil {
			a.job.calls--
		}
	}
	if a.step.Keys != nil && a.place >= 0 {
		a.step.Keys.Report(a.place, err, now)
	}
	if err == nil && !a.probe {
		a.job.repay(a.step, now)
	}
	if a.step.Limit != nil && !a.probe {
		a.step.Limit.Leave(err, now)
	}
	o := a.outcome(err, now)
	if !a.dispute.open {
		a.done(o, now)
	}
	a.teach(o.Kind, err, now)
	if withheld == "" {
		a.job.runner.observer.Attempted(a.job.ctx, a.job.plan, record)
	}
	a.cancel(nil)
	if a.untie != nil {
		a.untie()
	}
}

// record is what is written of the attempt: in the trace, unless it runs on a
// goroutine of its own.
func (a *attempt) record() *switchgear.Attempt {
	if a.own != nil {
		return a.own
	}
	return &a.job.trace.Attempts[a.slot]
}

// rejoin brings an attempt back to the request's own goroutine.
func (a *attempt) rejoin() {
	a.job.trace.Attempts[a.slot] = *a.own
	if a.own.Skipped != "" {
		a.job.calls--
	}
	a.own = nil
}

// heard tells the step's witness which model answered.
func (a *attempt) heard(model string) {
	if a.step.Witness != nil && model != "" {
		a.step.Witness.Answered(model)
	}
}

// done tells the breaker.
func (a *attempt) done(o Outcome, now time.Time) {
	if a.step.Breaker == nil {
		return
	}
	o.Spared = a.job.tripped.Load()
	if a.step.Breaker.Done(a.token, o, now) {
		a.job.tripped.Store(true)
		if a.step.Pace != nil && !a.probe {
			a.step.Pace.Spoil(now) // what was learned on the way here was no calm
		}
	}
}

func (a *attempt) cost() switchgear.Cost {
	if a.step.Price == nil || a.usage.Known == 0 {
		return switchgear.Cost{}
	}
	return a.step.Price.Cost(&a.usage, a.start)
}

// outcome is how the attempt went, as far as it speaks about the target.
func (a *attempt) outcome(err *switchgear.Error, now time.Time) Outcome {
	o := Outcome{Kind: OutcomeOK, Err: err, Key: a.place, Client: a.job.client()}
	if err != nil {
		o.Kind = a.blame(err, now)
	}
	if (o.Kind == OutcomeFail || o.Kind == OutcomeSlow) && err.NeedsBody() {
		o.Body = a.job.digest()
	}
	if err != nil && err.Class == switchgear.ClassAuth && a.place >= 0 {
		_, _, _, left := a.step.Keys.Pick(now, 0)
		o.Locked = !left
	}
	o.Overran = o.Kind == OutcomeSlow && a.kind != kindStream && err.Code == CodeTotalTimeout && !a.learned
	o.Late = o.Kind == OutcomeSlow || o.Kind == OutcomeFail && now.Sub(a.start) > a.worry()
	a.measure(&o, err, now)
	return o
}

// blame says what a failure makes of the attempt.
func (a *attempt) blame(err *switchgear.Error, now time.Time) OutcomeKind {
	switch {
	case a.unsure(err):
		return a.hear(now)
	case !err.Class.BlamesTarget():
		return OutcomeIgnored
	case err.Class != switchgear.ClassTimeout:
		return OutcomeFail
	case err.Code == CodeTotalTimeout && !a.learned && !a.hadItsTime(now):
		return OutcomeIgnored
	default:
		return OutcomeSlow
	}
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
