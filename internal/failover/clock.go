package failover

import (
	"context"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// The codes of a passed deadline.
const (
	CodeFirstTokenTimeout = "first_token_timeout"
	CodeIdleTimeout       = "idle_timeout"
	CodeTotalTimeout      = "total_timeout"
)

// clock ends an attempt when it takes too long. It owns one timer however many
// limits follow each other: moving the limit back, which every event of a
// stream does, touches no timer; the timer looks again when it fires.
type clock struct {
	cancel   context.CancelCauseFunc
	provider string

	mu      sync.Mutex
	timer   *time.Timer
	fires   time.Time // when the timer does; zero if it does not run
	limit   time.Time // zero for none
	code    string
	allowed time.Duration // what the limit grants, for the message
	stopped bool
}

// set replaces the limit. A zero time means none.
func (c *clock) set(limit time.Time, code string, allowed time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	c.limit, c.code, c.allowed = limit, code, allowed
	if limit.IsZero() || (!c.fires.IsZero() && !limit.Before(c.fires)) {
		return
	}
	c.arm()
}

// arm makes the timer fire at the limit.
func (c *clock) arm() {
	c.fires = c.limit
	d := time.Until(c.limit)
	if c.timer == nil {
		c.timer = time.AfterFunc(d, c.fire)
		return
	}
	c.timer.Reset(d)
}

func (c *clock) fire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fires = time.Time{}
	switch {
	case c.stopped || c.limit.IsZero():
	case time.Now().Before(c.limit):
		c.arm()
	default:
		c.stopped = true
		c.cancel(timedOut(c.provider, c.code, c.allowed))
	}
}

// stop ends the clock. Nothing fires afterwards.
func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	if c.timer != nil {
		c.timer.Stop()
	}
}

// timedOut is the failure of an attempt that took longer than it was allowed.
func timedOut(provider, code string, allowed time.Duration) *switchgear.Error {
	message := "no whole answer within " + span(allowed)
	switch code {
	case CodeFirstTokenTimeout:
		message = "no first token within " + span(allowed)
	case CodeIdleTimeout:
		message = "no progress for " + span(allowed)
	}
	return &switchgear.Error{Class: switchgear.ClassTimeout, Provider: provider, Code: code, Message: message}
}

// clocked reports whether a failure is one of a clock's.
func clocked(e *switchgear.Error) bool {
	return e.Code == CodeFirstTokenTimeout || e.Code == CodeIdleTimeout || e.Code == CodeTotalTimeout
}

// expectFirst sets the clock for the first content of a stream: as long as it
// may take by what is usual, and never longer than the route allows.
func (a *attempt) expectFirst() {
	first := a.job.plan.Timeout.FirstToken
	if d := a.expected.learned(a.job.plan.Timeout.floor()); d > 0 && (first <= 0 || d < first) {
		first = d
	}
	if first > 0 {
		a.limitTo(a.start.Add(first), CodeFirstTokenTimeout, first)
		return
	}
	a.expectWhole()
}

// expectWhole sets the clock for an answer that comes in one piece: its share
// of what is left of the request, or less, by what is usual.
func (a *attempt) expectWhole() {
	if a.kind != kindStream {
		if d := a.expected.learned(max(a.job.plan.Timeout.floor(), wholeFloor)); d > 0 {
			if by := a.start.Add(d); a.whole.IsZero() || by.Before(a.whole) {
				a.whole, a.learned = by, true
			}
		}
	}
	if !a.whole.IsZero() {
		a.clock.set(a.whole, CodeTotalTimeout, a.whole.Sub(a.start))
	}
}

// expectNext sets the clock for the next event of a stream. Before the first
// content the limit of expectFirst stands.
func (a *attempt) expectNext(now time.Time, idle time.Duration) {
	switch {
	case !a.content:
	case a.job.plan.Timeout.Idle > 0:
		a.limitTo(now.Add(max(idle, 0)), CodeIdleTimeout, a.job.plan.Timeout.Idle)
	default:
		a.pause()
	}
}

// pause leaves only the deadline of the request running: while the caller is
// busy with an event, the upstream is not waited for.
func (a *attempt) pause() {
	if a.content {
		a.limitTo(time.Time{}, "", 0)
	}
}

// limitTo sets the clock to a limit or to the deadline of the request,
// whichever is earlier.
func (a *attempt) limitTo(limit time.Time, code string, allowed time.Duration) {
	if d := a.job.deadline; !d.IsZero() && (limit.IsZero() || d.Before(limit)) {
		limit, code, allowed = d, CodeTotalTimeout, d.Sub(a.job.started)
	}
	a.clock.set(limit, code, allowed)
}
