package failover

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// spare is a ring that lends a key even while it cools.
type spare struct{ *ring }

func (s spare) Trial(time.Time) (switchgear.Credential, int, bool) {
	return switchgear.Credential{ID: s.names[0]}, 0, true
}

// spy keeps what it was asked.
type spy struct {
	able

	call *switchgear.Call
}

func (s *spy) Complete(ctx context.Context, call *switchgear.Call) (*switchgear.Response, error) {
	s.call = call
	return s.able.Complete(ctx, call)
}

func TestProbe(t *testing.T) {
	for name, c := range map[string]struct {
		script  []act
		outcome OutcomeKind
		took    time.Duration
	}{
		"well":              {slowly(time.Second), OutcomeOK, time.Second},
		"down":              {[]act{{err: fault(switchgear.ClassServer)}}, OutcomeFail, 0},
		"silent":            {[]act{{hang: true}}, OutcomeSlow, 3 * time.Second},
		"refuses the probe": {[]act{{err: refusal("a")}}, OutcomeIgnored, 0},
		"panics":            {[]act{{panics: "x"}}, OutcomeIgnored, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, panels := disputed(t, OpinionAsk, c.script, nil)
				s.paced(10, 20) // says nothing about a prompt this small
				s.plan.Steps[0].Levers, s.plan.Strict = &switchgear.Levers{Effort: "high"}, true
				provider := &spy{able: able{s.fakes[0]}}
				s.plan.Steps[0].Provider = provider
				s.rings[0].until[0] = s.began.Add(time.Hour)
				s.plan.Steps[0].Keys = spare{s.rings[0]}
				budget, limit := &purse{}, &door{}
				s.plan.Steps[0].Retries, s.plan.Steps[0].Limit = budget, limit
				s.runner.Probe(t.Context(), s.plan, 0, s.books[0].pass())
				s.books[0].settled()
				if o := s.books[0].last(); o.Kind != c.outcome || o.Ratio != 0 || o.Key != 0 {
					t.Errorf("told %+v", o)
				}
				if s.elapsed() != c.took || s.counts() != "1 0" || s.fakes[0].keys[0] != "a#1" || panels[0].asked != 0 || limit.inside != 0 || limit.in != len(limit.left) {
					t.Errorf("took %v, %s calls with %v", s.elapsed(), s.counts(), s.fakes[0].keys)
				}
				if len(s.watcher.seen) != 1 || !s.watcher.seen[0].Probe {
					t.Errorf("seen %+v", s.watcher.seen)
				}
				if provider.call.Levers != nil || provider.call.Strict || *provider.call.Request.Sampling.MaxTokens != 16 {
					t.Errorf("asked %+v", provider.call)
				}
			})
		})
	}
}

// TestProbeOfVectors, of a provider without keys, and of one whose keys nobody
// lends.
func TestProbeOfVectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil)
		s.plan.Steps[0].Embeds, s.plan.Steps[0].Keys = true, nil
		s.plan.Timeout.FirstToken = 0
		budget := &purse{tokens: 3}
		s.plan.Steps[0].Retries = budget
		s.runner.Probe(t.Context(), s.plan, 0, s.books[0].pass())
		s.books[0].settled()
		if o := s.books[0].last(); o.Kind != OutcomeOK || s.watcher.seen[0].Usage.Total() != 3 || budget.spent != 1 {
			t.Errorf("told %+v, seen %+v", o, s.watcher.seen)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := set(t, nil)
		s.rings[0].until[0] = s.began.Add(time.Hour)
		s.runner.Probe(t.Context(), s.plan, 0, s.books[0].pass())
		s.books[0].settled()
		if o := s.books[0].last(); o.Kind != OutcomeIgnored || s.counts() != "0" {
			t.Errorf("told %+v after %s calls", o, s.counts())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{hang: true}})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		s.runner.Probe(ctx, s.plan, 0, s.books[0].pass())
		if o := s.books[0].last(); o.Kind != OutcomeIgnored || s.elapsed() != time.Second {
			t.Errorf("a gateway that closes blames a target: %+v", o)
		}
	})
}
