package failover

import (
	"context"
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
