package failover

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// instant answers at once and allocates as little as it can.
type instant struct{ resp switchgear.Response }

func (p *instant) Complete(context.Context, *switchgear.Call) (*switchgear.Response, error) {
	resp := p.resp
	return &resp, nil
}

func (p *instant) Stream(context.Context, *switchgear.Call) (switchgear.Stream, error) {
	return &instantStream{left: 100, raw: []byte("data")}, nil
}

type instantStream struct {
	left int
	raw  []byte
}

func (s *instantStream) Next() bool { s.left--; return s.left >= 0 }

func (s *instantStream) Event() switchgear.Event {
	return switchgear.Event{Kind: switchgear.EventText, Text: "x", Raw: s.raw}
}

func (s *instantStream) Err() error { return nil }

func (s *instantStream) Close() error { return nil }

func instantPlan() *Plan {
	p := &instant{resp: *answer("a")}
	step := Step{
		Number: 1, Target: switchgear.Target{Provider: "a", Model: "m"}, Provider: p,
		Dialects: []string{"openai"}, Retry: Retry{Attempts: 2},
	}
	return &Plan{
		Route: "chat", Length: 1, Steps: []Step{step}, Attempts: 4,
		Timeout: Timeout{FirstToken: 3 * time.Second, Idle: 15 * time.Second, Total: time.Minute},
	}
}

// BenchmarkComplete is what the runner adds to a call that succeeds at once.
func BenchmarkComplete(b *testing.B) {
	r, plan := NewRunner(Options{}), instantPlan()
	req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("{}")}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Complete(b.Context(), plan, req); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStream is what it adds to a stream of a hundred events.
func BenchmarkStream(b *testing.B) {
	r, plan := NewRunner(Options{}), instantPlan()
	req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("{}")}}
	b.ReportAllocs()
	for b.Loop() {
		st, err := r.Stream(b.Context(), plan, req)
		if err != nil {
			b.Fatal(err)
		}
		for st.Next() {
			_ = st.Event()
		}
		_ = st.Close()
	}
}

// shut is a breaker that is open, and needs nothing to say so.
type shut struct{ until time.Time }

func (s *shut) Acquire(time.Time) (Token, Verdict) {
	return Token{}, Verdict{Reason: "breaker open", Until: s.until}
}

func (*shut) Done(Token, Outcome, time.Time) bool { return false }

// BenchmarkSkip is what an open step before the one that serves costs, over
// what serving does. It is to stay under 1 us.
func BenchmarkSkip(b *testing.B) {
	for _, open := range []int{0, 1, 4} {
		b.Run(strconv.Itoa(open)+"_open", func(b *testing.B) {
			r, plan := NewRunner(Options{}), instantPlan()
			last := plan.Steps[0]
			plan.Steps, plan.Length = nil, open+1
			for i := range open {
				step := last
				step.Number, step.Breaker = i+1, &shut{until: time.Now().Add(time.Hour)}
				plan.Steps = append(plan.Steps, step)
			}
			last.Number = open + 1
			plan.Steps = append(plan.Steps, last)
			req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("{}")}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Complete(b.Context(), plan, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRewalk is what a caller costs that comes back to a dead chain of
// three: microseconds.
func BenchmarkRewalk(b *testing.B) {
	r, plan := NewRunner(Options{}), instantPlan()
	step := plan.Steps[0]
	step.Breaker = &shut{until: time.Now().Add(time.Hour)}
	plan.Steps, plan.Length = []Step{step, step, step}, 3
	for i := range plan.Steps {
		plan.Steps[i].Number = i + 1
	}
	req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: make([]byte, 20_000)}, Limits: switchgear.Limits{Retry: 1}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Complete(b.Context(), plan, req); err == nil {
			b.Fatal("served")
		}
	}
}

// BenchmarkFallOver is our own time from a fast error to the next target's
// answer, both of which take none. It is to stay under 1 ms.
func BenchmarkFallOver(b *testing.B) {
	r, plan := NewRunner(Options{}), instantPlan()
	last := plan.Steps[0]
	first := last
	first.Provider = &fake{acts: []act{{err: &switchgear.Error{Class: switchgear.ClassOverloaded, Provider: "a", Status: 529}}}}
	last.Number = 2
	plan.Steps, plan.Length = []Step{first, last}, 2
	req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: make([]byte, 20_000)}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Complete(b.Context(), plan, req); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFull is BenchmarkComplete with everything a step can bring along.
func BenchmarkFull(b *testing.B) {
	r, plan := NewRunner(Options{}), instantPlan()
	step := plan.Steps[0]
	step.Limit, step.Pace, step.Retries, step.Jury, step.Breaker = free{}, free{}, free{}, free{}, free{}
	other := step
	other.Number = 2
	plan.Steps, plan.Length, plan.Retries, plan.Hedge, plan.Opinion = []Step{step, other}, 2, free{}, true, true
	req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: make([]byte, 20_000)}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Complete(b.Context(), plan, req); err != nil {
			b.Fatal(err)
		}
	}
}

// free is everything, and costs nothing.
type free struct{}

func (free) Acquire(time.Time) (Token, Verdict)      { return Token{}, Verdict{Pass: true, Calm: true} }
func (free) Done(Token, Outcome, time.Time) bool     { return false }
func (free) Barred(time.Time) bool                   { return false }
func (free) Enter(switchgear.Stakes, time.Time) bool { return true }
func (free) Leave(*switchgear.Error, time.Time)      {}
func (free) First(int64) Span                        { return Span{Median: time.Second, P95: 2 * time.Second} }

func (free) Whole(_, _ int64) Span     { return Span{Median: time.Second, P95: 2 * time.Second} }
func (free) Learn(Sample, time.Time)   {}
func (free) Spoil(time.Time)           {}
func (free) Earn(time.Time)            {}
func (free) Spend(time.Time) bool      { return true }
func (free) Refund()                   {}
func (free) Opinion(time.Time) Opinion { return OpinionBelieve }
func (free) Judge(bool, time.Time)     {}

// TestCalmAllocates holds that a request that goes well allocates no more for
// all that watches over it: no goroutine, no timer, no memory.
func TestCalmAllocates(t *testing.T) {
	req := &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte("{}")}}
	measure := func(with bool) float64 {
		r, plan := NewRunner(Options{}), instantPlan()
		if with {
			step := &plan.Steps[0]
			step.Limit, step.Pace, step.Retries, step.Jury, step.Breaker = free{}, free{}, free{}, free{}, free{}
			plan.Retries, plan.Hedge, plan.Opinion = free{}, true, true
		}
		return testing.AllocsPerRun(200, func() {
			if _, err := r.Complete(t.Context(), plan, req); err != nil {
				t.Fatal(err)
			}
		})
	}
	if bare, full := measure(false), measure(true); full > bare {
		t.Errorf("%v allocations, %v without", full, bare)
	}
}
