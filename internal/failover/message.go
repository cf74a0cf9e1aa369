package failover

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// soon is the longest time to the next trial that a caller is told to wait.
const soon = 10 * time.Second

// exhausted is the error for a chain that has come to its end.
func (j *job) exhausted() *switchgear.Error {
	if e := j.impossible(); e != nil {
		return j.sign(e)
	}
	if j.onlyPolicy() {
		return j.sign(j.first)
	}
	wait := time.Duration(0)
	if next := j.next(); !next.IsZero() {
		if d := time.Until(next); d <= soon {
			wait = max(d, time.Millisecond)
		}
	}
	if j.onlyRate() && wait > 0 {
		return j.sign(&switchgear.Error{
			Class: switchgear.ClassRateLimited, Code: switchgear.CodeRateLimit, RetryAfter: wait, Err: j.cause(),
			Message: "route " + strconv.Quote(j.plan.Route) + ": every key of its only target " + j.plan.Steps[0].Target.String() +
				" is over its rate limit; the first of them is back in " + span(wait),
		})
	}
	e := &switchgear.Error{
		Class: switchgear.ClassExhausted, Code: switchgear.CodeChainExhausted, Message: j.story(), RetryAfter: wait, Err: j.cause(),
	}
	for i := range j.plan.Excluded {
		if j.plan.Excluded[i].Code == switchgear.CodeFloorRefused {
			e.Code = switchgear.CodeFloorRefused
		}
	}
	return j.sign(e)
}

// cause is the first real failure, as an error that is nil if there is none.
func (j *job) cause() error {
	if j.first == nil {
		return nil
	}
	return j.first
}

// onlyPolicy reports whether all that was called declined: then the refusal is
// the answer, and another try would not change it.
func (j *job) onlyPolicy() bool {
	for i := range j.trace.Attempts {
		a := &j.trace.Attempts[i]
		if a.Skipped != "" {
			continue
		}
		if a.Err == nil || a.Err.Class != switchgear.ClassPolicy {
			return false
		}
	}
	return j.first != nil
}

// onlyRate reports whether nothing but rate limits stood in the way, and there
// is only one target.
func (j *job) onlyRate() bool {
	if len(j.plan.Steps) != 1 || len(j.plan.Excluded) > 0 {
		return false
	}
	for i := range j.trace.Attempts {
		a := &j.trace.Attempts[i]
		limited := a.Err != nil && a.Err.Class == switchgear.ClassRateLimited
		if !limited && a.Skipped != skipKeys {
			return false
		}
	}
	return len(j.trace.Attempts) > 0
}

// story names the route, and each step and why it did not serve, in our words.
func (j *job) story() string {
	var b strings.Builder
	b.WriteString("route " + strconv.Quote(j.plan.Route))
	if s := j.plan.Stakes; s != switchgear.StakesUnset {
		b.WriteString(" (" + s.String() + " stakes)")
	}
	b.WriteString(" not served")
	sep := ": "
	for i := 0; i < len(j.trace.Attempts); {
		first, n := &j.trace.Attempts[i], i
		for n+1 < len(j.trace.Attempts) && sameStep(first, &j.trace.Attempts[n+1]) && n+2 != j.forced {
			n++
		}
		b.WriteString(sep)
		j.chapter(&b, i, n)
		sep, i = ", ", n+1
	}
	for i := range j.plan.Excluded {
		x := &j.plan.Excluded[i]
		b.WriteString(sep + x.Target.String() + " not allowed: " + x.Reason)
		sep = ", "
	}
	if sep == ": " {
		b.WriteString(": its chain is empty")
	}
	return b.String()
}

// sameStep reports whether two attempts are at the same step. A candidate stands
// in the place of its incumbent.
func sameStep(a, b *switchgear.Attempt) bool { return a.Step == b.Step && a.Trial == b.Trial }

// chapter tells the attempts from..to at one step.
func (j *job) chapter(b *strings.Builder, from, to int) {
	last := &j.trace.Attempts[to]
	b.WriteString(last.Target.String() + " ")
	if last.Skipped != "" {
		b.WriteString(last.Skipped)
		if to < len(j.untils) && !j.untils[to].IsZero() {
			if d := time.Until(j.untils[to]); d > 0 {
				b.WriteString(", next trial in " + span(d))
			}
		}
		return
	}
	if j.forced > 0 && to+1 >= j.forced {
		b.WriteString("tried all the same: ")
	}
	b.WriteString(words(last.Err))
	if n := to - from + 1; n > 1 {
		b.WriteString(" (" + strconv.Itoa(n) + " tries)")
	}
}

// words says what a target did, in our words: a provider's own may quote the
// request.
func words(e *switchgear.Error) string {
	if e == nil {
		return "answered"
	}
	var s string
	switch e.Class {
	case switchgear.ClassContext:
		s = "has too small a context window"
	case switchgear.ClassPolicy:
		s = "declined"
	case switchgear.ClassAuth:
		s = "refused our key"
	case switchgear.ClassQuota:
		s = "account out of money or over its limit"
	case switchgear.ClassRateLimited:
		s = "rate limited"
	case switchgear.ClassOverloaded:
		s = "overloaded"
	case switchgear.ClassGone:
		s = "does not have this model"
	case switchgear.ClassConnect:
		s = "unreachable"
		if e.Status != 0 {
			s += ", something else answered in its place"
		}
	case switchgear.ClassTimeout:
		s = "too slow"
		if clocked(e) {
			s += " (" + e.Message + ")" // one of ours, and so safe
		}
	case switchgear.ClassMalformed:
		s = "gave no proper answer"
	case switchgear.ClassInterrupted:
		s = "broke off"
	default:
		s = "failed"
	}
	if e.Status != 0 {
		s += " (" + strconv.Itoa(e.Status) + ")"
	}
	return s
}

// span is a duration as a reader wants it: "12 s", "400 ms".
func span(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatInt(max(d.Milliseconds(), 1), 10) + " ms"
	}
	s := math.Round(d.Seconds()*10) / 10
	return strconv.FormatFloat(s, 'f', -1, 64) + " s"
}
