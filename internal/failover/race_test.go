package failover

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// suspected makes a chain of two of which the first is under suspicion, and
// usually answers within a second.
func suspected(t *testing.T, scripts ...[]act) *stage {
	t.Helper()
	s := set(t, scripts...)
	s.plan.Hedge = true
	s.books[0].mood = Verdict{Watch: true}
	s.paced(400, 1000)
	return s
}

// slowly is an answer, streamed or whole, that begins after a time.
func slowly(d time.Duration) []act { return []act{{delay: d}} }

// TestHedge: a suspect that is slow by its own measure is raced, and the first
// to come to its commit point serves.
func TestHedge(t *testing.T) {
	for name, c := range map[string]struct {
		first, second []act
		calls         string
		took          time.Duration
		step          int
		outcome       OutcomeKind // of the first
		lost          [2]bool
		ratio         float64
	}{
		"the first is fast enough":            {slowly(900 * time.Millisecond), nil, "1 0", 900 * time.Millisecond, 1, OutcomeOK, [2]bool{}, 2.25},
		"the second is faster":                {slowly(4 * time.Second), slowly(500 * time.Millisecond), "1 1", 1500 * time.Millisecond, 2, OutcomeIgnored, [2]bool{true, false}, 3.75},
		"the first is faster after all":       {slowly(1200 * time.Millisecond), slowly(500 * time.Millisecond), "1 1", 1200 * time.Millisecond, 1, OutcomeOK, [2]bool{false, true}, 3},
		"the second fails":                    {slowly(2 * time.Second), []act{{err: fault(switchgear.ClassServer)}}, "1 1", 2 * time.Second, 1, OutcomeOK, [2]bool{}, 5},
		"the first fails while both run":      {[]act{{delay: 1200 * time.Millisecond, err: fault(switchgear.ClassServer)}}, slowly(time.Second), "1 1", 2 * time.Second, 2, OutcomeFail, [2]bool{}, 0},
		"the first fails before there is two": {[]act{{err: fault(switchgear.ClassOverloaded)}}, nil, "1 1", 0, 2, OutcomeFail, [2]bool{}, 0},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := suspected(t, c.first, c.second)
					r := run(s, t.Context())
					took := s.elapsed()
					synctest.Wait()
					s.over(r.trace)
					if r.err != nil || s.counts() != c.calls || took != c.took || r.trace.Step != c.step {
						t.Fatalf("served by %d after %v and %s calls: %v", r.trace.Step, took, s.counts(), r.err)
					}
					if o := s.books[0].last(); o.Kind != c.outcome || o.Ratio != c.ratio {
						t.Errorf("the first's breaker was told %+v", o)
					}
					for i, a := range r.trace.Attempts {
						if a.Lost != c.lost[i] {
							t.Errorf("attempt %+v", a)
						}
					}
					lost := slices.ContainsFunc(s.watcher.seen, func(a switchgear.Attempt) bool { return a.Lost })
					if lost != (c.lost[0] || c.lost[1]) {
						t.Errorf("the observer was told %+v", s.watcher.seen)
					}
				})
			})
		}
	}
}

// TestHedgeLoserIsStopped: at the moment the other comes to its commit point,
// and its account is kept.
func TestHedgeLoserIsStopped(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := suspected(t, slowly(2500*time.Millisecond), nil)
				r := run(s, t.Context())
				synctest.Wait()
				if s.elapsed() != time.Second || len(s.fakes[0].stopped) != 1 || s.fakes[0].stopped[0] != time.Second {
					t.Errorf("took %v, stopped %v", s.elapsed(), s.fakes[0].stopped)
				}
				i := slices.IndexFunc(s.watcher.seen, func(a switchgear.Attempt) bool { return a.Lost })
				if i < 0 {
					t.Fatalf("%+v", s.watcher.seen)
				}
				for _, a := range []switchgear.Attempt{s.watcher.seen[i], r.trace.Attempts[0]} {
					if !a.Usage.Estimated || a.Usage.Input == 0 || !a.Cost.Known || a.Duration != time.Second || a.Target.Provider != "a" {
						t.Errorf("%+v", a)
					}
				}
			})
		})
	}
}

