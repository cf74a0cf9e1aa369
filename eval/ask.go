package eval

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	switchgear "github.com/switchgear-dev/switchgear"
)

// Contender is one of the two models of a comparison.
type Contender struct {
	Target string // provider/model
	// Params is a hash of what is set besides the model and the case: levers,
	// the provider's address. Answers got with others do not count.
	Params string
	Levers string    // hash of the levers alone, as the lock has it; "" if not known
	With   string    // the levers as one writes them; "none" for nothing, "" if they are not to be told
	Models Completer // asks this target and no other
	// Most is the most that a request can cost; nil if prices are unknown.
	Most func(r *switchgear.Request) switchgear.Cost
}

// How patiently a provider's failures are waited out: tries in all, and the
// waits between them, which double. A failure is never a wrong answer.
const (
	maxTries  = 5
	firstWait = 500 * time.Millisecond
	longWait  = 60 * time.Second // the longest a provider's own hint is followed
)

// ask gets one answer and stores it.
func (r *runner) ask(ctx context.Context, who *Contender, c *Case, repeat int) (*Answer, error) {
	req := *c.Request
	req.Route = r.set.Route
	var most switchgear.Cost
	if who.Most != nil {
		most = who.Most(&req)
	}
	for try := 1; ; try++ {
		if err := r.Purse.reserve(ctx, most); err != nil {
			return nil, err
		}
		start := time.Now()
		resp, err := who.Models.Complete(ctx, &req)
		cost := costOf(resp, err)
		r.Purse.settle(most, cost)
		if err == nil || refused(err) {
			a := r.answer(resp, err, start)
			a.Key, a.Case, a.Target, a.Repeat = KeyOf(who.Target, who.Params, c, repeat), c.ID, who.Target, repeat
			if cost.Known {
				a.USD = &cost.USD
			}
			return a, r.Store.Put(a)
		}
		wait, again := patience(err, try)
		if !again || ctx.Err() != nil {
			return nil, err
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// answer is what is kept of a call. A content policy that declined is an
// answer, too: the user gets nothing better.
func (r *runner) answer(resp *switchgear.Response, err error, start time.Time) *Answer {
	a := &Answer{Finish: switchgear.FinishFilter, Refusal: "declined by the provider's content policy"}
	if resp != nil {
		a = answerOf(resp)
	} else if e, ok := errors.AsType[*switchgear.Error](err); ok && e.Code != "" {
		a.Reason = e.Code
	}
	a.At = start.UTC()
	a.LatencyMS = float64(latency(resp, start).Microseconds()) / 1000
	return a
}

// latency is how long the try that answered took: waits and failures before it
// are the weather of the day.
func latency(resp *switchgear.Response, start time.Time) time.Duration {
	if resp != nil && resp.Trace != nil {
		for i := range resp.Trace.Attempts {
			if a := &resp.Trace.Attempts[i]; a.Err == nil && a.Skipped == "" && a.Duration > 0 {
				return a.Duration
			}
		}
	}
	return time.Since(start)
}

func refused(err error) bool { return classOf(err) == switchgear.ClassPolicy }

// classOf is what kind of failure it was, looking behind the gateway's own
// word for "nobody answered".
func classOf(err error) switchgear.Class {
	e, ok := errors.AsType[*switchgear.Error](err)
	if !ok {
		return switchgear.ClassUnknown
	}
	if e.Class == switchgear.ClassExhausted && e.Trace != nil {
		for _, a := range slices.Backward(e.Trace.Attempts) {
			if a.Err != nil {
				return a.Err.Class
			}
		}
	}
	return e.Class
}

// patience says whether a failure is worth another try, and after how long.
func patience(err error, try int) (time.Duration, bool) {
	if try >= maxTries || errors.Is(err, context.Canceled) {
		return 0, false
	}
	switch class := classOf(err); class {
	case switchgear.ClassOverloaded, switchgear.ClassTimeout, switchgear.ClassInterrupted, switchgear.ClassExhausted:
	default:
		if !class.Retryable() {
			return 0, false
		}
	}
	wait := firstWait << (try - 1)
	wait = wait/2 + rand.N(wait/2+1)
	if e, ok := errors.AsType[*switchgear.Error](err); ok {
		wait = max(wait, min(e.RetryAfter, longWait))
	}
	return wait, true
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
