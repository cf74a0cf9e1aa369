package openai

import (
	"net/http"
	"slices"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/provider"
)

// Dialect is the provider's side. It has no state.
type Dialect struct{}

var (
	_ provider.Dialect      = (*Dialect)(nil)
	_ provider.EmbedDialect = (*Dialect)(nil)
)

// New returns the provider's side of the dialect.
func New() *Dialect { return &Dialect{} }

// Name is "openai".
func (*Dialect) Name() string { return Name }

// Encode writes the request of a call. A request that came in this dialect goes
// out as it came, but for the model and the levers.
func (*Dialect) Encode(call *switchgear.Call, stream bool) (provider.Encoded, error) {
	const path = "/chat/completions"
	wire := call.Request.Wire
	if wire == nil {
		body, dropped, err := encodeRequest(call, stream)
		if err != nil {
			return provider.Encoded{}, err
		}
		return provider.Encoded{Path: path, Body: [][]byte{body}, Dropped: dropped}, nil
	}
	if wire.Dialect != Name {
		return provider.Encoded{}, foreign(wire.Dialect)
	}
	body, dropped, err := patch(wire, call.Target.Model, call.Levers, stream)
	if err != nil {
		return provider.Encoded{}, err
	}
	return passed(path, wire, body, dropped), nil
}

// EncodeEmbed writes a request for vectors.
func (*Dialect) EncodeEmbed(call *switchgear.EmbedCall) (provider.Encoded, error) {
	const path = "/embeddings"
	wire := call.Request.Wire
	if wire == nil {
		return provider.Encoded{Path: path, Body: [][]byte{encodeEmbed(call)}}, nil
	}
	if wire.Dialect != Name {
		return provider.Encoded{}, foreign(wire.Dialect)
	}
	body, err := setModel(wire, call.Target.Model)
	if err != nil {
		return provider.Encoded{}, err
	}
	return passed(path, wire, body, nil), nil
}

// passed is a request that goes out as it came.
func passed(path string, wire *switchgear.Wire, body [][]byte, dropped []string) provider.Encoded {
	var header http.Header
	if len(wire.Header) > 0 {
		header = wire.Header.Clone()
	}
	return provider.Encoded{Path: path, Query: wire.Query, Header: header, Body: body, Dropped: dropped}
}

func foreign(dialect string) error {
	return &switchgear.Error{
		Class: switchgear.ClassInvalid, Status: http.StatusBadRequest, Code: "dialect_mismatch",
		Message: "the request is written in the " + dialect + " protocol and this provider speaks openai: " +
			"there is no translation between the two yet, so name a route whose steps speak " + dialect,
	}
}

// setModel replaces the model of a body, touching nothing else.
func setModel(wire *switchgear.Wire, model string) ([][]byte, error) {
	span := jsonx.Span(wire.Model)
	if span.End == 0 {
		var spans [1]jsonx.Span
		if err := jsonx.Find(wire.Body, []string{"model"}, spans[:]); err != nil {
			return nil, invalidBody(err)
		}
		span = spans[0]
	}
	if span.End == 0 {
		return setMembers(wire.Body, member("model", quote(model)))
	}
	if span.Start < 0 || span.Start > span.End || span.End > len(wire.Body) {
		return nil, &switchgear.Error{Class: switchgear.ClassInternal, Message: "the place of the model lies outside the body"}
	}
	return jsonx.Pieces(wire.Body, jsonx.Edit{Span: span, New: quote(model)}), nil
}

func setMembers(body []byte, members ...jsonx.Member) ([][]byte, error) {
	pieces, err := jsonx.SetMembers(body, members...)
	if err != nil {
		return nil, invalidBody(err)
	}
	return pieces, nil
}

func invalidBody(err error) error {
	return &switchgear.Error{Class: switchgear.ClassInvalid, Status: http.StatusBadRequest, Code: "invalid_json", Message: err.Error()}
}

func quote(s string) []byte { return jsonx.AppendQuote(nil, s) }

func member(name string, value []byte) jsonx.Member { return jsonx.Member{Name: name, Value: value} }

// members are top-level members in order, each name once: the last one wins.
type members []jsonx.Member

func (m *members) set(name string, value []byte) {
	if i := slices.IndexFunc(*m, func(x jsonx.Member) bool { return x.Name == name }); i >= 0 {
		(*m)[i].Value = value
		return
	}
	*m = append(*m, member(name, value))
}

func (m *members) has(name string) bool {
	return slices.ContainsFunc(*m, func(x jsonx.Member) bool { return x.Name == name })
}

func (m *members) get(name string) []byte {
	for _, x := range *m {
		if x.Name == name {
			return x.Value
		}
	}
	return nil
}

func (m *members) object() []byte {
	var w jsonx.Writer
	w.Object()
	for _, x := range *m {
		w.Key(x.Name)
		w.Raw(x.Value)
	}
	w.End()
	return w.Buf()
}
