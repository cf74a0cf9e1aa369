package anthropic

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/provider"
)

// Encode writes the request of a call.
//
// A typed request may hold members this package has no field for: those of
// Options["anthropic"] and Extra are written as they stand, except "betas" of
// Options, a list of names that goes into the anthropic-beta header.
func (*Dialect) Encode(call *switchgear.Call, stream bool) (provider.Encoded, error) {
	out := provider.Encoded{Path: messagesPath}
	if err := speaks(call.Request.Wire); err != nil {
		return out, err
	}
	if call.Request.Wire == nil {
		return encodeTyped(call, stream)
	}
	return encodeWire(call, out, stream)
}

// EncodeCount writes the request that asks how many tokens a call would read.
// What steers only the answer is left out, because the endpoint refuses it.
func (*Dialect) EncodeCount(call *switchgear.Call) (provider.Encoded, error) {
	out := provider.Encoded{Path: countPath}
	wire := call.Request.Wire
	if err := speaks(wire); err != nil {
		return out, err
	}
	if wire == nil {
		return encodeTypedCount(call)
	}
	counted := *call
	counted.Levers = countLevers(call.Levers)
	out.Dropped = droppedByCount(call.Levers)
	return encodeWire(&counted, out, wire.Stream)
}

// speaks refuses a request that came in another dialect.
func speaks(wire *switchgear.Wire) error {
	if wire == nil || wire.Dialect == name {
		return nil
	}
	return invalid(fmt.Sprintf("the request is written in the %s protocol and this target speaks %s; "+
		"requests are not translated between the two yet, so send it in the %s protocol or name a route whose targets speak %s",
		wire.Dialect, name, name, wire.Dialect), "")
}

// encodeWire patches the bytes of a request that came in this dialect.
func encodeWire(call *switchgear.Call, out provider.Encoded, stream bool) (provider.Encoded, error) {
	wire := call.Request.Wire
	out.Header = header(wire.Header)
	out.Query = wire.Query
	members, err := patches(call, stream)
	if err != nil {
		return out, err
	}
	if demotes(wire.Body) {
		var messages []byte
		if messages, out.Dropped = demote(wire.Body, out.Dropped); messages != nil && !overrides(members, "messages") {
			members = append(members, jsonx.Member{Name: "messages", Value: messages})
		}
	}
	model := jsonx.AppendQuote(nil, call.Target.Model)
	if len(members) > 0 || wire.Model.End == 0 {
		out.Body, err = jsonx.SetMembers(wire.Body, append(members, jsonx.Member{Name: "model", Value: model})...)
		if err != nil {
			return out, invalid("the request body cannot be patched: "+err.Error(), "")
		}
		return out, nil
	}
	span := jsonx.Span(wire.Model)
	if span.Start < 0 || span.Start > span.End || span.End > len(wire.Body) {
		return out, &switchgear.Error{Class: switchgear.ClassInternal, Message: "the model's place lies outside the request body"}
	}
	out.Body = jsonx.Pieces(wire.Body, jsonx.Edit{Span: span, New: model})
	return out, nil
}

// patches are the members, besides the model, that must change.
func patches(call *switchgear.Call, stream bool) ([]jsonx.Member, error) {
	wire := call.Request.Wire
	if call.Levers == nil && stream == wire.Stream {
		return nil, nil
	}
	var body fields
	if call.Levers != nil && call.Levers.Effort != "" {
		spans := make([]jsonx.Span, 1)
		if err := jsonx.Find(wire.Body, []string{outputConfig}, spans); err != nil {
			return nil, invalid("the request body cannot be patched: "+err.Error(), "")
		}
		if s := spans[0]; s.End != 0 {
			body.set(outputConfig, wire.Body[s.Start:s.End])
		}
	}
	if err := body.apply(call.Levers); err != nil {
		return nil, err
	}
	if stream != wire.Stream {
		body.set("stream", fmt.Appendf(nil, "%t", stream))
	}
	body.remove("model") // the target says which
	return body, nil
}

// header is what goes along: the client's feature headers, and the version of
// the API where it named none.
func header(client http.Header) http.Header {
	h := client.Clone()
	if h == nil {
		h = make(http.Header, 1)
	}
	if h.Get("Anthropic-Version") == "" {
		h.Set("Anthropic-Version", defaultVersion)
	}
	return h
}

// fields are the members of an object being made, in order.
type fields []jsonx.Member

// set replaces or appends a member.
func (f *fields) set(name string, value []byte) {
	for i := range *f {
		if (*f)[i].Name == name {
			(*f)[i].Value = value
			return
		}
	}
	*f = append(*f, jsonx.Member{Name: name, Value: value})
}

func (f *fields) get(name string) []byte {
	for i := range *f {
		if (*f)[i].Name == name {
			return (*f)[i].Value
		}
	}
	return nil
}

func (f *fields) remove(name string) {
	for i := range *f {
		if (*f)[i].Name == name {
			*f = append((*f)[:i], (*f)[i+1:]...)
			return
		}
	}
}

// merge sets members of a member that is an object, and keeps its others.
func (f *fields) merge(name string, members ...jsonx.Member) error {
	old := f.get(name)
	if len(old) == 0 || bytes.Equal(old, []byte("null")) {
		old = []byte("{}")
	}
	pieces, err := jsonx.SetMembers(old, members...)
	if err != nil {
		return invalid(name+" cannot be patched: "+err.Error(), name)
	}
	f.set(name, jsonx.Join(pieces))
	return nil
}

// write is the whole object.
func (f *fields) write() []byte {
	var w jsonx.Writer
	w.Object()
	for _, m := range *f {
		w.Key(m.Name)
		w.Raw(m.Value)
	}
	w.End()
	return w.Buf()
}

// large is how long a value must be, in bytes, to be a piece of its own.
const large = 2 << 10

// pieces are the object's bytes, of which the large values are not copied.
func (f *fields) pieces() [][]byte {
	pieces := make([][]byte, 0, 4)
	buf := make([]byte, 0, 256)
	buf = append(buf, '{')
	for i, m := range *f {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(jsonx.AppendQuote(buf, m.Name), ':')
		switch {
		case len(m.Value) == 0:
			buf = append(buf, "null"...)
			continue
		case len(m.Value) < large:
			buf = append(buf, m.Value...)
			continue
		}
		pieces = append(pieces, buf, m.Value)
		buf = nil
	}
	return append(pieces, append(buf, '}'))
}
