// Package provider turns a dialect, an endpoint and a way to authorize into a
// [switchgear.Provider] over net/http.
package provider

import (
	"context"
	"io"
	"net/http"

	"github.com/switchgear-dev/switchgear"
)

// Dialect is a provider's JSON, seen from the caller's side. It is pure: bytes
// in, values out. Dialects that can do more implement [EmbedDialect] or
// [CountDialect].
type Dialect interface {
	// Name is the word for it: "openai", "anthropic".
	Name() string
	// Encode writes the request of a call. If call.Request.Wire is in this
	// dialect, the bytes pass through but for the model and the levers.
	Encode(call *switchgear.Call, stream bool) (Encoded, error)
	// Decode reads a whole answer. Body is not kept, copied strings aside; the
	// caller fills in Response.Wire. An error in the body of a 200 is an
	// [*switchgear.Error].
	Decode(body []byte) (*switchgear.Response, error)
	// Events reads a streamed answer. Closing the stream does not close r.
	Events(r io.Reader) switchgear.Stream
	// Error classifies an answer whose status is not 2xx, or whose body is not
	// what its status says. It is the only place that looks at a status code.
	Error(status int, h http.Header, body []byte) *switchgear.Error
}

// EmbedDialect is a [Dialect] that can embed.
type EmbedDialect interface {
	EncodeEmbed(call *switchgear.EmbedCall) (Encoded, error)
	DecodeEmbed(body []byte) (*switchgear.EmbedResponse, error)
}

// CountDialect is a [Dialect] that can count tokens.
type CountDialect interface {
	EncodeCount(call *switchgear.Call) (Encoded, error)
	DecodeCount(body []byte) (*switchgear.TokenCount, error)
}

// Encoded is a request in a dialect.
type Encoded struct {
	Path    string      // after the base URL: "/chat/completions"
	Query   string      // encoded; "" for none
	Header  http.Header // nil for none; canonical keys
	Body    [][]byte    // to be sent one after the other: a patched body is the original's pieces with the new ones between, not a copy
	Dropped []string    // parts of the request that could not be said, by JSON path
}

// Len is the length of the body in bytes.
func (e *Encoded) Len() int64 {
	var n int64
	for _, b := range e.Body {
		n += int64(len(b))
	}
	return n
}

// Authorizer puts a credential on a request.
type Authorizer func(ctx context.Context, r *http.Request, c switchgear.Credential) error
