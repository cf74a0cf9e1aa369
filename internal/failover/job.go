package failover

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// kind is what a request asks for.
type kind uint8

const (
	kindStream kind = iota
	kindWhole       // an answer in one piece
	kindEmbed
	kindCount
)

// asked is a request of one kind.
type asked struct {
	kind  kind
	req   *switchgear.Request      // nil for kindEmbed
	texts *switchgear.EmbedRequest // for kindEmbed
}

func (q *asked) wire() *switchgear.Wire {
	if q.req != nil {
		return q.req.Wire
	}
	return q.texts.Wire
}

func (q *asked) limits() *switchgear.Limits {
	if q.req != nil {
		return &q.req.Limits
	}
	return &q.texts.Limits
}

// job is one request on its way over a plan. It belongs to one goroutine:
// attempts that run on others do no more than read what never changes, but for
// the fields that say otherwise.
type job struct {
	asked

	runner   *Runner
	ctx      context.Context
	plan     *Plan
	dialect  string // of the bytes the request came as; "" for a typed request
	started  time.Time
	deadline time.Time // shared by the chain; zero for none
	trace    *switchgear.Trace
	untils   []time.Time      // beside trace.Attempts: when a target that was passed over has its next trial
	unable   []string         // beside plan.Steps: why a step cannot take this request at all; nil if all can
	barred   barrier          // every kind of reason in unable
	param    string           // the first part of the request that is one
	needs    *needs           // what the request asks of a model; nil if every step has it
	foreigns *switchgear.Wire // of a request that may be translated; nil if it may not
	sole     bool             // no more than one step can take this request
	window   int64            // only a larger context window will do; 0 if any will
	calls    int
	first    *switchgear.Error // the first real failure
	trials   []time.Time       // beside plan.Steps: when a step has its next trial, zero if unknown; nil if nothing is known of any
	closed   []closed          // steps that their breakers barred and panic may overrule
	broke    bool              // a retry of the caller's own that the route's retry budget did not cover: it gets none of ours
	forced   int               // the first attempt of the trace made against a breaker's word, from 1; 0 for none
	input    int64             // an estimate of what the request reads; 0 if not made yet
	tripped  atomic.Bool       // an attempt has opened a circuit; attempts write it from wherever they run
	weighed  weighed
	digested digested
}

// closed is a step whose breaker gave no leave.
type closed struct {
	at    int
	until time.Time
}

func (r *Runner) job(ctx context.Context, plan *Plan, q asked) *job {
	now := time.Now()
	j := &job{
		asked: q, runner: r, ctx: ctx, plan: plan, started: now,
		trace: &switchgear.Trace{
			Route: plan.Route, Config: plan.Config, Steps: plan.Length, Arm: plan.Arm,
			Attempts: make([]switchgear.Attempt, 0, len(plan.Steps)),
		},
	}
	if wire := q.wire(); wire != nil {
		j.dialect = wire.Dialect
	}
	if plan.Timeout.Total > 0 {
		j.deadline = now.Add(plan.Timeout.Total)
	}
	if d, ok := ctx.Deadline(); ok && (j.deadline.IsZero() || d.Before(j.deadline)) {
		j.deadline = d
	}
	return j
}

// callersRetry reports whether the caller says that it has asked before.
func (j *job) callersRetry() bool { return j.limits().Retry > 0 }

// digested is the fingerprint of a body, which is taken at most once and from
// whatever goroutine needs it.
type digested struct {
	once sync.Once
	sum  uint64
}

// digest fingerprints the body.
func (j *job) digest() uint64 {
	j.digested.once.Do(func() {
		if j.req != nil {
			j.digested.sum = j.runner.digest(j.req)
		} else {
			j.digested.sum = j.runner.digestEmbed(j.texts)
		}
	})
	return j.digested.sum
}

// survey finds the steps that cannot take this request, whatever their state.
// It is an error if there is no other.
func (j *job) survey(lacks func(switchgear.Provider) string) *switchgear.Error {
	if gone := j.gone(); gone != nil {
		return j.sign(gone)
	}
	able := 0
	for i := range j.plan.Steps {
		kind, reason, param := j.obstacle(&j.plan.Steps[i], lacks)
		if kind == 0 && able > 0 && j.plan.NoFallback {
			kind, reason = barFallback, skipFallback
		}
		if kind == 0 {
			able++
			continue
		}
		j.bar(i, kind, reason, param)
	}
	j.sole = able == 1 && !j.plan.NoFallback && !j.limits().NoFallback
	if able > 0 || len(j.plan.Steps) == 0 {
		return nil
	}
	for i := range j.plan.Steps {
		j.skip(i, j.unable[i], time.Time{})
	}
	return j.sign(j.impossible())
}

