package openai

import (
	"errors"
	"net/http"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// Codec is the client's side. It has no state.
type Codec struct {
	now func() time.Time // for tests; nil is the clock
}

// NewCodec returns the client's side of the dialect.
func NewCodec() *Codec { return &Codec{} }

// Dialect is "openai".
func (*Codec) Dialect() string { return Name }

// The members the gateway must know of a request. What is watched may stand in
// a body once only, and plainly written.
var (
	chatMembers  = []string{"model", "stream", "user", "messages"} //nolint:gochecknoglobals // constant
	embedMembers = []string{"model", "user", "input"}              //nolint:gochecknoglobals // constant
)

// Scan checks the body of a request for a chat completion in one pass over it.
// It allocates the strings it returns and nothing else.
func (*Codec) Scan(body []byte) (switchgear.Envelope, error) {
	var spans [4]jsonx.Span
	if err := jsonx.Find(body, chatMembers, spans[:]); err != nil {
		return switchgear.Envelope{}, unreadable(err)
	}
	env, err := envelope(body, spans[0], spans[2])
	if err != nil {
		return env, err
	}
	if env.Stream, err = flag(body, spans[1]); err != nil {
		return env, err
	}
	return env, listed(body, spans[3])
}

// ScanEmbed does for a request for vectors what Scan does for a chat completion.
func (*Codec) ScanEmbed(body []byte) (switchgear.Envelope, error) {
	var spans [3]jsonx.Span
	if err := jsonx.Find(body, embedMembers, spans[:]); err != nil {
		return switchgear.Envelope{}, unreadable(err)
	}
	env, err := envelope(body, spans[0], spans[1])
	if err != nil {
		return env, err
	}
	if spans[2].End == 0 {
		return env, wrong("missing_required_parameter", "input", `the body has no "input": give the text, or a list of texts`)
	}
	return env, nil
}

func envelope(body []byte, model, user jsonx.Span) (switchgear.Envelope, error) {
	var env switchgear.Envelope
	if model.End == 0 {
		return env, wrong("missing_required_parameter", "model", `the body has no "model": name a route`)
	}
	name, ok := jsonx.Unquote(body[model.Start:model.End])
	switch {
	case !ok:
		return env, wrong("invalid_type", "model", `"model" must be a string: the name of a route`)
	case name == "":
		return env, wrong("missing_required_parameter", "model", `"model" is empty: name a route`)
	}
	env.Model, env.Span = name, switchgear.Span(model)
	if user.End != 0 {
		env.User, _ = jsonx.Unquote(body[user.Start:user.End])
	}
	return env, nil
}

func flag(body []byte, span jsonx.Span) (bool, error) {
	switch string(body[span.Start:span.End]) {
	case "true":
		return true, nil
	case "false", "null", "":
		return false, nil
	default:
		return false, wrong("invalid_type", "stream", `"stream" must be true or false`)
	}
}

func listed(body []byte, span jsonx.Span) error {
	if span.End == 0 {
		return wrong("missing_required_parameter", "messages", `the body has no "messages"`)
	}
	if jsonx.KindOf(body[span.Start:span.End]) != jsonx.Array {
		return wrong("invalid_type", "messages", `"messages" must be an array`)
	}
	return nil
}

func unreadable(err error) error {
	e := &switchgear.Error{Class: switchgear.ClassInvalid, Status: http.StatusBadRequest, Code: "invalid_json", Message: err.Error()}
	if which, ok := errors.AsType[*jsonx.MemberError](err); ok {
		e.Code, e.Param = "ambiguous_member", which.Name
	}
	return e
}

func wrong(code, param, message string) error {
	return &switchgear.Error{
		Class: switchgear.ClassInvalid, Status: http.StatusBadRequest, Code: code, Param: param, Message: message,
	}
}
