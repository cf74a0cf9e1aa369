package failover

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// funded makes a chain with a retry budget for the route and for each target.
func funded(t *testing.T, route, target int, scripts ...[]act) (*stage, *purse, []*purse) {
	t.Helper()
	s := set(t, scripts...)
	r := &purse{tokens: route}
	s.plan.Retries = r
	targets := make([]*purse, len(scripts))
	for i := range targets {
		targets[i] = &purse{tokens: target}
		s.plan.Steps[i].Retries = targets[i]
	}
	return s, r, targets
}

// TestRetryBudget: a retry is paid for from both budgets before it is waited
// for. Without one (nil) there is always a retry.
func TestRetryBudget(t *testing.T) {
	fails := []act{{err: fault(switchgear.ClassServer)}, {}}
	for name, c := range map[string]struct {
		route, target int
		calls         string
		took          time.Duration
		toldRoute     string
		toldTarget    string
	}{
		"both pay":           {1, 1, "2 0", 125 * time.Millisecond, "earned 1, spent 1, refunded 0", "earned 1, spent 1, refunded 0"},
		"the route is broke": {0, 1, "1 1", 0, "earned 1, spent 0, refunded 0", "earned 1, spent 0, refunded 0"},
		"the target is":      {1, 0, "1 1", 0, "earned 1, spent 1, refunded 1", "earned 1, spent 0, refunded 0"},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, route, targets := funded(t, c.route, c.target, fails, nil)
					r := run(s, t.Context())
					s.over(r.trace)
					if r.err != nil || s.counts() != c.calls || s.elapsed() != c.took {
						t.Errorf("%s calls in %v: %v", s.counts(), s.elapsed(), r.err)
					}
					if route.String() != c.toldRoute || targets[0].String() != c.toldTarget {
						t.Errorf("route %v, target %v", route, targets[0])
					}
				})
			})
		}
	}
	t.Run("off", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := set(t, fails, nil)
			if r := s.complete(t.Context()); r.err != nil || s.counts() != "2 0" {
				t.Errorf("%s calls: %v", s.counts(), r.err)
			}
		})
	})
}

// TestRefund: what was paid for a retry that is not made comes back.
func TestRefund(t *testing.T) {
	for name, during := range map[string]func(s *stage, cancel func()){
		"the caller leaves": func(_ *stage, cancel func()) { cancel() },
		"the target opens":  func(s *stage, _ func()) { s.books[0].mu.Lock(); s.books[0].closed = true; s.books[0].mu.Unlock() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, route, targets := funded(t, 5, 5, []act{{err: fault(switchgear.ClassServer)}}, nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				time.AfterFunc(50*time.Millisecond, func() { during(s, cancel) })
				r := s.complete(ctx)
				s.over(r.trace)
				const want = "earned 1, spent 1, refunded 1"
				if s.fakes[0].calls() != 1 || route.String() != want || targets[0].String() != want {
					t.Errorf("%s calls, route %v, target %v", s.counts(), route, targets[0])
				}
			})
		})
	}
}

// again is the caller's second try.
func again() *switchgear.Request {
	req := ask0()
	req.Limits.Retry = 1
	return req
}

// TestCallersRetry: it is one of the route's retries. Uncovered, it is carried
// over the chain once, and no target is tried twice for it.
func TestCallersRetry(t *testing.T) {
	for name, c := range map[string]struct {
		tokens int
		calls  string
		told   string
	}{
		"covered, with a retry of ours":  {2, "2 1", "earned 0, spent 2, refunded 0"},
		"covered, but not ours":          {1, "1 1", "earned 0, spent 1, refunded 0"},
		"not covered":                    {0, "1 1", "earned 0, spent 0, refunded 0"},
		"covered, with two more of ours": {9, "2 2", "earned 0, spent 3, refunded 0"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				down := []act{{err: fault(switchgear.ClassServer)}}
				s, route, targets := funded(t, c.tokens, 9, down, down)
				_, err := s.runner.Complete(t.Context(), s.plan, again())
				if err == nil || s.counts() != c.calls || route.String() != c.told || targets[0].earned != 0 {
					t.Errorf("%s calls, route %v, target %v: %v", s.counts(), route, targets[0], err)
				}
			})
		})
	}
}

// TestRewalk: a caller that comes back to a chain of which every step is
// barred is sent away at once: nobody is waited for, and nothing is forced.
func TestRewalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, route, _ := funded(t, 5, 5, nil, nil)
		s.books[0].closed, s.books[0].until = true, s.began.Add(20*time.Second)
		s.rings[1].until[0] = s.began.Add(2 * time.Second) // short enough to be waited for, else
		_, err := s.runner.Complete(t.Context(), s.plan, again())
		e, ok := errors.AsType[*switchgear.Error](err)
		if !ok || e.Code != switchgear.CodeChainExhausted || s.counts() != "0 0" || s.elapsed() != 0 || s.books[0].forced != 0 {
			t.Errorf("%v after %s calls and %v", err, s.counts(), s.elapsed())
		}
		if e.RetryAfter != 2*time.Second || route.String() != "earned 0, spent 1, refunded 1" {
			t.Errorf("retry after %v, route %v", e.RetryAfter, route)
		}
		resp, err := s.runner.Complete(t.Context(), s.plan, ask0())
		if err != nil || resp.Trace.Step != 2 || s.elapsed() != 2*time.Second {
			t.Errorf("its first try: %v after %v", err, s.elapsed())
		}
	})
}

// TestLimit: a target that has enough to do is passed over, and every place is
// left with word of how it went.
func TestLimit(t *testing.T) {
	for name, c := range map[string]struct {
		script []act
		places int
		calls  string
		left   switchgear.Class
	}{
		"a place":       {nil, 1, "1 0", switchgear.ClassUnknown},
		"no place":      {nil, 0, "0 1", 0},
		"it fails":      {[]act{{err: fault(switchgear.ClassOverloaded)}}, 1, "1 1", switchgear.ClassOverloaded},
		"it is retried": {[]act{{err: fault(switchgear.ClassServer)}}, 1, "2 1", switchgear.ClassServer},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, c.script, nil)
					d := &door{places: c.places}
					s.plan.Steps[0].Limit = d
					r := run(s, t.Context())
					s.over(r.trace)
					if r.err != nil || s.counts() != c.calls || d.inside != 0 || d.in != len(d.left) {
						t.Errorf("%s calls, %+v: %v", s.counts(), d, r.err)
					}
					if c.places == 0 && (r.trace.Attempts[0].Skipped != skipLimit || s.books[0].last().Kind != OutcomeIgnored) {
						t.Errorf("%+v", r.trace.Attempts)
					}
					for _, class := range d.left {
						if class != c.left {
							t.Errorf("left with %v", d.left)
						}
					}
				})
			})
		}
	}
}

// TestUncoveredStaysSo: a caller's retry that was not covered when it came gets
// no retry of ours from what others bring in meanwhile.
func TestUncoveredStaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, route, _ := funded(t, 0, 9, []act{{delay: time.Second, err: fault(switchgear.ClassServer)}}, nil)
		time.AfterFunc(500*time.Millisecond, func() { route.mu.Lock(); route.tokens = 5; route.mu.Unlock() })
		resp, err := s.runner.Complete(t.Context(), s.plan, again())
		if err != nil || resp.Trace.Step != 2 || s.counts() != "1 1" {
			t.Errorf("%s calls: %v", s.counts(), err)
		}
	})
}
