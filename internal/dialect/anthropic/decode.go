package anthropic

import (
	"bytes"
	"encoding/json"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// Decode reads a whole answer. An answer without content is one too: the model
// may decline, or have nothing to add to a tool's result.
func (*Dialect) Decode(body []byte) (*switchgear.Response, error) {
	if err := document(body); err != nil {
		return nil, err
	}
	m := message{}
	r := jsonx.NewReader(body)
	m.read(&r)
	switch {
	case m.kind == "error" || (m.failed && !m.content):
		return nil, inBand(body)
	case !m.content:
		return nil, noAnswer("no_content", "the answer is a JSON object without content", nil)
	}
	return &switchgear.Response{
		ID:    m.id,
		Model: m.model,
		Choices: []switchgear.Choice{{
			Parts:  m.parts,
			Finish: finish(m.reason, m.sequence),
		}},
		Usage: m.counts.usage(),
		Extra: m.extra,
	}, nil
}

// DecodeCount reads the answer to the request of [Dialect.EncodeCount].
func (*Dialect) DecodeCount(body []byte) (*switchgear.TokenCount, error) {
	if err := document(body); err != nil {
		return nil, err
	}
	var n int64
	var found, failed bool
	r := jsonx.NewReader(body)
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "input_tokens":
			n, found = r.Int()
		case "error":
			failed = r.Kind() == jsonx.Object
		}
	}
	switch {
	case found && n >= 0:
		return &switchgear.TokenCount{Input: n}, nil
	case failed:
		return nil, inBand(body)
	default:
		return nil, malformed("the answer holds no count of tokens", nil)
	}
}

// document makes sure that an answer is one JSON object.
func document(body []byte) error {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	switch {
	case len(trimmed) == 0:
		return noAnswer("empty_body", "the answer is empty", nil)
	case trimmed[0] == '<':
		return webPage(trimmed)
	}
	if err := jsonx.Check(body); err != nil {
		return noAnswer("not_json", "the answer is no valid JSON", err)
	}
	if trimmed[0] != '{' {
		return malformed("the answer is JSON, but no object", nil)
	}
	return nil
}

// message is the envelope of an answer: a whole one, or what a stream starts
// with.
type message struct {
	kind, id, model  string
	reason, sequence string
	parts            []switchgear.Part
	content, failed  bool // there is a content array, an error object
	counts           counts
	extra            map[string]json.RawMessage
}

func (m *message) read(r *jsonx.Reader) {
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "type":
			m.kind = r.Str()
		case "id":
			m.id = r.Str()
		case "model":
			m.model = r.Str()
		case "role":
			r.Skip()
		case "content":
			m.content = r.Kind() == jsonx.Array
			for r.Array(); r.More(); {
				m.parts = append(m.parts, block(r.Raw()))
			}
		case "stop_reason":
			m.reason = r.Str()
		case "stop_sequence":
			m.sequence = r.Str()
		case "usage":
			m.counts.add(r)
		case "error":
			m.failed = r.Kind() == jsonx.Object
		default:
			keep(&m.extra, key, r)
		}
	}
}

// keep copies a member this package has no field for. A null says nothing.
func keep(extra *map[string]json.RawMessage, key []byte, r *jsonx.Reader) {
	if r.Kind() == jsonx.Null {
		r.Skip()
		return
	}
	name := string(key) // the key is gone once the value is read
	put(extra, name, r.Raw())
}

// block reads one content block. What is of a kind this package has no name for
// is kept whole.
func block(raw []byte) switchgear.Part {
	switch kind := blockType(raw); kind {
	case "text":
		return textBlock(raw)
	case "thinking":
		return thinkingBlock(raw)
	case "redacted_thinking":
		return redactedBlock(raw)
	case "tool_use":
		return toolBlock(raw)
	default:
		return other(raw)
	}
}

func blockType(raw []byte) string {
	kind := ""
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		if string(r.Key()) == "type" {
			kind = r.Str()
		}
	}
	return kind
}

func textBlock(raw []byte) switchgear.Part {
	p := switchgear.Part{Kind: switchgear.PartText}
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "type":
			r.Skip()
		case "text":
			p.Text = r.Str()
		default:
			keep(&p.Extra, key, &r)
		}
	}
	return marked(p)
}

func thinkingBlock(raw []byte) switchgear.Part {
	p := switchgear.Part{Kind: switchgear.PartThinking, Origin: name}
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "type":
			r.Skip()
		case "thinking":
			p.Text = r.Str()
		case "signature":
			p.Signature = r.Str()
		default:
			keep(&p.Extra, key, &r)
		}
	}
	return p
}

func redactedBlock(raw []byte) switchgear.Part {
	p := switchgear.Part{Kind: switchgear.PartRedacted, Origin: name}
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "type":
			r.Skip()
		case "data":
			p.Signature = r.Str()
		default:
			keep(&p.Extra, key, &r)
		}
	}
	return p
}

func toolBlock(raw []byte) switchgear.Part {
	call := &switchgear.ToolCall{}
	p := switchgear.Part{Kind: switchgear.PartToolCall, Call: call}
	r := jsonx.NewReader(raw)
	for r.Object(); r.More(); {
		switch key := r.Key(); string(key) {
		case "type":
			r.Skip()
		case "id":
			call.ID = r.Str()
		case "name":
			call.Name = r.Str()
		case "input":
			call.Arguments = string(r.Raw())
		default:
			keep(&p.Extra, key, &r)
		}
	}
	return marked(p)
}

// marked says whose words the part's Extra is in.
func marked(p switchgear.Part) switchgear.Part {
	if len(p.Extra) > 0 {
		p.Origin = name
	}
	return p
}
