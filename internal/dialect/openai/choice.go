package openai

import (
	"bytes"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// choice is what is known of one answer of a stream. Texts follow one another:
// one ends when another part begins. Tool calls may be written side by side and
// all end with the answer.
type choice struct {
	index    int
	parts    int                 // how many were begun
	open     int                 // the text being written, or -1
	kind     switchgear.PartKind // of open
	calls    []call
	sound    int // the part of a spoken answer, plus one; 0 for none
	refused  bool
	finished bool
}

// call is a tool call being written.
type call struct {
	key     int
	id      string
	part    int
	named   bool
	pending string // arguments that came before the name
}

// Keys of calls that have no index of their own.
const (
	unindexed = -1
	legacyKey = -2
)

func (c *choice) delta(s *stream, m *message) {
	if m.reasoning != "" {
		c.text(s, switchgear.PartThinking, m.reasoning)
	}
	if m.details != nil {
		c.details(s, m)
	}
	if m.encrypted != "" {
		c.redacted(s, m.encrypted)
	}
	if m.content != "" {
		c.text(s, switchgear.PartText, m.content)
	}
	if m.blocks != nil {
		c.blocks(s, m.blocks)
	}
	if m.refusal != "" {
		c.refused = true
		c.text(s, switchgear.PartRefusal, m.refusal)
	}
	if m.audio != nil {
		c.audio(s, m.audio)
	}
	if m.calls != nil {
		r := jsonx.NewReader(m.calls)
		for r.Array(); r.More(); {
			if r.Kind() == jsonx.Object {
				c.call(s, readCall(&r, false))
			}
		}
	}
	if m.function != nil {
		var piece toolCall
		r := jsonx.NewReader(m.function)
		if readFunction(&r, &piece); piece.name != "" || piece.args != "" {
			piece.index, piece.indexed = legacyKey, true
			c.call(s, piece)
		}
	}
}

// text continues the text of a kind, or begins it.
func (c *choice) text(s *stream, kind switchgear.PartKind, text string) {
	c.flow(s, kind)
	event := switchgear.EventText
	switch kind {
	case switchgear.PartThinking:
		event = switchgear.EventThinking
	case switchgear.PartRefusal:
		event = switchgear.EventRefusal
	default:
	}
	s.push(switchgear.Event{Kind: event, Choice: c.index, Index: c.open, Text: text})
}

// flow makes a text of a kind the open part.
func (c *choice) flow(s *stream, kind switchgear.PartKind) {
	s.spoken = true
	if c.open >= 0 && c.kind == kind {
		return
	}
	p := &switchgear.Part{Kind: kind}
	if kind == switchgear.PartThinking {
		p.Origin = Name // nobody else may be sent it as their own
	}
	part := c.begin(s, p)
	c.open, c.kind = part, kind
}

// begin ends the open text and begins a part.
func (c *choice) begin(s *stream, p *switchgear.Part) int {
	c.close(s)
	s.spoken = true
	part := c.parts
	c.parts++
	s.push(switchgear.Event{Kind: switchgear.EventPart, Choice: c.index, Index: part, Part: p})
	return part
}

func (c *choice) close(s *stream) {
	if c.open >= 0 {
		s.push(switchgear.Event{Kind: switchgear.EventPartEnd, Choice: c.index, Index: c.open})
		c.open = -1
	}
}

// details reads reasoning_details, which mostly repeat the text that stands
// beside them and add the signature.
func (c *choice) details(s *stream, m *message) {
	r := jsonx.NewReader(m.details)
	for r.Array(); r.More(); {
		d := readDetail(&r)
		if d.text != "" && m.reasoning == "" {
			c.text(s, switchgear.PartThinking, d.text)
		}
		if d.signature != "" {
			c.flow(s, switchgear.PartThinking)
			s.push(switchgear.Event{Kind: switchgear.EventSignature, Choice: c.index, Index: c.open, Text: d.signature})
		}
		if d.data != "" {
			c.redacted(s, d.data)
		}
	}
}

func (c *choice) redacted(s *stream, data string) {
	c.alone(s, &switchgear.Part{Kind: switchgear.PartRedacted, Signature: data, Origin: Name})
}

// alone is a part that comes in one piece.
func (c *choice) alone(s *stream, p *switchgear.Part) {
	part := c.begin(s, p)
	s.push(switchgear.Event{Kind: switchgear.EventPartEnd, Choice: c.index, Index: part})
}

func (c *choice) blocks(s *stream, raw []byte) {
	r := jsonx.NewReader(raw)
	for r.Array(); r.More(); {
		switch b := readBlock(&r); {
		case b.kind == switchgear.PartOther:
			c.alone(s, &switchgear.Part{Kind: b.kind, Raw: bytes.Clone(b.raw), Origin: Name})
		case b.text != "":
			c.refused = c.refused || b.kind == switchgear.PartRefusal
			c.text(s, b.kind, b.text)
		}
	}
}

// audio passes a spoken answer on: each piece of the sound is an EventPart of
// the same Index, and what is said comes as its text.
func (c *choice) audio(s *stream, raw []byte) {
	media, said := readAudio(raw)
	part := &switchgear.Part{Kind: switchgear.PartAudio, Media: &media}
	switch {
	case c.sound == 0 && (media.Data != "" || media.FileID != ""):
		c.sound = c.begin(s, part) + 1
	case c.sound > 0 && media.Data != "":
		s.push(switchgear.Event{Kind: switchgear.EventPart, Choice: c.index, Index: c.sound - 1, Part: part})
	}
	if c.sound > 0 && said != "" {
		s.push(switchgear.Event{Kind: switchgear.EventText, Choice: c.index, Index: c.sound - 1, Text: said})
	}
}

// call continues a tool call, or begins it.
func (c *choice) call(s *stream, piece toolCall) {
	k := c.find(piece)
	if k == nil {
		if len(c.calls) == most {
			s.fail(broken(switchgear.ClassMalformed, "the provider sent more than 1024 tool calls", nil))
			return
		}
		key := unindexed
		if piece.indexed {
			key = piece.index
		}
		c.calls = append(c.calls, call{key: key})
		k = &c.calls[len(c.calls)-1]
	}
	if k.id == "" {
		k.id = piece.id
	}
	switch {
	case k.named:
	case piece.name == "":
		k.pending += piece.args
		return
	default:
		c.announce(s, k, piece.name)
	}
	if piece.args != "" {
		s.push(switchgear.Event{Kind: switchgear.EventToolCall, Choice: c.index, Index: k.part, Text: piece.args})
	}
}

// announce begins the part of a call, whose name is known now.
func (c *choice) announce(s *stream, k *call, name string) {
	k.named = true
	k.part = c.begin(s, &switchgear.Part{
		Kind: switchgear.PartToolCall, Call: &switchgear.ToolCall{ID: k.id, Name: name}, Origin: Name,
	})
	if k.pending != "" {
		s.push(switchgear.Event{Kind: switchgear.EventToolCall, Choice: c.index, Index: k.part, Text: k.pending})
		k.pending = ""
	}
}

// find finds the call that a piece continues; nil if it begins one. Some hosts
// number every call 0 and some number none: a new id together with a name is
// a new call.
func (c *choice) find(piece toolCall) *call {
	for i := len(c.calls) - 1; i >= 0; i-- {
		k := &c.calls[i]
		fresh := piece.id != "" && piece.name != "" && k.id != "" && k.id != piece.id
		switch {
		case piece.indexed && k.key == piece.index:
			if !fresh {
				return k
			}
		case !piece.indexed && piece.id != "":
			if k.id == piece.id {
				return k
			}
		case !piece.indexed && piece.name == "":
			return k
		}
	}
	return nil
}

// finish ends the answer, once: hosts repeat the reason when the usage comes.
func (c *choice) finish(s *stream, word string) {
	if c.finished {
		return
	}
	c.finished = true
	for i := range c.calls {
		if k := &c.calls[i]; !k.named {
			c.announce(s, k, "")
		}
	}
	c.close(s)
	for i := range c.calls {
		s.push(switchgear.Event{Kind: switchgear.EventPartEnd, Choice: c.index, Index: c.calls[i].part})
	}
	if c.sound > 0 {
		s.push(switchgear.Event{Kind: switchgear.EventPartEnd, Choice: c.index, Index: c.sound - 1})
	}
	s.push(switchgear.Event{Kind: switchgear.EventFinish, Choice: c.index, Finish: finish(word, len(c.calls) > 0, c.refused)})
}