// TestHedgeOff is what a hedge is for: without it the same request waits for
// its suspect.
func TestHedgeOff(t *testing.T) {
	for name, change := range map[string]func(s *stage){
		"the route has none":          func(s *stage) { s.plan.Hedge = false },
		"nothing is suspected":        func(s *stage) { s.books[0].mood = Verdict{} },
		"the route may not fall over": func(s *stage) { s.plan.NoFallback = true },
		"the retry budget is empty":   func(s *stage) { s.plan.Retries = &purse{} },
		"its target's is empty":       func(s *stage) { s.plan.Steps[1].Retries = &purse{} },
		"the next is suspect too":     func(s *stage) { s.books[1].mood = Verdict{Watch: true} },
		"the next is on trial":        func(s *stage) { s.books[1].mood = Verdict{Tee: true} },
		"the next is open":            func(s *stage) { s.books[1].closed = true },
		"the next is full":            func(s *stage) { s.plan.Steps[1].Limit = &door{} },
		"no call is left":             func(s *stage) { s.plan.Attempts = 1 },
		"it must be alone":            func(s *stage) { s.runner.alone = func(*switchgear.Request) bool { return true } },
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := suspected(t, slowly(2*time.Second), nil)
					change(s)
					r := run(s, t.Context())
					synctest.Wait()
					s.over(r.trace)
					if r.err != nil || s.counts() != "1 0" || s.elapsed() != 2*time.Second {
						t.Errorf("%v after %s calls and %v", r.err, s.counts(), s.elapsed())
					}
				})
			})
		}
	}
}

// TestLate: a failure that takes longer to show than nearly every answer takes to
// begin is one that a race helps against.
func TestLate(t *testing.T) {
	for d, late := range map[time.Duration]bool{0: false, time.Second: false, time.Second + 1: true} {
		synctest.Test(t, func(t *testing.T) {
			s := suspected(t, []act{{delay: d, err: fault(switchgear.ClassServer)}}, nil)
			s.books[0].mood.Prompt = true
			s.stream(t.Context())
			synctest.Wait()
			if o := s.books[0].last(); o.Kind != OutcomeFail || o.Late != late {
				t.Errorf("after %v: %+v", d, o)
			}
		})
	}
}

// TestHedgeLater: what fails at once is raced half as long again later.
func TestHedgeLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := suspected(t, slowly(2500*time.Millisecond), slowly(500*time.Millisecond))
		s.books[0].mood.Prompt = true
		r := s.stream(t.Context())
		synctest.Wait()
		s.over(r.trace)
		if r.err != nil || s.counts() != "1 1" || s.elapsed() != 2*time.Second {
			t.Errorf("%v after %s calls and %v", r.err, s.counts(), s.elapsed())
		}
	})
}

// TestHedgePasses over what is open on its way to the next that serves, pays
// for it, and the walk goes on after the later of two that fail.
func TestHedgePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := []act{{delay: 2 * time.Second, err: fault(switchgear.ClassOverloaded)}}
		s := suspected(t, down, nil, down, nil)
		s.books[1].closed = true
		route, target := &purse{tokens: 5}, &purse{tokens: 5}
		s.plan.Retries, s.plan.Steps[2].Retries = route, target
		r := s.stream(t.Context())
		synctest.Wait()
		s.over(r.trace)
		if r.err != nil || s.counts() != "1 0 1 1" || r.trace.Step != 4 || s.elapsed() != 3*time.Second {
			t.Fatalf("%v after %s calls and %v", r.err, s.counts(), s.elapsed())
		}
		var steps []int
		for _, a := range r.trace.Attempts {
			steps = append(steps, a.Step)
		}
		if !slices.Equal(steps, []int{1, 2, 3, 4}) || r.trace.Attempts[1].Skipped != "breaker open" {
			t.Errorf("%+v", r.trace.Attempts)
		}
		if route.String() != "earned 1, spent 1, refunded 0" || target.String() != "earned 1, spent 1, refunded 0" {
			t.Errorf("route %v, target %v", route, target)
		}
	})
}

// TestRaceEnds with a refusal that would be none if another target could undo
// it.
func TestRaceEnds(t *testing.T) {
	for _, class := range []switchgear.Class{switchgear.ClassInvalid, switchgear.ClassPolicy, switchgear.ClassRefused, switchgear.ClassInternal} {
		for way, run := range ways {
			t.Run(class.String()+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := suspected(t, []act{{delay: 1500 * time.Millisecond, err: fault(class)}}, slowly(2*time.Second))
					r := run(s, t.Context())
					took := s.elapsed()
					synctest.Wait()
					s.over(r.trace)
					if r.err == nil || r.err.Class != class || took != 1500*time.Millisecond || len(s.fakes[1].stopped) != 1 {
						t.Errorf("%v after %v", r.err, took)
					}
					if !r.trace.Attempts[1].Lost || s.books[1].last().Kind != OutcomeIgnored {
						t.Errorf("%+v", r.trace.Attempts)
					}
				})
			})
		}
	}
}

