package anthropic

import (
	"bytes"
	"errors"
	"io"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/sse"
)

// Events reads a streamed answer. It reads no further than message_stop.
func (*Dialect) Events(r io.Reader) switchgear.Stream {
	return &stream{frames: sse.NewReader(r, frameLimit)}
}

// maxOpen is how many parts may be open at once; providers open one at a time.
// What a part beyond them began with is not kept.
const maxOpen = 256

// stream makes events of frames.
type stream struct {
	frames *sse.Reader
	raw    []byte // of the frame that is being read, until an event took it
	queue  [4]switchgear.Event
	next   int // in queue
	filled int // of queue
	open   []openPart
	counts counts
	stray  []byte // what came before the first event and is none
	begun  bool   // message_start was seen
	some   bool   // any event was seen
	reason bool   // a stop reason was seen
	done   bool
	err    error
}

// openPart is a part whose end has not come.
type openPart struct {
	index int
	kind  switchgear.PartKind
	input string // of a tool call, as its start had it
	fed   bool   // arguments came bit by bit
}

// Next goes to the next event.
func (s *stream) Next() bool {
	if s.next++; s.next < s.filled {
		return true
	}
	s.next, s.filled = 0, 0
	for s.filled == 0 {
		if s.done || s.err != nil {
			return false
		}
		s.advance()
	}
	return true
}

// Event returns what Next went to.
func (s *stream) Event() switchgear.Event {
	if s.next >= s.filled {
		return switchgear.Event{}
	}
	return s.queue[s.next]
}

// Err is nil only after message_stop.
func (s *stream) Err() error {
	return s.err
}

// Close ends the stream. It does not close what it reads from.
func (s *stream) Close() error {
	if !s.done && s.err == nil {
		s.err = &switchgear.Error{Class: switchgear.ClassCanceled, Message: "the stream was closed before its end", Dialect: name}
	}
	s.next, s.filled = 0, 0
	return nil
}

// advance reads one frame and queues its events, or sets err.
func (s *stream) advance() {
	frame, err := s.frames.Next()
	if err != nil {
		s.err = s.broken(frame, err)
		return
	}
	s.raw = frame.Raw
	switch {
	case frame.Data != nil:
		s.read(frame)
	case frame.Comment:
		s.push(switchgear.Event{Kind: switchgear.EventPing})
	default:
		s.push(switchgear.Event{Kind: switchgear.EventOther})
	}
	if frame.Data == nil && !s.some && len(s.stray) < bodyLimit {
		s.stray = append(s.stray, frame.Raw...)
	}
}

// push queues an event of the current frame; the first takes the frame's bytes.
func (s *stream) push(e switchgear.Event) {
	e.Raw, s.raw = s.raw, nil
	s.queue[s.filled] = e
	s.filled++
}

// envelope is the JSON of one frame, its nested objects still unread.
type envelope struct {
	kind                                string
	index                               int
	message, block, delta, usage, error []byte
}

func (e *envelope) read(data []byte) {
	r := jsonx.NewReader(data)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			e.kind = eventType(r.Raw())
		case "index":
			if n, ok := r.Int(); ok {
				e.index = int(n)
			}
		case "message":
			e.message = r.Raw()
		case "content_block":
			e.block = r.Raw()
		case "delta":
			e.delta = r.Raw()
		case "usage":
			e.usage = r.Raw()
		case "error":
			e.error = r.Raw()
		}
	}
}

// eventType unquotes the type of an event without an allocation for the known
// ones.
func eventType(raw []byte) string {
	switch string(raw) {
	case `"content_block_delta"`:
		return "content_block_delta"
	case `"content_block_start"`:
		return "content_block_start"
	case `"content_block_stop"`:
		return "content_block_stop"
	case `"ping"`:
		return "ping"
	}
	kind, _ := jsonx.Unquote(raw)
	return kind
}

