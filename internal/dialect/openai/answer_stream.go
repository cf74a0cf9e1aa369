package openai

import (
	"slices"
	"strconv"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// streamer writes the events of one stream as chunks. It is for one goroutine.
type streamer struct {
	codec   *Codec
	usage   bool   // the client asked for a chunk with the usage
	old     bool   // the client speaks of functions
	head    []byte // of every chunk, up to its choices
	choices []writing
	dropped []string
}

// writing is what has been written of a choice.
type writing struct {
	index   int
	parts   []part // that are open
	calls   int
	details int
	refused bool
}

// part is a part that is being written.
type part struct {
	index   int
	kind    switchgear.PartKind
	call    int  // the place of a tool call; -1 if it cannot be said
	fed     bool // it has arguments
	origin  string
	detail  int // the place of a thought among the reasoning_details
	signed  string
	skipped bool // nothing of it can be said
}

// Stream begins writing the events of an answer to a request, which may be nil.
// What it returns has a method Dropped, which names what could not be said.
func (c *Codec) Stream(req *switchgear.Request) switchgear.Encoder {
	return &streamer{codec: c, usage: wantsUsage(req), old: old(req)}
}

// wantsUsage reports whether a client asked for the usage of its stream.
func wantsUsage(req *switchgear.Request) bool {
	if req == nil {
		return false
	}
	if raw := req.Options[Name]; len(raw) > 0 {
		return usageIn(raw)
	}
	return req.Wire != nil && req.Wire.Dialect == Name && usageIn(req.Wire.Body)
}

func usageIn(raw []byte) (wanted bool) {
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "stream_options", "usage": // usage: OpenRouter
			for r.Object(); r.More(); {
				switch string(r.Key()) {
				case "include_usage", "include":
					if v, ok := r.Bool(); ok {
						wanted = v
					}
				}
			}
		}
	}
	return wanted
}

// Event appends the frames an event makes, perhaps none.
func (x *streamer) Event(dst []byte, e *switchgear.Event) []byte {
	switch e.Kind {
	case switchgear.EventStart:
		x.start(e.ID, e.Model)
		dst, _ = x.choice(dst, e.Choice)
		return dst
	case switchgear.EventPing:
		return append(dst, ": ping\n\n"...)
	case switchgear.EventOther, switchgear.EventUsage:
		return dst
	case switchgear.EventFinish:
		return x.finish(dst, e)
	default:
	}
	dst, at := x.choice(dst, e.Choice)
	c := &x.choices[at]
	switch e.Kind {
	case switchgear.EventPart:
		return x.part(dst, c, e)
	case switchgear.EventText:
		if p := c.find(e.Index); p != nil && p.skipped {
			return dst
		}
		return x.delta(dst, c, "content", e.Text)
	case switchgear.EventThinking:
		return x.think(dst, c, e.Index, e.Text)
	case switchgear.EventSignature:
		if p := c.find(e.Index); p != nil {
			p.signed += e.Text
		}
		return dst
	case switchgear.EventToolCall:
		return x.arguments(dst, c, e.Index, e.Text)
	case switchgear.EventRefusal:
		c.refused = true
		return x.delta(dst, c, "refusal", e.Text)
	case switchgear.EventPartEnd:
		return x.close(dst, c, e.Index)
	default: // EventDelta: what no other event can say
		x.lost(e.Choice, e.Index, "delta")
		return dst
	}
}

// End appends what ends a whole answer: the usage, if the client asked for it,
// and [DONE].
func (x *streamer) End(dst []byte, usage *switchgear.Usage) []byte {
	if x.usage && usage != nil && usage.Known != 0 {
		x.start("", "")
		var w jsonx.Writer
		writeUsage(&w, usage)
		dst = append(dst, x.head...)
		dst = append(dst, `],"usage":`...)
		dst = append(dst, w.Buf()...)
		dst = append(dst, "}\n\n"...)
	}
	return append(dst, "data: [DONE]\n\n"...)
}

