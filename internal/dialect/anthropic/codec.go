package anthropic

import (
	"errors"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
)

// Codec is the messages protocol as the clients of the gateway speak it. It
// holds no state and can be shared.
type Codec struct{}

// NewCodec returns the codec.
func NewCodec() *Codec { return &Codec{} }

// Dialect is "anthropic".
func (*Codec) Dialect() string { return name }

// The members of a request that the gateway reads itself.
const (
	memberModel = iota
	memberStream
	memberMessages
	memberMetadata
	watchedMembers
)

var watched = [watchedMembers]string{"model", "stream", "messages", "metadata"} //nolint:gochecknoglobals // a constant table

// Scan checks the body of a request in one pass and finds what the gateway must
// know. Everything else is the provider's to judge.
func (*Codec) Scan(body []byte) (switchgear.Envelope, error) {
	var env switchgear.Envelope
	var spans [watchedMembers]jsonx.Span
	if err := jsonx.Find(body, watched[:], spans[:]); err != nil {
		return env, scanError(body, err)
	}
	value := func(member int) []byte { return body[spans[member].Start:spans[member].End] }

	env.Span = switchgear.Span(spans[memberModel])
	switch jsonx.KindOf(value(memberModel)) {
	case jsonx.Invalid:
		return env, unreadable(codeMissing, `the request names no model: set "model" to the name of a route`, "model")
	case jsonx.String:
		env.Model, _ = jsonx.Unquote(value(memberModel))
	default:
		return env, unreadable(codeType, `"model" must be a string`, "model")
	}
	if env.Model == "" {
		return env, unreadable(codeMissing, `"model" is empty: set it to the name of a route`, "model")
	}
	switch string(value(memberStream)) {
	case "true":
		env.Stream = true
	case "", "false", "null":
	default:
		return env, unreadable(codeType, `"stream" must be true or false`, "stream")
	}
	switch jsonx.KindOf(value(memberMessages)) {
	case jsonx.Array:
	case jsonx.Invalid:
		return env, unreadable(codeMissing, `the request has no "messages"`, "messages")
	default:
		return env, unreadable(codeType, `"messages" must be an array`, "messages")
	}
	env.User = userID(value(memberMetadata))
	return env, nil
}

// userID finds the opaque id of the end user.
func userID(metadata []byte) string {
	if len(metadata) == 0 {
		return ""
	}
	id := ""
	r := jsonx.NewReader(metadata)
	for r.Object(); r.More(); {
		if string(r.Key()) == "user_id" {
			id = r.Str()
		}
	}
	return id
}

// What is wrong with a body, in one word: the words of the other protocol's
// codec, so that logs count them together.
const (
	codeJSON    = "invalid_json"
	codeType    = "invalid_type"
	codeMissing = "missing_required_parameter"
)

// unreadable is the error of a body that the gateway cannot serve.
func unreadable(code, message, param string) *switchgear.Error {
	e := invalid(message, param)
	e.Code = code
	return e
}

func scanError(body []byte, err error) error {
	if member, ok := errors.AsType[*jsonx.MemberError](err); ok {
		return unreadable("ambiguous_member", "the request is ambiguous: "+member.Error(), member.Name)
	}
	if len(body) == 0 {
		return unreadable(codeJSON, "the request has no body: send a JSON object", "")
	}
	return unreadable(codeJSON, "the request body is no JSON object: "+err.Error(), "")
}

// Models writes the list of what a client may use, as one page.
func (*Codec) Models(models []switchgear.ModelInfo) []byte {
	var w jsonx.Writer
	w.Object()
	w.Key("data")
	w.Array()
	for i := range models {
		writeModel(&w, &models[i])
	}
	w.End()
	w.Key("has_more")
	w.Bool(false)
	w.Key("first_id")
	writeID(&w, models, 0)
	w.Key("last_id")
	writeID(&w, models, len(models)-1)
	w.End()
	return w.Buf()
}

func writeModel(w *jsonx.Writer, m *switchgear.ModelInfo) {
	display := m.Display
	if display == "" {
		display = m.Name
	}
	w.Object()
	w.Key("type")
	w.Str("model")
	w.Key("id")
	w.Str(m.Name)
	w.Key("display_name")
	w.Str(display)
	w.Key("created_at")
	w.Str(time.Unix(m.Created, 0).UTC().Format(time.RFC3339))
	w.End()
}

func writeID(w *jsonx.Writer, models []switchgear.ModelInfo, i int) {
	if i < 0 || i >= len(models) {
		w.Null()
		return
	}
	w.Str(models[i].Name)
}