// read queues the events of a frame that holds data.
func (s *stream) read(frame sse.Frame) {
	if err := jsonx.Check(frame.Data); err != nil || jsonx.KindOf(frame.Data) != jsonx.Object {
		s.garbage(frame, err)
		return
	}
	var e envelope
	e.read(frame.Data)
	if e.kind == "error" || frame.Event == "error" || (e.kind == "" && jsonx.KindOf(e.error) == jsonx.Object) {
		s.err = inBand(frame.Data)
		return
	}
	s.some = true
	switch e.kind {
	case "content_block_delta":
		s.delta(&e)
	case "ping":
		s.push(switchgear.Event{Kind: switchgear.EventPing})
	case "content_block_start":
		s.start(&e)
	case "content_block_stop":
		s.stop(e.index)
	case "message_start":
		s.begin(&e)
	case "message_delta":
		s.finish(&e)
	case "message_stop":
		s.end()
	default:
		s.push(switchgear.Event{Kind: switchgear.EventOther})
	}
}

// garbage is a frame whose data is no JSON object. If its name says that it
// carries no part of the answer it passes; otherwise something of the answer is
// lost, and going on would hide that.
func (s *stream) garbage(frame sse.Frame, cause error) {
	switch frame.Event {
	case "ping":
		s.push(switchgear.Event{Kind: switchgear.EventPing})
		return
	case "", "error", "message", "message_start", "message_delta", "message_stop",
		"content_block_start", "content_block_delta", "content_block_stop":
	default:
		s.push(switchgear.Event{Kind: switchgear.EventOther})
		return
	}
	if frame.Event == "error" {
		s.err = &switchgear.Error{
			Class: switchgear.ClassServer, Message: "the provider reported an error in the stream, in a form that cannot be read",
			Body: clip(frame.Data), Dialect: name,
		}
		return
	}
	err := malformed("an event of the stream is no JSON object", cause)
	err.Body = clip(frame.Data)
	s.err = err
}

// begin reads message_start. A second one is no new answer.
func (s *stream) begin(e *envelope) {
	if s.begun {
		s.push(switchgear.Event{Kind: switchgear.EventOther})
		return
	}
	s.begun = true
	m := message{counts: s.counts}
	r := jsonx.NewReader(e.message)
	m.read(&r)
	s.counts = m.counts
	s.push(switchgear.Event{Kind: switchgear.EventStart, ID: m.id, Model: m.model, Usage: s.counts.usage()})
}

// start reads content_block_start: what a part begins with may already be
// content.
func (s *stream) start(e *envelope) {
	part := block(e.block)
	text, signature := part.Text, ""
	part.Text = ""
	held := openPart{index: e.index, kind: part.Kind}
	switch part.Kind {
	case switchgear.PartThinking:
		signature, part.Signature = part.Signature, ""
	case switchgear.PartToolCall:
		held.input, part.Call.Arguments = part.Call.Arguments, ""
	default:
	}
	if len(s.open) < maxOpen {
		s.open = append(s.open, held)
	}
	s.push(switchgear.Event{Kind: switchgear.EventPart, Index: e.index, Part: &part})
	if text != "" {
		kind := switchgear.EventText
		if part.Kind == switchgear.PartThinking {
			kind = switchgear.EventThinking
		}
		s.push(switchgear.Event{Kind: kind, Index: e.index, Text: text})
	}
	if signature != "" {
		s.push(switchgear.Event{Kind: switchgear.EventSignature, Index: e.index, Text: signature})
	}
}

// delta reads content_block_delta. One without text is no progress.
func (s *stream) delta(e *envelope) {
	kind, text := "", ""
	r := jsonx.NewReader(e.delta)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			kind = deltaType(r.Raw())
		case "text", "thinking", "signature", "partial_json", "content":
			text = r.Str()
		}
	}
	out := switchgear.Event{Kind: switchgear.EventDelta, Index: e.index, Text: text}
	switch kind {
	case "text_delta":
		out.Kind = switchgear.EventText
	case "thinking_delta":
		out.Kind = switchgear.EventThinking
	case "signature_delta":
		out.Kind = switchgear.EventSignature
	case "input_json_delta":
		if s.arguments(e.index, text) {
			out.Kind = switchgear.EventToolCall
		}
	default: // a citation, a compaction, something newer
		s.push(out)
		return
	}
	if text == "" {
		out.Kind = switchgear.EventOther
	}
	s.push(out)
}