// Dropped names what of the answer could not be said so far.
func (x *streamer) Dropped() []string { return slices.Clone(x.dropped) }

func (x *streamer) lost(choice, index int, word string) {
	path := "choices[" + strconv.Itoa(choice) + "].parts[" + strconv.Itoa(index) + "]" + bracketed(word)
	if len(x.dropped) < most && !slices.Contains(x.dropped, path) {
		x.dropped = append(x.dropped, path)
	}
}

// start writes the head of every chunk, once.
func (x *streamer) start(id, model string) {
	if x.head != nil {
		return
	}
	h := append(make([]byte, 0, 160+len(id)+len(model)), `data: {"id":`...)
	h = jsonx.AppendQuote(h, identity(id))
	h = append(h, `,"object":"chat.completion.chunk","created":`...)
	h = strconv.AppendInt(h, x.codec.created(nil), 10)
	h = append(h, `,"model":`...)
	h = jsonx.AppendQuote(h, model)
	h = append(h, `,"choices":[`...)
	x.head = h
}

// choice finds a choice; one that begins says its role.
func (x *streamer) choice(dst []byte, index int) (out []byte, at int) {
	x.start("", "")
	for i := range x.choices {
		if x.choices[i].index == index {
			return dst, i
		}
	}
	x.choices = append(x.choices, writing{index: index})
	at = len(x.choices) - 1
	dst = x.open(dst, index)
	return x.shut(append(dst, `"role":"assistant","content":""`...)), at
}

// open begins a chunk of a choice, up to its delta; shut ends it.
func (x *streamer) open(dst []byte, index int) []byte {
	dst = append(dst, x.head...)
	dst = append(dst, `{"index":`...)
	dst = strconv.AppendInt(dst, int64(index), 10)
	return append(dst, `,"delta":{`...)
}

func (*streamer) shut(dst []byte) []byte {
	return append(dst, "},\"logprobs\":null,\"finish_reason\":null}]}\n\n"...)
}

// delta writes a piece of text as a member of a delta.
func (x *streamer) delta(dst []byte, c *writing, member, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(x.open(dst, c.index), '"')
	dst = append(dst, member...)
	dst = jsonx.AppendQuote(append(dst, '"', ':'), text)
	return x.shut(dst)
}

func (c *writing) find(index int) *part {
	for i := range c.parts {
		if c.parts[i].index == index {
			return &c.parts[i]
		}
	}
	return nil
}

// think writes a piece of a thought. One that will be signed is told beside it
// among the reasoning_details, which clients put together by their index and
// send back with the next turn.
func (x *streamer) think(dst []byte, c *writing, index int, text string) []byte {
	p := c.find(index)
	if p == nil || p.origin != rival || text == "" {
		return x.delta(dst, c, "reasoning_content", text)
	}
	var w jsonx.Writer
	writeDetail(&w, &switchgear.Part{Kind: p.kind, Text: text, Origin: p.origin}, p.detail)
	dst = append(x.open(dst, c.index), `"reasoning_content":`...)
	dst = jsonx.AppendQuote(dst, text)
	dst = append(dst, `,"reasoning_details":[`...)
	return x.shut(append(append(dst, w.Buf()...), ']'))
}

// part begins a part.
func (x *streamer) part(dst []byte, c *writing, e *switchgear.Event) []byte {
	if e.Part == nil || c.find(e.Index) != nil { // more of the same sound
		return dst
	}
	p := part{index: e.Index, kind: e.Part.Kind, origin: e.Part.Origin, signed: e.Part.Signature, call: -1}
	switch p.kind {
	case switchgear.PartText:
		dst = x.delta(dst, c, "content", e.Part.Text)
	case switchgear.PartRefusal:
		c.refused = true
		dst = x.delta(dst, c, "refusal", e.Part.Text)
	case switchgear.PartThinking, switchgear.PartRedacted:
		p.detail = c.details
		c.details++
	case switchgear.PartToolCall:
		if call := e.Part.Call; call != nil && (!x.old || c.calls == 0) {
			p.call, p.fed = c.calls, call.Arguments != ""
			dst = x.call(dst, c, &p, call)
		} else {
			x.lost(c.index, p.index, "tool call")
		}
		c.calls++
	default:
		p.skipped = true
		x.lost(c.index, p.index, partWord(e.Part))
	}
	if len(c.parts) < most {
		c.parts = append(c.parts, p)
	}
	if p.kind == switchgear.PartThinking {
		dst = x.think(dst, c, p.index, e.Part.Text)
	}
	return dst
}

