package openai

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// Decode reads a whole answer.
func (d *Dialect) Decode(body []byte) (*switchgear.Response, error) {
	if err := jsonx.Check(body); err != nil || jsonx.KindOf(body) != jsonx.Object {
		return nil, d.Error(http.StatusOK, nil, body)
	}
	resp := &switchgear.Response{}
	var choices []byte
	var fallback counts
	failed := false
	r := jsonx.NewReader(body)
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "id":
			resp.ID = r.Str()
		case "model":
			resp.Model = r.Str()
		case "choices":
			choices = only(&r, jsonx.Array)
		case "usage":
			if c := readUsage(&r); c.any {
				resp.Usage = c.usage()
			}
		case "x_groq":
			raw := r.Raw()
			fallback = groqUsage(raw)
			put(&resp.Extra, "x_groq", raw)
		case "error":
			failed = failed || holds(&r)
		case "object":
			failed = failed || r.Str() == "error"
		default:
			keep(&r, string(key), &resp.Extra)
		}
	}
	if failed {
		return nil, d.Error(http.StatusOK, nil, body)
	}
	if resp.Usage.Known == 0 && fallback.any {
		resp.Usage = fallback.usage()
	}
	if err := readChoices(choices, resp); err != nil {
		return nil, err
	}
	if len(resp.Choices) == 0 {
		return nil, d.Error(http.StatusOK, nil, body)
	}
	return resp, nil
}

// holds reports whether the next value says something: neither null nor empty.
func holds(r *jsonx.Reader) bool {
	switch raw := r.Raw(); jsonx.KindOf(raw) {
	case jsonx.Object:
		return !bytes.Equal(raw, []byte("{}"))
	case jsonx.String:
		return len(raw) > len(`""`)
	default:
		return false
	}
}

// groqUsage reads the counts that Groq gives in x_groq, at times there alone.
func groqUsage(raw []byte) counts {
	r := jsonx.NewReader(raw)
	var c counts
	for r.Object(); r.More(); {
		if string(r.Key()) == "usage" {
			c = readUsage(&r)
		}
	}
	return c
}

func readChoices(raw []byte, resp *switchgear.Response) error {
	r := jsonx.NewReader(raw)
	for r.Array(); r.More(); {
		if r.Kind() != jsonx.Object {
			continue
		}
		c, err := readChoice(r.Raw(), len(resp.Choices))
		if err != nil {
			return err
		}
		resp.Choices = append(resp.Choices, c)
	}
	return nil
}

func readChoice(raw []byte, place int) (switchgear.Choice, error) {
	c := switchgear.Choice{Index: place}
	var m message
	var word string
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "index":
			if n, ok := r.Int(); ok {
				c.Index = int(n)
			}
		case "message":
			readMessage(&r, &m, &c.Extra)
		case "finish_reason":
			word = r.Str()
		default:
			keep(&r, string(key), &c.Extra)
		}
	}
	if class, ok := finishFailures[word]; ok {
		return c, failedFinish(class, word, c.Extra["error"])
	}
	c.Parts = m.parts()
	called, refused := false, false
	for i := range c.Parts {
		called = called || c.Parts[i].Kind == switchgear.PartToolCall
		refused = refused || c.Parts[i].Kind == switchgear.PartRefusal
	}
	c.Finish = finish(word, called, refused)
	return c, nil
}

// failedFinish is the failure that a finish reason tells of, which OpenRouter
// explains in an error object beside it.
func failedFinish(class switchgear.Class, word string, detail json.RawMessage) error {
	if jsonx.KindOf(detail) == jsonx.Object {
		var w jsonx.Writer
		w.Object()
		w.Key("error")
		w.Raw(detail)
		w.End()
		return classify(http.StatusOK, nil, w.Buf())
	}
	return &switchgear.Error{
		Class: class, Status: http.StatusOK, Code: word, Dialect: Name,
		Message: "the provider ended the answer with finish reason " + word,
	}
}

// parts are the parts of a whole message: what the model thought, said and
// asked for, in this order.
func (m *message) parts() []switchgear.Part {
	parts := m.thoughts()
	if m.content != "" {
		parts = append(parts, switchgear.Part{Text: m.content})
	}
	r := jsonx.NewReader(m.blocks)
	for r.Array(); r.More(); {
		parts = append(parts, blockPart(&r))
	}
	if m.refusal != "" {
		parts = append(parts, switchgear.Part{Kind: switchgear.PartRefusal, Text: m.refusal})
	}
	if media, said := readAudio(m.audio); media.Data != "" || media.FileID != "" {
		parts = append(parts, switchgear.Part{Kind: switchgear.PartAudio, Text: said, Media: &media})
	}
	r = jsonx.NewReader(m.calls)
	for r.Array(); r.More(); {
		if r.Kind() == jsonx.Object {
			parts = append(parts, callPart(readCall(&r, true)))
		}
	}
	var legacy toolCall
	r = jsonx.NewReader(m.function)
	if readFunction(&r, &legacy); legacy.name != "" {
		put(&legacy.extra, "function_call", m.function)
		parts = append(parts, callPart(legacy))
	}
	return parts
}

func blockPart(r *jsonx.Reader) switchgear.Part {
	b := readBlock(r)
	p := switchgear.Part{Kind: b.kind, Text: b.text}
	if b.kind == switchgear.PartOther || b.kind == switchgear.PartThinking {
		p.Raw, p.Origin = bytes.Clone(b.raw), Name
	}
	return p
}

func callPart(c toolCall) switchgear.Part {
	return switchgear.Part{
		Kind: switchgear.PartToolCall, Origin: Name, Extra: c.extra,
		Call: &switchgear.ToolCall{ID: c.id, Name: c.name, Arguments: c.args},
	}
}

// thoughts are the parts the model thought, in any of their spellings. The
// first keeps the members as they came, which the next turn must repeat.
func (m *message) thoughts() []switchgear.Part {
	var parts []switchgear.Part
	worded := false
	r := jsonx.NewReader(m.details)
	for r.Array(); r.More(); {
		d := readDetail(&r)
		if d.text != "" || d.signature != "" {
			worded = worded || d.text != ""
			parts = append(parts, switchgear.Part{Kind: switchgear.PartThinking, Text: d.text, Signature: d.signature})
		}
		if d.data != "" {
			parts = append(parts, switchgear.Part{Kind: switchgear.PartRedacted, Signature: d.data})
		}
	}
	if m.reasoning != "" && !worded {
		parts = append([]switchgear.Part{{Kind: switchgear.PartThinking, Text: m.reasoning}}, parts...)
	}
	if m.encrypted != "" {
		parts = append(parts, switchgear.Part{Kind: switchgear.PartRedacted, Signature: m.encrypted})
	}
	for i := range parts {
		parts[i].Origin = Name
	}
	if len(parts) > 0 {
		m.keepThoughts(&parts[0].Extra)
	}
	return parts
}

func (m *message) keepThoughts(extra *map[string]json.RawMessage) {
	if m.reasoning != "" {
		put(extra, m.spelling, quote(m.reasoning))
	}
	if m.details != nil {
		put(extra, "reasoning_details", m.details)
	}
	if m.encrypted != "" {
		put(extra, "reasoning_encrypted", quote(m.encrypted))
	}
}
