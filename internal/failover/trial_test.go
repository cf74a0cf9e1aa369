package failover

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// onTrial makes a chain of which the first is on trial.
func onTrial(t *testing.T, scripts ...[]act) *stage {
	t.Helper()
	s := set(t, scripts...)
	s.books[0].mood = Verdict{Tee: true}
	s.paced(400, 1000)
	return s
}

// TestTee: a target on trial runs beside the next from the start. It serves if
// it is first; if it is not, it is measured all the same.
func TestTee(t *testing.T) {
	for name, c := range map[string]struct {
		first   []act
		second  []act
		step    int
		took    time.Duration
		settled time.Duration
		outcome OutcomeKind
		ratio   float64
		lost    bool
	}{
		"first":                     {slowly(100 * time.Millisecond), slowly(time.Second), 1, 100 * time.Millisecond, 100 * time.Millisecond, OutcomeOK, 0.25, false},
		"second and well":           {slowly(800 * time.Millisecond), slowly(500 * time.Millisecond), 2, 500 * time.Millisecond, 800 * time.Millisecond, OutcomeOK, 2, true},
		"second and failing":        {[]act{{delay: time.Second, err: fault(switchgear.ClassServer)}}, slowly(500 * time.Millisecond), 2, 500 * time.Millisecond, time.Second, OutcomeFail, 0, true},
		"silent":                    {[]act{{hang: true}}, slowly(500 * time.Millisecond), 2, 500 * time.Millisecond, 3 * time.Second, OutcomeSlow, 0, true},
		"failing at once":           {[]act{{err: fault(switchgear.ClassConnect)}}, slowly(500 * time.Millisecond), 2, 500 * time.Millisecond, 500 * time.Millisecond, OutcomeFail, 0, false},
		"refusing the request":      {[]act{{err: fault(switchgear.ClassInvalid)}}, slowly(500 * time.Millisecond), 2, 500 * time.Millisecond, 500 * time.Millisecond, OutcomeIgnored, 0, false},
		"the only one that is well": {slowly(800 * time.Millisecond), []act{{err: fault(switchgear.ClassOverloaded)}}, 1, 800 * time.Millisecond, 800 * time.Millisecond, OutcomeOK, 2, false},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := onTrial(t, c.first, c.second)
					s.plan.Timeout.Total = 6 * time.Second // so that a whole answer has three seconds too
					s.plan.Steps[0].Pace.(*gait).span.P95 = time.Second
					ctx, cancel := context.WithCancel(t.Context())
					r := run(s, ctx)
					took := s.elapsed()
					cancel() // the caller is gone, and that is nobody's business any more
					for synctest.Wait(); s.books[0].heard() == 0; synctest.Wait() {
						time.Sleep(10 * time.Millisecond)
					}
					synctest.Wait()
					s.over(r.trace)
					if r.err != nil || s.counts() != "1 1" || r.trace.Step != c.step || took != c.took {
						t.Fatalf("step %d after %v and %s calls: %v", r.trace.Step, took, s.counts(), r.err)
					}
					if s.elapsed() != c.settled {
						t.Errorf("told after %v", s.elapsed())
					}
					if o := s.books[0].last(); o.Kind != c.outcome || o.Ratio != c.ratio {
						t.Errorf("told %+v", o)
					}
					i := slices.IndexFunc(s.watcher.seen, func(a switchgear.Attempt) bool { return a.Target.Provider == "a" })
					if a := s.watcher.seen[i]; a.Lost != c.lost || r.trace.Attempts[0].Lost != c.lost {
						t.Errorf("seen %+v, traced %+v", a, r.trace.Attempts[0])
					}
				})
			})
		}
	}
}

// TestTeeAlone: one request must not be in two places, or may not be.
func TestTeeAlone(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *stage)
		calls  string
		why    string
	}{
		"it must be alone":    {func(s *stage) { s.runner.alone = func(*switchgear.Request) bool { return true } }, "0 1", skipTrial},
		"one call is left":    {func(s *stage) { s.plan.Attempts = 1 }, "0 1", skipTrial},
		"nothing pays for it": {func(s *stage) { s.plan.Retries = &purse{} }, "0 1", skipTrial},
		"no fallback":         {func(s *stage) { s.plan.NoFallback = true }, "1 0", ""},
		"nobody beside it":    {func(s *stage) { s.books[1].closed = true }, "1 0", ""},
		"alone in both ways": {func(s *stage) {
			s.books[1].closed = true
			s.runner.alone = func(*switchgear.Request) bool { return true }
		}, "1 0", ""},
		"the other is on trial":   {func(s *stage) { s.books[1].mood = Verdict{Tee: true} }, "1 0", ""},
		"nobody left to pay for":  {func(s *stage) { s.books[1].closed = true; s.plan.Retries = &purse{} }, "1 0", ""},
		"the other is suspicious": {func(s *stage) { s.books[1].mood = Verdict{Watch: true} }, "1 1", ""},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := onTrial(t, slowly(100*time.Millisecond), slowly(200*time.Millisecond))
					c.change(s)
					r := run(s, t.Context())
					synctest.Wait()
					s.over(r.trace)
					if r.err != nil || s.counts() != c.calls || r.trace.Attempts[0].Skipped != c.why {
						t.Errorf("%s calls, %+v: %v", s.counts(), r.trace.Attempts, r.err)
					}
				})
			})
		}
	}
}

