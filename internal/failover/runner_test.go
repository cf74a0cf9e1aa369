package failover

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// result of running a stage once, whichever way.
type result struct {
	text  string
	err   *switchgear.Error
	trace *switchgear.Trace
}

// failed is the result of an error, which must be one of ours. Its own trace
// wins.
func failed(text string, err error, trace *switchgear.Trace) result {
	e, ok := errors.AsType[*switchgear.Error](err)
	if !ok {
		e = &switchgear.Error{Message: "an error of another type: " + err.Error()}
	}
	if e.Trace != nil {
		trace = e.Trace
	}
	return result{text: text, err: e, trace: trace}
}

func (s *stage) complete(ctx context.Context) result {
	s.t.Helper()
	resp, err := s.runner.Complete(ctx, s.plan, ask0())
	if err != nil {
		return failed("", err, nil)
	}
	return result{text: resp.Text(), trace: resp.Trace}
}

func (s *stage) stream(ctx context.Context) result {
	s.t.Helper()
	st, err := s.runner.Stream(ctx, s.plan, ask0())
	if err != nil {
		return failed("", err, nil)
	}
	defer st.Close()
	text, err := read(st)
	trace := st.(switchgear.Traced).Trace()
	if err != nil {
		return failed(text, err, trace)
	}
	return result{text: text, trace: trace}
}

var ways = map[string]func(*stage, context.Context) result{
	"whole":    (*stage).complete,
	"streamed": (*stage).stream,
}

// TestClasses is the table of what each class of failure leads to, on the
// first of two steps that then answer.
func TestClasses(t *testing.T) {
	second := 125 * time.Millisecond // half of the first bound of a wait
	for _, c := range []struct {
		class switchgear.Class
		calls string // with a failure that stays
		once  string // with a failure that passes
		wait  time.Duration
		kind  OutcomeKind
		final switchgear.Class // of the error; unknown if the second step answers
	}{
		{switchgear.ClassUnknown, "2 1", "2 0", second, OutcomeFail, 0},
		{switchgear.ClassServer, "2 1", "2 0", second, OutcomeFail, 0},
		{switchgear.ClassConnect, "2 1", "2 0", second, OutcomeFail, 0},
		{switchgear.ClassMalformed, "2 1", "2 0", second, OutcomeFail, 0},
		{switchgear.ClassOverloaded, "1 1", "1 1", 0, OutcomeFail, 0},
		{switchgear.ClassTimeout, "1 1", "1 1", 0, OutcomeSlow, 0},
		{switchgear.ClassInterrupted, "1 1", "1 1", 0, OutcomeFail, 0},
		{switchgear.ClassGone, "1 1", "1 1", 0, OutcomeFail, 0},
		{switchgear.ClassAuth, "1 1", "1 1", 0, OutcomeIgnored, 0},
		{switchgear.ClassQuota, "1 1", "1 1", 0, OutcomeIgnored, 0},
		{switchgear.ClassRateLimited, "1 1", "1 1", 0, OutcomeIgnored, 0}, // its only key cools, and another step is free
		{switchgear.ClassInvalid, "1 0", "1 0", 0, OutcomeIgnored, switchgear.ClassInvalid},
		{switchgear.ClassPolicy, "1 0", "1 0", 0, OutcomeIgnored, switchgear.ClassPolicy},
		{switchgear.ClassContext, "1 0", "1 0", 0, OutcomeIgnored, switchgear.ClassContext},
		{switchgear.ClassRefused, "1 0", "1 0", 0, OutcomeIgnored, switchgear.ClassRefused},
		{switchgear.ClassInternal, "1 0", "1 0", 0, OutcomeIgnored, switchgear.ClassInternal},
	} {
		for way, run := range ways {
			for _, passes := range []bool{false, true} {
				t.Run(c.class.String()+"/"+way, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						script, want := []act{{err: fault(c.class)}}, c.calls
						if passes {
							script, want = append(script, act{}), c.once
						}
						s := set(t, script, nil)
						r := run(s, t.Context())
						s.over(r.trace)
						if s.counts() != want {
							t.Errorf("calls %s, want %s", s.counts(), want)
						}
						if s.elapsed() != c.wait {
							t.Errorf("took %v, want %v", s.elapsed(), c.wait)
						}
						if got := s.books[0].outcomes[0]; got != c.kind {
							t.Errorf("outcome %d, want %d", got, c.kind)
						}
						if needs := s.books[0].bodies[0] != 0; needs != (c.class.NeedsBody() && c.class.BlamesTarget()) {
							t.Errorf("body fingerprint %d", s.books[0].bodies[0])
						}
						checkFinal(t, r, c.final)
					})
				})
			}
		}
	}
}

