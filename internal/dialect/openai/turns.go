package openai

import (
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// messages writes the system text and the conversation.
func (e *encoder) messages(req *switchgear.Request) []byte {
	var w jsonx.Writer
	w.Array()
	if len(req.System) > 0 {
		e.turn(&w, "system", &switchgear.Message{Role: switchgear.RoleSystem, Parts: req.System})
	}
	for i := range req.Messages {
		e.turn(&w, "messages["+strconv.Itoa(i)+"]", &req.Messages[i])
	}
	w.End()
	return w.Buf()
}

// turn writes a message. Results of tools are messages of their own here, and
// stand before what else is said in their turn.
func (e *encoder) turn(w *jsonx.Writer, path string, m *switchgear.Message) {
	others := 0
	for i := range m.Parts {
		p := &m.Parts[i]
		at := path + ".content[" + strconv.Itoa(i) + "]"
		e.asides(at, p)
		if p.Kind == switchgear.PartToolResult && p.Result != nil {
			e.result(w, at, p.Result)
		} else {
			others++
		}
	}
	if others == 0 && len(m.Parts) > 0 || m.Role == switchgear.RoleTool {
		for i := range m.Parts {
			if m.Parts[i].Kind != switchgear.PartToolResult {
				e.drop(path + ".content[" + strconv.Itoa(i) + "]")
			}
		}
		return
	}
	w.Object()
	w.Key("role")
	w.Str(string(m.Role))
	if m.Name != "" {
		w.Key("name")
		w.Str(m.Name)
	}
	for _, name := range sorted(m.Extra) {
		if name != "role" && name != "name" && name != "content" {
			w.Key(name)
			w.Raw(m.Extra[name])
		}
	}
	if m.Role == switchgear.RoleAssistant {
		e.assistant(w, path, m)
	} else {
		w.Key("content")
		e.content(w, path, m.Parts)
	}
	w.End()
}

// asides names what stands on a part and cannot be said beside it.
func (e *encoder) asides(path string, p *switchgear.Part) {
	if p.Cache != nil {
		e.drop(path + ".cache")
	}
	said := p.Kind == switchgear.PartToolCall || p.Kind == switchgear.PartThinking || p.Kind == switchgear.PartRedacted
	if said && p.Origin == Name {
		return
	}
	for _, name := range sorted(p.Extra) {
		e.drop(path + "." + name)
	}
}

// result writes what a tool answered, which is text here. That the tool itself
// failed has no member.
func (e *encoder) result(w *jsonx.Writer, path string, r *switchgear.ToolResult) {
	w.Object()
	w.Key("role")
	w.Str("tool")
	w.Key("tool_call_id")
	w.Str(r.CallID)
	w.Key("content")
	var text strings.Builder
	for i := range r.Parts {
		if r.Parts[i].Kind == switchgear.PartText {
			text.WriteString(r.Parts[i].Text)
		} else {
			e.drop(path + ".content[" + strconv.Itoa(i) + "]")
		}
	}
	w.Str(text.String())
	w.End()
	if r.Failed {
		e.drop(path + ".failed")
	}
}

// assistant writes what the model said, called and thought. Thoughts go back
// only to where they came from.
func (e *encoder) assistant(w *jsonx.Writer, path string, m *switchgear.Message) {
	var said, called []switchgear.Part
	var places []int
	var refusal strings.Builder
	for i, p := range m.Parts {
		at := path + ".content[" + strconv.Itoa(i) + "]"
		switch p.Kind {
		case switchgear.PartToolCall:
			called = append(called, p)
		case switchgear.PartRefusal:
			refusal.WriteString(p.Text)
		case switchgear.PartThinking, switchgear.PartRedacted:
			e.thought(w, at, &p, &said, &places, i)
		case switchgear.PartAudio:
			e.spoken(w, at, &p)
		case switchgear.PartToolResult:
		default:
			said, places = append(said, p), append(places, i)
		}
	}
	w.Key("content")
	switch {
	case len(said) > 0:
		e.contentAt(w, path, said, places)
	case len(called) > 0 || refusal.Len() > 0:
		w.Null()
	default:
		w.Str("")
	}
	if refusal.Len() > 0 {
		w.Key("refusal")
		w.Str(refusal.String())
	}
	writeCalls(w, called)
}

func (e *encoder) thought(w *jsonx.Writer, path string, p *switchgear.Part, said *[]switchgear.Part, places *[]int, place int) {
	switch {
	case p.Origin != Name:
		e.drop(path)
	case len(p.Raw) > 0: // a block of a content array, as at Mistral
		*said, *places = append(*said, *p), append(*places, place)
	default: // the first part of a turn holds the members of all
		for _, name := range sorted(p.Extra) {
			w.Key(name)
			w.Raw(p.Extra[name])
		}
	}
}

// spoken refers to an answer that was spoken: it is kept at the provider.
func (e *encoder) spoken(w *jsonx.Writer, path string, p *switchgear.Part) {
	if p.Media == nil || p.Media.FileID == "" {
		e.drop(path)
		return
	}
	w.Key("audio")
	w.Object()
	w.Key("id")
	w.Str(p.Media.FileID)
	w.End()
}

func writeCalls(w *jsonx.Writer, called []switchgear.Part) {
	if len(called) == 0 {
		return
	}
	if raw, ok := called[0].Extra["function_call"]; ok && called[0].Origin == Name {
		w.Key("function_call")
		w.Raw(raw)
		return
	}
	w.Key("tool_calls")
	w.Array()
	for i := range called {
		if called[i].Call != nil {
			writeCall(w, &called[i])
		}
	}
	w.End()
}

func writeCall(w *jsonx.Writer, p *switchgear.Part) {
	kind, arguments := "function", "arguments"
	if p.Origin == Name && string(p.Extra["type"]) == `"custom"` {
		kind, arguments = "custom", "input"
	}
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
	w.End()
	if p.Origin == Name {
		for _, name := range sorted(p.Extra) {
			if name != "type" {
				w.Key(name)
				w.Raw(p.Extra[name])
			}
		}
	}
	w.End()
}

func (e *encoder) content(w *jsonx.Writer, path string, parts []switchgear.Part) {
	var kept []switchgear.Part
	var places []int
	for i := range parts {
		if parts[i].Kind != switchgear.PartToolResult {
			kept, places = append(kept, parts[i]), append(places, i)
		}
	}
	e.contentAt(w, path, kept, places)
}

// contentAt writes content: a string if it is one text, an array otherwise. The
// parts stand at the given places of the message, for the names of what is
// dropped.
func (e *encoder) contentAt(w *jsonx.Writer, path string, parts []switchgear.Part, places []int) {
	if len(parts) == 1 && parts[0].Kind == switchgear.PartText {
		w.Str(parts[0].Text)
		return
	}
	w.Array()
	for i := range parts {
		if !writeBlock(w, &parts[i]) {
			e.drop(path + ".content[" + strconv.Itoa(places[i]) + "]")
		}
	}
	w.End()
}

// writeBlock writes a content block; false if there is none for the part.
func writeBlock(w *jsonx.Writer, p *switchgear.Part) bool {
	switch p.Kind {
	case switchgear.PartText:
		open(w, "text")
		w.Str(p.Text)
		w.End()
		return true
	case switchgear.PartImage:
		return writeImage(w, p.Media)
	case switchgear.PartDocument:
		return writeFile(w, p.Media)
	case switchgear.PartAudio:
		return writeSound(w, p.Media)
	case switchgear.PartOther, switchgear.PartThinking:
		if p.Origin != Name || len(p.Raw) == 0 {
			return false
		}
		w.Raw(p.Raw)
		return true
	default:
		return false
	}
}

// open begins a block of a type, up to the value that is called like it.
func open(w *jsonx.Writer, kind string) {
	w.Object()
	w.Key("type")
	w.Str(kind)
	w.Key(kind)
}

func writeImage(w *jsonx.Writer, m *switchgear.Media) bool {
	if m == nil || (m.URL == "" && m.Data == "") {
		return false
	}
	open(w, "image_url")
	w.Object()
	w.Key("url")
	if m.URL != "" {
		w.Str(m.URL)
	} else {
		w.Str(dataURL(m, "image/png"))
	}
	if m.Detail != "" {
		w.Key("detail")
		w.Str(m.Detail)
	}
	w.End()
	w.End()
	return true
}

func writeFile(w *jsonx.Writer, m *switchgear.Media) bool {
	if m == nil || (m.FileID == "" && m.Data == "") {
		return false
	}
	open(w, "file")
	w.Object()
	if m.FileID != "" {
		w.Key("file_id")
		w.Str(m.FileID)
	} else {
		w.Key("filename")
		if m.Name != "" {
			w.Str(m.Name)
		} else {
			w.Str("document")
		}
		w.Key("file_data")
		w.Str(dataURL(m, "application/pdf"))
	}
	w.End()
	w.End()
	return true
}

func writeSound(w *jsonx.Writer, m *switchgear.Media) bool {
	if m == nil || m.Data == "" {
		return false
	}
	kind := strings.TrimPrefix(strings.TrimPrefix(m.Type, "audio/"), "x-")
	if kind == "mpeg" {
		kind = "mp3"
	}
	open(w, "input_audio")
	w.Object()
	w.Key("data")
	w.Str(m.Data)
	w.Key("format")
	if kind != "" {
		w.Str(kind)
	} else {
		w.Str("wav")
	}
	w.End()
	w.End()
	return true
}

func dataURL(m *switchgear.Media, fallback string) string {
	kind := m.Type
	if kind == "" {
		kind = fallback
	}
	return "data:" + kind + ";base64," + m.Data
}
