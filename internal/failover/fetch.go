package failover

import (
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// An answer that the caller wants in one piece can be fetched bit by bit, so
// that a target which falls silent is noticed within the time to its first
// token rather than after its share of the request. It is put together here,
// from values, and so a request that came over the wire is told by its values
// too, even to a target of its own protocol: see foreign.

// assembles reports whether answers to this request are put together here.
func (j *job) assembles() bool {
	return j.kind == kindWhole && j.plan.Fetch == FetchStream && (j.req.Wire == nil || j.runner.decode != nil)
}

// kindAt is how a step is asked: what the caller wants, or bit by bit.
func (j *job) kindAt() kind {
	if j.assembles() {
		return kindStream
	}
	return j.kind
}

// fetch makes an attempt whose answer comes bit by bit and is wanted whole.
func (a *attempt) fetch(req *switchgear.Request) (*switchgear.Response, *switchgear.Error) {
	s, err := a.streamTo(req, CommitWhole)
	if s == nil {
		return nil, err
	}
	resp := assemble(&s.held)
	if t, ok := s.inner.(switchgear.Traced); ok && t.Trace() != nil {
		resp.Trace.Dropped = append(resp.Trace.Dropped, t.Trace().Dropped...)
	}
	if a.step.Price != nil && resp.Usage.Known != 0 {
		resp.Cost = a.step.Price.Cost(&resp.Usage, a.start)
	}
	return resp, err
}

// place says which part of an answer an event is about.
type place struct{ choice, part int }

// growing is a part of an answer that events add to.
type growing struct {
	part      switchgear.Part
	text      strings.Builder // or the arguments of a tool call
	signature strings.Builder
}

// Assembly is an answer that is put together from the events of a stream.
type Assembly struct {
	resp    *switchgear.Response
	parts   map[place]*growing
	order   []place
	choices int
	ends    map[int]switchgear.Finish
}

// NewAssembly begins an answer.
func NewAssembly() *Assembly {
	return &Assembly{
		resp:  &switchgear.Response{Trace: &switchgear.Trace{}},
		parts: map[place]*growing{}, ends: map[int]switchgear.Finish{},
	}
}

// assemble puts the events of a whole stream together.
func assemble(h *held) *switchgear.Response {
	b := NewAssembly()
	var e switchgear.Event
	for h.next(&e) {
		b.Add(&e)
	}
	return b.Response()
}

// Response is the answer, once all events were added. What no value can hold is
// named in its trace as dropped.
func (b *Assembly) Response() *switchgear.Response {
	b.resp.Choices = make([]switchgear.Choice, b.choices)
	for i := range b.resp.Choices {
		b.resp.Choices[i].Index, b.resp.Choices[i].Finish = i, b.ends[i]
	}
	for _, at := range b.order {
		c := &b.resp.Choices[at.choice]
		c.Parts = append(c.Parts, b.parts[at].whole())
	}
	return b.resp
}

// Add takes an event over; it may change afterwards.
func (b *Assembly) Add(e *switchgear.Event) {
	at := place{choice: e.Choice, part: e.Index}
	switch e.Kind {
	case switchgear.EventStart:
		b.resp.ID, b.resp.Model = e.ID, e.Model
		merge(&b.resp.Usage, &e.Usage)
	case switchgear.EventUsage:
		merge(&b.resp.Usage, &e.Usage)
	case switchgear.EventFinish:
		b.ends[e.Choice] = e.Finish
		b.choices = max(b.choices, e.Choice+1)
	case switchgear.EventPart:
		if b.parts[at] != nil || e.Part == nil {
			b.drop(at)
			return
		}
		b.at(at, e.Part.Kind).part = *e.Part
	case switchgear.EventText:
		b.at(at, switchgear.PartText).text.WriteString(e.Text)
	case switchgear.EventThinking:
		b.at(at, switchgear.PartThinking).text.WriteString(e.Text)
	case switchgear.EventRefusal:
		b.at(at, switchgear.PartRefusal).text.WriteString(e.Text)
	case switchgear.EventSignature:
		b.at(at, switchgear.PartThinking).signature.WriteString(e.Text)
	case switchgear.EventToolCall:
		b.at(at, switchgear.PartToolCall).text.WriteString(e.Text)
	case switchgear.EventDelta:
		b.drop(at)
	case switchgear.EventOther, switchgear.EventPing, switchgear.EventPartEnd:
	}
}

// at is the part at a place, made if it is new.
func (b *Assembly) at(at place, kind switchgear.PartKind) *growing {
	g := b.parts[at]
	if g == nil {
		g = &growing{part: switchgear.Part{Kind: kind}}
		b.parts[at] = g
		b.order = append(b.order, at)
		b.choices = max(b.choices, at.choice+1)
	}
	return g
}

// drop names a part of which something is lost, once.
func (b *Assembly) drop(at place) {
	name := "answer.choices[" + strconv.Itoa(at.choice) + "].parts[" + strconv.Itoa(at.part) + "]"
	if !slices.Contains(b.resp.Trace.Dropped, name) {
		b.resp.Trace.Dropped = append(b.resp.Trace.Dropped, name)
	}
}

// whole is the part with all that was added to it.
func (g *growing) whole() switchgear.Part {
	p := g.part
	p.Signature += g.signature.String()
	if p.Kind != switchgear.PartToolCall {
		p.Text += g.text.String()
		return p
	}
	call := switchgear.ToolCall{}
	if p.Call != nil {
		call = *p.Call
	}
	call.Arguments += g.text.String()
	p.Call = &call
	return p
}
