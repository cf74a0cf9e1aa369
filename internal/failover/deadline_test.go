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

// TestLearnedDeadline: silence is given up after three times what is long in
// calm, within bounds; and where there is nowhere else to go after what the
// route allows.
func TestLearnedDeadline(t *testing.T) {
	const unknown = 0
	for name, c := range map[string]struct {
		p95    int           // in milliseconds
		route  time.Duration // its first-token limit
		stream time.Duration
		whole  time.Duration
		change func(s *stage)
	}{
		"unknown":               {unknown, 9 * time.Second, 9 * time.Second, 30 * time.Second, nil},
		"three times the usual": {1500, 9 * time.Second, 4500 * time.Millisecond, 4500 * time.Millisecond, nil},
		"not below a third":     {100, 3 * time.Second, time.Second, 2 * time.Second, nil},
		"not below three":       {100, 60 * time.Second, 3 * time.Second, 3 * time.Second, nil},
		"not above the route's": {30000, 9 * time.Second, 9 * time.Second, 30 * time.Second, nil},
		"no limit of the route": {1500, 0, 4500 * time.Millisecond, 4500 * time.Millisecond, nil},
		"the next is open":      {1500, 9 * time.Second, 9 * time.Second, 30 * time.Second, func(s *stage) { s.books[1].closed = true }},
		"the only one":          {1500, 9 * time.Second, 9 * time.Second, time.Minute, func(s *stage) { s.plan.NoFallback = true }},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, []act{{hang: true}}, nil)
					s.plan.Timeout.FirstToken = c.route
					if c.p95 != unknown {
						s.paced(c.p95/2, c.p95)
					}
					if c.change != nil {
						c.change(s)
					}
					r := run(s, t.Context())
					s.over(r.trace)
					want := c.stream
					if way == "whole" {
						want = c.whole
					}
					if first := r.trace.Attempts[0]; first.Duration != want || first.Err == nil || first.Err.Class != switchgear.ClassTimeout {
						t.Errorf("given up after %v: %v", first.Duration, first.Err)
					}
					if o := s.books[0].last(); o.Kind != OutcomeSlow {
						t.Errorf("told %+v", o)
					}
				})
			})
		}
	}
}

// TestLearnedDeadlineOff is what it is for.
func TestLearnedDeadlineOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{hang: true}}, nil)
		if r := s.complete(t.Context()); r.err != nil || s.elapsed() != 30*time.Second {
			t.Errorf("%v after %v", r.err, s.elapsed())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{hang: true}}, nil)
		s.paced(500, 1000)
		if r := s.complete(t.Context()); r.err != nil || s.elapsed() != 3*time.Second {
			t.Errorf("%v after %v", r.err, s.elapsed())
		}
	})
}

// TestLearn: a sample is one of calm weather that went well; a bad outcome
// spoils under suspicion, or when it opens the circuit. A target that fails once
// in two hundred times would else never be known.
func TestLearn(t *testing.T) {
	most := int64(99)
	for name, c := range map[string]struct {
		script  []act
		mood    Verdict
		learned bool
		spoiled int
	}{
		"calm":       {slowly(time.Second), Verdict{Calm: true}, true, 0},
		"not calm":   {slowly(time.Second), Verdict{}, false, 0},
		"bad":        {[]act{{err: fault(switchgear.ClassOverloaded)}}, Verdict{Calm: true}, false, 0},
		"bad again":  {[]act{{err: fault(switchgear.ClassOverloaded)}}, Verdict{Watch: true}, false, 1},
		"the key's":  {[]act{{err: fault(switchgear.ClassRateLimited)}}, Verdict{Calm: true}, false, 0},
		"the caller": {[]act{{err: fault(switchgear.ClassInvalid)}}, Verdict{Calm: true}, false, 0},
		"slow":       {[]act{{hang: true}}, Verdict{Calm: true}, false, 0},
		"slow again": {[]act{{hang: true}}, Verdict{Watch: true}, false, 1},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, c.script, nil)
					gaits := s.paced(400, 900)
					s.books[0].mood = c.mood
					s.plan.Steps[0].Levers = &switchgear.Levers{MaxTokens: &most}
					_ = run(s, t.Context())
					g := gaits[0]
					if (len(g.learned) == 1) != c.learned || g.spoiled != c.spoiled {
						t.Fatalf("learned %+v, spoiled %d", g.learned, g.spoiled)
					}
					if !c.learned {
						return
					}
					want := Sample{Input: estimate(ask0()), Output: 99, Whole: time.Second}
					if way == "streamed" {
						want.First, want.Whole = time.Second, 0
					}
					if g.learned[0] != want {
						t.Errorf("learned %+v, want %+v", g.learned[0], want)
					}
				})
			})
		}
	}
}