func checkFinal(t *testing.T, r result, class switchgear.Class) {
	t.Helper()
	switch {
	case class == switchgear.ClassUnknown && r.err != nil:
		t.Errorf("failed: %v", r.err)
	case class != switchgear.ClassUnknown && (r.err == nil || r.err.Class != class):
		t.Errorf("error %v, want class %v", r.err, class)
	case r.err == nil && (r.trace.Target.Provider == "" || !strings.Contains(r.text, r.trace.Target.Provider)):
		t.Errorf("served %q by %v", r.text, r.trace.Target)
	}
}

// TestNextTrialIsTheLatestWord: what a target said before it was tried again
// is no time to come back at.
func TestNextTrialIsTheLatestWord(t *testing.T) {
	limited := func(wait time.Duration) *switchgear.Error {
		e := fault(switchgear.ClassRateLimited)
		e.RetryAfter = wait
		return e
	}
	for name, c := range map[string]struct {
		first, second *switchgear.Error
		want          time.Duration
	}{
		"the same wait again": {limited(2 * time.Second), limited(2 * time.Second), 2 * time.Second},
		"a longer wait":       {limited(time.Second), limited(7 * time.Second), 7 * time.Second},
		"too long to tell of": {limited(time.Second), limited(time.Minute), 0},
		"no word of when":     {limited(time.Second), fault(switchgear.ClassServer), 0},
		"a word at the end":   {fault(switchgear.ClassServer), limited(4 * time.Second), 4 * time.Second},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, []act{{err: c.first}, {err: c.second}})
					r := run(s, t.Context())
					if r.err == nil || s.counts() != "2" {
						t.Fatalf("calls %s, error %v", s.counts(), r.err)
					}
					if r.err.RetryAfter != c.want {
						t.Errorf("retry after %v, want %v", r.err.RetryAfter, c.want)
					}
				})
			})
		}
	}
}

// TestLastStep is the same at the end of the chain: there a rate limit is
// waited for.
func TestLastStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{err: fault(switchgear.ClassOverloaded)}}, []act{{err: fault(switchgear.ClassRateLimited)}, {}})
		r := s.complete(t.Context())
		s.over(r.trace)
		if r.text != "from b" || s.counts() != "1 2" || s.elapsed() != time.Second {
			t.Errorf("%q after %s calls and %v: %v", r.text, s.counts(), s.elapsed(), r.err)
		}
		if r.trace.Step != 2 || r.trace.Steps != 2 {
			t.Errorf("trace %+v", r.trace)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	hinted := func(class switchgear.Class, d time.Duration) *switchgear.Error {
		e := fault(class)
		e.RetryAfter = d
		return e
	}
	for name, c := range map[string]struct {
		err   *switchgear.Error
		keys  []string
		calls string
		took  time.Duration
	}{
		"short hint is waited out":              {hinted(switchgear.ClassRateLimited, 2*time.Second), nil, "2 0", 2 * time.Second},
		"long hint moves on":                    {hinted(switchgear.ClassRateLimited, 3*time.Second), nil, "1 1", 0},
		"short hint with another key":           {hinted(switchgear.ClassRateLimited, 2*time.Second), []string{"a#1", "a#2"}, "2 0", 0},
		"long hint with another key":            {hinted(switchgear.ClassRateLimited, time.Hour), []string{"a#1", "a#2"}, "2 0", 0},
		"short hint of a server":                {hinted(switchgear.ClassServer, 400*time.Millisecond), nil, "2 0", 400 * time.Millisecond},
		"long hint of a server":                 {hinted(switchgear.ClassServer, time.Minute), nil, "1 1", 0},
		"server error with another key":         {fault(switchgear.ClassServer), []string{"a#1", "a#2"}, "2 0", 0},
		"refused key with another":              {fault(switchgear.ClassAuth), []string{"a#1", "a#2"}, "2 0", 0},
		"account out of money with another key": {fault(switchgear.ClassQuota), []string{"a#1", "a#2"}, "2 0", 0},
		"overloaded target with another key":    {fault(switchgear.ClassOverloaded), []string{"a#1", "a#2"}, "1 1", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{{err: c.err}, {}}, nil)
				if c.keys != nil {
					s.plan.Steps[0].Keys = keys(c.keys...)
				}
				r := s.complete(t.Context())
				s.over(r.trace)
				if s.counts() != c.calls || s.elapsed() != c.took || r.err != nil {
					t.Errorf("calls %s in %v, want %s in %v; %v", s.counts(), s.elapsed(), c.calls, c.took, r.err)
				}
				if used := s.fakes[0].keys; len(c.keys) > 1 && len(used) > 1 && used[0] == used[1] {
					t.Errorf("keys used: %v", used)
				}
			})
		})
	}
}

