package openai

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// content reads what is said: a string, or an array of blocks.
func (d *decoder) content(r *jsonx.Reader) []switchgear.Part {
	switch r.Kind() {
	case jsonx.String:
		if text := r.Str(); text != "" {
			return d.one(switchgear.Part{Text: text})
		}
		return nil
	case jsonx.Array:
	default:
		d.fail("content", "must be a string or an array")
		r.Skip()
		return nil
	}
	var parts []switchgear.Part
	i := 0
	for r.Array(); r.More(); i++ {
		d.in("content", i)
		if d.kind(r, "", jsonx.Object) {
			p := d.block(r)
			if p.Kind != switchgear.PartText || p.Text != "" || p.Origin != "" {
				parts = append(parts, p)
			}
		}
		d.out()
	}
	return parts
}

// piece is a block of content.
type piece struct {
	kind   string
	text   string
	worded bool
	media  switchgear.Media
	member string // the member that holds media
	odd    bool   // it holds what no field takes: it must stay as it is
	cache  *switchgear.Cache
	extra  map[string]json.RawMessage
}

// block reads a block. One that is not written exactly as is known stays as it
// is, for those who speak this dialect.
func (d *decoder) block(r *jsonx.Reader) switchgear.Part {
	start := *r
	var b piece
	for r.Object(); r.More(); {
		if r.Kind() != jsonx.Null {
			d.blockMember(r, &b)
		}
	}
	p := switchgear.Part{Cache: b.cache, Extra: b.extra}
	if b.cache != nil || b.extra != nil {
		p.Origin = Name
	}
	switch {
	case b.kind == "":
		d.fail("type", "is missing: say what kind of block this is")
	case b.odd:
		return whole(r, start, b.kind)
	case b.kind == "text" && b.worded && b.member == "":
		p.Text = b.text
		return p
	case b.kind == "text" && b.member == "":
		d.fail("text", "is missing")
	case b.kind == "refusal" && b.worded && b.member == "" && p.Origin == "":
		p.Kind, p.Text = switchgear.PartRefusal, b.text
		return p
	case b.kind == b.member && !b.worded:
		p.Kind, p.Media = mediaKinds[b.kind], &b.media
		if b.kind == "document_url" || b.kind == "file" && b.media.FileID == "" && b.media.Name == "" {
			p.Origin = Name
		}
		return p
	}
	return whole(r, start, b.kind)
}

var mediaKinds = map[string]switchgear.PartKind{ //nolint:gochecknoglobals // a constant table
	"image_url":    switchgear.PartImage,
	"input_audio":  switchgear.PartAudio,
	"file":         switchgear.PartDocument,
	"document_url": switchgear.PartDocument, // Mistral
}

// whole is a block as it stands, which begins at a place of the body.
func whole(r *jsonx.Reader, start jsonx.Reader, kind string) switchgear.Part {
	raw := start.Raw()
	p := switchgear.Part{Kind: switchgear.PartOther, Raw: raw, Origin: Name}
	if kind == "thinking" { // Mistral
		inner := jsonx.NewReader(raw)
		p.Kind, p.Text = switchgear.PartThinking, readBlock(&inner).text
	}
	*r = start
	return p
}

func (d *decoder) blockMember(r *jsonx.Reader, b *piece) {
	switch key := r.Key(); string(key) {
	case "type":
		b.kind = d.str(r, "type")
	case "text", "refusal":
		b.odd = b.odd || b.worded
		b.worded, b.text = true, d.str(r, string(key))
	case "image_url", "input_audio", "file", "document_url":
		b.odd = b.odd || b.member != ""
		b.member = string(key)
		b.odd = !d.media(r, b.member, &b.media) || b.odd
	case "cache_control":
		raw := r.Raw()
		if b.cache = marker(raw); b.cache == nil {
			rest(&b.extra, "cache_control", raw)
		}
	default:
		rest(&b.extra, string(key), r.Raw())
	}
}

