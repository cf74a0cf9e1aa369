package failover

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// TestExhausted: the words, the codes and the first real error.
func TestExhausted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		canary := &switchgear.Error{Class: switchgear.ClassServer, Status: 500, Message: "scripted", Detail: "CANARY"}
		s := set(t, []act{{err: canary}}, nil, []act{{hang: true}})
		s.plan.Stakes = switchgear.StakesHigh
		s.plan.Excluded = []Exclusion{{
			Number: 4, Target: switchgear.Target{Provider: "d", Model: "m"}, Reason: "tier small is under floor frontier", Code: switchgear.CodeFloorRefused,
		}}
		s.books[1].closed, s.books[1].final, s.books[1].until = true, true, s.began.Add(12*time.Second)
		r := s.stream(t.Context())
		s.over(r.trace)
		want := `route "chat" (high stakes) not served: a/m failed (500) (2 tries), b/m breaker open, next trial in 8.9 s, ` +
			`c/m too slow (no first token within 3 s), d/m not allowed: tier small is under floor frontier`
		if r.err == nil || r.err.Message != want {
			t.Fatalf("error\n%v\nwant\n%s", r.err, want)
		}
		if r.err.Class != switchgear.ClassExhausted || r.err.Code != switchgear.CodeFloorRefused {
			t.Errorf("%v %v", r.err.Class, r.err.Code)
		}
		if cause, ok := errors.AsType[*switchgear.Error](r.err.Err); !ok || cause.Detail != "CANARY" || strings.Contains(r.err.Error(), "CANARY") {
			t.Errorf("first real error is %v", r.err.Err)
		}
		if r.err.RetryAfter != 8875*time.Millisecond {
			t.Errorf("retry after %v", r.err.RetryAfter)
		}
		if canary.Trace != nil {
			t.Error("the provider's own error was changed")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := set(t)
		r := s.complete(t.Context())
		if r.err == nil || r.err.Code != switchgear.CodeChainExhausted || r.err.Message != `route "chat" not served: its chain is empty` {
			t.Errorf("error %v", r.err)
		}
	})
}

func TestDialects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil, nil)
		s.plan.Steps[0].Dialects = []string{"anthropic"}
		req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("{}")}}
		resp, err := s.runner.Complete(t.Context(), s.plan, req)
		if err != nil || s.counts() != "0 1" || resp.Trace.Attempts[0].Skipped != "does not speak openai" {
			t.Errorf("%v after %s calls", err, s.counts())
		}
		s.plan.Steps[1].Dialects = nil
		_, err = s.runner.Stream(t.Context(), s.plan, req)
		e, ok := errors.AsType[*switchgear.Error](err)
		if !ok || e.Class != switchgear.ClassInvalid || e.Code != CodeDialectMismatch || s.counts() != "0 1" {
			t.Fatalf("%v after %s calls", err, s.counts())
		}
		want := `route "chat" has no step that can take a request of this kind in the openai protocol: ` +
			`use a client of the protocol its targets speak (anthropic), or a route whose chain has a target that speaks openai.`
		if e.Message != want {
			t.Errorf("message %q", e.Message)
		}
	})
}

func TestCapabilities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil, nil)
		s.plan.Steps[0].Provider = s.fakes[0] // can neither embed nor count
		vectors, err := s.runner.Embed(t.Context(), s.plan, &switchgear.EmbedRequest{Input: []string{"x"}})
		if err != nil || vectors.Cost.USD != 3 || vectors.Trace.Step != 2 || vectors.Trace.Attempts[0].Skipped != "cannot embed" {
			t.Errorf("%+v, %v", vectors, err)
		}
		count, err := s.runner.CountTokens(t.Context(), s.plan, ask0())
		if err != nil || count.Input != 7 || count.Trace.Step != 2 {
			t.Errorf("%+v, %v", count, err)
		}
		embedding := &switchgear.EmbedRequest{Route: "chat", Input: []string{"hello"}}
		s.plan.Steps[1].Provider = s.fakes[1]
		_, err = s.runner.Embed(t.Context(), s.plan, embedding)
		e, ok := errors.AsType[*switchgear.Error](err)
		if !ok || e.Class != switchgear.ClassInvalid || e.Code != CodeUnsupported ||
			e.Message != `route "chat" has no target that can do this: a/m cannot embed, b/m cannot embed. Use another route.` {
			t.Errorf("error %v", err)
		}
	})
}

func TestNoFallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil, []act{{err: fault(switchgear.ClassOverloaded)}}, nil)
		s.plan.NoFallback = true
		s.plan.Steps[0].Provider = s.fakes[0] // cannot count, so the second is the first usable one
		_, err := s.runner.CountTokens(t.Context(), s.plan, ask0())
		e, ok := errors.AsType[*switchgear.Error](err)
		if !ok || e.Class != switchgear.ClassExhausted || s.counts() != "0 1 0" {
			t.Errorf("%v after %s calls", err, s.counts())
		}
	})
}

func TestPanic(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{{panics: "the prompt: CANARY"}}, nil)
				r := run(s, t.Context())
				s.over(r.trace)
				p, ok := errors.AsType[*PanicError](error(r.err))
				if !ok || r.err.Class != switchgear.ClassInternal || strings.Contains(r.err.Error(), "CANARY") || len(p.Stack) == 0 {
					t.Errorf("error %v", r.err)
				}
				if s.books[0].outcomes[0] != OutcomeIgnored {
					t.Errorf("outcome %v", s.books[0].outcomes)
				}
			})
		})
	}
}

