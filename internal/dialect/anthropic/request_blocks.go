package anthropic

import (
	"bytes"
	"encoding/base64"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

func (d *decoder) messages(r *jsonx.Reader) {
	d.in("messages")
	defer d.out()
	d.req.Messages = nil
	if !d.is(r, jsonx.Array, "an array of messages") {
		return
	}
	i := 0
	for r.Array(); r.More() && d.err == nil; i++ {
		d.at(i)
		if r.Kind() == jsonx.Object {
			d.req.Messages = append(d.req.Messages, d.message(r))
		} else {
			d.wrong("an object")
			r.Skip()
		}
		d.out()
	}
}

func (d *decoder) message(r *jsonx.Reader) switchgear.Message {
	m := switchgear.Message{}
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "role":
			m.Role = d.role(r)
		case "content":
			m.Parts = d.content(r, "content")
		default:
			keep(&m.Extra, key, r)
		}
	}
	if m.Role == "" {
		d.in("role")
		d.wrong(`"user", "assistant" or "system"`)
		d.out()
	}
	return m
}

func (d *decoder) role(r *jsonx.Reader) switchgear.Role {
	switch role := d.str(r, "role"); role { // the constants need no memory of their own
	case string(switchgear.RoleUser):
		return switchgear.RoleUser
	case string(switchgear.RoleAssistant):
		return switchgear.RoleAssistant
	case string(switchgear.RoleSystem):
		return switchgear.RoleSystem
	default:
		if d.in("role"); role != "" {
			d.wrong(`"user", "assistant" or "system"`)
		}
		d.out()
		return ""
	}
}

// content reads what stands in a message, in the instructions or in the result
// of a tool: a text, or an array of blocks.
func (d *decoder) content(r *jsonx.Reader, member string) []switchgear.Part {
	d.in(member)
	defer d.out()
	if r.Kind() == jsonx.String {
		if text := r.Str(); text != "" {
			return []switchgear.Part{{Text: text}}
		}
		return nil
	}
	if !d.is(r, jsonx.Array, "a string or an array of content blocks") {
		return nil
	}
	var parts []switchgear.Part
	i := 0
	for r.Array(); r.More() && d.err == nil; i++ {
		d.at(i)
		if r.Kind() == jsonx.Object {
			parts = append(parts, d.block(r.Raw()))
		} else {
			d.wrong("an object")
			r.Skip()
		}
		d.out()
	}
	return parts
}

// block reads one content block.
func (d *decoder) block(raw []byte) switchgear.Part {
	kind := blockType(raw)
	part := switchgear.Part{}
	whole := true
	switch kind {
	case "text":
		part.Kind = switchgear.PartText
	case "thinking":
		part.Kind = switchgear.PartThinking
	case "redacted_thinking":
		part.Kind = switchgear.PartRedacted
	case "tool_use":
		part.Kind, part.Call = switchgear.PartToolCall, &switchgear.ToolCall{}
	case "tool_result":
		part.Kind, part.Result = switchgear.PartToolResult, &switchgear.ToolResult{}
	case "image":
		part.Kind, part.Media = switchgear.PartImage, &switchgear.Media{}
	case "document":
		part.Kind, part.Media = switchgear.PartDocument, &switchgear.Media{}
	case "":
		d.wrong(`an object whose "type" says what it is`)
		return part
	default:
		return other(raw)
	}
	r := jsonx.NewReader(raw)
	for r.Object(); r.More() && whole; {
		whole = d.field(&r, &part)
	}
	if !whole || (part.Media != nil && *part.Media == (switchgear.Media{})) {
		return other(raw)
	}
	switch {
	case part.Kind == switchgear.PartThinking, part.Kind == switchgear.PartRedacted:
		part.Origin, part.Signature = unmark(part.Signature)
	case len(part.Extra) > 0:
		part.Origin = name
	}
	return part
}

// other is a block that is kept as it came.
func other(raw []byte) switchgear.Part {
	return switchgear.Part{Kind: switchgear.PartOther, Raw: bytes.Clone(raw), Origin: name}
}

