package openai

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// turn is what a message of a request holds, before its role is known: the role
// may stand last.
type turn struct {
	role     string
	name     string
	parts    []switchgear.Part // of the content
	calls    []switchgear.Part
	refusal  string
	thoughts message // the members that hold reasoning
	second   string  // a second spelling of the same reasoning
	callID   string
	audio    []byte
	cache    []byte
	extra    map[string]json.RawMessage
}

func (d *decoder) messages(r *jsonx.Reader) {
	if !d.kind(r, "messages", jsonx.Array) {
		return
	}
	d.req.System, d.req.Messages, d.talk = nil, nil, false
	i := 0
	for r.Array(); r.More(); i++ {
		d.in("messages", i)
		if d.kind(r, "", jsonx.Object) {
			d.message(r)
		}
		d.out()
		if d.err != nil {
			return
		}
	}
}

func (d *decoder) message(r *jsonx.Reader) {
	var t turn
	for r.Object(); r.More(); {
		if r.Kind() == jsonx.Null {
			continue
		}
		d.turn(r, &t)
	}
	t.mark()
	switch t.role {
	case "system", "developer":
		d.system(&t)
	case "user":
		d.say(&t, switchgear.RoleUser, t.content())
	case "assistant":
		d.say(&t, switchgear.RoleAssistant, d.answered(&t))
	case "tool":
		if t.callID == "" {
			d.fail("tool_call_id", "is missing: say which call this is the result of")
		}
		d.result(&t, t.callID, "")
	case "function":
		d.result(&t, functionID(d.fns), legacy)
	case "":
		d.fail("role", "is missing: say who speaks")
	default:
		d.fail("role", `must be "system", "developer", "user", "assistant" or "tool"`)
	}
}

// turn reads a member of a message that is not null.
func (d *decoder) turn(r *jsonx.Reader, t *turn) {
	switch key := r.Key(); string(key) {
	case "role":
		t.role = d.word(r, "role")
	case "name":
		t.name = d.str(r, "name")
	case "content":
		t.parts = d.content(r)
		t.parts = slices.DeleteFunc(t.parts, func(p switchgear.Part) bool {
			if p.Kind == switchgear.PartRefusal {
				t.refusal += p.Text
			}
			return p.Kind == switchgear.PartRefusal
		})
		if len(t.parts) == 0 {
			t.parts = nil
		}
	case "refusal":
		t.refusal += d.str(r, "refusal")
	case "tool_calls":
		d.calls(r, t)
	case "function_call":
		d.functionCall(r, t)
	case "tool_call_id":
		t.callID = d.str(r, "tool_call_id")
	case "reasoning_content", "reasoning", "reasoning_details", "reasoning_encrypted":
		d.thought(r, t, string(key))
	case "audio":
		t.audio = r.Raw()
	case "cache_control":
		t.cache = r.Raw()
	case "annotations":
		if raw := r.Raw(); !jsonx.Empty(raw) {
			rest(&t.extra, "annotations", raw)
		}
	default:
		rest(&t.extra, string(key), r.Raw())
	}
}

// mark puts the cache marker of a message on its last part.
func (t *turn) mark() {
	if t.cache == nil {
		return
	}
	last := t.parts
	if len(t.calls) > 0 {
		last = t.calls
	}
	c := marker(t.cache)
	if c == nil || len(last) == 0 || last[len(last)-1].Cache != nil || last[len(last)-1].Origin == legacy {
		rest(&t.extra, "cache_control", t.cache)
		return
	}
	p := &last[len(last)-1]
	p.Cache, p.Origin = c, Name
}

// system puts leading instructions before the conversation. One that has more
// to it than its text stays a message, and so does what follows.
func (d *decoder) system(t *turn) {
	parts := t.content()
	if d.talk || t.name != "" || t.extra != nil {
		d.say(t, switchgear.RoleSystem, parts)
		return
	}
	d.alien(t)
	d.req.System = append(d.req.System, parts...)
}

// say adds a message.
func (d *decoder) say(t *turn, role switchgear.Role, parts []switchgear.Part) {
	d.talk = true
	if role != switchgear.RoleAssistant {
		d.alien(t)
	}
	if role != switchgear.RoleTool && t.callID != "" {
		d.fail("tool_call_id", "belongs to a message whose role is tool")
	}
	if d.req.Messages == nil {
		// A message takes 128 bytes of a body or more; this is right for short
		// ones and costs little for long ones.
		d.req.Messages = make([]switchgear.Message, 0, min(d.size>>7, 1<<12)+1)
	}
	d.req.Messages = append(d.req.Messages, switchgear.Message{Role: role, Name: t.name, Parts: parts, Extra: t.extra})
}

// alien refuses what only an assistant can have said.
func (d *decoder) alien(t *turn) {
	var name string
	switch m := &t.thoughts; {
	case len(t.calls) > 0 && t.calls[0].Origin == legacy:
		name = "function_call"
	case len(t.calls) > 0:
		name = "tool_calls"
	case m.reasoning != "" || m.details != nil || m.encrypted != "":
		name = "reasoning"
	case t.audio != nil:
		name = "audio"
	default:
		return
	}
	d.fail(name, "belongs to a message whose role is assistant")
}