// media reads what a block is about; false if it is not written as is known.
func (d *decoder) media(r *jsonx.Reader, member string, m *switchgear.Media) bool {
	if r.Kind() == jsonx.String && (member == "image_url" || member == "document_url") {
		m.URL = r.Str()
		return m.URL != "" && (member == "document_url" || inline(m))
	}
	if member == "document_url" || r.Kind() != jsonx.Object {
		r.Skip()
		return false
	}
	var sound string
	plain := true
	for r.Object(); r.More(); {
		if r.Kind() == jsonx.Null {
			continue
		}
		if r.Kind() != jsonx.String {
			plain = false
			continue
		}
		switch member + "." + string(r.Key()) {
		case "image_url.url", "file.file_data":
			m.URL = r.Str()
		case "image_url.detail":
			m.Detail = r.Str()
		case "file.file_id":
			m.FileID = r.Str()
		case "file.filename":
			m.Name = r.Str()
		case "input_audio.data":
			m.Data = r.Str()
		case "input_audio.format":
			sound = r.Str()
		default:
			plain = false
		}
	}
	switch member {
	case "image_url":
		return plain && m.URL != "" && inline(m)
	case "file":
		return plain && (m.URL == "") == (m.FileID != "") && (m.FileID == "" || m.Name == "") && (m.URL == "" || inline(m) && m.Data != "")
	default:
		m.Type = soundTypes[sound]
		return plain && m.Type != "" && m.Data != "" && !strings.ContainsAny(m.Data, ":")
	}
}

// soundTypes are the MIME types of the formats of sounds.
var soundTypes = map[string]string{ //nolint:gochecknoglobals // a constant table
	"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "opus": "audio/opus", "pcm16": "audio/pcm16",
	"ogg": "audio/ogg", "m4a": "audio/m4a", "aac": "audio/aac", "webm": "audio/webm",
}

// inline takes a data URL apart: it is always true. What is not plainly base64
// of a type stays a URL.
func inline(m *switchgear.Media) bool {
	body, ok := strings.CutPrefix(m.URL, "data:")
	if !ok {
		return true
	}
	kind, data, ok := strings.Cut(body, ";base64,")
	if ok && kind != "" && data != "" && !strings.ContainsAny(kind, ",;") {
		m.Type, m.Data, m.URL = kind, data, ""
	}
	return true
}

// thought reads a member that holds reasoning.
func (d *decoder) thought(r *jsonx.Reader, t *turn, name string) {
	m := &t.thoughts
	switch name {
	case "reasoning_details":
		if d.kind(r, name, jsonx.Array) {
			if m.details = r.Raw(); empty(m.details) {
				m.details = nil
			}
		}
	case "reasoning_encrypted":
		m.encrypted = d.str(r, name)
	default:
		switch text := d.str(r, name); {
		case text == "":
		case m.reasoning == "" || m.spelling == name:
			m.reasoning, m.spelling = text, name
		default:
			t.second = text
		}
	}
}

// thought is what the assistant thought, with the members that said so on the
// first part. Thoughts that the rival's dialect signed are its own again.
func (t *turn) thought() []switchgear.Part {
	m := &t.thoughts
	if parts := m.rivals(); parts != nil && t.second == "" && m.encrypted == "" {
		return parts
	}
	parts := m.thoughts()
	if len(parts) == 0 {
		if m.details != nil {
			rest(&t.extra, "reasoning_details", m.details)
		}
		return nil
	}
	if t.second != "" {
		other := "reasoning"
		if m.spelling == other {
			other = "reasoning_content"
		}
		rest(&parts[0].Extra, other, quote(t.second))
	}
	return parts
}

// rivals reads reasoning_details that all are the rival's; nil if some are not,
// or say something else than the text beside them.
func (m *message) rivals() []switchgear.Part {
	var parts []switchgear.Part
	var said strings.Builder
	r := jsonx.NewReader(m.details)
	for r.Array(); r.More(); {
		raw := r.Raw()
		inner := jsonx.NewReader(raw)
		detail := readDetail(&inner)
		if formatOf(raw) != rivalFormat {
			return nil
		}
		said.WriteString(detail.text)
		switch {
		case detail.data != "" && detail.text == "" && detail.signature == "":
			parts = append(parts, switchgear.Part{Kind: switchgear.PartRedacted, Signature: detail.data, Origin: rival})
		case detail.signature != "" && detail.data == "":
			parts = append(parts, switchgear.Part{Kind: switchgear.PartThinking, Text: detail.text, Signature: detail.signature, Origin: rival})
		default:
			return nil
		}
	}
	if m.reasoning != "" && m.reasoning != said.String() {
		return nil
	}
	return slices.Clip(parts)
}

func formatOf(detail []byte) (format string) {
	r := jsonx.NewReader(detail)
	for r.Object(); r.More(); {
		if string(r.Key()) == "format" {
			format = r.Str()
		}
	}
	return format
}
