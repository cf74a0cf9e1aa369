package anthropic

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// Answer writes an answer in the client's shape, and names the parts of it that
// cannot be said: further choices, media the model made, blocks of another
// dialect, what is beside a text. What the envelope of another dialect holds
// beside the answer is no part of it.
//
// Thinking of another dialect is written with a mark for a signature (see
// Decode). Arguments of a tool call that are no JSON object are written as an
// empty one, and named; so are none at all, which is what a tool without
// parameters gets.
func (*Codec) Answer(_ *switchgear.Request, resp *switchgear.Response) (body []byte, dropped []string, err error) {
	a := answerer{id: answerID(resp.ID)}
	var choice switchgear.Choice
	if len(resp.Choices) > 0 {
		choice = resp.Choices[0]
	}
	w := &a.w
	w.Grow(512 + sizeOfParts(choice.Parts))
	w.Object()
	member(w, "id", a.id)
	member(w, "type", "message")
	member(w, "role", "assistant")
	member(w, "model", resp.Model)
	w.Key("content")
	w.Array()
	for i := range choice.Parts {
		a.part("choices[0].parts["+strconv.Itoa(i)+"]", &choice.Parts[i])
	}
	w.End()
	a.finish(choice.Finish)
	w.Key("usage")
	writeUsage(w, &resp.Usage)
	if resp.Wire != nil && resp.Wire.Dialect == name {
		more(w, resp.Extra, "id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage")
	}
	w.End()
	a.beside("choices[0]", choice.Extra)
	for i := 1; i < len(resp.Choices); i++ {
		a.drop("choices[" + strconv.Itoa(i) + "]")
	}
	return w.Buf(), a.dropped, nil
}

// answerer writes one answer.
type answerer struct {
	w                jsonx.Writer
	id               string
	blocks           int
	called, declined bool
	dropped          []string
}

func (a *answerer) drop(path string) { a.dropped = append(a.dropped, path) }

// beside names extra members that say something.
func (a *answerer) beside(path string, extra map[string]json.RawMessage) {
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		if !jsonx.Empty(extra[key]) {
			a.drop(path + ".extra." + key)
		}
	}
}

func (a *answerer) finish(f switchgear.Finish) {
	member(&a.w, "stop_reason", stopReason(f, a.called, a.declined))
	a.w.Key("stop_sequence")
	if f.Sequence != "" {
		a.w.Str(f.Sequence)
	} else {
		a.w.Null()
	}
}

// part writes one part of an answer, or names it.
func (a *answerer) part(path string, p *switchgear.Part) {
	own := p.Origin == name
	w := &a.w
	switch p.Kind {
	case switchgear.PartText, switchgear.PartRefusal:
		a.declined = a.declined || p.Kind == switchgear.PartRefusal
		if p.Text == "" {
			return
		}
		a.open("text")
		member(w, "text", p.Text)
	case switchgear.PartThinking:
		a.open("thinking")
		member(w, "thinking", p.Text)
		member(w, "signature", mark(p.Origin, p.Signature))
	case switchgear.PartRedacted:
		a.open("redacted_thinking")
		member(w, "data", mark(p.Origin, p.Signature))
	case switchgear.PartToolCall:
		if p.Call == nil {
			a.drop(path)
			return
		}
		a.call(path, p.Call)
	case switchgear.PartOther:
		if !own || jsonx.KindOf(p.Raw) != jsonx.Object || jsonx.Check(p.Raw) != nil {
			a.drop(path)
			return
		}
		w.Raw(p.Raw)
		a.blocks++
		return
	default:
		a.drop(path + " (" + word(p.Kind) + ")")
		return
	}
	switch {
	case own:
		more(w, p.Extra, written(p)...)
	case p.Kind != switchgear.PartThinking && p.Kind != switchgear.PartRedacted && p.Kind != switchgear.PartToolCall:
		// Those hold there what their own provider must get back, in its words.
		a.beside(path, p.Extra)
	}
	w.End()
}

func (a *answerer) open(kind string) {
	a.blocks++
	a.w.Object()
	member(&a.w, "type", kind)
}

func (a *answerer) call(path string, c *switchgear.ToolCall) {
	input, ok := object(c.Arguments)
	if !ok {
		a.drop(path + ".call.arguments")
		input = []byte("{}")
	}
	id := callID(c.ID, a.id, a.blocks)
	a.called = true
	a.open("tool_use")
	member(&a.w, "id", id)
	member(&a.w, "name", c.Name)
	a.w.Key("input")
	a.w.Raw(input)
}

// word is what a kind of part is called that this protocol's answers do not
// have.
func word(k switchgear.PartKind) string {
	switch k {
	case switchgear.PartImage:
		return "image"
	case switchgear.PartDocument:
		return "document"
	case switchgear.PartAudio:
		return "audio"
	case switchgear.PartToolResult:
		return "tool result"
	default:
		return "unknown kind"
	}
}

// writeUsage writes the counts the way this protocol counts: what a cache was
// read or written for is beside input_tokens, not in it. The two counts that
// clients rely on are 0 if the provider never said, the others null.
func writeUsage(w *jsonx.Writer, u *switchgear.Usage) {
	w.Object()
	w.Key("input_tokens")
	w.Int(max(0, u.Input-u.CacheRead-u.CacheWrite)) // some providers count more from the cache than they read
	count(w, "cache_creation_input_tokens", u, switchgear.UsageCacheWrite, u.CacheWrite)
	count(w, "cache_read_input_tokens", u, switchgear.UsageCacheRead, u.CacheRead)
	if u.Has(switchgear.UsageCacheWriteHour) {
		w.Key("cache_creation")
		w.Object()
		w.Key("ephemeral_5m_input_tokens")
		w.Int(max(0, u.CacheWrite-u.CacheWriteHour))
		w.Key("ephemeral_1h_input_tokens")
		w.Int(u.CacheWriteHour)
		w.End()
	}
	w.Key("output_tokens")
	w.Int(u.Output)
	if u.Has(switchgear.UsageReasoning) {
		w.Key("output_tokens_details")
		w.Object()
		w.Key("thinking_tokens")
		w.Int(u.Reasoning)
		w.End()
	}
	w.End()
}

func count(w *jsonx.Writer, member string, u *switchgear.Usage, field switchgear.UsageField, n int64) {
	w.Key(member)
	if u.Has(field) {
		w.Int(n)
	} else {
		w.Null()
	}
}
