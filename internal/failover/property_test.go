package failover

import (
	"context"
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
			if e.Class == switchgear.ClassInvalid && rapid.Bool().Draw(rt, "unsure") {
				e.Marks, e.Status = switchgear.MarkUnsure, 400
			}
			e.RetryAfter = time.Duration(rapid.IntRange(0, 4).Draw(rt, "retry after")) * time.Second
			return e
		}
		switch rapid.IntRange(0, 8).Draw(rt, "act") {
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
		case 6:
			a.events = []beat{opening(from), text(time.Second, from), text(3*time.Second, from), finish(switchgear.FinishStop)}
		case 7:
			a.panics = "drawn"
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
				s.books[i].trips = rapid.Bool().Draw(rt, "trips")
				s.books[i].mood = rapid.SampledFrom([]Verdict{{Calm: true}, {}, {Watch: true}, {Tee: true}}).Draw(rt, "mood")
				s.doors[i].places = rapid.IntRange(0, 4).Draw(rt, "places")
				s.plan.Steps[i].Limit = s.doors[i]
				if rapid.Bool().Draw(rt, "budget") {
					s.plan.Steps[i].Retries = &purse{tokens: rapid.IntRange(0, 3).Draw(rt, "tokens")}
				}
				if rapid.Bool().Draw(rt, "jury") {
					s.plan.Steps[i].Jury = &panel{opinion: Opinion(rapid.IntRange(0, 2).Draw(rt, "opinion"))}
				}
				if n := rapid.IntRange(0, 3000).Draw(rt, "pace"); n > 0 {
					s.plan.Steps[i].Pace = &gait{span: Span{Median: time.Duration(n/2) * time.Millisecond, P95: time.Duration(n) * time.Millisecond}}
				}
				if n := rapid.IntRange(1, 3).Draw(rt, "keys"); n > 1 {
					s.plan.Steps[i].Keys = keys(slices.Repeat([]string{"k"}, n)...)
				}
			}
			s.plan.Hedge, s.plan.Opinion = rapid.Bool().Draw(rt, "hedge"), rapid.Bool().Draw(rt, "opinion")
			s.runner.alone = func(*switchgear.Request) bool { return len(scripts) == 2 }
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if rapid.IntRange(0, 3).Draw(rt, "leaves") == 0 {
				time.AfterFunc(time.Duration(rapid.IntRange(1, 9000).Draw(rt, "leaves after"))*time.Millisecond, cancel)
			}
			run := ways[rapid.SampledFrom([]string{"whole", "streamed"}).Draw(rt, "way")]
			r := run(s, ctx)
			took := s.elapsed()
			time.Sleep(2 * time.Minute) // what lost a race as a trial may still be measured
			synctest.Wait()
			if took > s.plan.Timeout.Total {
				rt.Fatalf("took %v", took)
			}
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
	if s.t.Failed() {
		return fmt.Sprintf("see above: %+v", r.trace.Attempts)
	}
	if n := r.trace.Calls(); n > s.plan.Attempts {
		return fmt.Sprintf("%d calls", n)
	}
	for i, d := range s.doors {
		if d.inside != 0 || d.in != len(d.left) {
			return fmt.Sprintf("the places of step %d: %+v", i+1, d)
		}
	}
	last, passed := 0, make(map[int]bool) // a step that was passed over may be tried at the end, once
	for i := range r.trace.Attempts {
		a := &r.trace.Attempts[i]
		if a.Step < last && !passed[a.Step] {
			return "the steps were not tried in order"
		}
		passed[a.Step] = a.Skipped != ""
		last = max(last, a.Step)
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
	case r.err == nil && r.text != "" && !strings.Contains(r.text, "<finish>") && !strings.HasPrefix(r.text, "from "):
		return "a truncated answer that looks complete"
	case sources > 1:
		return "bytes from two targets"
	case r.err == nil && r.text == "" && r.trace.Step == 0:
		return "neither an answer nor an error"
	case r.err != nil && r.text != "" && r.err.Class != switchgear.ClassInterrupted && r.err.Class != switchgear.ClassCanceled:
		return "a broken stream that is not called interrupted"
	case r.err != nil && r.err.Class == switchgear.ClassExhausted && r.trace.Calls() > 0 && r.err.Err == nil:
		return "the first real error is lost"
	}
	return ""
}

// TestTerminalOnce: a request that is wrong costs one call, whatever else the
// plan allows; two if the refusal is worth a second opinion.
func TestTerminalOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			e := refusal("a")
			unsure := rapid.Bool().Draw(rt, "unsure")
			if !unsure {
				e.Marks = 0
			}
			wrong := []act{{delay: time.Duration(rapid.IntRange(0, 2000).Draw(rt, "delay")) * time.Millisecond, err: e}}
			scripts := slices.Repeat([][]act{wrong}, rapid.IntRange(1, 4).Draw(rt, "steps"))
			s, panels := disputed(t, Opinion(rapid.IntRange(0, 1).Draw(rt, "what the juries say")), scripts...)
			s.plan.Opinion = rapid.Bool().Draw(rt, "opinion")
			s.plan.Hedge = rapid.Bool().Draw(rt, "hedge")
			for i := range s.plan.Steps {
				s.plan.Steps[i].Retry.Attempts = rapid.IntRange(0, 3).Draw(rt, "tries")
				s.plan.Steps[i].Keys = keys("k", "l")
			}
			want := 1
			if unsure && s.plan.Opinion && panels[0].opinion == OpinionAsk && len(scripts) > 1 {
				want = 2
			}
			r := ways[rapid.SampledFrom([]string{"whole", "streamed"}).Draw(rt, "way")](s, t.Context())
			s.over(r.trace)
			if r.err == nil || r.err.Class != switchgear.ClassInvalid || r.trace.Calls() != want {
				rt.Fatalf("%d calls, want %d: %v", r.trace.Calls(), want, r.err)
			}
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}
