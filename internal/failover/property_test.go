package failover

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/switchgear-dev/switchgear"
)

// TestAnyChain draws chains and failures and checks what must hold whatever
// happens.
func TestAnyChain(t *testing.T) {
	failures := []switchgear.Class{
		switchgear.ClassUnknown, switchgear.ClassInvalid, switchgear.ClassContext, switchgear.ClassPolicy, switchgear.ClassAuth,
		switchgear.ClassQuota, switchgear.ClassRateLimited, switchgear.ClassOverloaded, switchgear.ClassServer, switchgear.ClassGone,
		switchgear.ClassConnect, switchgear.ClassMalformed, switchgear.ClassInterrupted,
	}
	drawAct := func(rt *rapid.T, from string) act {
		a := act{delay: time.Duration(rapid.IntRange(0, 4000).Draw(rt, "delay")) * time.Millisecond}
		fail := func() error {
			e := fault(rapid.SampledFrom(failures).Draw(rt, "class"))
			e.RetryAfter = time.Duration(rapid.IntRange(0, 4).Draw(rt, "retry after")) * time.Second
			return e
		}
		switch rapid.IntRange(0, 6).Draw(rt, "act") {
		case 0, 1:
			a.err = fail()
		case 2:
			a.hang, a.delay = true, 0
		case 3:
			a.events, a.broken = []beat{opening(from), ping(0)}, fail()
		case 4:
			a.events, a.broken = []beat{opening(from), text(0, from), text(time.Second, from)}, fail()
		case 5:
			a.events = []beat{opening(from), finish(switchgear.FinishFilter)}
		}
		return a
	}
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			scripts := make([][]act, rapid.IntRange(1, 4).Draw(rt, "steps"))
			for i := range scripts {
				for range rapid.IntRange(1, 3).Draw(rt, "acts") {
					scripts[i] = append(scripts[i], drawAct(rt, string(rune('a'+i))))
				}
			}
			s := set(t, scripts...)
			s.plan.Attempts = rapid.IntRange(1, 8).Draw(rt, "attempts")
			s.plan.Commit = rapid.SampledFrom([]Commit{CommitFirstToken, CommitHold, CommitWhole}).Draw(rt, "commit")
			s.plan.Policy = rapid.SampledFrom([]PolicyAction{PolicyStop, PolicyFallback}).Draw(rt, "policy")
			s.plan.Timeout.Total = time.Duration(rapid.IntRange(1, 60).Draw(rt, "total")) * time.Second
			for i := range s.plan.Steps {
				s.plan.Steps[i].Retry.Attempts = rapid.IntRange(0, 3).Draw(rt, "tries")
				s.plan.Steps[i].Context = rapid.Int64Range(0, 3).Draw(rt, "window")
				s.books[i].closed = rapid.IntRange(0, 4).Draw(rt, "closed") == 0
				if n := rapid.IntRange(1, 3).Draw(rt, "keys"); n > 1 {
					s.plan.Steps[i].Keys = keys(slices.Repeat([]string{"k"}, n)...)
				}
			}
			run := ways[rapid.SampledFrom([]string{"whole", "streamed"}).Draw(rt, "way")]
			r := run(s, t.Context())
			if problem := s.wrong(r); problem != "" {
				rt.Fatalf("%s\n%+v", problem, r)
			}
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// wrong says which rule a result breaks.
func (s *stage) wrong(r result) string {
	s.over(r.trace)
	if n := r.trace.Calls(); n > s.plan.Attempts {
		return fmt.Sprintf("%d calls", n)
	}
	if s.elapsed() > s.plan.Timeout.Total {
		return fmt.Sprintf("took %v", s.elapsed())
	}
	last := 0
	for i := range r.trace.Attempts {
		a := &r.trace.Attempts[i]
		forced := i == len(r.trace.Attempts)-1 && r.trace.Calls() <= 1
		if a.Step < last && !forced {
			return "the steps were not tried in order"
		}
		last = a.Step
	}
	for i, f := range s.fakes {
		if f.calls() > max(s.plan.Steps[i].Retry.Attempts, 1) {
			return fmt.Sprintf("step %d was called %d times", i+1, f.calls())
		}
	}
	sources := 0
	for i := range s.fakes {
		if strings.Contains(r.text, "<"+string(rune('a'+i))+" ") {
			sources++
		}
	}
	switch {
	case sources > 1:
		return "bytes from two targets"
	case r.err == nil && r.text == "" && r.trace.Step == 0:
		return "neither an answer nor an error"
	case r.err != nil && r.text != "" && r.err.Class != switchgear.ClassInterrupted:
		return "a broken stream that is not called interrupted"
	case r.err != nil && r.err.Class == switchgear.ClassExhausted && r.trace.Calls() > 0 && r.err.Err == nil:
		return "the first real error is lost"
	}
	return ""
}
