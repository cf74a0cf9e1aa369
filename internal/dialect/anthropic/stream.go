package anthropic

import (
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/sse"
)

// Stream begins a streamed answer. What the request asked for changes nothing
// about the frames.
//
// Blocks of this protocol never overlap, parts of others may: one part is
// written as it comes and the others wait for their turn. A text that another
// part interrupts goes on in a block of its own behind it. A tool call keeps
// its turn until its arguments are a whole JSON object or its source says that
// it is complete. Blocks without content are not begun.
func (*Codec) Stream(*switchgear.Request) switchgear.Encoder { return &streamer{} }

// streamer writes one streamed answer.
type streamer struct {
	id               string
	begun, ended     bool
	blocks           int    // begun so far; the next one's index
	parts            []turn // that are not over; the first has its turn
	finish           switchgear.Finish
	usage            switchgear.Usage
	called, declined bool
}

// turn is a part of the answer, and what of it waits to be written.
type turn struct {
	index       int // of the source
	part        switchgear.Part
	text        []byte // of a tool call all of it, else what waits
	said        int    // how much of a tool call's text is written
	open, ended bool
}

// Event appends the frames of an event. Those of further choices say nothing
// here, nor do parts the protocol has no block for.
func (s *streamer) Event(dst []byte, e *switchgear.Event) []byte {
	if e.Choice != 0 || s.ended {
		return dst
	}
	switch e.Kind {
	case switchgear.EventStart:
		s.usage.Merge(&e.Usage)
		return s.begin(dst, e.ID, e.Model)
	case switchgear.EventUsage:
		s.usage.Merge(&e.Usage)
	case switchgear.EventFinish:
		s.finish = e.Finish
	case switchgear.EventPing:
		if s.begun {
			dst = append(dst, framePing...)
		}
	case switchgear.EventPart:
		return s.start(dst, e)
	case switchgear.EventPartEnd:
		return s.stop(dst, e.Index)
	case switchgear.EventText:
		return s.more(dst, e, switchgear.PartText)
	case switchgear.EventRefusal:
		s.declined = true
		return s.more(dst, e, switchgear.PartRefusal)
	case switchgear.EventThinking:
		return s.more(dst, e, switchgear.PartThinking)
	case switchgear.EventToolCall:
		return s.more(dst, e, switchgear.PartToolCall)
	case switchgear.EventSignature:
		return s.sign(dst, e)
	case switchgear.EventDelta:
		return s.delta(dst, e)
	case switchgear.EventOther:
	}
	return dst
}

// End appends the end of the answer: what still waits, the reason it ended, and
// the counts.
func (s *streamer) End(dst []byte, usage *switchgear.Usage) []byte {
	if s.ended {
		return dst
	}
	if usage != nil {
		s.usage.Merge(usage)
	}
	dst = s.begin(dst, "", "")
	for i := range s.parts {
		s.parts[i].ended = true
	}
	dst = s.advance(dst)
	s.ended = true
	var w jsonx.Writer
	w.Object()
	member(&w, "type", "message_delta")
	w.Key("delta")
	w.Object()
	member(&w, "stop_reason", stopReason(s.finish, s.called, s.declined))
	w.Key("stop_sequence")
	if s.finish.Sequence != "" {
		w.Str(s.finish.Sequence)
	} else {
		w.Null()
	}
	w.End()
	w.Key("usage")
	writeUsage(&w, &s.usage)
	w.End()
	dst = sse.AppendEvent(dst, "message_delta", w.Buf())
	return append(dst, frameEnd...)
}

const (
	framePing = "event: ping\n" + `data: {"type":"ping"}` + "\n\n"
	frameEnd  = "event: message_stop\n" + `data: {"type":"message_stop"}` + "\n\n"
)

// begin writes message_start, once.
func (s *streamer) begin(dst []byte, id, model string) []byte {
	if s.begun {
		return dst
	}
	s.begun, s.id = true, answerID(id)
	var w jsonx.Writer
	w.Grow(384)
	w.Object()
	member(&w, "type", "message_start")
	w.Key("message")
	w.Object()
	member(&w, "id", s.id)
	member(&w, "type", "message")
	member(&w, "role", "assistant")
	member(&w, "model", model)
	w.Key("content")
	w.Array()
	w.End()
	w.Key("stop_reason")
	w.Null()
	w.Key("stop_sequence")
	w.Null()
	w.Key("usage")
	writeUsage(&w, &s.usage)
	w.End()
	w.End()
	return sse.AppendEvent(dst, "message_start", w.Buf())
}

