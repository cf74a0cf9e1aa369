package failover

import (
	"net/http"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// A provider's outage can look like the caller's mistake: for hours valid
// requests have been answered with 400. A refusal in words that are not known
// is therefore worth a second opinion, where the route allows it and the
// target's jury has not heard enough of late.

// dispute is an unsure refusal, while it is open what becomes of it.
type dispute struct {
	open    bool // another target is asked, and the breaker waits for what it says
	doubted bool // the refusal is not believed: the target failed
}

// unsure reports whether a refusal is one that another target may be asked
// about. One that breaks an answer off is none.
func (a *attempt) unsure(err *switchgear.Error) bool {
	return err.Class == switchgear.ClassInvalid && err.Marks.Has(switchgear.MarkUnsure) &&
		(err.Status == http.StatusBadRequest || err.Status == http.StatusUnprocessableEntity) &&
		a.job.plan.Opinion && a.step.Jury != nil && a.next >= 0 && !a.final && !a.probe && !a.content &&
		(a.race == nil || a.race.plead(a))
}

// hear asks the jury what to make of an unsure refusal.
func (a *attempt) hear(now time.Time) OutcomeKind {
	switch a.step.Jury.Opinion(now) {
	case OpinionAsk:
		a.dispute.open = true
		return OutcomeIgnored
	case OpinionDoubt:
		a.dispute.doubted = true
		return OutcomeFail
	default:
		return OutcomeIgnored
	}
}

// ruling is what asking another target came to.
type ruling uint8

const (
	unheard  ruling = iota // it could not say
	accepted               // it took the same request: the first target failed
	rejected               // it refused the request as well: the caller is wrong
)

// rule closes a dispute: the jury and the breaker are told.
func (a *attempt) rule(r ruling, refusal *switchgear.Error) {
	if !a.dispute.open {
		return
	}
	a.dispute.open = false
	now := time.Now()
	if r != unheard {
		a.step.Jury.Judge(r == accepted, now)
	}
	o := Outcome{Kind: OutcomeIgnored, Err: refusal, Key: a.place, Client: a.job.client()}
	if r == accepted {
		o.Kind, o.Body = OutcomeFail, a.job.digest()
		if a.step.Pace != nil {
			a.step.Pace.Spoil(now)
		}
	}
	a.done(o, now)
}

// verdictOn reads a ruling from how the second target took the request.
func verdictOn(err *switchgear.Error) ruling {
	switch {
	case err == nil:
		return accepted
	case err.Class == switchgear.ClassInvalid:
		return rejected
	default:
		return unheard
	}
}

// second sends a request that one target refused to the next that can take it,
// once. If that serves, its answer is the caller's; in every other case the
// caller gets the first refusal.
func second[T any](j *job, op *operation[T], a *attempt, refusal *switchgear.Error) leg[T] {
	stop := leg[T]{at: a.at, move: stopped, err: refusal}
	for k := j.after(a.at); k >= 0; k = j.after(k) {
		p, reason, ok := j.witness(k)
		if !ok {
			j.skip(k, reason.reason, reason.until)
			continue
		}
		j.earn(&j.plan.Steps[k], p.start)
		b := j.begin(&p, nil)
		b.final = true
		answer, err := op.try(b)
		if dropped := wouldDrop(err); dropped != "" {
			j.withdraw(k, dropped, err.Param)
			continue
		}
		a.rule(verdictOn(err), refusal)
		if err == nil {
			j.serving(k)
			return leg[T]{at: k, move: served, answer: answer}
		}
		if err.Class == switchgear.ClassCanceled {
			stop.err = err
		}
		return stop
	}
	a.rule(unheard, refusal)
	return stop
}

// witness asks for leave to ask a step for its opinion. One that is itself on
// trial is none to ask.
func (j *job) witness(k int) (permit, bar, bool) {
	if reason := j.bars(k); reason != "" {
		return permit{}, bar{reason: reason}, false
	}
	p, b, ok := j.admit(k, 0)
	if !ok {
		return p, b, false
	}
	if p.trial {
		j.giveBack(&p)
		return p, bar{reason: skipTrial}, false
	}
	if j.understand(k) != nil {
		j.giveBack(&p)
		return p, bar{reason: skipTranslation}, false
	}
	return p, bar{}, true
}
