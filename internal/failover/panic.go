package failover

import (
	"time"

	"github.com/switchgear-dev/switchgear"
)

// despair is the last resort when breakers barred a whole chain: they may be
// wrong, and the target whose trial is due first is the least bad. It is tried
// once, for requests that nobody was called for. With high stakes the route
// fails loudly instead; and a caller that asks again is not let at a dead chain
// a second time.
func despair[T any](j *job, op *operation[T]) leg[T] {
	over := leg[T]{move: fallOver}
	if j.calls > 0 || len(j.closed) == 0 || j.plan.Stakes == switchgear.StakesHigh || j.callersRetry() || j.gone() != nil || !j.hasTime(0) {
		return over
	}
	p, until, ok := j.force()
	if !ok {
		return over
	}
	a := j.begin(&p, nil)
	a.final, j.forced = true, len(j.trace.Attempts)
	answer, err := op.try(a)
	l, _ := settle(j, op, &heat[T]{first: reply[T]{a: a, answer: answer, err: err}})
	if l.move == fallOver && l.answer == nil {
		j.trialAt(a.at, until) // the breaker has learned nothing: its next trial is when it was
	}
	if l.move == fallOver && l.answer != nil { // the model declined, and nobody had a better answer
		j.serving(a.at)
		l.move = served
	}
	return l
}

// force takes the leave that the barred step with the earliest trial would not
// give. Until is when that trial would have been.
func (j *job) force() (p permit, until time.Time, ok bool) {
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
	at := j.closed[best].at
	if j.understand(at) != nil {
		return permit{}, time.Time{}, false
	}
	step := &j.plan.Steps[at]
	p = permit{at: at, place: -1, start: time.Now()}
	p.token = step.Breaker.(Forcible).Force(p.start) //nolint:forcetypeassert // looked at above
	_, ok = j.furnish(&p, 0)
	return p, j.closed[best].until, ok
}

// earlier compares times of which the zero one is unknown, and so last.
func earlier(a, b time.Time) bool {
	return !a.IsZero() && (b.IsZero() || a.Before(b))
}
