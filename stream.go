package switchgear

import (
	"iter"
	"net/http"
)

// EventKind says which fields of an [Event] are meant.
type EventKind uint8

// The kinds of events.
const (
	EventOther     EventKind = iota // an envelope or something unknown; Raw only
	EventPing                       // the provider is alive but has made no progress
	EventStart                      // the answer begins: ID, Model and perhaps Usage
	EventPart                       // a part begins: Index, Part.Kind, and what is known of it
	EventText                       // Text continues the part
	EventThinking                   // Text continues the part
	EventSignature                  // Text is the signature of the part
	EventToolCall                   // Text continues the arguments of the tool call
	EventRefusal                    // Text continues the part
	EventPartEnd                    // the part is complete
	EventFinish                     // Finish
	EventUsage                      // Usage: later counts replace earlier ones, field by field
	EventDelta                      // more of a part that no other event can say (a citation, the input of a tool that runs at the provider): Raw, and Text where it is text
)

// Event is a step of a stream. It is valid until the next call of
// [Stream.Next].
//
// One frame of the wire can make several events; the first of them carries the
// frame in Raw. Writing every Raw in order gives the stream as it came.
type Event struct {
	Kind   EventKind
	Choice int // which answer, if more than one was asked for
	Index  int // which part of the choice
	Text   string
	ID     string // of the answer, for EventStart
	Model  string // for EventStart
	Part   *Part  // for EventPart
	Finish Finish
	Usage  Usage
	Raw    []byte
}

// IsContent reports whether the event carries something the caller asked for:
// the first such event is where an answer starts to be one, and each of them is
// progress. Thinking and tool calls count.
func (e *Event) IsContent() bool {
	switch e.Kind {
	case EventText, EventThinking, EventSignature, EventToolCall, EventRefusal, EventDelta:
		return true
	case EventPart:
		return e.Part != nil && e.Part.Kind != PartText && e.Part.Kind != PartThinking
	case EventOther, EventPing, EventStart, EventPartEnd, EventFinish, EventUsage:
		return false
	default:
		return false
	}
}

// Stream is an answer that comes bit by bit. It is read like a
// [bufio.Scanner]: Next until it returns false, then Err.
//
// Err is nil only if the answer came to its proper end; a stream that merely
// stops is an error. Close may be called at any time, more than once, and stops
// the upstream.
type Stream interface {
	Next() bool
	Event() Event
	Err() error
	Close() error
}

// Traced is a [Stream] that knows how it came about. Every stream of a gateway
// is one. The trace is complete once Next has returned false; before that the
// last attempt is still open.
type Traced interface {
	Trace() *Trace
}

// Headed is a [Stream] that has headers of the provider's answer a client may
// see.
type Headed interface {
	Header() http.Header
}

// Events ranges over a stream and closes it. The last pair holds the error, if
// there was one.
func Events(s Stream) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		defer func() { _ = s.Close() }()
		for s.Next() {
			if !yield(s.Event(), nil) {
				return
			}
		}
		if err := s.Err(); err != nil {
			yield(Event{}, err)
		}
	}
}