// TestRaceDeclined: on a route that falls over for a refusal, the other's
// answer is better, and a refusal is better than none.
func TestRaceDeclined(t *testing.T) {
	declines := act{delay: 1500 * time.Millisecond, resp: &switchgear.Response{
		Choices: []switchgear.Choice{{Parts: []switchgear.Part{{Text: "not from a"}}, Finish: switchgear.Finish{Kind: switchgear.FinishFilter}}},
	}, events: []beat{opening("a"), finish(switchgear.FinishFilter)}}
	for name, c := range map[string]struct {
		second []act
		step   int
	}{
		"the other answers": {slowly(time.Second), 2},
		"the other fails":   {[]act{{delay: time.Second, err: fault(switchgear.ClassOverloaded)}}, 1},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := suspected(t, []act{declines}, c.second)
					s.plan.Policy = PolicyFallback
					r := run(s, t.Context())
					synctest.Wait()
					s.over(r.trace)
					if r.err != nil || r.trace.Step != c.step || s.counts() != "1 1" {
						t.Errorf("step %d after %s calls: %v", r.trace.Step, s.counts(), r.err)
					}
				})
			})
		}
	}
}

// TestHeldRace: where an answer is held back, a race is won with the commit
// point and no sooner; and once content flows nobody is worried.
func TestHeldRace(t *testing.T) {
	long := []beat{opening("a"), text(1500*time.Millisecond, "a"), text(5*time.Second, "a"), finish(switchgear.FinishStop)}
	short := []beat{opening("b"), text(2*time.Second, "b"), finish(switchgear.FinishStop)}
	for name, c := range map[string]struct {
		commit Commit
		first  []beat
		step   int
		took   time.Duration
		calls  string
	}{
		"first content":               {CommitFirstToken, long, 1, 1500 * time.Millisecond, "1 1"},
		"whole":                       {CommitWhole, long, 2, 3 * time.Second, "1 1"},
		"whole, but it has begun":     {CommitWhole, append([]beat{text(0, "a")}, long...), 1, 6500 * time.Millisecond, "1 0"},
		"hold, and the second is out": {CommitHold, long, 2, 3 * time.Second, "1 1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := suspected(t, []act{{events: c.first}}, []act{{events: short}})
				s.plan.Commit = c.commit
				st := open(t, s, t.Context())
				took := s.elapsed()
				if _, err := read(st); err != nil {
					t.Error(err)
				}
				_ = st.Close()
				synctest.Wait()
				trace := st.(switchgear.Traced).Trace()
				synctest.Wait()
				s.over(trace)
				if trace.Step != c.step || took != c.took || s.counts() != c.calls {
					t.Errorf("step %d after %v and %s calls", trace.Step, took, s.counts())
				}
			})
		})
	}
}

// TestRaceCancel: the caller's leaving ends both, at once and without blame.
func TestRaceCancel(t *testing.T) {
	for name, with := range map[string]func(*testing.T, ...[]act) *stage{"hedge": suspected, "tee": onTrial} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := with(t, slowly(2500*time.Millisecond), slowly(2500*time.Millisecond))
					ctx, cancel := context.WithCancel(t.Context())
					time.AfterFunc(1500*time.Millisecond, cancel)
					r := run(s, ctx)
					took := s.elapsed()
					synctest.Wait()
					s.over(r.trace)
					if r.err == nil || r.err.Class != switchgear.ClassCanceled || !errors.Is(r.err, context.Canceled) || took != 1500*time.Millisecond {
						t.Errorf("%v after %v", r.err, took)
					}
					for i := range s.books {
						if o := s.books[i].last(); o.Kind != OutcomeIgnored || len(s.fakes[i].stopped) != 1 {
							t.Errorf("%d: %+v, stopped %v", i, o, s.fakes[i].stopped)
						}
					}
				})
			})
		}
	}
}

// TestRaceDeadline: a request whose time is up ends, whoever is running.
func TestRaceDeadline(t *testing.T) {
	for name, with := range map[string]func(*testing.T, ...[]act) *stage{"hedge": suspected, "tee": onTrial} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := with(t, []act{{hang: true}}, []act{{hang: true}})
					s.plan.Timeout.Total = 2 * time.Second
					r := run(s, t.Context())
					took := s.elapsed()
					synctest.Wait()
					s.over(r.trace)
					if r.err == nil || r.err.Class != switchgear.ClassExhausted || took != 2*time.Second {
						t.Errorf("%v after %v", r.err, took)
					}
				})
			})
		}
	}
}

// TestRacePanics: a provider's fault on a goroutine of ours is caught as well.
func TestRacePanics(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := suspected(t, slowly(2*time.Second), []act{{panics: "CANARY"}})
				r := run(s, t.Context())
				synctest.Wait()
				s.over(r.trace)
				if _, ok := errors.AsType[*PanicError](error(r.err)); !ok || strings.Contains(r.err.Error(), "CANARY") {
					t.Errorf("%v", r.err)
				}
			})
		})
	}
}