// TestPaceOfTheWire: a request that came over the wire is measured by its
// length, and by what a glance says it asks for.
func TestPaceOfTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil)
		gaits := s.paced(400, 900)
		s.runner.most = func(*switchgear.Wire) int64 { return 77 }
		req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: make([]byte, 4000)}}
		if _, err := s.runner.Complete(t.Context(), s.plan, req); err != nil {
			t.Fatal(err)
		}
		if got := gaits[0].asked[0]; got != (Sample{Input: 1000, Output: 77}) {
			t.Errorf("asked about %+v", got)
		}
	})
}

// TestRatios: what took how long beside the usual, and beside the next step.
func TestRatios(t *testing.T) {
	for name, c := range map[string]struct {
		change       func(s *stage, g []*gait)
		ratio, rival float64
	}{
		"both known":       {func(*stage, []*gait) {}, 2, 0.5},
		"unknown":          {func(_ *stage, g []*gait) { g[0].span = Span{} }, 0, 0},
		"next is unknown":  {func(_ *stage, g []*gait) { g[1].span = Span{} }, 2, 0},
		"next is open":     {func(s *stage, _ []*gait) { s.books[1].closed = true }, 2, 0},
		"next has no pace": {func(s *stage, _ []*gait) { s.plan.Steps[1].Pace = nil }, 2, 0},
		"there is none":    {func(s *stage, _ []*gait) { s.plan.NoFallback = true }, 2, 0},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, slowly(800*time.Millisecond), nil)
					g := s.paced(400, 900)
					g[1].span.Median = 200 * time.Millisecond
					c.change(s, g)
					_ = run(s, t.Context())
					if o := s.books[0].last(); o.Kind != OutcomeOK || o.Ratio != c.ratio || o.Rival != c.rival {
						t.Errorf("told %+v", o)
					}
				})
			})
		}
	}
}

// TestTooSlow: what usually takes longer than is left is passed over for what
// does not, and for nothing else.
func TestTooSlow(t *testing.T) {
	for name, c := range map[string]struct {
		next   Span
		change func(s *stage)
		step   int
	}{
		"the next is faster":     {Span{Median: 500 * time.Millisecond}, nil, 2},
		"the next is slow too":   {Span{Median: 5 * time.Second}, nil, 1},
		"the next is not known":  {Span{}, nil, 1},
		"the next is open":       {Span{Median: 500 * time.Millisecond}, func(s *stage) { s.books[1].closed = true }, 1},
		"nothing says it is due": {Span{Median: 500 * time.Millisecond}, func(s *stage) { s.plan.Timeout.Total = 0 }, 1},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, nil, nil)
					g := s.paced(2000, 3000)
					g[1].span = c.next
					s.plan.Timeout.Total = time.Second
					if c.change != nil {
						c.change(s)
					}
					r := run(s, t.Context())
					s.over(r.trace)
					if r.err != nil || r.trace.Step != c.step || (c.step == 2 && r.trace.Attempts[0].Skipped != skipPace) {
						t.Errorf("%+v: %v", r.trace, r.err)
					}
				})
			})
		}
	}
}

