package gateway

import (
	"net/http"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// judgeStream has a canary's guard look at a stream as it is read.
func (s *snapshot) judgeStream(plan *failover.Plan, req *switchgear.Request, answer switchgear.Stream, err error) (switchgear.Stream, error) {
	if err != nil {
		s.observe(plan, &ending{req: req, stream: true, trace: traceOf(err), err: err})
		return nil, err
	}
	return &judged{Stream: answer, snapshot: s, plan: plan, req: req}, nil
}

// judged is a stream whose end is told to a canary's guard.
type judged struct {
	switchgear.Stream

	snapshot *snapshot
	plan     *failover.Plan
	req      *switchgear.Request
	said     said
	text     strings.Builder
	calls    map[int]*strings.Builder // the arguments of tool calls, by their part
	told     bool
}

// Next implements [switchgear.Stream]. A stream that is closed before its end
// is not told of: what the caller gave up says nothing.
func (j *judged) Next() bool {
	if j.Stream.Next() {
		e := j.Event()
		j.hear(&e)
		return true
	}
	if !j.told {
		j.told = true
		j.tell()
	}
	return false
}

// Trace implements [switchgear.Traced].
func (j *judged) Trace() *switchgear.Trace {
	if traced, ok := j.Stream.(switchgear.Traced); ok {
		return traced.Trace()
	}
	return nil
}

// Header implements [switchgear.Headed].
func (j *judged) Header() http.Header {
	if headed, ok := j.Stream.(switchgear.Headed); ok {
		return headed.Header()
	}
	return nil
}

// hear takes in an event of the first choice.
func (j *judged) hear(e *switchgear.Event) {
	if e.Choice != 0 {
		return
	}
	switch e.Kind {
	case switchgear.EventText:
		keep(&j.text, e.Text)
	case switchgear.EventPart:
		j.hearPart(e)
	case switchgear.EventToolCall:
		keep(j.call(e.Index), e.Text)
	case switchgear.EventRefusal:
		j.said.refused = true
	case switchgear.EventFinish:
		j.said.refused = j.said.refused || e.Finish.Kind == switchgear.FinishFilter
	default:
	}
}

func (j *judged) hearPart(e *switchgear.Event) {
	switch {
	case e.Part == nil:
	case e.Part.Kind == switchgear.PartText:
		keep(&j.text, e.Part.Text)
	case e.Part.Kind == switchgear.PartToolCall && e.Part.Call != nil:
		keep(j.call(e.Index), e.Part.Call.Arguments)
	}
}

// call is where the arguments of a tool call are kept.
func (j *judged) call(part int) *strings.Builder {
	b := j.calls[part]
	if b == nil {
		if j.calls == nil {
			j.calls = make(map[int]*strings.Builder)
		}
		b = &strings.Builder{}
		j.calls[part] = b
	}
	return b
}

// keep adds a piece, as long as the whole will be judged.
func keep(b *strings.Builder, piece string) {
	if b.Len() <= maxSaid {
		b.WriteString(piece)
	}
}

// tell tells the guard how the stream ended.
func (j *judged) tell() {
	j.said.text, j.said.calls = j.text.String(), len(j.calls) > 0
	for _, arguments := range j.calls {
		if arguments.Len() <= maxSaid {
			j.said.broken = j.said.broken || brokenCall(arguments.String())
		}
	}
	j.snapshot.observe(j.plan, &ending{req: j.req, stream: true, trace: j.Trace(), said: &j.said, err: j.Err()})
}
