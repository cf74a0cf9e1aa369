package gateway

import (
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// Recorder keeps requests with their answers, so that eval sets can be made of
// them. It is given those that the configuration's record samples, once the
// answer has come to its proper end, with everything still in them: what is not
// to be kept is for the recorder to take out.
//
// Record must not block and must be safe for concurrent use. It may keep x, and
// must not change what x leads to.
type Recorder interface {
	Record(x *switchgear.Exchange)
}

// WithRecorder gives the requests that the configuration's record samples to r.
// Without it nothing is kept, whatever the configuration says.
func WithRecorder(r Recorder) Option {
	return optionFunc(func(o *options) { o.recorder = r })
}

// tape says which requests of a configuration are given to the recorder.
type tape struct {
	recorder Recorder
	rate     float64
	routes   map[string]bool
}

// newTape is the tape of a configuration; nil if nothing is kept under it, so
// that this costs a request one comparison.
func newTape(r Recorder, cfg *config.Config) *tape {
	if r == nil || !cfg.Record.On {
		return nil
	}
	t := &tape{recorder: r, rate: cfg.Record.Rate, routes: map[string]bool{}}
	for i := range cfg.Routes {
		if cfg.Routes[i].Recorded() {
			t.routes[cfg.Routes[i].Name] = true
		}
	}
	return t
}

// takes draws whether a request is kept. One that names a target instead of a
// route never is.
func (t *tape) takes(route string) bool {
	return t.routes[route] && (t.rate >= 1 || rand.Float64() < t.rate)
}

// keep hands an exchange over, unless the configuration in force by now would
// not have it kept: whoever turns recording off means the requests under way,
// too.
func (s *snapshot) keep(x *switchgear.Exchange) {
	if now := s.gateway.now.Load().tape; now != nil && now.routes[x.Route] {
		now.recorder.Record(x)
	}
}

// exchange is an exchange in the making.
type exchange struct{ switchgear.Exchange }

// taping begins the record of a request; nil if it is not kept.
func (s *snapshot) taping(plan *failover.Plan, req *switchgear.Request) *exchange {
	if s.tape == nil || !s.tape.takes(plan.Route) {
		return nil
	}
	return &exchange{switchgear.Exchange{Start: time.Now(), Route: plan.Route, Request: req}}
}

// answered takes over what is known of an answer at its end.
func (x *exchange) answered(resp *switchgear.Response) {
	x.Duration = time.Since(x.Start)
	if len(resp.Choices) > 0 {
		x.Answer = resp.Choices[0]
	}
	x.Usage, x.Cost = resp.Usage, resp.Cost
	if t := resp.Trace; t != nil {
		x.Target, x.Degraded = t.Target, t.Degraded
	}
}

// maxTaped bounds what is remembered of a streamed answer, in bytes. The
// longest a model can write is about half of it.
const maxTaped = 1 << 20

// taped is a stream that remembers what it passes on.
type taped struct {
	switchgear.Stream

	snapshot *snapshot
	exchange *exchange
	answer   *failover.Assembly // nil once it was handed over, or has become too long
	size     int
	closed   atomic.Bool // by the caller, perhaps before the end
}

// Close implements [switchgear.Stream].
func (t *taped) Close() error {
	t.closed.Store(true)
	return t.Stream.Close()
}

// Next implements [switchgear.Stream].
func (t *taped) Next() bool {
	more := t.Stream.Next()
	if t.answer == nil {
		return more
	}
	if more {
		e := t.Event()
		t.hear(&e)
		return true
	}
	if t.Err() == nil && !t.closed.Load() {
		t.end()
	}
	t.answer = nil
	return false
}

// Trace implements [switchgear.Traced].
func (t *taped) Trace() *switchgear.Trace {
	if traced, ok := t.Stream.(switchgear.Traced); ok {
		return traced.Trace()
	}
	return nil
}

// Header implements [switchgear.Headed].
func (t *taped) Header() http.Header {
	if headed, ok := t.Stream.(switchgear.Headed); ok {
		return headed.Header()
	}
	return nil
}

// hear remembers an event.
func (t *taped) hear(e *switchgear.Event) {
	if t.exchange.FirstToken == 0 && e.IsContent() {
		t.exchange.FirstToken = time.Since(t.exchange.Start)
	}
	if t.size += len(e.Text); t.size > maxTaped {
		t.answer = nil
		return
	}
	t.answer.Add(e)
}

// end hands the exchange over.
func (t *taped) end() {
	resp := t.answer.Response()
	resp.Trace = t.Trace()
	t.exchange.answered(resp)
	t.exchange.Stream = true
	if usage, cost := servedBy(resp.Trace); usage.Known != 0 {
		t.exchange.Usage, t.exchange.Cost = usage, cost
	}
	t.snapshot.keep(&t.exchange.Exchange)
}

// servedBy is what the attempt that served has used; it is the last one.
func servedBy(t *switchgear.Trace) (switchgear.Usage, switchgear.Cost) {
	if t == nil || len(t.Attempts) == 0 {
		return switchgear.Usage{}, switchgear.Cost{}
	}
	last := &t.Attempts[len(t.Attempts)-1]
	return last.Usage, last.Cost
}
