// Package server is the data plane: the client protocols over HTTP.
package server

import (
	"context"

	"github.com/switchgear-dev/switchgear"
)

// Gateway is what the data plane needs from the runtime.
type Gateway interface {
	Complete(ctx context.Context, req *switchgear.Request) (*switchgear.Response, error)
	Stream(ctx context.Context, req *switchgear.Request) (switchgear.Stream, error)
	Embed(ctx context.Context, req *switchgear.EmbedRequest) (*switchgear.EmbedResponse, error)
	CountTokens(ctx context.Context, req *switchgear.Request) (*switchgear.TokenCount, error)
	// Admit finds out who is calling. Key is what the client sent, "" for
	// none; only is nil if the caller may use every route.
	Admit(key string) (Client, error)
	// Routes lists what a client may name as the model.
	Routes(c Client) []switchgear.ModelInfo
	// Settings are the parts of the configuration the data plane heeds.
	Settings() *Settings
}

// Client is who is calling.
type Client struct {
	Name   string            // "" if the gateway asks for no keys
	Labels map[string]string // win over what the request says
	Routes []string          // what it may use; nil for everything
}

// Settings are the parts of the configuration the data plane heeds.
type Settings struct {
	Full       bool     // expose every x-switchgear-* header
	Hosts      []string // names the gateway may be addressed by, ports aside; nil for any
	Generation string
}

// Codec is a client protocol: what the data plane reads and writes in the
// client's own shape. It is pure.
type Codec interface {
	// Dialect is its name: "openai", "anthropic".
	Dialect() string
	// Scan checks the body of a request in one pass and finds what the gateway
	// must know. The error is an [*switchgear.Error] of ClassInvalid whose
	// Message is one clear sentence.
	Scan(body []byte) (switchgear.Envelope, error)
	// Error writes a failure as a body in the client's shape, and the HTTP
	// status that goes with it.
	Error(e *switchgear.Error, requestID string) (status int, body []byte)
	// StreamError writes a failure as the last frame of a stream.
	StreamError(e *switchgear.Error, requestID string) []byte
	// Models writes the list of what a client may use.
	Models(models []switchgear.ModelInfo) []byte
}