// field reads one member of a block. It is false if the block says something
// that no field can hold and that must not be torn apart.
func (d *decoder) field(r *jsonx.Reader, p *switchgear.Part) bool {
	key := r.Key()
	switch string(key) {
	case "type":
		r.Skip()
		return true
	case "cache_control":
		p.Cache = d.cache(r, &p.Extra)
		return true
	}
	switch p.Kind {
	case switchgear.PartToolCall:
		return d.callField(r, key, p)
	case switchgear.PartToolResult:
		return d.resultField(r, key, p)
	case switchgear.PartImage, switchgear.PartDocument:
		return d.mediaField(r, key, p)
	default:
		return d.textField(r, key, p)
	}
}

func (d *decoder) textField(r *jsonx.Reader, key []byte, p *switchgear.Part) bool {
	switch word := string(key); {
	case p.Kind == switchgear.PartText && word == "text":
		p.Text = d.str(r, "text")
	case p.Kind == switchgear.PartThinking && word == "thinking":
		p.Text = d.str(r, "thinking")
	case p.Kind == switchgear.PartThinking && word == "signature":
		p.Signature = d.str(r, "signature")
	case p.Kind == switchgear.PartRedacted && word == "data":
		p.Signature = d.str(r, "data")
	default:
		keep(&p.Extra, key, r)
	}
	return true
}

func (d *decoder) callField(r *jsonx.Reader, key []byte, p *switchgear.Part) bool {
	switch string(key) {
	case "id":
		p.Call.ID = d.str(r, "id")
	case "name":
		p.Call.Name = d.str(r, "name")
	case "input":
		if d.in("input"); d.is(r, jsonx.Object, "an object") {
			p.Call.Arguments = string(r.Raw())
		}
		d.out()
	default:
		keep(&p.Extra, key, r)
	}
	return true
}

func (d *decoder) resultField(r *jsonx.Reader, key []byte, p *switchgear.Part) bool {
	switch string(key) {
	case "tool_use_id":
		p.Result.CallID = d.str(r, "tool_use_id")
	case "content":
		p.Result.Parts = d.content(r, "content")
	case "is_error":
		p.Result.Failed = d.flag(r, "is_error")
	default:
		keep(&p.Extra, key, r)
	}
	return true
}

func (d *decoder) mediaField(r *jsonx.Reader, key []byte, p *switchgear.Part) bool {
	switch string(key) {
	case "source":
		d.in("source")
		defer d.out()
		if !d.is(r, jsonx.Object, "an object") {
			return true
		}
		return d.source(r, p)
	case "title":
		if p.Kind == switchgear.PartDocument {
			p.Media.Name = d.str(r, "title")
			return true
		}
	}
	keep(&p.Extra, key, r)
	return true
}

// source reads where the bytes of an image or a document are. It is false for
// sources that are no bytes (blocks of a document) and for members without a
// field.
func (d *decoder) source(r *jsonx.Reader, p *switchgear.Part) bool {
	kind, text := "", ""
	known := true
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "type":
			kind = d.str(r, "type")
		case "media_type":
			p.Media.Type = d.str(r, "media_type")
		case "data":
			text = d.str(r, "data")
		case "url":
			p.Media.URL = d.str(r, "url")
		case "file_id":
			p.Media.FileID = d.str(r, "file_id")
		default:
			known = known && jsonx.KindOf(r.Raw()) == jsonx.Null
		}
	}
	return known && fill(p, kind, text)
}

// fill puts the bytes of a source where they belong, and reports whether the
// source is of a known type and says nothing else.
func fill(p *switchgear.Part, kind, text string) bool {
	m := p.Media
	bare := m.Type == "" && text == ""
	switch kind {
	case "base64":
		m.Data = text
		return text != "" && m.URL == "" && m.FileID == ""
	case "url":
		return bare && m.URL != "" && m.FileID == ""
	case "file":
		return bare && m.FileID != "" && m.URL == ""
	case "text":
		m.Data = base64.StdEncoding.EncodeToString([]byte(text))
		return text != "" && m.Type == plainText && p.Kind == switchgear.PartDocument && m.URL == "" && m.FileID == ""
	default:
		return false
	}
}
