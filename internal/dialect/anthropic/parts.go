package anthropic

import (
	"encoding/base64"
	"strconv"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// messages writes the conversation. The results of tool calls are the user's
// words here, and all results of one turn must stand in one message: turns of
// the same speaker are joined.
func (t *typed) messages() []byte {
	var w jsonx.Writer
	w.Array()
	open := "" // the speaker whose message is open
	for i := range t.req.Messages {
		m := &t.req.Messages[i]
		path := "messages[" + strconv.Itoa(i) + "]"
		if m.Name != "" {
			t.drop(path + ".name")
		}
		role := speaker(m.Role)
		if role != open || len(m.Extra) > 0 {
			if open != "" {
				w.End()
				w.End()
			}
			open = role
			w.Object()
			w.Key("role")
			w.Str(role)
			var extra fields
			extra.fill(m.Extra)
			for _, member := range extra {
				w.Key(member.Name)
				w.Raw(member.Value)
			}
			w.Key("content")
			w.Array()
		}
		t.write(&w, path+".parts", m.Parts)
	}
	if open != "" {
		w.End()
		w.End()
	}
	w.End()
	return w.Buf()
}

func speaker(r switchgear.Role) string {
	if r == switchgear.RoleTool {
		return string(switchgear.RoleUser)
	}
	return string(r)
}

// parts writes an array of content blocks.
func (t *typed) parts(path string, parts []switchgear.Part) []byte {
	var w jsonx.Writer
	w.Array()
	t.write(&w, path, parts)
	w.End()
	return w.Buf()
}

// write writes content blocks into an open array, and names those it cannot.
func (t *typed) write(w *jsonx.Writer, path string, parts []switchgear.Part) {
	for i := range parts {
		p := &parts[i]
		at := path + "[" + strconv.Itoa(i) + "]"
		f, ok := t.block(at, p)
		if !ok {
			continue
		}
		if p.Cache != nil {
			f.set("cache_control", cacheControl(p.Cache))
		}
		if ours(p.Origin) {
			f.fill(p.Extra)
		} else if len(p.Extra) > 0 {
			t.drop(at + ".extra")
		}
		w.Raw(f.write())
	}
}

// block is a content block; ok is false if there is nothing to write.
func (t *typed) block(path string, p *switchgear.Part) (f fields, ok bool) {
	switch p.Kind {
	case switchgear.PartText, switchgear.PartRefusal:
		if p.Text == "" {
			return nil, false // the provider refuses empty ones
		}
		return block1("text", "text", quote(p.Text)), true
	case switchgear.PartThinking:
		if p.Signature == "" || !ours(p.Origin) {
			t.drop(path) // it is accepted only with the provider's own signature
			return nil, false
		}
		f = block1("thinking", "thinking", quote(p.Text))
		f.set("signature", quote(p.Signature))
		return f, true
	case switchgear.PartRedacted:
		if !ours(p.Origin) {
			t.drop(path)
			return nil, false
		}
		return block1("redacted_thinking", "data", quote(p.Signature)), true
	case switchgear.PartImage, switchgear.PartDocument:
		return t.media(path, p)
	case switchgear.PartToolCall:
		return t.call(path, p)
	case switchgear.PartToolResult:
		return t.result(path, p)
	case switchgear.PartOther:
		return t.other(path, p)
	case switchgear.PartAudio:
		t.drop(path)
		return nil, false
	default:
		t.drop(path)
		return nil, false
	}
}

func block1(kind, member string, value []byte) fields {
	var f fields
	f.set("type", quote(kind))
	f.set(member, value)
	return f
}

// other is a block that is written as it came.
func (t *typed) other(path string, p *switchgear.Part) (fields, bool) {
	if !ours(p.Origin) || jsonx.KindOf(p.Raw) != jsonx.Object || jsonx.Check(p.Raw) != nil {
		t.drop(path)
		return nil, false
	}
	var f fields
	r := jsonx.NewReader(p.Raw)
	for r.Object(); r.More(); {
		key := string(r.Key())
		f.set(key, r.Raw())
	}
	return f, true
}

func (t *typed) call(path string, p *switchgear.Part) (fields, bool) {
	if p.Call == nil {
		t.drop(path)
		return nil, false
	}
	input := []byte(p.Call.Arguments)
	if jsonx.KindOf(input) != jsonx.Object || jsonx.Check(input) != nil {
		if len(input) > 0 {
			t.drop(path + ".call.arguments") // cut short; the provider takes objects only
		}
		input = []byte("{}")
	}
	f := block1("tool_use", "id", quote(p.Call.ID))
	f.set("name", quote(p.Call.Name))
	f.set("input", input)
	return f, true
}

func (t *typed) result(path string, p *switchgear.Part) (fields, bool) {
	if p.Result == nil {
		t.drop(path)
		return nil, false
	}
	f := block1("tool_result", "tool_use_id", quote(p.Result.CallID))
	if len(p.Result.Parts) > 0 {
		f.set("content", t.parts(path+".result.parts", p.Result.Parts))
	}
	if p.Result.Failed {
		f.set("is_error", []byte("true"))
	}
	return f, true
}

// media writes an image or a document.
func (t *typed) media(path string, p *switchgear.Part) (fields, bool) {
	if p.Media == nil {
		t.drop(path)
		return nil, false
	}
	kind := "image"
	if p.Kind == switchgear.PartDocument {
		kind = "document"
	}
	source, ok := mediaSource(p.Media, kind)
	if !ok {
		t.drop(path)
		return nil, false
	}
	f := block1(kind, "source", source)
	if p.Media.Name != "" {
		if kind == "document" {
			f.set("title", quote(p.Media.Name))
		} else {
			t.drop(path + ".media.name")
		}
	}
	if p.Media.Detail != "" {
		t.drop(path + ".media.detail")
	}
	return f, true
}

// mediaSource says where the bytes are. Plain text travels as text.
func mediaSource(m *switchgear.Media, kind string) ([]byte, bool) {
	var f fields
	switch {
	case m.FileID != "":
		f = block1("file", "file_id", quote(m.FileID))
	case m.URL != "":
		f = block1("url", "url", quote(m.URL))
	case m.Data == "":
		return nil, false
	case kind == "document" && m.Type == "text/plain":
		text, err := base64.StdEncoding.DecodeString(m.Data)
		if err != nil {
			return nil, false
		}
		f = block1("text", "media_type", quote(m.Type))
		f.set("data", quote(string(text)))
	default:
		mime := m.Type
		if mime == "" && kind == "document" {
			mime = "application/pdf"
		}
		f = block1("base64", "media_type", quote(mime))
		f.set("data", quote(m.Data))
	}
	return f.write(), true
}
