package failover

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// picky is a fake whose protocol has no word for some of the request.
type picky struct {
	*fake

	drops []string
}

func (p picky) Complete(ctx context.Context, call *switchgear.Call) (*switchgear.Response, error) {
	if err := p.refuses(call); err != nil {
		return nil, err
	}
	return p.fake.Complete(ctx, call)
}

func (p picky) Stream(ctx context.Context, call *switchgear.Call) (switchgear.Stream, error) {
	if err := p.refuses(call); err != nil {
		return nil, err
	}
	return p.fake.Stream(ctx, call)
}

func (p picky) refuses(call *switchgear.Call) error {
	if !call.Strict || len(p.drops) == 0 {
		return nil
	}
	return &switchgear.Error{
		Class: switchgear.ClassRefused, Code: switchgear.CodeLeversDropped, Param: p.drops[0], Message: "scripted",
		Trace: &switchgear.Trace{Dropped: p.drops},
	}
}

// strictly makes a strict chain of two in which the first cannot be told two
// things, the second what is given.
func strictly(t *testing.T, second ...string) *stage {
	t.Helper()
	s := set(t, nil, nil)
	s.plan.Strict = true
	s.plan.Steps[0].Provider = picky{s.fakes[0], []string{"sampling.seed", "user"}}
	s.plan.Steps[1].Provider = picky{s.fakes[1], second}
	return s
}

// A step that would drop something is passed over: it is not called, nobody is
// blamed, and nobody is told of an attempt.
func TestStrict(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := strictly(t)
				r := run(s, t.Context())
				s.over(r.trace)
				if r.err != nil || s.counts() != "0 1" || s.elapsed() != 0 {
					t.Fatalf("%v after %s calls and %v", r.err, s.counts(), s.elapsed())
				}
				first := r.trace.Attempts[0]
				if first.Skipped != "would drop sampling.seed, user" || first.Err != nil || first.Credential != "" || r.trace.Step != 2 {
					t.Errorf("%+v", r.trace)
				}
				if s.books[0].outcomes[0] != OutcomeIgnored || len(s.watcher.seen) != 1 {
					t.Errorf("outcomes %v, %d attempts seen", s.books[0].outcomes, len(s.watcher.seen))
				}
				for _, class := range s.rings[0].reports {
					if class.CoolsKey() {
						t.Errorf("the key is blamed: %v", class)
					}
				}
			})
		})
	}
}

// Where no step can be told everything the request is refused as it is, naming
// what and whom, and nobody is called.
func TestStrictRefuses(t *testing.T) {
	for way, run := range ways {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := strictly(t, "sampling.top_k")
				r := run(s, t.Context())
				s.over(r.trace)
				want := `route "chat" is strict, and none of its targets can be told the whole request: ` +
					`a/m would drop sampling.seed, user, b/m would drop sampling.top_k. Leave it out of the request, or use another route.`
				if r.err == nil || r.err.Class != switchgear.ClassInvalid || r.err.Code != switchgear.CodeLeversDropped ||
					r.err.Param != "sampling.seed" || r.err.Message != want || s.counts() != "0 0" || len(r.trace.Attempts) != 2 {
					t.Errorf("%v after %s calls: %+v", r.err, s.counts(), r.err)
				}
			})
		})
	}
}

// A step that is only down for now could have served: that is no fault of the
// request.
func TestStrictBesideAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := strictly(t)
		s.books[1].closed, s.books[1].final, s.books[1].until = true, true, s.began.Add(5*time.Second)
		r := s.complete(t.Context())
		s.over(r.trace)
		if r.err == nil || r.err.Class != switchgear.ClassExhausted || r.err.RetryAfter == 0 ||
			!strings.Contains(r.err.Message, "a/m would drop sampling.seed, user, b/m breaker open") {
			t.Errorf("%v", r.err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := strictly(t)
		s.plan.Attempts = 1 // the step that was passed over uses none of it up
		if r := s.complete(t.Context()); r.err != nil {
			t.Error(r.err)
		}
	})
}

// Without fallback the first step that can be told everything is tried, and
// only that one.
func TestStrictWithoutFallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil, []act{{err: fault(switchgear.ClassOverloaded)}}, nil)
		s.plan.Strict, s.plan.NoFallback = true, true
		s.plan.Steps[0].Provider = picky{s.fakes[0], []string{"user"}}
		r := s.complete(t.Context())
		s.over(r.trace)
		if r.err == nil || r.err.Class != switchgear.ClassExhausted || s.counts() != "0 1 0" {
			t.Errorf("%v after %s calls", r.err, s.counts())
		}
	})
}
