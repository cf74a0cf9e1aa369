package failover

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// TestDespair: when breakers bar what no other step makes up for, those steps
// are tried all the same, the one whose trial is due first first, each once.
func TestDespair(t *testing.T) {
	for name, c := range map[string]struct {
		script []act // of the second, whose trial is due first
		change func(s *stage)
		calls  string
		step   int
		code   string
	}{
		"it serves":  {nil, nil, "0 1 0", 2, ""},
		"it is down": {[]act{{err: fault(switchgear.ClassServer)}}, nil, "0 1 1", 3, ""},
		"all are down": {[]act{{err: fault(switchgear.ClassServer)}}, func(s *stage) {
			s.fakes[0].acts = []act{{err: fault(switchgear.ClassServer)}}
			s.fakes[2].acts = []act{{err: fault(switchgear.ClassOverloaded)}}
		}, "1 1 1", 0, switchgear.CodeChainExhausted},
		"it is slow":        {[]act{{err: fault(switchgear.ClassTimeout)}}, nil, "0 1 0", 0, switchgear.CodeChainExhausted},
		"it refuses":        {[]act{{err: refusal("b")}}, nil, "0 1 0", 0, "b"},
		"high stakes":       {nil, func(s *stage) { s.plan.Stakes = switchgear.StakesHigh }, "0 1 0", 2, ""},
		"it is held":        {nil, func(s *stage) { s.books[1].final = true }, "0 0 1", 3, ""},
		"when is not known": {nil, func(s *stage) { s.books[1].until = time.Time{} }, "0 0 1", 3, ""},
		"all are held":      {nil, func(s *stage) { s.books[0].final, s.books[1].final, s.books[2].final = true, true, true }, "0 0 0", 0, switchgear.CodeChainExhausted},
		"its keys cool":     {nil, func(s *stage) { s.rings[1].until[0] = s.began.Add(time.Minute) }, "0 0 1", 3, ""},
		"one was called before": {nil, func(s *stage) {
			s.books[0].closed = false
			s.fakes[0].acts = []act{{err: fault(switchgear.ClassOverloaded)}}
		}, "1 1 0", 2, ""},
		"a race asked for it too": {[]act{{err: fault(switchgear.ClassServer)}}, func(s *stage) {
			s.books[0].closed, s.books[0].mood = false, Verdict{Tee: true}
			s.fakes[0].acts = []act{{err: fault(switchgear.ClassOverloaded)}}
			s.fakes[2].acts = []act{{err: fault(switchgear.ClassOverloaded)}}
		}, "1 1 1", 0, switchgear.CodeChainExhausted},
		"cannot be forced": {nil, func(s *stage) { s.plan.Steps[1].Breaker = rigid{s.books[1]} }, "0 0 1", 3, ""},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, nil, c.script, nil)
					for i, after := range []time.Duration{9 * time.Second, 3 * time.Second, 6 * time.Second} {
						s.books[i].closed, s.books[i].until = true, s.began.Add(after)
					}
					if c.change != nil {
						c.change(s)
					}
					r := run(s, t.Context())
					s.over(r.trace)
					if s.counts() != c.calls || r.trace.Step != c.step || s.elapsed() != 0 {
						t.Errorf("%s calls, served by %d after %v: %v", s.counts(), r.trace.Step, s.elapsed(), r.err)
					}
					if (r.err != nil) != (c.code != "") || (r.err != nil && r.err.Code != c.code) {
						t.Errorf("error %v", r.err)
					}
					if name == "all are down" && !strings.Contains(r.err.Message, "c/m breaker open, next trial in 6 s, b/m tried all the same: failed, c/m tried all the same: overloaded, a/m tried all the same: failed") {
						t.Errorf("story %q", r.err.Message)
					}
				})
			})
		}
	}
}

// TestDespairOnce: a step that was asked as a rival and again in its turn, and
// was barred both times, is tried once all the same.
func TestDespairOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := []act{{err: fault(switchgear.ClassServer)}}
		s := suspected(t, []act{{delay: 2 * time.Second, err: fault(switchgear.ClassServer)}}, down)
		s.books[1].closed, s.books[1].until = true, s.began.Add(time.Minute)
		r := s.stream(t.Context())
		synctest.Wait()
		s.over(r.trace)
		if r.err == nil || s.counts() != "1 1" {
			t.Errorf("%s calls: %v", s.counts(), r.err)
		}
	})
}

// rigid is a breaker that cannot be overruled.
type rigid struct{ Breaker }

// TestDespairOfOne: the only step of a chain tells both of its stories, and is
// tried as often as if it were not barred.
func TestDespairOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{err: fault(switchgear.ClassServer)}})
		s.books[0].closed = true
		r := s.complete(t.Context())
		s.over(r.trace)
		if want := `route "chat" not served: a/m breaker open, a/m tried all the same: failed (2 tries)`; r.err == nil || r.err.Message != want {
			t.Errorf("%v", r.err)
		}
	})
}
