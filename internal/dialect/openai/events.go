package openai

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/lexicon"
	"github.com/switchgear-dev/switchgear/internal/sse"
)

const (
	longestFrame = 16 << 20 // bytes: a picture may come in one frame
	longestError = 64 << 10 // bytes of an answer that an Error keeps
)

// Events reads a streamed answer.
//
// An answer is whole when every choice that was begun has its finish reason;
// [DONE] may then be missing, as at Perplexity, unless there are several
// choices, one of which might never have begun. Snowflake gives no finish reason
// at all: there, [DONE] ends the answer if no piece had so much as the member
// finish_reason and the usage has come in an event of its own behind what was
// said; ask Snowflake for usage. Everything else is
// an answer that broke off, and its [DONE] is not passed on. An error within
// the stream is not passed on either: Err holds it.
func (*Dialect) Events(r io.Reader) switchgear.Stream {
	return &stream{frames: sse.NewReader(r, longestFrame)}
}

type stream struct {
	frames *sse.Reader
	queue  []switchgear.Event // of the frame at hand
	next   int                // the first of them that was not handed out
	err    error
	over   bool

	choices    []choice
	started    bool // EventStart was sent
	done       bool // [DONE] came
	reasoned   bool // some piece had a member finish_reason
	spoken     bool // there was content
	counted    bool // there was usage
	strays     []byte
	unreadable int
}

// Next goes to the next event.
func (s *stream) Next() bool {
	for {
		if s.next < len(s.queue) {
			s.next++
			return true
		}
		if s.over {
			return false
		}
		s.queue, s.next = s.queue[:0], 0
		s.read()
	}
}

// Event is the event at hand.
func (s *stream) Event() switchgear.Event {
	if s.next == 0 || s.next > len(s.queue) {
		return switchgear.Event{}
	}
	return s.queue[s.next-1]
}

// Err is why the stream ended; nil if the answer is whole.
func (s *stream) Err() error { return s.err }

// Close stops reading. The reader underneath is the caller's to close.
func (s *stream) Close() error {
	if !s.over {
		s.over, s.err = true, &switchgear.Error{Class: switchgear.ClassCanceled, Dialect: Name, Message: "the stream was closed before its end"}
	}
	s.queue, s.next = nil, 0
	return nil
}

// read takes one frame.
func (s *stream) read() {
	f, err := s.frames.Next()
	if err == nil {
		s.frame(f)
		return
	}
	// A last frame without its blank line counts only if it makes the answer
	// whole. Otherwise it is not even passed on: what the gateway has to say
	// next would be glued to it.
	if len(f.Data) > 0 && errors.Is(err, io.ErrUnexpectedEOF) {
		if s.frame(f); s.over {
			return
		}
		if s.whole() {
			s.over = true
			return
		}
		s.queue = s.queue[:0]
	}
	s.stray(f.Raw)
	s.end(err)
}

// frame turns a frame into events.
func (s *stream) frame(f sse.Frame) {
	switch {
	case f.Comment:
		s.push(switchgear.Event{Kind: switchgear.EventPing})
	case string(f.Data) == "[DONE]":
		s.done, s.over = true, true
		if !s.whole() {
			s.end(io.EOF)
			return
		}
	case f.Event == "error":
		s.fail(told(f.Data))
		return
	case f.Data == nil:
		s.stray(f.Raw)
	case jsonx.Check(f.Data) != nil || jsonx.KindOf(f.Data) != jsonx.Object:
		s.unreadable++
		s.stray(f.Data)
	default:
		if s.chunk(f.Data); s.err != nil {
			s.queue = s.queue[:0] // an event that holds a failure says nothing else
			return
		}
	}
	if len(s.queue) == 0 {
		s.push(switchgear.Event{Kind: switchgear.EventOther})
	}
	s.queue[0].Raw = f.Raw
}

// stray keeps what is no event, until there is an answer: an error page or a
// plain JSON error served as a stream.
func (s *stream) stray(raw []byte) {
	if len(s.choices) == 0 && len(s.strays) < longestError {
		s.strays = append(s.strays, raw[:min(len(raw), longestError-len(s.strays))]...)
	}
}

func (s *stream) push(e switchgear.Event) { s.queue = append(s.queue, e) }

// fail ends the stream with an error; the events of the frame at hand are void.
func (s *stream) fail(err error) {
	s.queue, s.next = s.queue[:0], 0
	s.over, s.err = true, err
}

// whole reports whether the answer is complete.
func (s *stream) whole() bool {
	finished := 0
	for i := range s.choices {
		if s.choices[i].finished {
			finished++
		}
	}
	switch {
	case len(s.choices) == 0:
		return false
	case finished == len(s.choices):
		return s.done || finished == 1
	default:
		return s.done && !s.reasoned && s.spoken && s.counted
	}
}

// end is the end of the bytes, for a reason.
func (s *stream) end(reason error) {
	if s.whole() {
		s.over = true
		return
	}
	var known *switchgear.Error
	switch {
	case errors.As(reason, &known):
		s.fail(known)
	case errors.Is(reason, context.Canceled):
		s.fail(broken(switchgear.ClassCanceled, "the caller went away", reason))
	case errors.Is(reason, context.DeadlineExceeded):
		s.fail(broken(switchgear.ClassTimeout, "the deadline passed within the answer", reason))
	case errors.Is(reason, sse.ErrTooLong):
		s.fail(broken(switchgear.ClassMalformed, "the provider sent an event of more than 16 MiB", reason))
	case len(s.choices) > 0:
		s.fail(broken(switchgear.ClassInterrupted, "the answer broke off before its end", cut(reason)))
	case !errors.Is(reason, io.EOF) && !errors.Is(reason, io.ErrUnexpectedEOF):
		s.fail(broken(switchgear.ClassInterrupted, "the connection broke before the answer began", reason))
	case s.unreadable > 0:
		s.fail(broken(switchgear.ClassMalformed, "the provider sent a stream without a readable event", nil))
	default:
		s.fail(classify(http.StatusOK, nil, s.strays))
	}
}

// cut hides the plain end of the bytes, which is no cause.
func cut(reason error) error {
	if errors.Is(reason, io.EOF) {
		return nil
	}
	return reason
}

func broken(class switchgear.Class, text string, cause error) *switchgear.Error {
	return &switchgear.Error{Class: class, Status: http.StatusOK, Dialect: Name, Message: text, Err: cause}
}

// told is the error that an event of that name tells of, in whatever words.
func told(data []byte) *switchgear.Error {
	e := classify(http.StatusOK, nil, data)
	if !readFailure(data).some {
		e.Class, e.Code, e.Message = switchgear.ClassServer, "", lexicon.Sentence(switchgear.ClassServer)
	}
	return e
}