// TestPingsAreNoProgress, for a learned deadline either.
func TestPingsAreNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{events: []beat{opening("a"), ping(900 * time.Millisecond), ping(900 * time.Millisecond), ping(900 * time.Millisecond)}, hang: true}}, nil)
		s.plan.Timeout.FirstToken = 6 * time.Second
		s.paced(300, 500)
		r := s.stream(t.Context())
		s.over(r.trace)
		if r.err != nil || s.elapsed() != 2*time.Second || r.trace.Attempts[0].Err.Message != "no first token within 2 s" {
			t.Errorf("%v after %v: %v", r.err, s.elapsed(), r.trace.Attempts[0].Err)
		}
	})
}

// TestCallersDeadlineIsNoLearnedOne: a caller's short patience blames nobody.
func TestCallersDeadlineIsNoLearnedOne(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{{hang: true}}, nil)
				s.paced(500, 1000)
				ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
				defer cancel()
				r := run(s, ctx)
				s.over(r.trace)
				if o := s.books[0].last(); o.Kind != OutcomeIgnored || s.elapsed() != 700*time.Millisecond {
					t.Errorf("told %+v after %v", o, s.elapsed())
				}
			})
		})
	}
}

func TestSilence(t *testing.T) {
	for name, c := range map[string]struct {
		run   func(*stage, context.Context) result
		took  time.Duration
		code  string
		total time.Duration
	}{
		"a stream has its first-token limit":     {(*stage).stream, 3 * time.Second, CodeFirstTokenTimeout, time.Minute},
		"a whole answer has half of the minute":  {(*stage).complete, 30 * time.Second, CodeTotalTimeout, time.Minute},
		"and at least the first-token limit":     {(*stage).complete, 3 * time.Second, CodeTotalTimeout, 4 * time.Second},
		"a stream has no more than the deadline": {(*stage).stream, 2 * time.Second, CodeTotalTimeout, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{{hang: true}}, nil)
				s.plan.Timeout.Total = c.total
				r := c.run(s, t.Context())
				s.over(r.trace)
				if s.elapsed() != c.took {
					t.Errorf("took %v, want %v", s.elapsed(), c.took)
				}
				first := r.trace.Attempts[0]
				if first.Err == nil || first.Err.Class != switchgear.ClassTimeout || first.Err.Code != c.code || first.Duration != c.took {
					t.Errorf("first attempt %+v", first)
				}
				if s.books[0].outcomes[0] != OutcomeSlow {
					t.Errorf("outcome %v", s.books[0].outcomes)
				}
				if c.took < c.total != (r.err == nil) {
					t.Errorf("error %v", r.err)
				}
				if r.err != nil && (r.err.Class != switchgear.ClassExhausted || errors.Is(r.err, context.DeadlineExceeded)) {
					t.Errorf("error %v", r.err)
				}
			})
		})
	}
}

// TestCallersDeadline: a deadline of the caller's own is kept, and is no fault
// of the target's.
func TestCallersDeadline(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{{hang: true}}, []act{{hang: true}})
				ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
				defer cancel()
				r := run(s, ctx)
				s.over(r.trace)
				if s.elapsed() != 800*time.Millisecond {
					t.Errorf("took %v", s.elapsed())
				}
				if r.err == nil || r.err.Class != switchgear.ClassExhausted {
					t.Fatalf("error %v", r.err)
				}
				cause, ok := errors.AsType[*switchgear.Error](r.err.Err)
				if !ok || cause.Code != CodeTotalTimeout || errors.Is(r.err, context.DeadlineExceeded) {
					t.Errorf("cause %v", r.err.Err)
				}
				if s.books[0].outcomes[0] != OutcomeIgnored {
					t.Errorf("outcome %v", s.books[0].outcomes)
				}
			})
		})
	}
}

// unannounced is a context that does not say when it ends.
type unannounced struct{ context.Context }

func (unannounced) Deadline() (time.Time, bool) { return time.Time{}, false }

