package sim

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
)

// maxDepth ends schemas that refer to themselves.
const maxDepth = 12

// schemaNode has the keywords that are heeded; what they do not say is free.
type schemaNode struct {
	Type       json.RawMessage   `json:"type"`
	Enum       []json.RawMessage `json:"enum"`
	Const      json.RawMessage   `json:"const"`
	Properties json.RawMessage   `json:"properties"`
	Items      json.RawMessage   `json:"items"`
	AnyOf      []json.RawMessage `json:"anyOf"`
	OneOf      []json.RawMessage `json:"oneOf"`
	AllOf      []json.RawMessage `json:"allOf"`
	Ref        string            `json:"$ref"`
	MinItems   int               `json:"minItems"`
	MinLength  int               `json:"minLength"`
	MaxLength  *int              `json:"maxLength"`
	Minimum    *float64          `json:"minimum"`
	Exclusive  *float64          `json:"exclusiveMinimum"`
	Maximum    *float64          `json:"maximum"`
	MultipleOf *float64          `json:"multipleOf"`
	Format     string            `json:"format"`
}

// instanceOf writes a value that satisfies a simple JSON schema, with every
// property present and in the schema's order. Without a schema it is a small
// object. Strings say that they are simulated where they may be long enough.
func instanceOf(schema json.RawMessage) string {
	if len(schema) == 0 {
		return `{"simulated":true,"answer":"[simulated]"}`
	}
	var b bytes.Buffer
	w := schemaWriter{root: schema, out: &b}
	w.value(schema, "value", 0)
	return b.String()
}

type schemaWriter struct {
	root json.RawMessage
	out  *bytes.Buffer
}

func (w *schemaWriter) value(raw json.RawMessage, name string, depth int) {
	var n schemaNode
	if json.Unmarshal(raw, &n) != nil || depth > maxDepth {
		w.out.WriteString("null")
		return
	}
	for _, list := range [][]json.RawMessage{n.AnyOf, n.OneOf, n.AllOf} {
		if len(list) > 0 {
			w.value(list[0], name, depth+1)
			return
		}
	}
	switch {
	case n.Ref != "":
		w.value(w.lookup(n.Ref), name, depth+1)
	case n.Const != nil:
		w.out.Write(n.Const)
	case len(n.Enum) > 0:
		w.out.Write(n.Enum[0])
	default:
		w.typed(&n, name, depth)
	}
}

func (w *schemaWriter) typed(n *schemaNode, name string, depth int) {
	kinds := texts(n.Type)
	kind := "object"
	if len(kinds) > 0 {
		kind = kinds[0]
	}
	switch kind {
	case "string":
		w.out.Write(quote(n.text(name)))
	case "integer", "number":
		w.out.Write(quote(n.number(kind == "integer")))
	case "boolean":
		w.out.WriteString("true")
	case "null":
		w.out.WriteString("null")
	case "array":
		w.array(n, name, depth)
	default:
		w.object(n, depth)
	}
}

func (w *schemaWriter) array(n *schemaNode, name string, depth int) {
	w.out.WriteByte('[')
	for i := range max(1, min(n.MinItems, 100)) {
		if i > 0 {
			w.out.WriteByte(',')
		}
		if n.Items == nil {
			w.out.Write(quote("[simulated] " + name))
			continue
		}
		w.value(n.Items, name, depth+1)
	}
	w.out.WriteByte(']')
}

// object reads the properties token by token: a Go map would lose their order.
func (w *schemaWriter) object(n *schemaNode, depth int) {
	w.out.WriteByte('{')
	defer w.out.WriteByte('}')
	dec := json.NewDecoder(bytes.NewReader(n.Properties))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return
	}
	for first := true; dec.More(); first = false {
		key, err := dec.Token()
		name, ok := key.(string)
		var child json.RawMessage
		if err != nil || !ok || dec.Decode(&child) != nil {
			return
		}
		if !first {
			w.out.WriteByte(',')
		}
		w.out.Write(quote(name))
		w.out.WriteByte(':')
		w.value(child, name, depth+1)
	}
}

// lookup follows a reference into the same document ("#/$defs/step").
func (w *schemaWriter) lookup(ref string) json.RawMessage {
	at := w.root
	for name := range strings.SplitSeq(strings.TrimPrefix(strings.TrimPrefix(ref, "#"), "/"), "/") {
		if name == "" {
			continue
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(at, &members) != nil {
			return nil
		}
		at = members[name]
	}
	return at
}

func (n *schemaNode) text(name string) string {
	switch n.Format {
	case "date":
		return "2026-01-02"
	case "date-time":
		return "2026-01-02T03:04:05Z"
	case "time":
		return "03:04:05Z"
	case "email":
		return "simulated@example.com"
	case "uri":
		return "https://example.com/simulated"
	case "uuid":
		return "00000000-0000-4000-8000-000000000000"
	}
	text := "[simulated] " + name
	if short := n.MinLength - len(text); short > 0 {
		text += strings.Repeat(".", min(short, 10_000))
	}
	if n.MaxLength != nil {
		text = fit(text, *n.MaxLength)
	}
	return text
}

func (n *schemaNode) number(whole bool) float64 {
	v := 1.0
	if n.Maximum != nil {
		v = min(v, *n.Maximum)
	}
	if n.Minimum != nil {
		v = max(v, *n.Minimum)
	}
	if n.Exclusive != nil {
		v = max(v, *n.Exclusive+1)
	}
	if whole {
		v = math.Ceil(v)
	}
	if m := n.MultipleOf; m != nil && *m > 0 {
		v = math.Ceil(v / *m) * *m
	}
	return v
}
