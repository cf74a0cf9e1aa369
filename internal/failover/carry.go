package failover

import (
	"time"

	"github.com/switchgear-dev/switchgear"
)

// operation is one kind of request: how it is tried, once, and what a provider
// may lack for it.
type operation[T any] struct {
	lacks func(p switchgear.Provider) string // "" if nothing; nil if no provider can lack anything
	// try makes one attempt. On return the attempt is settled, unless the
	// answer is what will settle it. An answer beside an error of ClassPolicy
	// is one in which the model declined.
	try func(a *attempt) (*T, *switchgear.Error)
}

// move is what follows a step.
type move uint8

const (
	served   move = iota
	stopped       // the error goes to the caller
	fallOver      // the next step is tried, without a wait
)

// leg is what came of a step, or of the two steps of a race.
type leg[T any] struct {
	at     int // the step; of a race the later, the walk goes on after it
	move   move
	answer *T // if served; or one in which the model declined, and from is who gave it
	from   int
	err    *switchgear.Error // if stopped
}

// give hands the caller what ended the walk.
func (l *leg[T]) give(j *job) (*T, error) {
	if l.move == served {
		return l.answer, nil
	}
	return nil, j.sign(l.err)
}

// carry takes a request over its plan, whatever its kind: there is one state
// machine.
func carry[T any](j *job, op *operation[T]) (*T, error) {
	if err := j.survey(op.lacks); err != nil {
		return nil, err
	}
	j.enter()
	var declined *T
	for i := 0; i < len(j.plan.Steps); i++ {
		if reason := j.bars(i); reason != "" {
			j.skip(i, reason, time.Time{})
			continue
		}
		if j.tooSlow(i) {
			j.skip(i, skipPace, time.Time{})
			continue
		}
		l := climb(j, op, i)
		if l.move == served || (l.move == stopped && (declined == nil || l.err.Class == switchgear.ClassCanceled)) {
			return l.give(j)
		}
		if l.move == stopped {
			break
		}
		if declined == nil && l.answer != nil {
			declined = l.answer
			j.serving(l.from)
		}
		i = l.at
	}
	if declined != nil {
		return declined, nil // a refusal is an answer, and nobody had a better one
	}
	if l := despair(j, op); l.move != fallOver {
		return l.give(j)
	}
	j.unused()
	return nil, j.exhausted()
}

// climb tries one step as often as its policy and its failures allow.
func climb[T any](j *job, op *operation[T], i int) leg[T] {
	var avoid uint64 // the places of keys that failed here
	tries, waited := 0, false
	for {
		p, reason, ok := j.admit(i, avoid)
		var beside *company
		if ok {
			beside, reason, ok = j.accompany(&p)
		}
		if !ok {
			if tries > 0 {
				j.refund(&j.plan.Steps[i]) // the retry that was paid for is not made
			}
			if tries == 0 && !waited && j.waitForKeys(i, reason) {
				waited = true
				continue
			}
			if gone := j.gone(); gone != nil {
				return leg[T]{at: i, move: stopped, err: gone}
			}
			j.passOver(i, tries, reason)
			return leg[T]{at: i, move: fallOver}
		}
		if err := j.understand(i); err != nil {
			return untold[T](j, &p, err)
		}
		if tries == 0 {
			j.earn(&j.plan.Steps[i], p.start)
		}
		tries++
		h := run(j, op, &p, beside)
		l, open := settle(j, op, &h)
		if !open {
			return l
		}
		avoid |= h.first.a.bit()
		if !j.again(h.first.a, tries, h.first.err, avoid) {
			if gone := j.gone(); gone != nil {
				return leg[T]{at: i, move: stopped, err: gone}
			}
			return l
		}
	}
}

// untold leaves a step that the request cannot be translated for. If nothing
// has been called, and nobody can take the request as it came, the request is
// to blame.
func untold[T any](j *job, p *permit, err *switchgear.Error) leg[T] {
	j.giveBack(p)
	if j.calls == 0 && !j.native(p.at) {
		return leg[T]{at: p.at, move: stopped, err: err}
	}
	j.skip(p.at, skipTranslation, time.Time{})
	return leg[T]{at: p.at, move: fallOver}
}

// reply is what came of one attempt.
type reply[T any] struct {
	a      *attempt
	answer *T
	err    *switchgear.Error
}

// heat is what came of one attempt, or of two that ran at once: the first is
// the one that decides; the second is there only if both failed, and is the
// later step's.
type heat[T any] struct{ first, second reply[T] }

// run makes an attempt, with company or without.
func run[T any](j *job, op *operation[T], p *permit, beside *company) heat[T] {
	if beside != nil {
		leave, o := *p, *op // copies, so that an attempt without company allocates neither
		return compete(j, &o, &leave, beside)
	}
	a := j.begin(p, nil)
	answer, err := op.try(a)
	return heat[T]{first: reply[T]{a: a, answer: answer, err: err}}
}

// settle says what an attempt leads to. If it is open, the same step may be
// tried again; if it is not, the leg is what follows.
func settle[T any](j *job, op *operation[T], h *heat[T]) (l leg[T], open bool) {
	if h.second.a != nil {
		return both(j, h), false
	}
	a, err := h.first.a, h.first.err
	if err == nil {
		j.serving(a.at)
		return leg[T]{at: a.at, move: served, answer: h.first.answer}, false
	}
	if reason := wouldDrop(err); reason != "" {
		j.withdraw(a.at, reason, err.Param)
		return leg[T]{at: a.at, move: fallOver}, false
	}
	if a.dispute.open {
		return second(j, op, a, err), false
	}
	j.learn(a, err)
	if j.leads(a, err) == stopped {
		return leg[T]{at: a.at, move: stopped, err: err}, false
	}
	return leg[T]{at: a.at, move: fallOver, answer: h.first.answer, from: a.at}, true
}

// leads says what a failure leads to once its target is given up.
func (j *job) leads(a *attempt, err *switchgear.Error) move {
	switch err.Class {
	case switchgear.ClassCanceled:
		return stopped
	case switchgear.ClassPolicy:
		if j.plan.Policy == PolicyFallback {
			return fallOver
		}
		return stopped
	case switchgear.ClassContext:
		if a.step.Trial {
			return fallOver
		}
		if a.step.Context == 0 {
			return stopped // nothing is known to be larger
		}
		j.window = max(j.window, a.step.Context)
		if j.later(a.at) {
			return fallOver
		}
		return stopped
	default:
		if err.Class.FallsOver() || a.dispute.doubted || a.step.Trial {
			return fallOver
		}
		return stopped
	}
}