// start notes that a part begins.
func (s *streamer) start(dst []byte, e *switchgear.Event) []byte {
	if e.Part == nil {
		return dst
	}
	t := turn{index: e.Index, part: *e.Part}
	t.text = append(t.text, t.part.Text...)
	t.part.Text = ""
	switch p := &t.part; p.Kind {
	case switchgear.PartToolCall:
		if p.Call == nil {
			return dst
		}
		s.called = true
		t.text = append(t.text, p.Call.Arguments...)
	case switchgear.PartRefusal:
		s.declined = true
	case switchgear.PartOther:
		if p.Origin != name || jsonx.KindOf(p.Raw) != jsonx.Object || jsonx.Check(p.Raw) != nil {
			return dst
		}
	case switchgear.PartText, switchgear.PartThinking, switchgear.PartRedacted:
	default:
		return dst // an image or a sound the model made
	}
	s.parts = append(s.parts, t)
	return s.advance(s.begin(dst, "", ""))
}

// stop notes that a part is complete.
func (s *streamer) stop(dst []byte, index int) []byte {
	for i := range s.parts {
		if t := &s.parts[i]; t.index == index && !t.ended {
			t.ended = true
			return s.advance(dst)
		}
	}
	return dst
}

// find is the part an event goes on with; one that was never begun, or is over
// because another came between, begins here.
func (s *streamer) find(index int, kind switchgear.PartKind) *turn {
	for i := range s.parts {
		if t := &s.parts[i]; t.index == index && !t.ended && t.part.Kind == kind {
			return t
		}
	}
	return nil
}

// more goes on with a part.
func (s *streamer) more(dst []byte, e *switchgear.Event, kind switchgear.PartKind) []byte {
	if e.Text == "" {
		return dst
	}
	t := s.find(e.Index, kind)
	if t == nil {
		if kind == switchgear.PartToolCall {
			return dst // of a call whose name nobody said, or that is complete
		}
		dst = s.begin(dst, "", "")
		s.parts = append(s.parts, turn{index: e.Index, part: switchgear.Part{Kind: kind}})
		t = &s.parts[len(s.parts)-1]
	}
	if t.open && kind != switchgear.PartToolCall {
		return s.piece(dst, t, e.Text)
	}
	t.text = append(t.text, e.Text...)
	if t.open && t == &s.parts[0] {
		dst = s.piece(dst, t, e.Text)
		t.said = len(t.text)
		if len(s.parts) == 1 || !strings.HasSuffix(e.Text, "}") {
			return dst
		}
	}
	return s.advance(dst)
}

// sign takes a signature. That of another dialect waits for the block's end.
func (s *streamer) sign(dst []byte, e *switchgear.Event) []byte {
	if t := s.find(e.Index, switchgear.PartThinking); t != nil {
		t.part.Signature += e.Text
		return dst
	}
	return dst
}

// advance writes what can be written: the part whose turn it is, and those
// behind it once it is over.
func (s *streamer) advance(dst []byte) []byte {
	for len(s.parts) > 0 {
		t := &s.parts[0]
		dst = s.flush(dst, t)
		if !t.ended && (len(s.parts) == 1 || !t.yields()) {
			return dst
		}
		dst = s.close(dst, t)
		s.parts = append(s.parts[:0], s.parts[1:]...)
	}
	return dst
}

// yields reports whether a part makes way for the next one before its source
// has ended it.
func (t *turn) yields() bool {
	if t.part.Kind != switchgear.PartToolCall {
		return true
	}
	return jsonx.KindOf(t.text) == jsonx.Object && jsonx.Check(t.text) == nil
}

// flush begins the block of the part whose turn it is, and writes what waited.
// Words of the model's have no block before there are any.
func (s *streamer) flush(dst []byte, t *turn) []byte {
	switch t.part.Kind {
	case switchgear.PartText, switchgear.PartRefusal, switchgear.PartThinking:
		if len(t.text) == 0 {
			return dst
		}
	default:
	}
	if !t.open {
		dst = s.openBlock(dst, t)
	}
	if rest := t.text[t.said:]; len(rest) > 0 {
		dst = s.piece(dst, t, string(rest))
	}
	if t.part.Kind == switchgear.PartToolCall {
		t.said = len(t.text)
	} else {
		t.text = t.text[:0]
	}
	return dst
}