// TestRacesOfOtherKinds: vectors and counts are raced like anything else.
func TestRacesOfOtherKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := suspected(t, slowly(2*time.Second), nil)
		resp, err := s.runner.Embed(t.Context(), s.plan, &switchgear.EmbedRequest{Input: []string{"x"}})
		if err != nil || resp.Trace.Step != 2 || s.elapsed() != time.Second {
			t.Errorf("%v after %v", err, s.elapsed())
		}
		synctest.Wait()
		s.over(resp.Trace)
	})
	synctest.Test(t, func(t *testing.T) {
		s := suspected(t, slowly(2*time.Second), nil)
		count, err := s.runner.CountTokens(t.Context(), s.plan, ask0())
		if err != nil || count.Trace.Step != 2 || s.elapsed() != 1500*time.Millisecond { // nothing is known of counts
			t.Errorf("%v after %v", err, s.elapsed())
		}
		synctest.Wait()
		s.over(count.Trace)
	})
}

// TestRaceReadsOnce: a rival of another dialect is told the request's values
// while the first is being sent its bytes; the race detector watches.
func TestRaceReadsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := suspected(t, slowly(2*time.Second), nil)
		s.plan.Steps[1].Dialects = nil
		reads := 0
		s.runner.decode = func(*switchgear.Wire) (*switchgear.Request, error) { reads++; return ask0(), nil }
		req := &switchgear.Request{Route: "chat", Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("{}")}}
		resp, err := s.runner.Complete(t.Context(), s.plan, req)
		synctest.Wait()
		if err != nil || resp.Trace.Step != 2 || !resp.Trace.Translated || reads == 0 {
			t.Fatalf("%v", err)
		}
		synctest.Wait()
		s.over(resp.Trace)
	})
}

// TestSuspectIsNotWaitedFor: where there is somewhere else to go.
func TestSuspectIsNotWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		scripts [][]act
		calls   string
	}{
		"a next step": {[][]act{{{err: fault(switchgear.ClassServer)}, {}}, nil}, "1 1"},
		"none":        {[][]act{{{err: fault(switchgear.ClassServer)}, {}}}, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, c.scripts...)
				s.books[0].mood = Verdict{Watch: true}
				r := s.complete(t.Context())
				s.over(r.trace)
				if r.err != nil || s.counts() != c.calls {
					t.Errorf("%s calls: %v", s.counts(), r.err)
				}
			})
		})
	}
}

// lingering is an observer that takes its time over one target.
type lingering struct {
	*watcher

	over string
}

func (l lingering) Attempted(ctx context.Context, plan *Plan, a *switchgear.Attempt) {
	l.watcher.Attempted(ctx, plan, a)
	if a.Target.Provider == l.over {
		time.Sleep(100 * time.Millisecond)
	}
}

// TestDeadHeat: a refusal worth an opinion is on its way back when the answer
// it loses to arrives. It is ruled on.
func TestDeadHeat(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, panels := disputed(t, OpinionAsk, []act{{delay: 1500 * time.Millisecond, err: refusal("a")}}, slowly(550*time.Millisecond))
				s.plan.Hedge = true
				s.books[0].mood.Watch = true
				s.paced(400, 1000)
				s.runner.observer = lingering{s.watcher, "a"}
				r := run(s, t.Context())
				synctest.Wait()
				s.over(r.trace)
				if r.err != nil || r.trace.Step != 2 || !slices.Equal(panels[0].judged, []bool{true}) {
					t.Errorf("served by %d, judged %v: %v", r.trace.Step, panels[0].judged, r.err)
				}
			})
		})
	}
}

// shaky is an observer that panics.
type shaky struct{ *watcher }

func (s shaky) Attempted(ctx context.Context, plan *Plan, a *switchgear.Attempt) {
	s.watcher.Attempted(ctx, plan, a)
	panic("CANARY")
}

// TestRaceSurvives a panic where nobody but the race could catch it.
func TestRaceSurvives(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := suspected(t, []act{{delay: 900 * time.Millisecond, err: fault(switchgear.ClassServer)}}, nil)
				s.runner.observer = shaky{s.watcher}
				r := run(s, t.Context())
				synctest.Wait()
				s.over(r.trace)
				if _, ok := errors.AsType[*PanicError](error(r.err)); !ok || r.err.Class != switchgear.ClassInternal || strings.Contains(r.err.Error(), "CANARY") {
					t.Errorf("%v", r.err)
				}
			})
		})
	}
}
