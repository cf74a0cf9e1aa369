package leaves

import (
	"sync"

	"github.com/switchgear-dev/switchgear"
)

// Ledger holds what has been said of one request. It is for one goroutine, and
// a nil Ledger takes no notes.
type Ledger struct {
	req     *switchgear.Request
	dialect string
	said    Field
	entries []entry  // in runs: system, messages, tools, stops, then the parts of each message or result
	names   []named  // members that were said one by one
	own     int32    // the first of the request's extra members in names; 0 is none
	chosen  int32    // the first of the options
	notes   []string // what was said with another meaning
	system  int32    // where the runs begin
	turns   int32
	tools   int32
	stops   int32
}

// entry is what has been said of one thing.
type entry struct {
	said  uint32
	first int32 // where its own parts begin
	names int32 // the first of its members in Ledger.names; 0 is none
}

// named is a member that was said, and where the next one of its owner stands.
type named struct {
	name string
	next int32
}

// Ledgers that grew beyond this many entries are not kept.
const keep = 1 << 14

var ledgers = sync.Pool{New: func() any { return new(Ledger) }} //nolint:gochecknoglobals // a pool is shared by nature and holds no state

// Open begins the books of a request that is written in a dialect. The request
// must not change until Close.
func Open(req *switchgear.Request, dialect string) *Ledger {
	l, ok := ledgers.Get().(*Ledger)
	if !ok {
		l = new(Ledger)
	}
	l.req, l.dialect = req, dialect
	l.said, l.own, l.chosen = 0, 0, 0
	l.entries, l.names, l.notes = l.entries[:0], append(l.names[:0], named{}), l.notes[:0]
	l.system = l.run(len(req.System))
	l.turns = l.run(len(req.Messages))
	l.tools = l.run(len(req.Tools))
	l.stops = l.run(len(req.Stop))
	l.descend(l.system, req.System)
	for i := range req.Messages {
		parts := req.Messages[i].Parts
		first := l.run(len(parts))
		l.entries[l.turns+int32(i)].first = first
		l.descend(first, parts)
	}
	return l
}

// Close gives the ledger back. It must not be used afterwards.
func (l *Ledger) Close() {
	if l == nil || cap(l.entries) > keep {
		return
	}
	clear(l.names[:cap(l.names)]) // which would hold on to the body
	clear(l.notes[:cap(l.notes)])
	l.req = nil
	ledgers.Put(l)
}

// Said marks leaves of the request itself.
func (l *Ledger) Said(f Field) {
	if l != nil {
		l.said |= f
	}
}

// Extra marks one extra member of the request.
func (l *Ledger) Extra(name string) {
	if l != nil {
		l.own = l.link(l.own, name)
	}
}

// Option marks one of the options for the target's dialect.
func (l *Ledger) Option(name string) {
	if l != nil {
		l.chosen = l.link(l.chosen, name)
	}
}

// Stop marks one stop sequence.
func (l *Ledger) Stop(i int) {
	if l != nil {
		l.entries[l.stops+int32(i)].said = 1
	}
}

// Note adds a line to what Left reports: for a leaf that was said with another
// meaning, like "effort (max as high)".
func (l *Ledger) Note(text string) {
	if l != nil {
		l.notes = append(l.notes, text)
	}
}

// System are the parts of the request's system text.
func (l *Ledger) System() Parts {
	if l == nil {
		return Parts{}
	}
	return Parts{l, l.system}
}

// Message is a message of the request.
func (l *Ledger) Message(i int) Message {
	if l == nil {
		return Message{}
	}
	return Message{l, l.turns + int32(i)}
}

// Part is part j of message i.
func (l *Ledger) Part(i, j int) Part { return l.Message(i).Parts().At(j) }

// Tool is a tool of the request.
func (l *Ledger) Tool(i int) Tool {
	if l == nil {
		return Tool{}
	}
	return Tool{l, l.tools + int32(i)}
}

// Message is where to note what was said of a message. The zero Message takes
// no notes.
type Message struct {
	l  *Ledger
	at int32
}

// Said marks leaves of the message.
func (m Message) Said(f MessageField) { m.l.mark(m.at, uint32(f)) }

// Extra marks one extra member of the message.
func (m Message) Extra(name string) { m.l.member(m.at, name) }

// Parts are the parts of the message.
func (m Message) Parts() Parts { return m.l.below(m.at) }

// Parts are the parts of a message, of a tool result or of the system text.
type Parts struct {
	l     *Ledger
	first int32
}

// At is one of the parts.
func (p Parts) At(i int) Part { return Part{p.l, p.first + int32(i)} }

// Part is where to note what was said of a part. The zero Part takes no notes.
type Part struct {
	l  *Ledger
	at int32
}

// Said marks leaves of the part.
func (p Part) Said(f PartField) { p.l.mark(p.at, uint32(f)) }

// Extra marks one extra member of the part.
func (p Part) Extra(name string) { p.l.member(p.at, name) }

// Parts are the parts of the tool result in this part.
func (p Part) Parts() Parts { return p.l.below(p.at) }

// Tool is where to note what was said of a tool. The zero Tool takes no notes.
type Tool struct {
	l  *Ledger
	at int32
}

// Said marks leaves of the tool.
func (t Tool) Said(f ToolField) { t.l.mark(t.at, uint32(f)) }

// Extra marks one extra member of the tool.
func (t Tool) Extra(name string) { t.l.member(t.at, name) }

func (l *Ledger) mark(at int32, bits uint32) {
	if l != nil {
		l.entries[at].said |= bits
	}
}

func (l *Ledger) member(at int32, name string) {
	if l != nil {
		e := &l.entries[at]
		e.names = l.link(e.names, name)
	}
}

// link puts a member before the others of its owner.
func (l *Ledger) link(head int32, name string) (first int32) {
	l.names = append(l.names, named{name, head})
	return int32(len(l.names) - 1)
}

func (l *Ledger) below(at int32) Parts {
	if l == nil {
		return Parts{}
	}
	return Parts{l, l.entries[at].first}
}

// run makes room for n things in a row.
func (l *Ledger) run(n int) (first int32) {
	first = int32(len(l.entries))
	for range n {
		l.entries = append(l.entries, entry{})
	}
	return first
}

// descend makes room for the parts of tool results.
func (l *Ledger) descend(first int32, parts []switchgear.Part) {
	for i := range parts {
		if inner := nested(&parts[i]); len(inner) > 0 {
			at := l.run(len(inner))
			l.entries[first+int32(i)].first = at
			l.descend(at, inner)
		}
	}
}