// content is what was said and the refusal.
func (t *turn) content() []switchgear.Part {
	if t.refusal != "" {
		return append(t.parts, switchgear.Part{Kind: switchgear.PartRefusal, Text: t.refusal})
	}
	return t.parts
}

// answered are the parts of an assistant's message: what it thought, said,
// spoke and called, in this order.
func (d *decoder) answered(t *turn) []switchgear.Part {
	parts := t.thought()
	if len(parts) == 0 {
		parts = t.content()
	} else {
		parts = append(parts, t.content()...)
	}
	if t.audio != nil {
		if media, _ := readAudio(t.audio); media.FileID != "" {
			parts = append(parts, switchgear.Part{Kind: switchgear.PartAudio, Media: &switchgear.Media{FileID: media.FileID}, Origin: Name})
		} else {
			rest(&t.extra, "audio", t.audio)
		}
	}
	if len(parts) == 0 {
		return t.calls
	}
	return append(parts, t.calls...)
}

// result adds the result of a call.
func (d *decoder) result(t *turn, id, origin string) {
	p := switchgear.Part{Kind: switchgear.PartToolResult, Origin: origin, Result: d.newResult()}
	p.Result.CallID, p.Result.Parts = id, t.content()
	d.say(t, switchgear.RoleTool, d.one(p))
}

// functionID is the id of the nth call of a function, which has none here.
func functionID(n int) string { return "call_fn_" + strconv.Itoa(n) }

func (d *decoder) functionCall(r *jsonx.Reader, t *turn) {
	if !d.kind(r, "function_call", jsonx.Object) {
		return
	}
	d.fns++
	p := switchgear.Part{Kind: switchgear.PartToolCall, Call: d.newCall(), Origin: legacy}
	p.Call.ID = functionID(d.fns)
	d.in("function_call", -1)
	d.wish(r, &p, "")
	d.out()
	t.call(d, p)
}

func (d *decoder) calls(r *jsonx.Reader, t *turn) {
	if !d.kind(r, "tool_calls", jsonx.Array) {
		return
	}
	i := 0
	for r.Array(); r.More(); i++ {
		d.in("tool_calls", i)
		if d.kind(r, "", jsonx.Object) {
			t.call(d, d.call(r))
		}
		d.out()
	}
}

// call adds a call; mostly there is one.
func (t *turn) call(d *decoder, p switchgear.Part) {
	if t.calls == nil {
		t.calls = d.one(p)
		return
	}
	t.calls = append(t.calls, p)
}

func (d *decoder) call(r *jsonx.Reader) switchgear.Part {
	p := switchgear.Part{Kind: switchgear.PartToolCall, Call: d.newCall(), Origin: Name}
	kind, said := "function", false
	for r.Object(); r.More(); {
		if r.Kind() == jsonx.Null {
			continue
		}
		switch key := r.Key(); string(key) {
		case "id":
			p.Call.ID = d.str(r, "id")
		case "type":
			kind = d.word(r, "type")
		case "index":
			r.Skip()
		case "function":
			said = true
			d.wish(r, &p, "function.")
		case "custom":
			said = true
			d.wish(r, &p, "custom.")
		case "cache_control":
			raw := r.Raw()
			if p.Cache = marker(raw); p.Cache == nil {
				rest(&p.Extra, "cache_control", raw)
			}
		default:
			rest(&p.Extra, string(key), r.Raw())
		}
	}
	if p.Call.ID == "" {
		d.fail("id", "is missing: a call needs the id its result will name")
	}
	if !said {
		d.fail("function", "is missing: say what was called")
	}
	switch kind {
	case "custom":
		rest(&p.Extra, "type", []byte(`"custom"`))
	case "function":
	default:
		d.fail("type", `must be "function" or "custom"`)
	}
	if kind != "custom" && p.Call.Arguments == "" {
		p.Call.Arguments = "{}" // what the model left out
	}
	return p
}

// wish reads the name and the arguments of a call, which are a string, or at
// some local servers an object.
func (d *decoder) wish(r *jsonx.Reader, p *switchgear.Part, prefix string) {
	if !d.kind(r, prefix, jsonx.Object) {
		return
	}
	for r.Object(); r.More(); {
		if r.Kind() == jsonx.Null {
			continue
		}
		switch key := r.Key(); string(key) {
		case "name":
			p.Call.Name = d.str(r, prefix+"name")
		case "arguments", "input":
			if r.Kind() == jsonx.Object {
				p.Call.Arguments = string(r.Raw())
			} else {
				p.Call.Arguments = d.str(r, prefix+string(key))
			}
		default:
			rest(&p.Extra, prefix+string(key), r.Raw())
		}
	}
	if p.Call.Name == "" {
		d.fail(prefix+"name", "is missing: say what was called")
	}
}