// TestForeignErrors: what a provider returns against its contract is still an
// error with a class, and its words are kept from logs.
func TestForeignErrors(t *testing.T) {
	for name, a := range map[string]act{
		"plain":     {err: errors.New("quotes the prompt: CANARY")},
		"context":   {err: context.Canceled},
		"cancelled": {err: fault(switchgear.ClassCanceled)},
		"nothing":   {nothing: true},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, []act{a}, nil)
					r := run(s, t.Context())
					s.over(r.trace)
					first := r.trace.Attempts[0].Err
					if r.err != nil || r.trace.Step != 2 || first == nil || !first.Class.BlamesTarget() || strings.Contains(first.Error(), "CANARY") {
						t.Errorf("served by %d; %v", r.trace.Step, first)
					}
				})
			})
		}
	}
}

func TestCostAndUsage(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				broken := []beat{opening("a"), usage(10, 2)}
				s := set(t, []act{{events: broken, broken: fault(switchgear.ClassOverloaded), err: nil}}, nil)
				r := run(s, t.Context())
				s.over(r.trace)
				last := r.trace.Attempts[len(r.trace.Attempts)-1]
				if last.Cost.USD != 15 || !last.Cost.Known || last.Usage.Total() != 15 || last.Err != nil {
					t.Errorf("last attempt %+v", last)
				}
				if way == "streamed" && (r.trace.Attempts[0].Cost.USD != 12 || r.trace.Step != 2) {
					t.Errorf("first attempt %+v", r.trace.Attempts[0])
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil)
		resp, err := s.runner.Complete(t.Context(), s.plan, ask0())
		if err != nil || resp.Cost.USD != 15 {
			t.Errorf("%+v, %v", resp, err)
		}
	})
}

// TestSharedError: a provider may return the same error every time; the trace
// goes on a copy.
func TestSharedError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &switchgear.Error{Class: switchgear.ClassInvalid, Provider: "a", Status: 400, Code: "bad", Body: []byte("{}"), Param: "p"}
		s := set(t, []act{{err: shared}})
		r := s.complete(t.Context())
		if shared.Trace != nil {
			t.Error("the provider's error was changed")
		}
		if r.err.Trace == nil || r.err.Status != 400 || r.err.Code != "bad" || string(r.err.Body) != "{}" || r.err.Param != "p" {
			t.Errorf("error %+v", r.err)
		}
	})
}

// TestManyAtOnce shares one runner and one plan among many requests; the race
// detector watches.
func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{delay: time.Millisecond, err: fault(switchgear.ClassServer)}}, []act{{delay: time.Millisecond}})
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				r := ways[[]string{"whole", "streamed"}[i%2]](s, t.Context())
				if r.err != nil || r.trace.Step != 2 || r.trace.Calls() != 3 {
					t.Errorf("step %d, %v", r.trace.Step, r.err)
				}
			})
		}
		wg.Wait()
		s.books[0].settled()
		s.books[1].settled()
		if s.counts() != "400 200" || len(s.watcher.seen) != 600 {
			t.Errorf("calls %s, seen %d", s.counts(), len(s.watcher.seen))
		}
	})
}

// TestBare: breakers, keys, prices, limits and an observer are all optional.
func TestBare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{target: switchgear.Target{Provider: "a", Model: "m"}, acts: []act{{err: fault(switchgear.ClassServer)}, {delay: time.Hour}}}
		plan := &Plan{Route: "r", Length: 1, Steps: []Step{{Number: 1, Target: f.target, Provider: f, Retry: Retry{Attempts: 2}}}}
		resp, err := NewRunner(Options{}).Complete(t.Context(), plan, ask0())
		if err != nil || resp.Text() != "from a" {
			t.Errorf("%v, %v", resp, err)
		}
		st, err := NewRunner(Options{}).Stream(t.Context(), plan, ask0())
		if err != nil {
			t.Fatal(err)
		}
		if text, err := read(st); err != nil || !strings.Contains(text, "a text") {
			t.Errorf("%q, %v", text, err)
		}
		_ = st.Close()
	})
}

// TestBareUnderEverything: a step without anything to watch over it works under
// a plan that would use all of it.
func TestBareUnderEverything(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{{err: refusal("a")}}, nil)
				s.plan.Hedge, s.plan.Opinion, s.plan.Stakes = true, true, switchgear.StakesLow
				for i := range s.plan.Steps {
					s.plan.Steps[i].Breaker, s.plan.Steps[i].Keys, s.plan.Steps[i].Price = nil, nil, nil
				}
				r := run(s, t.Context())
				if r.err == nil || r.err.Code != "a" || s.counts() != "1 0" {
					t.Errorf("%s calls: %v", s.counts(), r.err)
				}
				s.runner.Probe(t.Context(), s.plan, 1, Token{})
				if s.counts() != "1 1" {
					t.Errorf("%s calls", s.counts())
				}
			})
		})
	}
}

// TestBreakerOff is what a breaker is for: without one every request pays for
// the first target's silence.
func TestBreakerOff(t *testing.T) {
	for name, c := range map[string]struct {
		breaker bool
		took    time.Duration
		calls   string
	}{
		"on":  {true, 0, "0 3"},
		"off": {false, 9 * time.Second, "3 3"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := set(t, []act{{hang: true}}, nil)
				s.books[0].closed = true
				if !c.breaker {
					s.plan.Steps[0].Breaker = nil
				}
				for range 3 {
					if r := s.stream(t.Context()); r.err != nil {
						t.Fatal(r.err)
					}
				}
				if s.elapsed() != c.took || s.counts() != c.calls {
					t.Errorf("took %v and %s calls", s.elapsed(), s.counts())
				}
			})
		})
	}
}
