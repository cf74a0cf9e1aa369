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
	word   string // the member that holds text
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
	switch {
	case b.kind == "":
		d.fail("type", "is missing: say what kind of block this is")
	case b.kind == "text" && b.member == "" && b.word == "":
		d.fail("text", "is missing")
	}
	if p, ok := b.part(); ok {
		return p
	}
	return whole(r, start, b.kind)
}

// part is the part a block makes; false if it makes none that says all of it.
func (b *piece) part() (switchgear.Part, bool) {
	p := switchgear.Part{Cache: b.cache, Extra: b.extra}
	if b.cache != nil || b.extra != nil {
		p.Origin = Name
	}
	switch {
	case b.odd:
		return p, false
	case b.word != "":
		p.Text = b.text
		if b.kind == "refusal" {
			p.Kind = switchgear.PartRefusal
		}
		known := b.kind == "text" || b.kind == "refusal" && p.Origin == ""
		return p, known && b.kind == b.word && b.member == ""
	case b.kind != "" && b.kind == b.member:
		p.Kind, p.Media = mediaKinds[b.kind], &b.media
		if b.kind == "document_url" || b.kind == "file" && b.media.FileID == "" && b.media.Name == "" {
			p.Origin = Name
		}
		return p, true
	default:
		return p, false
	}
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
		b.kind = d.word(r, "type")
	case "text", "refusal":
		b.odd = b.odd || b.word != ""
		b.word = string(key)
		b.text = d.str(r, b.word)
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
	switch {
	case r.Kind() == jsonx.String && strings.HasSuffix(member, "_url"):
		if m.URL = r.Str(); member == "image_url" {
			inline(m)
		}
		return m.URL+m.Data != ""
	case r.Kind() != jsonx.Object || member == "document_url":
		r.Skip()
		return false
	}
	sound, plain := mediaMembers(r, member, m)
	switch member {
	case "image_url":
		inline(m)
		return plain && m.URL+m.Data != ""
	case "file": // the id of one, or all of it
		inline(m)
		byID := m.FileID != "" && m.Data == "" && m.Name == ""
		return plain && m.URL == "" && (byID || m.FileID == "" && m.Data != "")
	default:
		m.Type = soundTypes[sound]
		return plain && m.Type != "" && m.Data != "" && !strings.Contains(m.Data, ":") // some hosts take URLs
	}
}

// mediaMembers reads the members of a medium; not plain if one has no field.
func mediaMembers(r *jsonx.Reader, member string, m *switchgear.Media) (sound string, plain bool) {
	plain = true
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
	return sound, plain
}

// soundTypes are the MIME types of the formats of sounds.
var soundTypes = map[string]string{ //nolint:gochecknoglobals // a constant table
	"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "opus": "audio/opus", "pcm16": "audio/pcm16",
	"ogg": "audio/ogg", "m4a": "audio/m4a", "aac": "audio/aac", "webm": "audio/webm",
}

// inline takes a data URL apart. What is not plainly base64 of a type stays a
// URL.
func inline(m *switchgear.Media) {
	body, ok := strings.CutPrefix(m.URL, "data:")
	if !ok {
		return
	}
	kind, data, ok := strings.Cut(body, ";base64,")
	if ok && kind != "" && data != "" && !strings.ContainsAny(kind, ",;") {
		m.Type, m.Data, m.URL = kind, data, ""
	}
}

// thought reads a member that holds reasoning.
func (d *decoder) thought(r *jsonx.Reader, t *turn, name string) {
	m := &t.thoughts
	switch name {
	case "reasoning_details":
		if d.kind(r, name, jsonx.Array) {
			if m.details = r.Raw(); jsonx.Empty(m.details) {
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