// TestWaitFitsDeadline: no wait that cannot end in time, and no error but the
// first real one.
func TestWaitFitsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := fault(switchgear.ClassRateLimited)
		e.RetryAfter = 2 * time.Second
		s := set(t, []act{{delay: time.Second, err: e}, {}})
		s.plan.Timeout.Total = 3 * time.Second
		r := s.complete(t.Context())
		s.over(r.trace)
		if s.elapsed() != time.Second || s.counts() != "1" {
			t.Errorf("took %v and %s calls", s.elapsed(), s.counts())
		}
		if r.err == nil || r.err.Class != switchgear.ClassRateLimited || r.err.Code != switchgear.CodeRateLimit || r.err.RetryAfter != 2*time.Second {
			t.Errorf("error %+v", r.err)
		}
	})
}

func TestAllKeysCooling(t *testing.T) {
	for name, c := range map[string]struct {
		steps  int
		rest   time.Duration
		calls  string
		took   time.Duration
		class  switchgear.Class // unknown: it answers
		reason string
	}{
		"waited for when nothing else is left": {1, 2 * time.Second, "1", 2 * time.Second, 0, ""},
		"passed over for the next step":        {2, 2 * time.Second, "0 1", 0, 0, skipKeys},
		"told to the caller":                   {1, 9 * time.Second, "0", 0, switchgear.ClassRateLimited, skipKeys},
		"too long to tell":                     {1, 11 * time.Second, "0", 0, switchgear.ClassExhausted, skipKeys},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, make([][]act, c.steps)...)
				s.rings[0].until[0] = time.Now().Add(c.rest)
				r := s.complete(t.Context())
				s.over(r.trace)
				if s.counts() != c.calls || s.elapsed() != c.took {
					t.Errorf("calls %s in %v, want %s in %v", s.counts(), s.elapsed(), c.calls, c.took)
				}
				checkFinal(t, r, c.class)
				if c.reason != "" && r.trace.Attempts[0].Skipped != c.reason {
					t.Errorf("attempts %+v", r.trace.Attempts)
				}
				if r.err != nil && (r.err.RetryAfter > 0) != (c.class == switchgear.ClassRateLimited) {
					t.Errorf("retry after %v", r.err.RetryAfter)
				}
			})
		})
	}
}

func TestCancel(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{{hang: true}}, nil)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				r := run(s, ctx)
				s.over(r.trace)
				if r.err == nil || r.err.Class != switchgear.ClassCanceled || !errors.Is(r.err, context.Canceled) {
					t.Errorf("error %v", r.err)
				}
				if s.elapsed() != time.Second || s.counts() != "1 0" || s.fakes[0].stopped[0] != time.Second {
					t.Errorf("took %v, calls %s, upstream stopped at %v", s.elapsed(), s.counts(), s.fakes[0].stopped)
				}
				if s.books[0].outcomes[0] != OutcomeIgnored || s.rings[0].reports[0] != switchgear.ClassCanceled {
					t.Errorf("outcome %v, key %v", s.books[0].outcomes, s.rings[0].reports)
				}
			})
		})
	}
}

// TestCancelWhileWaiting: between two attempts there is no upstream to stop.
func TestCancelWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := fault(switchgear.ClassRateLimited)
		e.RetryAfter = 2 * time.Second
		s := set(t, []act{{err: e}}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		r := s.complete(ctx)
		s.over(r.trace)
		if r.err == nil || r.err.Class != switchgear.ClassCanceled || s.counts() != "1 0" || s.elapsed() != time.Second {
			t.Errorf("%v after %s calls and %v", r.err, s.counts(), s.elapsed())
		}
		before := set(t, nil)
		r = before.complete(ctx)
		if r.err == nil || r.err.Class != switchgear.ClassCanceled || before.counts() != "0" {
			t.Errorf("%v after %s calls", r.err, before.counts())
		}
	})
}

func TestAttemptsCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := []act{{err: fault(switchgear.ClassServer)}}
		s := set(t, down, down, down)
		s.plan.Attempts = 3
		r := s.complete(t.Context())
		s.over(r.trace)
		if s.counts() != "2 1 0" || r.trace.Attempts[3].Skipped != skipAttempts {
			t.Errorf("calls %s, attempts %+v", s.counts(), r.trace.Attempts)
		}
	})
}

