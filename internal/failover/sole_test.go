package failover

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// till is a purse that answers fill.
type till struct {
	purse

	repaid int
}

func (p *till) Repay(time.Time) { p.mu.Lock(); defer p.mu.Unlock(); p.tokens++; p.repaid++ }

// lender is a ring whose key is lent while it cools.
type lender struct {
	*ring

	lent int
}

func (l *lender) Lend(time.Time) (switchgear.Credential, int, bool) {
	l.lent++
	return switchgear.Credential{ID: l.names[0]}, 0, true
}

// gate is a limit that turns everybody away who does not press.
type gate struct {
	door

	pressed int
	firm    bool
}

func (g *gate) Press() bool {
	if g.firm {
		return false
	}
	g.pressed++
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside++
	g.in++
	return true
}

// TestOnlyStep is the table of what a step gets where no other can take the
// request.
func TestOnlyStep(t *testing.T) {
	ramp := fault(switchgear.ClassOverloaded)
	ramp.Marks = switchgear.MarkRamp
	fails := func(err error) []act { return []act{{err: err}, {err: err}, {}} }
	held := func(s *stage) { s.plan.Steps[0].Limit = &gate{} }
	lends := func(s *stage) {
		s.rings[0].until[0] = s.began.Add(time.Hour)
		s.plan.Steps[0].Keys = &lender{ring: s.rings[0]}
	}
	for name, c := range map[string]struct {
		scripts [][]act
		change  func(s *stage)
		calls   string
		serves  bool
	}{
		"failed twice":                {[][]act{fails(fault(switchgear.ClassServer))}, nil, "3", true},
		"overloaded twice":            {[][]act{fails(fault(switchgear.ClassOverloaded))}, nil, "3", true},
		"broke off twice":             {[][]act{fails(fault(switchgear.ClassInterrupted))}, nil, "3", true},
		"overloaded, with another":    {[][]act{fails(fault(switchgear.ClassOverloaded)), {}}, nil, "1 1", true},
		"asks for less":               {[][]act{fails(ramp)}, nil, "1", false},
		"gone":                        {[][]act{fails(fault(switchgear.ClassGone))}, nil, "1", false},
		"as often as the file says":   {[][]act{fails(fault(switchgear.ClassServer))}, func(s *stage) { s.plan.Steps[0].Retry.Alone = 2 }, "2", false},
		"no fallback was asked for":   {[][]act{fails(fault(switchgear.ClassOverloaded)), {}}, func(s *stage) { s.plan.NoFallback = true }, "1 0", false},
		"nothing left to pay":         {[][]act{fails(fault(switchgear.ClassOverloaded))}, func(s *stage) { s.plan.Retries = &purse{} }, "1", false},
		"barred":                      {[][]act{fails(fault(switchgear.ClassOverloaded))}, func(s *stage) { s.books[0].closed = true }, "3", true},
		"barred, nothing left to pay": {[][]act{fails(fault(switchgear.ClassOverloaded))}, func(s *stage) { s.books[0].closed, s.plan.Retries = true, &purse{} }, "1", false},
		"its key cools, and is lent":  {[][]act{{}}, lends, "1", true},
		"its key cools, with another": {[][]act{{}, {}}, lends, "0 1", true},
		"full, while answers come":    {[][]act{{}}, func(s *stage) { held(s); s.plan.Retries = &purse{tokens: 1} }, "1", true},
		"full, and no answers come":   {[][]act{{}}, func(s *stage) { held(s); s.plan.Retries = &purse{} }, "0", false},
		"full, at low stakes":         {[][]act{{}}, func(s *stage) { held(s); s.plan.Stakes = switchgear.StakesLow }, "0", false},
		"full, by a fixed limit":      {[][]act{{}}, func(s *stage) { s.plan.Steps[0].Limit = &gate{firm: true} }, "0", false},
		"full, with another":          {[][]act{{}, {}}, held, "0 1", true},
		"refused":                     {[][]act{{{err: refusal("a")}}}, func(s *stage) { s.plan.Opinion, s.plan.Steps[0].Jury = true, &panel{opinion: OpinionAsk} }, "1", false},
	} {
		for way, run := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := set(t, c.scripts...)
					s.plan.Steps[0].Retry.Alone = 3
					if c.change != nil {
						c.change(s)
					}
					r := run(s, t.Context())
					s.over(r.trace)
					if s.counts() != c.calls || (r.err == nil) != c.serves {
						t.Errorf("%s calls: %v", s.counts(), r.err)
					}
				})
			})
		}
	}
}

// TestOnlyStepSilent: one stream in three that does not begin costs its user
// the wait, not the answer.
func TestOnlyStepSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := set(t, []act{{hang: true}, {hang: true}, {}})
		s.plan.Steps[0].Retry.Alone = 3
		r := s.stream(t.Context())
		s.over(r.trace)
		if r.err != nil || s.counts() != "3" || s.elapsed() != 6*time.Second {
			t.Errorf("%s calls in %v: %v", s.counts(), s.elapsed(), r.err)
		}
	})
}

// TestAnswersRepay: only where there is no other step does an answer fill the
// retry budgets, the route's and the model's.
func TestAnswersRepay(t *testing.T) {
	for steps, want := range map[int]int{1: 1, 2: 0} {
		synctest.Test(t, func(t *testing.T) {
			s := set(t, make([][]act, steps)...)
			route, target := &till{}, &till{}
			s.plan.Retries, s.plan.Steps[0].Retries = route, target
			s.over(s.complete(t.Context()).trace)
			if route.repaid != want || target.repaid != want {
				t.Errorf("%d steps: the route's was repaid %d times, the model's %d", steps, route.repaid, target.repaid)
			}
			s.fakes[0].acts = []act{{err: fault(switchgear.ClassGone)}}
			s.complete(t.Context())
			if route.repaid != want {
				t.Error("a failure repays")
			}
		})
	}
}