// able reports whether a step can take this request at all.
func (j *job) able(i int) bool { return j.unable == nil || j.unable[i] == "" }

// fits reports whether a step's context window will do.
func (j *job) fits(i int) bool { return j.window == 0 || j.plan.Steps[i].Context > j.window }

// after is the first step after i that could take this request; -1 if there is
// none.
func (j *job) after(i int) int {
	for k := i + 1; k < len(j.plan.Steps); k++ {
		if j.able(k) && j.fits(k) {
			return k
		}
	}
	return -1
}

// later reports whether any step after i could take this request.
func (j *job) later(i int) bool { return j.after(i) >= 0 }

// left counts the steps from i on that could take this request.
func (j *job) left(i int) int {
	n := 0
	for k := i; k < len(j.plan.Steps); k++ {
		if j.able(k) && j.fits(k) {
			n++
		}
	}
	return n
}

// The reasons for passing over a target that do not come from its breaker.
const (
	skipKeys        = "all keys cooling"
	skipWindow      = "context window is not larger"
	skipAttempts    = "attempt limit reached"
	skipDeadline    = "deadline passed"
	skipTranslation = "request cannot be translated"
	skipFallback    = "not tried: no fallback was asked for"
	skipLimit       = "at its concurrency limit"
	skipPace        = "usually takes longer than is left"
	skipTrial       = "on trial, and not for this request"
)

// bars says why a step is not tried, as far as the request itself decides it.
func (j *job) bars(i int) string {
	switch {
	case !j.able(i):
		return j.unable[i]
	case !j.fits(i):
		return skipWindow
	case j.capped():
		return skipAttempts
	case !j.hasTime(0):
		return skipDeadline
	default:
		return ""
	}
}

func (j *job) capped() bool { return j.plan.Attempts > 0 && j.calls >= j.plan.Attempts }

// hasTime reports whether something is left of the deadline after a wait.
func (j *job) hasTime(wait time.Duration) bool {
	return j.deadline.IsZero() || time.Now().Add(wait).Before(j.deadline)
}

// gone is an error once the caller has gone away. A deadline that came with
// the caller's context is no going away: it is the request's own.
func (j *job) gone() *switchgear.Error {
	select {
	case <-j.ctx.Done():
	default:
		return nil
	}
	if j.ctx.Err() == context.DeadlineExceeded {
		return nil
	}
	return canceled(context.Cause(j.ctx))
}

// canceled is the failure of a request nobody waits for any longer.
func canceled(cause error) *switchgear.Error {
	if cause == nil {
		cause = context.Canceled
	}
	return &switchgear.Error{Class: switchgear.ClassCanceled, Message: "the caller went away", Err: cause}
}

// skip records a target that was passed over.
func (j *job) skip(i int, reason string, until time.Time) {
	step := &j.plan.Steps[i]
	j.trace.Attempts = append(j.trace.Attempts, switchgear.Attempt{
		Step: step.Number, Target: step.Target, Trial: step.Trial, Start: time.Now(), Skipped: reason,
	})
	for len(j.untils) < len(j.trace.Attempts)-1 {
		j.untils = append(j.untils, time.Time{})
	}
	j.untils = append(j.untils, until)
	j.trialAt(i, until)
}

// trialAt notes when a step has its next trial, zero for unknown. What was
// noted before is out of date: the step has been tried since.
func (j *job) trialAt(i int, t time.Time) {
	if j.trials == nil {
		if t.IsZero() {
			return
		}
		j.trials = make([]time.Time, len(j.plan.Steps))
	}
	j.trials[i] = t
}

// next is the earliest next trial of any step; zero if none is known.
func (j *job) next() time.Time {
	var first time.Time
	for _, t := range j.trials {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// serving notes who answered.
func (j *job) serving(i int) {
	step := &j.plan.Steps[i]
	j.trace.Target, j.trace.Step, j.trace.Degraded = step.Target, step.Number, step.Degraded
	j.trace.Translated, j.trace.Trial = j.foreign(step), step.Trial
}

// keepDropped takes over what a provider says it could not tell its upstream.
func (j *job) keepDropped(t *switchgear.Trace) {
	if t != nil {
		j.trace.Dropped = t.Dropped
	}
}

// sign puts the trace on a copy of an error: the original may be shared.
func (j *job) sign(err *switchgear.Error) *switchgear.Error {
	signed := *err
	signed.Trace = j.trace
	return &signed
}