// TestTrialOutlivesTheRequest: a trial that lost has its own time to its first
// content, however short its request's was.
func TestTrialOutlivesTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := onTrial(t, []act{{hang: true}}, slowly(500*time.Millisecond))
		s.plan.Timeout.Total = time.Second
		r := s.stream(t.Context())
		for synctest.Wait(); s.books[0].heard() == 0; synctest.Wait() {
			time.Sleep(100 * time.Millisecond)
		}
		s.over(r.trace)
		if o := s.books[0].last(); r.err != nil || o.Kind != OutcomeSlow || s.elapsed() != 3*time.Second {
			t.Errorf("told %+v after %v: %v", o, s.elapsed(), r.err)
		}
	})
}

// TestTrialServes: a trial that won is its caller's like any other answer: it
// ends when the caller leaves, and its breaker hears of it at its end.
func TestTrialServes(t *testing.T) {
	stalls := act{events: []beat{opening("a"), text(100*time.Millisecond, "a")}, hang: true}
	for name, c := range map[string]struct {
		leave   func(st switchgear.Stream, cancel context.CancelFunc)
		outcome OutcomeKind
		ratio   float64 // a caller who leaves tells nothing, not even by how fast the first content was
		took    time.Duration
	}{
		"the caller closes": {func(st switchgear.Stream, _ context.CancelFunc) {
			time.AfterFunc(time.Second, func() { _ = st.Close() })
		}, OutcomeIgnored, 0, 1100 * time.Millisecond},
		"the caller leaves": {func(_ switchgear.Stream, cancel context.CancelFunc) { time.AfterFunc(time.Second, cancel) }, OutcomeIgnored, 0, 1100 * time.Millisecond},
		"it falls silent":   {func(switchgear.Stream, context.CancelFunc) {}, OutcomeSlow, 0.25, 15100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := onTrial(t, []act{stalls}, slowly(500*time.Millisecond))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				st := open(t, s, ctx)
				synctest.Wait()
				if s.elapsed() != 100*time.Millisecond || s.books[0].heard() != 0 || s.books[1].last().Kind != OutcomeIgnored {
					t.Errorf("after %v told %+v and %+v", s.elapsed(), s.books[0].told, s.books[1].told)
				}
				c.leave(st, cancel)
				_, err := read(st)
				if err == nil || s.elapsed() != c.took {
					t.Errorf("%v after %v", err, s.elapsed())
				}
				_ = st.Close()
				synctest.Wait()
				trace := st.(switchgear.Traced).Trace()
				s.over(trace)
				if o := s.books[0].last(); o.Kind != c.outcome || o.Ratio != c.ratio || len(s.fakes[0].stopped) != 1 {
					t.Errorf("told %+v, stopped %v", o, s.fakes[0].stopped)
				}
				if a := trace.Attempts[0]; a.Err == nil || a.Lost || a.Duration != c.took || !trace.Attempts[1].Lost {
					t.Errorf("%+v", trace.Attempts)
				}
			})
		})
	}
}

// TestTrialMeasuredBesideAnOpenAnswer: while the caller still reads the other's
// answer, and when it closes it.
func TestTrialMeasuredBesideAnOpenAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := onTrial(t, slowly(800*time.Millisecond), []act{{events: []beat{text(100*time.Millisecond, "b"), text(5*time.Second, "b"), finish(switchgear.FinishStop)}}})
		st := open(t, s, t.Context())
		_ = st.Close()
		time.Sleep(time.Second)
		synctest.Wait()
		s.over(st.(switchgear.Traced).Trace())
		if o := s.books[0].last(); o.Kind != OutcomeOK || o.Ratio != 2 || s.fakes[0].closed != 1 {
			t.Errorf("told %+v, closed %d", o, s.fakes[0].closed)
		}
	})
}
