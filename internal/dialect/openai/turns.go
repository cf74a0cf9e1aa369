package openai

import (
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/leaves"
)

// seen is a part that a tool showed, and where it is in the books.
type seen struct {
	part *switchgear.Part
	l    leaves.Part
}

// messages writes the system text and the conversation.
func (e *encoder) messages() {
	e.w.Array()
	if len(e.req.System) > 0 {
		e.w.Object()
		e.w.Key("role")
		e.w.Str("system")
		e.w.Key("content")
		e.content(e.l.System(), e.req.System, switchgear.RoleSystem)
		e.w.End()
	}
	for i := range e.req.Messages {
		e.turn(e.l.Message(i), &e.req.Messages[i])
	}
	e.showLate()
	e.w.End()
	if n := len(e.req.Messages); n > 0 && !e.ours() && e.req.Messages[n-1].Role == switchgear.RoleAssistant {
		e.l.Note("messages[" + strconv.Itoa(n-1) + "] (a begun answer as a finished turn)")
	}
}

// turn writes a message. Results of tools are messages of their own here, and
// stand before what else is said in their turn.
func (e *encoder) turn(l leaves.Message, m *switchgear.Message) {
	results := 0
	for i := range m.Parts {
		if p := &m.Parts[i]; p.Kind == switchgear.PartToolResult && p.Result != nil {
			results++
		}
	}
	if results > 0 && m.Role != switchgear.RoleAssistant {
		alone := results == 1 && len(m.Parts) == 1
		for i := range m.Parts {
			if p := &m.Parts[i]; p.Kind == switchgear.PartToolResult && p.Result != nil {
				e.result(l, l.Parts().At(i), m, p, alone)
			}
		}
		l.Said(leaves.MessageRole)
		if results == len(m.Parts) {
			return
		}
	}
	if m.Role == switchgear.RoleTool {
		return
	}
	e.showLate()
	l.Said(leaves.MessageRole)
	e.w.Object()
	e.w.Key("role")
	e.w.Str(string(m.Role))
	e.around(l, m)
	if m.Role == switchgear.RoleAssistant {
		e.assistant(l.Parts(), m)
	} else {
		e.w.Key("content")
		e.content(l.Parts(), m.Parts, m.Role)
	}
	e.w.End()
}

// around writes what stands beside the content of a message.
func (e *encoder) around(l leaves.Message, m *switchgear.Message) {
	l.Said(leaves.MessageName)
	if m.Name != "" {
		e.w.Key("name")
		e.w.Str(m.Name)
	}
	if !e.ours() {
		return
	}
	l.Said(leaves.MessageExtra)
	for _, name := range sorted(m.Extra) {
		switch name {
		case "role", "name", "content", "refusal", "tool_calls", "function_call", "tool_call_id":
		default:
			e.w.Key(name)
			e.w.Raw(m.Extra[name])
		}
	}
}

// result writes what a tool answered. That the tool itself failed has no
// member. What it showed follows in a message of the user's: a tool tells text
// only.
func (e *encoder) result(lm leaves.Message, l leaves.Part, m *switchgear.Message, p *switchgear.Part, alone bool) {
	w := &e.w
	w.Object()
	w.Key("role")
	l.Said(leaves.ResultCallID)
	if p.Origin == legacy {
		w.Str("function")
	} else {
		w.Str("tool")
		w.Key("tool_call_id")
		w.Str(p.Result.CallID)
	}
	if alone {
		e.around(lm, m)
	}
	if p.Cache != nil && p.Origin == Name {
		writeMarker(w, p.Cache)
		l.Said(leaves.PartCache | leaves.PartCacheTTL)
	}
	if p.Origin == Name {
		l.Said(leaves.PartExtra)
		for _, name := range sorted(p.Extra) {
			w.Key(name)
			w.Raw(p.Extra[name])
		}
	}
	w.Key("content")
	e.content(l.Parts(), p.Result.Parts, switchgear.RoleTool)
	w.End()
	for i := range p.Result.Parts {
		if inner := &p.Result.Parts[i]; inner.Origin != Name && e.showable(inner) {
			e.late = append(e.late, seen{inner, l.Parts().At(i)})
		}
	}
}

// showable reports whether a part can be shown by the user.
func (e *encoder) showable(p *switchgear.Part) bool {
	switch p.Kind {
	case switchgear.PartImage, switchgear.PartDocument, switchgear.PartAudio:
		return e.writable(p)
	default:
		return false
	}
}

// showLate writes what tools showed. It must wait until all results of a turn
// stand: nothing may come between them.
func (e *encoder) showLate() {
	if len(e.late) == 0 {
		return
	}
	e.w.Object()
	e.w.Key("role")
	e.w.Str("user")
	e.w.Key("content")
	e.w.Array()
	for _, s := range e.late {
		e.block(s.l, s.part)
	}
	e.w.End()
	e.w.End()
	e.late = e.late[:0]
}

