package record

import (
	"strings"

	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// maxNested bounds how often JSON may stand inside a text of JSON.
const maxNested = 8

// walk redacts a JSON document.
type walk struct {
	*pass

	nested int
}

// body redacts the body of a client's request: the texts in it, wherever they
// stand. The names of members and the structure stay, but for what says nothing
// of the question: model and stream. The bytes must be valid JSON.
func (p *pass) body(raw []byte) []byte {
	in := jsonx.NewReader(raw)
	var out jsonx.Writer
	w := &walk{pass: p}
	out.Object()
	for in.Object(); in.More(); {
		name := string(in.Key())
		switch name {
		case "model", "stream", "stream_options":
			in.Skip()
			continue
		}
		out.Key(name)
		w.value(&in, &out, "", name)
	}
	out.End()
	return out.Buf()
}

// document redacts any JSON.
func (p *pass) document(raw []byte, nested int) []byte {
	in := jsonx.NewReader(raw)
	var out jsonx.Writer
	w := &walk{pass: p, nested: nested}
	w.value(&in, &out, "", "")
	return out.Buf()
}

// value redacts what comes next. Parent and name are the names of the members
// it stands in; the elements of a list have the list's.
func (w *walk) value(in *jsonx.Reader, out *jsonx.Writer, parent, name string) {
	switch in.Kind() {
	case jsonx.Object:
		out.Object()
		for in.Object(); in.More(); {
			key := string(in.Key())
			out.Key(key)
			w.value(in, out, name, key)
		}
		out.End()
	case jsonx.Array:
		out.Array()
		for in.Array(); in.More(); {
			w.value(in, out, parent, name)
		}
		out.End()
	case jsonx.String:
		out.Str(w.member(in.Str(), parent, name))
	case jsonx.Number:
		w.number(in, out, name)
	case jsonx.Invalid, jsonx.Bool, jsonx.Null:
		out.Raw(in.Raw())
	}
}

// number lets a number pass, unless it is a card's or a secret. Such a one is 0:
// what is a number must stay one.
func (w *walk) number(in *jsonx.Reader, out *jsonx.Writer, name string) {
	raw := in.Raw()
	if secretName(name) {
		w.counts[kindSecret]++
		out.Int(0)
		return
	}
	if isCard(string(raw)) && count(string(raw)) == len(raw) {
		w.counts[kindCard]++
		out.Int(0)
		return
	}
	out.Raw(raw)
}

// member redacts a text by what it is and by where it stands.
func (w *walk) member(s, parent, name string) string {
	switch {
	case s == "":
		return s
	case inline(parent, name, s):
		return w.note("", s)
	case secretName(name):
		return w.instead(kindSecret, s)
	case (parent == "" && (name == "user" || name == "safety_identifier")) || (parent == "metadata" && name == "user_id"):
		return w.instead(kindUser, s)
	}
	return w.maybeJSON(s)
}

// maybeJSON redacts a text that may be JSON itself, as the arguments of tool
// calls are: what is escaped in it must be found, too. Where nothing is, it
// stays as it was written.
func (w *walk) maybeJSON(s string) string {
	trimmed := strings.TrimSpace(s)
	if w.nested >= maxNested || len(trimmed) < 2 || (trimmed[0] != '{' && trimmed[0] != '[' && trimmed[0] != '"') || jsonx.Check([]byte(trimmed)) != nil {
		return w.text(s)
	}
	before := w.total()
	inner := w.document([]byte(trimmed), w.nested+1)
	if w.total() == before {
		return w.text(s) // what goes over the borders of the JSON's texts
	}
	return w.text(string(inner))
}

func (p *pass) total() int {
	n := 0
	for _, count := range p.counts {
		n += count
	}
	return n
}
