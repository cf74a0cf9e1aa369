package failover

import (
	"slices"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// despair is the last resort when breakers barred some steps and no other
// served: they may be wrong, and where a quarter of the calls fail three
// quarters do not. Those that were barred are tried all the same, the one whose
// trial is due first first, each once, until one serves or one takes too long:
// a fast failure costs the caller nothing, and silence would be waited for
// again. High stakes are no reason not to: every step of the plan is one that
// may serve, and an answer from it is no worse for having been hard to get. A
// caller that asks again is not let at a dead chain a second time.
func despair[T any](j *job, op *operation[T]) leg[T] {
	over := leg[T]{move: fallOver}
	if j.callersRetry() || j.gone() != nil {
		return over
	}
	for {
		p, until, ok := j.force()
		if !ok {
			return over
		}
		l, err := strive(j, op, &p, until)
		if l.move != fallOver {
			return l
		}
		if l.answer != nil { // the model declined, and nobody had a better answer
			j.serving(p.at)
			l.move = served
			return l
		}
		if err.Class == switchgear.ClassTimeout || j.gone() != nil {
			return over
		}
	}
}

// strive tries a step against its breaker's word: once, or if there is no other
// as often as one that is not barred. Until is when its next trial is due.
func strive[T any](j *job, op *operation[T], p *permit, until time.Time) (leg[T], *switchgear.Error) {
	var avoid uint64
	step := &j.plan.Steps[p.at]
	for tries := 1; ; tries++ {
		if tries == 1 && j.sole {
			j.earn(step, p.start)
		}
		a := j.begin(p, nil)
		a.final = true
		if j.forced == 0 {
			j.forced = len(j.trace.Attempts)
		}
		answer, err := op.try(a)
		l, open := settle(j, op, &heat[T]{first: reply[T]{a: a, answer: answer, err: err}})
		if l.move != fallOver {
			return l, err
		}
		j.trialAt(a.at, until) // the breaker has learned nothing: its next trial is when it was
		avoid |= a.bit()
		if !open || !j.sole || l.answer != nil || !j.again(a, tries, err, avoid) {
			return l, err
		}
		*p = permit{at: a.at, place: -1, start: time.Now()}
		if !j.overrule(p) {
			j.refund(step) // the retry that was paid for is not made
			return l, err
		}
	}
}

// overrule takes the leave that a step's breaker would not give, and reports
// whether the attempt has what else it needs.
func (j *job) overrule(p *permit) bool {
	p.token = j.plan.Steps[p.at].Breaker.(Forcible).Force(p.start) //nolint:forcetypeassert // force has looked
	_, ok := j.furnish(p, 0)
	return ok
}

// force takes the leave that the barred step with the earliest trial would not
// give, of those that were not forced yet. Until is when that trial would have
// been.
func (j *job) force() (p permit, until time.Time, ok bool) {
	for {
		best := -1
		for i := range j.closed {
			c := &j.closed[i]
			if _, ok := j.plan.Steps[c.at].Breaker.(Forcible); !ok || j.bars(c.at) != "" {
				continue
			}
			if best < 0 || earlier(c.until, j.closed[best].until) {
				best = i
			}
		}
		if best < 0 {
			return permit{}, time.Time{}, false
		}
		c := j.closed[best]
		j.closed = slices.Delete(j.closed, best, best+1)
		if j.understand(c.at) != nil {
			continue
		}
		p = permit{at: c.at, place: -1, start: time.Now()}
		if j.overrule(&p) {
			return p, c.until, true
		}
	}
}

// earlier compares times of which the zero one is unknown, and so last.
func earlier(a, b time.Time) bool {
	return !a.IsZero() && (b.IsZero() || a.Before(b))
}