func TestPolicy(t *testing.T) {
	refusal := &switchgear.Response{
		Usage:   tokens(4, 0),
		Choices: []switchgear.Choice{{Parts: []switchgear.Part{{Text: "I must not, says a"}}, Finish: switchgear.Finish{Kind: switchgear.FinishFilter}}},
	}
	declines := act{resp: refusal, events: []beat{opening("a"), finish(switchgear.FinishFilter), usage(4, 0)}}
	refuses := act{err: fault(switchgear.ClassPolicy)}
	for name, c := range map[string]struct {
		action  PolicyAction
		scripts [][]act
		calls   string
		final   switchgear.Class
		served  int // step; 0 for nobody
	}{
		"stop returns an error":                {PolicyStop, [][]act{{refuses}, nil}, "1 0", switchgear.ClassPolicy, 0},
		"stop passes a refusal on":             {PolicyStop, [][]act{{declines}, nil}, "1 0", 0, 1},
		"fallback goes on after an error":      {PolicyFallback, [][]act{{refuses}, nil}, "1 1", 0, 2},
		"fallback goes on after a refusal":     {PolicyFallback, [][]act{{declines}, nil}, "1 1", 0, 2},
		"all errors give the first":            {PolicyFallback, [][]act{{refuses}, {refuses}}, "1 1", switchgear.ClassPolicy, 0},
		"a refusal is better than no answer":   {PolicyFallback, [][]act{{declines}, {{err: fault(switchgear.ClassOverloaded)}}}, "1 1", 0, 1},
		"a refusal is better than a complaint": {PolicyFallback, [][]act{{declines}, {{err: fault(switchgear.ClassInvalid)}}}, "1 1", 0, 1},
		"an outage is no refusal":              {PolicyFallback, [][]act{{refuses}, {{err: fault(switchgear.ClassOverloaded)}}}, "1 1", switchgear.ClassExhausted, 0},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, c.scripts...)
					s.plan.Policy = c.action
					r := run(s, t.Context())
					s.over(r.trace)
					if s.counts() != c.calls || r.trace.Step != c.served {
						t.Errorf("calls %s, served by step %d; %v", s.counts(), r.trace.Step, r.err)
					}
					if (r.err == nil) != (c.served > 0) || (r.err != nil && r.err.Class != c.final) {
						t.Errorf("error %v", r.err)
					}
					if c.action == PolicyFallback && s.books[0].outcomes[0] != OutcomeIgnored {
						t.Errorf("outcome %v", s.books[0].outcomes)
					}
				})
			})
		}
	}
}

func TestContextStepUp(t *testing.T) {
	long := []act{{err: fault(switchgear.ClassContext)}}
	for name, c := range map[string]struct {
		windows []int64
		calls   string
		served  int
	}{
		"only larger windows":           {[]int64{100, 100, 0, 90, 200}, "1 0 0 0 1", 5},
		"none is larger":                {[]int64{100, 100, 0, 90, 50}, "1 0 0 0 0", 0},
		"its own is unknown":            {[]int64{0, 100, 200, 300, 400}, "1 0 0 0 0", 0},
		"the first that is larger":      {[]int64{100, 50, 150, 200, 300}, "1 0 1 0 0", 3},
		"and too small itself, goes on": {[]int64{100, 120, 110, 130, 90}, "1 1 0 1 0", 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, long, nil, nil, nil, nil)
				if c.served == 4 {
					s.fakes[1].acts = long
				}
				for i, w := range c.windows {
					s.plan.Steps[i].Context = w
				}
				r := s.complete(t.Context())
				s.over(r.trace)
				if s.counts() != c.calls || r.trace.Step != c.served {
					t.Errorf("calls %s, served by step %d", s.counts(), r.trace.Step)
				}
				if c.served == 0 && (r.err == nil || r.err.Class != switchgear.ClassContext) {
					t.Errorf("error %v", r.err)
				}
			})
		})
	}
}

// TestAnsweredInItsPlace: a page of something in between is not called an
// address that cannot be reached.
func TestAnsweredInItsPlace(t *testing.T) {
	e := fault(switchgear.ClassConnect)
	if got := words(e); got != "unreachable" {
		t.Error(got)
	}
	e.Status = 403
	if got := words(e); got != "unreachable, something else answered in its place (403)" {
		t.Error(got)
	}
}
