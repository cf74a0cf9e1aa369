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

// carry takes a request over its plan, whatever its kind: there is one state
// machine.
func carry[T any](j *job, op *operation[T]) (*T, error) {
	if err := j.survey(op.lacks); err != nil {
		return nil, err
	}
	var declined *T
	for i := range j.plan.Steps {
		if reason := j.bars(i); reason != "" {
			j.skip(i, reason, time.Time{})
			continue
		}
		if err := j.understand(i); err != nil {
			if j.calls == 0 && !j.native(i) {
				return nil, j.sign(err)
			}
			j.skip(i, skipTranslation, time.Time{})
			continue
		}
		answer, next, err := climb(j, op, i)
		if next == served {
			return answer, nil
		}
		if next == stopped && (declined == nil || err.Class == switchgear.ClassCanceled) {
			return nil, j.sign(err)
		}
		if next == stopped {
			break
		}
		if declined == nil && answer != nil {
			declined = answer
			j.serving(i)
		}
	}
	if declined != nil {
		return declined, nil // a refusal is an answer, and nobody had a better one
	}
	return nil, j.exhausted()
}

// climb tries one step as often as its policy and its failures allow.
func climb[T any](j *job, op *operation[T], i int) (*T, move, *switchgear.Error) {
	var avoid uint64 // the places of keys that failed here
	tries, waited := 0, false
	for {
		a, bar := j.admit(i, avoid)
		if a == nil {
			if tries == 0 && !waited && j.waitForKeys(i, bar) {
				waited = true
				continue
			}
			if gone := j.gone(); gone != nil {
				return nil, stopped, gone
			}
			j.passOver(i, tries, bar)
			return nil, fallOver, nil
		}
		tries++
		answer, err := op.try(a)
		if err == nil {
			j.serving(i)
			return answer, served, nil
		}
		if reason := wouldDrop(err); reason != "" {
			j.withdraw(i, reason, err.Param)
			return nil, fallOver, nil
		}
		j.learn(i, a, err)
		if j.after(i, err) == stopped {
			return nil, stopped, err
		}
		avoid |= a.bit()
		if !j.again(i, tries, err, avoid) {
			if gone := j.gone(); gone != nil {
				return nil, stopped, gone
			}
			return answer, fallOver, nil
		}
	}
}

// after says what a failure leads to once its target is given up.
func (j *job) after(i int, err *switchgear.Error) move {
	switch err.Class {
	case switchgear.ClassPolicy:
		if j.plan.Policy == PolicyFallback {
			return fallOver
		}
		return stopped
	case switchgear.ClassContext:
		window := j.plan.Steps[i].Context
		if window == 0 {
			return stopped // nothing is known to be larger
		}
		j.window = max(j.window, window)
		if j.later(i) {
			return fallOver
		}
		return stopped
	default:
		if err.Class.FallsOver() {
			return fallOver
		}
		return stopped
	}
}