// assistant writes what the model said, called and thought. Thoughts go back
// only to where they came from.
func (e *encoder) assistant(l leaves.Parts, m *switchgear.Message) {
	calls, refusals, texts := 0, 0, 0
	kept := false // the members that hold the thoughts
	var refusal strings.Builder
	for i := range m.Parts {
		switch p := &m.Parts[i]; {
		case p.Kind == switchgear.PartToolCall && p.Call != nil:
			calls++
		case p.Kind == switchgear.PartRefusal:
			refusals++
			refusal.WriteString(p.Text)
			l.At(i).Said(leaves.PartText)
		case p.Kind == switchgear.PartThinking && len(p.Raw) == 0, p.Kind == switchgear.PartRedacted:
			if kept = kept || len(p.Extra) > 0; kept { // else nothing would be written
				e.thought(l.At(i), p)
			}
		case p.Kind == switchgear.PartAudio:
			e.spoken(l.At(i), p)
		case e.sayable(p, switchgear.RoleAssistant):
			texts++
		}
	}
	e.w.Key("content")
	if texts == 0 && (calls > 0 || refusals > 0) {
		e.w.Null()
		e.silence(l, m.Parts)
	} else {
		e.content(l, m.Parts, switchgear.RoleAssistant)
	}
	if refusals > 0 {
		e.w.Key("refusal")
		e.w.Str(refusal.String())
	}
	if calls > 0 {
		e.calls(l, m.Parts)
	}
}

// thought repeats what the model thought: the first part of a turn holds the
// members of all.
func (e *encoder) thought(l leaves.Part, p *switchgear.Part) {
	if p.Origin != Name {
		return
	}
	l.Said(leaves.PartText | leaves.PartSignature | leaves.PartExtra)
	for _, name := range sorted(p.Extra) {
		e.w.Key(name)
		e.w.Raw(p.Extra[name])
	}
}

// spoken refers to an answer that was spoken: it is kept at the provider.
func (e *encoder) spoken(l leaves.Part, p *switchgear.Part) {
	if p.Media == nil || p.Media.FileID == "" {
		return
	}
	// The sound and the words are kept with it.
	l.Said(leaves.PartText | leaves.Media)
	e.w.Key("audio")
	e.w.Object()
	e.w.Key("id")
	e.w.Str(p.Media.FileID)
	e.w.End()
}

func (e *encoder) calls(l leaves.Parts, parts []switchgear.Part) {
	list, lone := false, false
	for i := range parts {
		p := &parts[i]
		if p.Kind != switchgear.PartToolCall || p.Call == nil {
			continue
		}
		if p.Origin == legacy || p.Origin == Name && len(p.Extra["function_call"]) > 0 {
			if !lone && !list {
				lone = true
				e.functionCall(l.At(i), p)
			}
			continue
		}
		if lone {
			continue // one or the other
		}
		if !list {
			list = true
			e.w.Key("tool_calls")
			e.w.Array()
		}
		e.call(l.At(i), p)
	}
	if list {
		e.w.End()
	}
}

// functionCall writes the one call of the time before tools, which has no id.
func (e *encoder) functionCall(l leaves.Part, p *switchgear.Part) {
	l.Said(leaves.Call | leaves.PartExtra)
	e.w.Key("function_call")
	if raw := p.Extra["function_call"]; len(raw) > 0 && p.Origin == Name {
		e.w.Raw(raw)
		return
	}
	e.w.Object()
	e.w.Key("name")
	e.w.Str(p.Call.Name)
	e.w.Key("arguments")
	e.w.Str(p.Call.Arguments)
	for _, name := range sorted(p.Extra) {
		e.w.Key(name)
		e.w.Raw(p.Extra[name])
	}
	e.w.End()
}

func (e *encoder) call(l leaves.Part, p *switchgear.Part) {
	w := &e.w
	kind, arguments := "function", "arguments"
	if p.Origin == Name && string(p.Extra["type"]) == `"custom"` {
		kind, arguments = "custom", "input"
	}
	l.Said(leaves.Call)
	w.Object()
	w.Key("id")
	w.Str(p.Call.ID)
	w.Key("type")
	w.Str(kind)
	w.Key(kind)
	w.Object()
	w.Key("name")
	w.Str(p.Call.Name)
	w.Key(arguments)
	if p.Call.Arguments == "" && kind == "function" {
		w.Str("{}") // what the model left out must be JSON on the way back
	} else {
		w.Str(p.Call.Arguments)
	}
	if p.Origin == Name {
		callExtra(w, p, kind+".", true)
	}
	w.End()
	if p.Origin == Name {
		l.Said(leaves.PartExtra | leaves.PartCache | leaves.PartCacheTTL)
		if p.Cache != nil {
			writeMarker(w, p.Cache)
		}
		callExtra(w, p, kind+".", false)
	}
	w.End()
}

// callExtra writes the extra members of a call that belong inside of what was
// called, or those that belong beside it.
func callExtra(w *jsonx.Writer, p *switchgear.Part, prefix string, inside bool) {
	for _, name := range sorted(p.Extra) {
		inner, ok := cutPrefix(name, prefix)
		switch {
		case name == "type" || ok != inside || name == "cache_control" && p.Cache != nil:
		case ok:
			w.Key(inner)
			w.Raw(p.Extra[name])
		default:
			w.Key(name)
			w.Raw(p.Extra[name])
		}
	}
}

func cutPrefix(name, prefix string) (string, bool) {
	if len(name) <= len(prefix) || name[:len(prefix)] != prefix {
		return name, false
	}
	switch inner := name[len(prefix):]; inner {
	case "name", "arguments", "input":
		return name, false
	default:
		return inner, true
	}
}