// TestDeadlineInTheCallersWords: a deadline of the caller's that has a cause of
// its own says as little about the target as one that has none, whichever
// fires first, the caller's timer or ours.
func TestDeadlineInTheCallersWords(t *testing.T) {
	mine := &switchgear.Error{Class: switchgear.ClassTimeout, Code: "client_deadline", Message: "the caller's own"}
	for way, run := range ways {
		for _, cause := range []error{mine, nil} {
			t.Run(way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, []act{{hang: true}})
					ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
					defer cancel()
					r := run(s, unannounced{ctx})
					if got := s.books[0].outcomes[0]; got != OutcomeIgnored || s.elapsed() != time.Second {
						t.Errorf("outcome %d after %v", got, s.elapsed())
					}
					if err := r.trace.Attempts[0].Err; err == nil || err.Code != CodeTotalTimeout || !strings.Contains(r.err.Message, "no whole answer within 1 s") {
						t.Errorf("attempt %v, error %v", err, r.err)
					}
				})
			})
		}
	}
}

// TestStraggler: one slow answer of a target that is otherwise well is asked
// for again where there is nowhere else to go, and only there.
func TestStraggler(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *stage)
		calls  string
		step   int
	}{
		"the last step": {func(*stage) {}, "0 2", 2},
		"the others open": {func(s *stage) {
			s.books[0].closed, s.books[1].closed = false, true
			s.fakes[0].acts, s.fakes[1].acts = s.fakes[1].acts, nil
		}, "2 0", 1},
		"it is not calm":     {func(s *stage) { s.books[1].mood = Verdict{} }, "0 1", 0},
		"no breaker":         {func(s *stage) { s.plan.Steps[1].Breaker = nil }, "0 1", 0},
		"nothing pays":       {func(s *stage) { s.plan.Retries = &purse{} }, "0 1", 0},
		"no call left":       {func(s *stage) { s.plan.Attempts = 1 }, "0 1", 0},
		"no retries":         {func(s *stage) { s.plan.Steps[1].Retry.Attempts = 1 }, "0 1", 0},
		"no time":            {func(s *stage) { s.plan.Timeout.Total = 3500 * time.Millisecond }, "0 1", 0},
		"there is a next":    {func(s *stage) { s.plan.Steps = append(s.plan.Steps, Step{Number: 3, Provider: s.fakes[0]}) }, "1 1", 3},
		"the second as slow": {func(s *stage) { s.fakes[1].acts = []act{{hang: true}} }, "0 2", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, nil, []act{{hang: true}, {}})
				s.paced(400, 1000)
				s.books[0].closed, s.books[0].final, s.books[1].final = true, true, true // no panic
				s.books[0].mood, s.books[1].mood = Verdict{Calm: true}, Verdict{Calm: true}
				c.change(s)
				r := s.stream(t.Context())
				if s.counts() != c.calls || r.trace.Step != c.step {
					t.Errorf("%s calls, served by %d: %v", s.counts(), r.trace.Step, r.err)
				}
			})
		})
	}
}

// TestOverran: an answer in one piece that was not there when its share was used
// up is slow, and marked as one that may only be long; one that took three times
// the usual is slow and nothing else.
func TestOverran(t *testing.T) {
	for name, c := range map[string]struct {
		usual   int // p95 in milliseconds; 0 if it is not known
		overran bool
	}{
		"nothing is known": {0, true},
		"usually so long":  {15_000, true},
		"usually fast":     {1000, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, slowly(50*time.Second), nil)
				s.plan.Timeout = Timeout{FirstToken: 3 * time.Second, Total: 60 * time.Second}
				if c.usual > 0 {
					s.paced(c.usual/2, c.usual)
				}
				r := s.complete(t.Context())
				synctest.Wait()
				s.over(r.trace)
				if o := s.books[0].last(); r.err != nil || r.trace.Step != 2 || o.Kind != OutcomeSlow || o.Overran != c.overran {
					t.Errorf("%v after %v: %+v", r.err, s.elapsed(), o)
				}
			})
		})
	}
}
