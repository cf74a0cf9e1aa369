package gateway

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/eval/normalise"
	"github.com/switchgear-dev/switchgear/internal/canary"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// said is what a guard looks at of an answer. It holds no more of it than that.
type said struct {
	text    string // of the first choice
	refused bool   // the provider says that the model declined
	calls   bool   // there are tool calls: beside them the text has no form
	broken  bool   // the arguments of one of them cannot be read
}

// maxSaid bounds how much of a streamed answer is kept for its form. A longer
// one is not judged by it.
const maxSaid = normalise.MaxBytes

// judge tells a canary's guard how a request for an answer in one piece went.
func (s *snapshot) judge(plan *failover.Plan, req *switchgear.Request, resp *switchgear.Response, err error) {
	if resp == nil {
		s.observe(plan, &ending{req: req, trace: traceOf(err), err: err})
		return
	}
	s.observe(plan, &ending{req: req, trace: resp.Trace, said: answered(resp)})
}

// ending is a request that is over.
type ending struct {
	req    *switchgear.Request
	stream bool
	trace  *switchgear.Trace
	said   *said // nil if there was no answer
	err    error
}

func traceOf(err error) *switchgear.Trace {
	if e, ok := errors.AsType[*switchgear.Error](err); ok {
		return e.Trace
	}
	return nil
}

// answered is what an answer's first choice says.
func answered(resp *switchgear.Response) *said {
	out := &said{text: resp.Text()}
	if len(resp.Choices) == 0 {
		return out
	}
	c := &resp.Choices[0]
	out.refused = c.Finish.Kind == switchgear.FinishFilter
	for i := range c.Parts {
		switch p := &c.Parts[i]; p.Kind {
		case switchgear.PartRefusal:
			out.refused = true
		case switchgear.PartToolCall:
			out.calls = true
			out.broken = out.broken || (p.Call != nil && brokenCall(p.Call.Arguments))
		default:
		}
	}
	return out
}

// brokenCall reports whether the arguments of a tool call cannot be read. None
// at all is how some models call a tool that takes none.
func brokenCall(arguments string) bool {
	return strings.TrimSpace(arguments) != "" && !json.Valid([]byte(arguments))
}

// observe tells the guard how a request went, and everybody else if that made a
// difference.
func (s *snapshot) observe(plan *failover.Plan, end *ending) {
	t := s.trials[plan.Route]
	if t == nil || end.trace == nil {
		return
	}
	now := time.Now()
	o, ok := t.outcome(end, now)
	if !ok {
		return
	}
	if said := end.said; said != nil && !o.Error && !o.Cut && !o.Refusal {
		o.Refusal = said.refused || (!said.calls && normalise.Refuses(said.text))
		o.Form = !o.Refusal && t.malformed(end.req, said)
	}
	if state, changed := t.guard.Observe(o, now); changed {
		s.gateway.decided(t, state)
	}
}

// outcome is how a request went for the model whose it was; false if that says
// nothing about the model.
func (t *trial) outcome(end *ending, now time.Time) (canary.Outcome, bool) {
	o := canary.Outcome{Candidate: end.trace.Arm == switchgear.ArmCandidate, Stream: end.stream}
	first, last := attemptsAt(end.trace, t.step, o.Candidate)
	if last == nil {
		return o, false
	}
	served := end.err == nil && end.trace.Step == t.step && end.trace.Trial == o.Candidate
	switch e := last.Err; {
	case last.Skipped != "":
		o.Error = true
		return o, last.Unready
	case e == nil && served:
		took := last.Duration
		if end.stream && last.FirstToken > 0 {
			took = last.FirstToken
		}
		o.Latency = last.Start.Sub(first.Start) + took
		return o, true
	case e == nil || last.Lost: // somebody else was faster
		o.Cut, o.Latency = true, now.Sub(first.Start)
		return o, true
	case e.Class == switchgear.ClassCanceled:
		return o, false
	case e.Class == switchgear.ClassPolicy:
		o.Refusal, o.Latency = true, last.Duration
		return o, true
	case callersOwn(e):
		// What the incumbent then took was no mistake of the caller's.
		o.Error = true
		return o, o.Candidate && end.err == nil
	default:
		o.Error = true
		return o, true
	}
}

// attemptsAt are the first and the last attempt at a step's own target, or at
// the candidate for it; nil if there was none.
func attemptsAt(trace *switchgear.Trace, step int, candidate bool) (first, last *switchgear.Attempt) {
	for i := range trace.Attempts {
		a := &trace.Attempts[i]
		if a.Step != step || a.Trial != candidate {
			continue
		}
		if first == nil {
			first = a
		}
		last = a
	}
	return first, last
}

// callersOwn reports whether a failure is put down to the request.
func callersOwn(e *switchgear.Error) bool {
	return e.Class == switchgear.ClassInvalid || e.Class == switchgear.ClassContext || e.Class == switchgear.ClassRefused
}

// malformed reports whether an answer does not have the form declared for it,
// as the client gets it: JSON, and arguments of tool calls that can be read.
func (t *trial) malformed(req *switchgear.Request, answer *said) bool {
	if answer.calls {
		return answer.broken
	}
	if !t.form.Wants(answer.text) {
		return false
	}
	if req.Wire != nil {
		values, err := decode(req.Wire)
		if err != nil {
			return false // what was asked for is not known
		}
		req = values
	}
	_, declared := t.form.declares(req)
	return declared
}

// decided tells of a canary that was withdrawn or is ready. The store is told
// beside the request, which has waited long enough.
func (g *Gateway) decided(t *trial, state canary.State) {
	e := t.event(switchgear.AlertSwapFinished, "as good as "+t.incumbent.String()+" so far: "+t.swapCommand())
	if state == canary.StateWithdrawn {
		_, why := t.guard.State()
		e = t.event(switchgear.AlertSwapReverted, why)
	}
	g.tell(&e)
	go g.keepTrials()
}