// openBlock writes content_block_start.
func (s *streamer) openBlock(dst []byte, t *turn) []byte {
	t.open = true
	var w jsonx.Writer
	w.Object()
	member(&w, "type", "content_block_start")
	w.Key("index")
	w.Int(int64(s.blocks))
	w.Key("content_block")
	switch p := &t.part; p.Kind {
	case switchgear.PartOther:
		w.Raw(p.Raw)
	case switchgear.PartThinking:
		w.Raw([]byte(`{"type":"thinking","thinking":"","signature":""}`))
	case switchgear.PartRedacted:
		w.Object()
		member(&w, "type", "redacted_thinking")
		member(&w, "data", mark(p.Origin, p.Signature))
		w.End()
	case switchgear.PartToolCall:
		w.Object()
		member(&w, "type", "tool_use")
		member(&w, "id", callID(p.Call.ID, s.id, s.blocks))
		member(&w, "name", p.Call.Name)
		w.Key("input")
		w.Raw([]byte("{}"))
		if p.Origin == name {
			more(&w, p.Extra, membersCall[:]...)
		}
		w.End()
	default:
		w.Raw([]byte(`{"type":"text","text":""}`))
	}
	w.End()
	s.blocks++
	return sse.AppendEvent(dst, "content_block_start", w.Buf())
}

// close ends the block of the part whose turn it was. Thinking gets its
// signature, without which clients do not send it back.
func (s *streamer) close(dst []byte, t *turn) []byte {
	if p := &t.part; p.Kind == switchgear.PartThinking && (t.open || p.Signature != "") {
		if !t.open {
			dst = s.openBlock(dst, t)
		}
		dst = s.deltaHead(dst, `{"type":"signature_delta","signature":`)
		dst = jsonx.AppendQuote(dst, mark(p.Origin, p.Signature))
		dst = append(dst, "}}\n\n"...)
	}
	if !t.open {
		return dst
	}
	dst = append(dst, "event: content_block_stop\n"+`data: {"type":"content_block_stop","index":`...)
	dst = strconv.AppendInt(dst, int64(s.blocks-1), 10)
	return append(dst, "}\n\n"...)
}

// piece writes a delta of the block that is open.
func (s *streamer) piece(dst []byte, t *turn, text string) []byte {
	head := `{"type":"text_delta","text":`
	switch t.part.Kind {
	case switchgear.PartThinking:
		head = `{"type":"thinking_delta","thinking":`
	case switchgear.PartToolCall:
		head = `{"type":"input_json_delta","partial_json":`
	default:
	}
	dst = s.deltaHead(dst, head)
	dst = jsonx.AppendQuote(dst, text)
	return append(dst, "}}\n\n"...)
}

func (s *streamer) deltaHead(dst []byte, head string) []byte {
	dst = append(dst, "event: content_block_delta\n"+`data: {"type":"content_block_delta","index":`...)
	dst = strconv.AppendInt(dst, int64(s.blocks-1), 10)
	dst = append(dst, `,"delta":`...)
	return append(dst, head...)
}

// delta passes on what only this dialect has, and only from itself: a citation,
// the input of a tool that runs at the provider.
func (s *streamer) delta(dst []byte, e *switchgear.Event) []byte {
	if len(s.parts) == 0 || s.parts[0].index != e.Index {
		return dst
	}
	raw := deltaOf(e.Raw)
	if raw == nil {
		return dst
	}
	t := &s.parts[0]
	if !t.open {
		dst = s.openBlock(dst, t)
	}
	dst = s.deltaHead(dst, "")
	dst = append(dst, raw...)
	return append(dst, "}\n\n"...)
}

// deltaOf is the delta in a frame of this dialect.
func deltaOf(frame []byte) []byte {
	r := sse.NewReader(strings.NewReader(string(frame)), frameLimit)
	f, err := r.Next()
	if err != nil || jsonx.Check(f.Data) != nil {
		return nil
	}
	var e envelope
	e.read(f.Data)
	if e.kind != "content_block_delta" || jsonx.KindOf(e.delta) != jsonx.Object {
		return nil
	}
	return e.delta
}
