package openai

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// message is what a message, or a delta of one, holds. Its slices alias the
// document.
type message struct {
	content   string
	blocks    []byte // content, where it is an array
	refusal   string
	reasoning string
	spelling  string // the member that held reasoning
	details   []byte // reasoning_details, where it is an array
	encrypted string // reasoning_encrypted
	calls     []byte
	function  []byte // the one call of the time before tools
	audio     []byte
}

// readMessage reads a message or a delta. The members it has no field for go to
// extra, if that is not nil.
func readMessage(r *jsonx.Reader, m *message, extra *map[string]json.RawMessage) {
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "content":
			if r.Kind() == jsonx.Array {
				m.blocks = r.Raw()
			} else {
				m.content = r.Str()
			}
		case "refusal":
			m.refusal = r.Str()
		case "reasoning_content":
			readReasoning(r, m, "reasoning_content")
		case "reasoning":
			readReasoning(r, m, "reasoning")
		case "reasoning_details":
			m.details = only(r, jsonx.Array)
		case "reasoning_encrypted": // Venice
			m.encrypted = r.Str()
		case "tool_calls":
			m.calls = only(r, jsonx.Array)
		case "function_call":
			m.function = only(r, jsonx.Object)
		case "audio":
			m.audio = only(r, jsonx.Object)
		case "role":
			r.Skip()
		default:
			keep(r, string(key), extra)
		}
	}
}

// readReasoning takes the first spelling that holds something: some hosts send
// the same text in two.
func readReasoning(r *jsonx.Reader, m *message, name string) {
	if text := r.Str(); text != "" && m.reasoning == "" {
		m.reasoning, m.spelling = text, name
	}
}

// only returns the next value if it is of a kind, nil otherwise.
func only(r *jsonx.Reader, kind jsonx.Kind) []byte {
	if r.Kind() != kind {
		r.Skip()
		return nil
	}
	return r.Raw()
}

// keep copies a value that has no field, unless it is null.
func keep(r *jsonx.Reader, name string, extra *map[string]json.RawMessage) {
	if extra == nil || r.Kind() == jsonx.Null {
		r.Skip()
		return
	}
	put(extra, name, r.Raw())
}

func put(extra *map[string]json.RawMessage, name string, raw []byte) {
	if *extra == nil {
		*extra = make(map[string]json.RawMessage)
	}
	(*extra)[name] = bytes.Clone(raw)
}

// toolCall is a tool call, or a piece of one.
type toolCall struct {
	index   int
	indexed bool
	id      string
	name    string
	args    string
	extra   map[string]json.RawMessage
}

func readCall(r *jsonx.Reader, extras bool) toolCall {
	var c toolCall
	var extra *map[string]json.RawMessage
	if extras {
		extra = &c.extra
	}
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "index":
			n, ok := r.Int()
			c.index, c.indexed = int(n), ok
		case "id":
			c.id = r.Str()
		case "function", "custom":
			readFunction(r, &c)
		case "type":
			readType(r, extra)
		default:
			keep(r, string(key), extra)
		}
	}
	return c
}

// readType keeps the type of a call that is not the usual one.
func readType(r *jsonx.Reader, extra *map[string]json.RawMessage) {
	raw := r.Raw()
	if extra != nil && string(raw) != `"function"` && jsonx.KindOf(raw) == jsonx.String {
		put(extra, "type", raw)
	}
}

// readFunction reads a name and arguments, which are a string, or at some local
// servers an object.
func readFunction(r *jsonx.Reader, c *toolCall) {
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "name":
			c.name = r.Str()
		case "arguments", "input":
			if r.Kind() == jsonx.Object {
				c.args = string(r.Raw())
			} else {
				c.args = r.Str()
			}
		}
	}
}

// detail is an element of reasoning_details.
type detail struct {
	text      string // of reasoning.text and reasoning.summary
	signature string
	data      string // of reasoning.encrypted
}

func readDetail(r *jsonx.Reader) detail {
	var d detail
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "text", "summary":
			if s := r.Str(); s != "" {
				d.text = s
			}
		case "signature":
			d.signature = r.Str()
		case "data":
			d.data = r.Str()
		}
	}
	return d
}

// block is an element of a content array.
type block struct {
	kind switchgear.PartKind
	text string
	raw  []byte
}

func readBlock(r *jsonx.Reader) block {
	b := block{kind: switchgear.PartOther, raw: r.Raw()}
	inner := jsonx.NewReader(b.raw)
	var kind string
	for inner.Object(); inner.More(); {
		switch string(inner.Key()) {
		case "type":
			kind = inner.Str()
		case "text", "refusal":
			b.text += inner.Str()
		case "thinking": // Mistral: a list of text blocks
			if inner.Kind() == jsonx.Array {
				b.text += readTexts(&inner)
			} else {
				b.text += inner.Str()
			}
		}
	}
	switch kind {
	case "text", "output_text":
		b.kind = switchgear.PartText
	case "thinking":
		b.kind = switchgear.PartThinking
	case "refusal":
		b.kind = switchgear.PartRefusal
	}
	return b
}

func readTexts(r *jsonx.Reader) string {
	var text strings.Builder
	for r.Array(); r.More(); {
		for r.Object(); r.More(); {
			if string(r.Key()) == "text" {
				text.WriteString(r.Str())
			}
		}
	}
	return text.String()
}

// readAudio reads a spoken answer: the sound, and what is said.
func readAudio(raw []byte) (media switchgear.Media, transcript string) {
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "id":
			media.FileID = r.Str()
		case "data":
			media.Data = r.Str()
		case "transcript":
			transcript = r.Str()
		}
	}
	return media, transcript
}