// deltaType unquotes the type of a delta without an allocation for the known
// ones.
func deltaType(raw []byte) string {
	switch string(raw) {
	case `"text_delta"`:
		return "text_delta"
	case `"thinking_delta"`:
		return "thinking_delta"
	case `"input_json_delta"`:
		return "input_json_delta"
	}
	kind, _ := jsonx.Unquote(raw)
	return kind
}

// arguments notes that a tool call's arguments go on, and reports whether the
// call is one the caller has to run: the input of a tool that runs at the
// provider comes the same way.
func (s *stream) arguments(index int, text string) bool {
	for i := range s.open {
		if p := &s.open[i]; p.index == index {
			p.fed = p.fed || text != ""
			return p.kind == switchgear.PartToolCall
		}
	}
	return true
}

// stop reads content_block_stop. A tool call whose arguments never came has
// them in its start.
func (s *stream) stop(index int) {
	for i := range s.open {
		p := s.open[i]
		if p.index != index {
			continue
		}
		s.open = append(s.open[:i], s.open[i+1:]...)
		if p.kind == switchgear.PartToolCall && !p.fed && p.input != "" {
			s.push(switchgear.Event{Kind: switchgear.EventToolCall, Index: index, Text: p.input})
		}
		break
	}
	s.push(switchgear.Event{Kind: switchgear.EventPartEnd, Index: index})
}

// finish reads message_delta: the stop reason, and the counts.
func (s *stream) finish(e *envelope) {
	reason, sequence := "", ""
	r := jsonx.NewReader(e.delta)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "stop_reason":
			reason = r.Str()
		case "stop_sequence":
			sequence = r.Str()
		}
	}
	if reason != "" {
		s.reason = true
		s.push(switchgear.Event{Kind: switchgear.EventFinish, Finish: finish(reason, sequence)})
	}
	if len(e.usage) > 0 {
		u := jsonx.NewReader(e.usage)
		s.counts.add(&u)
		s.push(switchgear.Event{Kind: switchgear.EventUsage, Usage: s.counts.usage()})
	}
	if s.filled == 0 {
		s.push(switchgear.Event{Kind: switchgear.EventOther})
	}
}

// end reads message_stop. It is passed on only if the answer is whole, and that
// takes a stop reason.
func (s *stream) end() {
	if !s.begun {
		s.err = malformed("the stream ends an answer that never began", nil)
		return
	}
	if !s.reason {
		s.err = &switchgear.Error{
			Class: switchgear.ClassInterrupted, Message: "the stream ends without saying why the answer did", Dialect: name,
		}
		return
	}
	s.done = true
	s.push(switchgear.Event{Kind: switchgear.EventOther})
}

// broken is what a stream's end before message_stop means.
func (s *stream) broken(frame sse.Frame, cause error) error {
	if known, ok := errors.AsType[*switchgear.Error](cause); ok {
		return known
	}
	if errors.Is(cause, sse.ErrTooLong) {
		return malformed("an event of the stream is too long", cause)
	}
	ended := errors.Is(cause, io.EOF) || errors.Is(cause, io.ErrUnexpectedEOF)
	if ended && readProblem(frame.Data).found {
		return inBand(frame.Data) // the last words of a stream that was cut behind them
	}
	if s.some || !ended {
		err := &switchgear.Error{
			Class: switchgear.ClassInterrupted, Message: "the stream broke off before its end", Dialect: name,
		}
		if !ended {
			err.Err = cause
		}
		return err
	}
	return nothing(append(s.stray, frame.Raw...))
}

// nothing is a stream without a single event: what came instead may say why.
func nothing(body []byte) *switchgear.Error {
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return noAnswer("empty_body", "the stream is empty", nil)
	case trimmed[0] == '<':
		return webPage(trimmed)
	case readProblem(trimmed).found:
		return inBand(trimmed)
	}
	err := noAnswer("not_stream", "the answer is no stream of events", nil)
	err.Body = clip(trimmed)
	return err
}

func clip(b []byte) []byte {
	return bytes.Clone(b[:min(len(b), bodyLimit)])
}