// call begins a tool call: its id and name come once, and first.
func (x *streamer) call(dst []byte, c *writing, p *part, call *switchgear.ToolCall) []byte {
	dst = x.open(dst, c.index)
	if x.old {
		dst = append(dst, `"function_call":{"name":`...)
	} else {
		dst = append(dst, `"tool_calls":[{"index":`...)
		dst = strconv.AppendInt(dst, int64(p.call), 10)
		dst = append(dst, `,"id":`...)
		dst = jsonx.AppendQuote(dst, call.ID)
		dst = append(dst, `,"type":"function","function":{"name":`...)
	}
	dst = jsonx.AppendQuote(dst, call.Name)
	dst = append(dst, `,"arguments":`...)
	dst = jsonx.AppendQuote(dst, call.Arguments)
	return x.called(dst)
}

// called ends the piece of a call.
func (x *streamer) called(dst []byte) []byte {
	if x.old {
		return x.shut(append(dst, '}'))
	}
	return x.shut(append(dst, "}}]"...))
}

// arguments goes on with the arguments of a call.
func (x *streamer) arguments(dst []byte, c *writing, index int, text string) []byte {
	p := c.find(index)
	if p == nil || p.call < 0 || text == "" {
		return dst
	}
	p.fed = true
	dst = x.open(dst, c.index)
	if x.old {
		dst = append(dst, `"function_call":{"arguments":`...)
	} else {
		dst = append(dst, `"tool_calls":[{"index":`...)
		dst = strconv.AppendInt(dst, int64(p.call), 10)
		dst = append(dst, `,"function":{"arguments":`...)
	}
	return x.called(jsonx.AppendQuote(dst, text))
}

// close ends a part: a call that had no arguments gets empty ones, and a signed
// thought its signature.
func (x *streamer) close(dst []byte, c *writing, index int) []byte {
	p := c.find(index)
	if p == nil {
		return dst
	}
	if p.call >= 0 && !p.fed {
		dst = x.arguments(dst, c, index, "{}")
	}
	if p.signed != "" {
		dst = x.sign(dst, c, p)
	}
	c.parts = slices.DeleteFunc(c.parts, func(p part) bool { return p.index == index })
	return dst
}

func (x *streamer) sign(dst []byte, c *writing, p *part) []byte {
	var w jsonx.Writer
	writeDetail(&w, &switchgear.Part{Kind: p.kind, Signature: p.signed, Origin: p.origin}, p.detail)
	dst = append(x.open(dst, c.index), `"reasoning_details":[`...)
	return x.shut(append(append(dst, w.Buf()...), ']'))
}

// finish ends a choice. What was left open is closed first.
func (x *streamer) finish(dst []byte, e *switchgear.Event) []byte {
	dst, at := x.choice(dst, e.Choice)
	c := &x.choices[at]
	for len(c.parts) > 0 {
		dst = x.close(dst, c, c.parts[0].index)
	}
	word, exact := finishReason(e.Finish.Kind, c.refused, c.calls > 0, x.old)
	if !exact {
		x.dropped = append(x.dropped, "choices["+strconv.Itoa(c.index)+"].finish"+bracketed(e.Finish.Reason))
	}
	dst = append(x.open(dst, c.index), `},"logprobs":null,"finish_reason":"`...)
	dst = append(dst, word...)
	return append(dst, "\"}]}\n\n"...)
}
