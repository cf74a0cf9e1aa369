package openai

import (
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/leaves"
)

// content writes what can be said of some parts: a string if it is one plain
// text or nothing, an array otherwise.
func (e *encoder) content(l leaves.Parts, parts []switchgear.Part, role switchgear.Role) {
	e.silence(l, parts)
	said, last := 0, 0
	for i := range parts {
		if e.sayable(&parts[i], role) {
			said, last = said+1, i
		}
	}
	if said == 0 {
		e.w.Str("")
		return
	}
	if p := &parts[last]; said == 1 && p.Kind == switchgear.PartText && (p.Origin != Name || p.Cache == nil && p.Extra == nil) {
		e.w.Str(p.Text)
		l.At(last).Said(leaves.PartText | leaves.PartKind)
		return
	}
	e.w.Array()
	for i := range parts {
		if e.sayable(&parts[i], role) {
			e.block(l.At(i), &parts[i])
		}
	}
	e.w.End()
}

// silence notes texts that hold nothing: nothing of them is lost.
func (e *encoder) silence(l leaves.Parts, parts []switchgear.Part) {
	for i := range parts {
		if p := &parts[i]; p.Kind == switchgear.PartText && p.Text == "" {
			l.At(i).Said(leaves.PartText | leaves.PartKind)
		}
	}
}

// sayable reports whether a part can be a block of the content of a role. An
// assistant and a tool tell texts only, and whatever hosts add to that.
func (e *encoder) sayable(p *switchgear.Part, role switchgear.Role) bool {
	switch p.Kind {
	case switchgear.PartText:
		return p.Text != "" || p.Origin == Name && (p.Cache != nil || p.Extra != nil)
	case switchgear.PartImage, switchgear.PartDocument, switchgear.PartAudio:
		if role == switchgear.RoleAssistant && p.Kind == switchgear.PartAudio ||
			role != switchgear.RoleUser && p.Origin != Name && (role == switchgear.RoleTool || !e.ours()) {
			return false
		}
		return e.writable(p)
	case switchgear.PartThinking:
		return role == switchgear.RoleAssistant && p.Origin == Name && len(p.Raw) > 0
	case switchgear.PartOther:
		return p.Origin == Name && len(p.Raw) > 0
	case switchgear.PartRefusal:
		return role != switchgear.RoleAssistant && p.Text != ""
	default:
		return false
	}
}

// writable reports whether there is a block for a medium.
func (e *encoder) writable(p *switchgear.Part) bool {
	m := p.Media
	switch {
	case m == nil:
		return false
	case p.Kind == switchgear.PartImage:
		return m.URL != "" || m.Data != ""
	case p.Kind == switchgear.PartDocument:
		// A file that another provider keeps is not to be had by its id.
		return m.FileID != "" && e.ours() || m.FileID == "" && m.Data != "" || m.URL != "" && p.Origin == Name
	default:
		return m.Data != "" && soundWord(m.Type) != ""
	}
}

// block writes a part as a block of content.
func (e *encoder) block(l leaves.Part, p *switchgear.Part) {
	w := &e.w
	if len(p.Raw) > 0 && p.Origin == Name {
		l.Said(leaves.PartRaw | leaves.PartText | leaves.PartSignature)
		w.Raw(p.Raw)
		return
	}
	w.Object()
	w.Key("type")
	switch p.Kind {
	case switchgear.PartImage:
		writeImage(w, l, p.Media)
	case switchgear.PartDocument:
		writeFile(w, l, p)
	case switchgear.PartAudio:
		writeSound(w, l, p.Media)
	case switchgear.PartRefusal:
		l.Said(leaves.PartText)
		w.Str("refusal")
		w.Key("refusal")
		w.Str(p.Text)
	default:
		l.Said(leaves.PartText | leaves.PartKind)
		w.Str("text")
		w.Key("text")
		w.Str(p.Text)
	}
	if p.Origin == Name {
		l.Said(leaves.PartCache | leaves.PartCacheTTL | leaves.PartExtra)
		if p.Cache != nil {
			writeMarker(w, p.Cache)
		}
		for _, name := range sorted(p.Extra) {
			if name != "type" && (name != "cache_control" || p.Cache == nil) {
				w.Key(name)
				w.Raw(p.Extra[name])
			}
		}
	}
	w.End()
}

// open begins a block of a type, up to the value that is called like it.
func open(w *jsonx.Writer, kind string) {
	w.Object()
	w.Key("type")
	w.Str(kind)
	w.Key(kind)
}

func writeImage(w *jsonx.Writer, l leaves.Part, m *switchgear.Media) {
	w.Str("image_url")
	w.Key("image_url")
	w.Object()
	w.Key("url")
	if m.Data != "" {
		l.Said(leaves.MediaData | leaves.MediaType)
		w.Str(dataURL(m, "image/png"))
	} else {
		l.Said(leaves.MediaURL | leaves.MediaType) // the address tells the type
		w.Str(m.URL)
	}
	l.Said(leaves.MediaDetail)
	if m.Detail != "" {
		w.Key("detail")
		w.Str(m.Detail)
	}
	w.End()
}

func writeFile(w *jsonx.Writer, l leaves.Part, p *switchgear.Part) {
	m := p.Media
	if m.FileID == "" && m.Data == "" {
		l.Said(leaves.MediaURL | leaves.MediaType)
		w.Str("document_url")
		w.Key("document_url")
		w.Str(m.URL)
		return
	}
	w.Str("file")
	w.Key("file")
	w.Object()
	if m.FileID != "" {
		l.Said(leaves.MediaFileID | leaves.MediaType | leaves.MediaName) // the file has both
		w.Key("file_id")
		w.Str(m.FileID)
		w.End()
		return
	}
	l.Said(leaves.MediaData | leaves.MediaType | leaves.MediaName)
	switch {
	case m.Name != "":
		w.Key("filename")
		w.Str(m.Name)
	case p.Origin != Name:
		w.Key("filename") // OpenAI demands one
		w.Str("document")
	}
	w.Key("file_data")
	w.Str(dataURL(m, "application/pdf"))
	w.End()
}

func writeSound(w *jsonx.Writer, l leaves.Part, m *switchgear.Media) {
	l.Said(leaves.MediaData | leaves.MediaType)
	w.Str("input_audio")
	w.Key("input_audio")
	w.Object()
	w.Key("data")
	w.Str(m.Data)
	w.Key("format")
	w.Str(soundWord(m.Type))
	w.End()
}

// soundWord is the format of a sound of a MIME type. Where none is told it is
// taken for the plainest.
func soundWord(mime string) string {
	switch kind := strings.TrimPrefix(strings.TrimPrefix(mime, "audio/"), "x-"); kind {
	case "":
		return "wav"
	case "mpeg":
		return "mp3"
	default:
		return kind
	}
}

func dataURL(m *switchgear.Media, fallback string) string {
	kind := m.Type
	if kind == "" {
		kind = fallback
	}
	return "data:" + kind + ";base64," + m.Data
}
