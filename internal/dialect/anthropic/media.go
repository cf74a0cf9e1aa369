package anthropic

import (
	"encoding/base64"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/leaves"
)

// media is the type of the source an image or a document travels in, "" if it
// cannot: the files another provider keeps are not this one's.
func (t *typed) media(p *switchgear.Part) string {
	m := p.Media
	switch {
	case m.FileID != "":
		if t.foreign {
			return ""
		}
		return "file"
	case m.URL != "":
		return "url"
	case m.Data == "":
		return ""
	case p.Kind == switchgear.PartImage, m.Type == "", m.Type == pdf:
		return "base64"
	case textual(m.Type):
		if _, err := base64.StdEncoding.DecodeString(m.Data); err != nil {
			return ""
		}
		return "text"
	case t.foreign:
		return "" // the provider reads PDF and plain text
	default:
		return "base64"
	}
}

const pdf = "application/pdf"

// textual reports whether a document is plain text in all but name.
func textual(mime string) bool {
	return strings.HasPrefix(mime, "text/") || mime == "application/json"
}

// source writes an image or a document.
func (t *typed) source(w *jsonx.Writer, books leaves.Part, p *switchgear.Part) {
	m := p.Media
	document := p.Kind == switchgear.PartDocument
	if document {
		w.Str("document")
	} else {
		w.Str("image")
	}
	w.Key("source")
	w.Object()
	kind := t.media(p)
	member(w, "type", kind)
	switch kind {
	case "file":
		member(w, "file_id", m.FileID)
		books.Said(leaves.MediaFileID)
	case "url":
		member(w, "url", m.URL)
		books.Said(leaves.MediaURL)
	case "text":
		text, _ := base64.StdEncoding.DecodeString(m.Data) // media has decoded it before
		member(w, "media_type", plainText)
		member(w, "data", string(text))
		books.Said(leaves.MediaData | leaves.MediaType)
	default:
		member(w, "media_type", mime(m, document))
		member(w, "data", m.Data)
		books.Said(leaves.MediaData | leaves.MediaType)
	}
	w.End()
	if document && m.Name != "" {
		member(w, "title", m.Name)
		books.Said(leaves.MediaName)
	}
	if m.Detail == "auto" { // as the provider looks anyway
		books.Said(leaves.MediaDetail)
	}
}

// mime is the type of the bytes; images say theirs at their start.
func mime(m *switchgear.Media, document bool) string {
	switch {
	case m.Type == "image/jpg":
		return "image/jpeg"
	case m.Type != "":
		return m.Type
	case document:
		return pdf
	case strings.HasPrefix(m.Data, "/9j/"):
		return "image/jpeg"
	case strings.HasPrefix(m.Data, "R0lG"):
		return "image/gif"
	case strings.HasPrefix(m.Data, "UklG"):
		return "image/webp"
	default:
		return "image/png"
	}
}

// sizeOf is about how long a conversation is when it is written.
func sizeOf(messages []switchgear.Message) int {
	n := 0
	for i := range messages {
		n += 32 + sizeOfParts(messages[i].Parts)
	}
	return n + n/32
}

func sizeOfParts(parts []switchgear.Part) int {
	n := 0
	for i := range parts {
		p := &parts[i]
		n += 80 + len(p.Text) + len(p.Signature) + len(p.Raw)
		if p.Media != nil {
			n += len(p.Media.Data) + len(p.Media.URL)
		}
		if p.Call != nil {
			n += len(p.Call.Arguments)
		}
		if p.Result != nil {
			n += sizeOfParts(p.Result.Parts)
		}
	}
	return n
}

func sizeOfTools(tools []switchgear.Tool) int {
	n := 0
	for i := range tools {
		t := &tools[i]
		n += 96 + len(t.Name) + len(t.Description) + len(t.Schema) + len(t.Raw)
	}
	return n + n/32
}
