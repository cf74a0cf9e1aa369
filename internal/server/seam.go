// Package server is the data plane: the client protocols over HTTP.
package server

import (
	"context"

	"github.com/switchgear-dev/switchgear"
)

// Source is where the data plane finds the gateway.
type Source interface {
	// Now is the gateway under the configuration in force. A request takes it
	// once, at its start: who may come in, what a name means and which chain is
	// taken must not be answered by two configurations.
	Now() Gateway
	// Ready reports whether the gateway can serve: nil, or why not.
	Ready() error
}

// Gateway is what the data plane needs from the runtime. It never changes.
type Gateway interface {
	Complete(ctx context.Context, req *switchgear.Request) (*switchgear.Response, error)
	Stream(ctx context.Context, req *switchgear.Request) (switchgear.Stream, error)
	Embed(ctx context.Context, req *switchgear.EmbedRequest) (*switchgear.EmbedResponse, error)
	CountTokens(ctx context.Context, req *switchgear.Request) (*switchgear.TokenCount, error)
	// Admit finds out who is calling. Key is what the client sent, "" for none.
	Admit(key string) (*Client, error)
	// Resolve finds the route a client means by a name, if it may use it.
	Resolve(c *Client, name string) (route string, err error)
	// Models lists what a client may name as the model.
	Models(c *Client) []switchgear.ModelInfo
	// Settings are the parts of the configuration the data plane heeds.
	Settings() *Settings
}

// Client is who is calling.
type Client struct {
	Name   string            // "" if the gateway asks for no keys
	Labels map[string]string // they win over what the request says
	Routes map[string]bool   // what it may use; nil for everything
}

// Settings are the parts of the configuration the data plane heeds.
type Settings struct {
	Full       bool   // show every x-switchgear-* header
	Loopback   bool   // bound to a loopback address: only loopback names are taken as the Host
	Generation string // of the configuration
	Simulated  bool   // answers come from the simulator
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
	// Decode reads the values of a request whose bytes the target cannot take.
	Decode(body []byte) (*switchgear.Request, error)
	// Answer writes the values of an answer to a request as a body. Dropped
	// names what of the answer could not be said.
	Answer(req *switchgear.Request, r *switchgear.Response) (body []byte, dropped []string, err error)
	// Stream begins writing the events of an answer to a request.
	Stream(req *switchgear.Request) switchgear.Encoder
}

// countCodec is a [Codec] whose protocol can say how many tokens a request has.
type countCodec interface {
	Count(tokens int64) []byte
}

// embedCodec is a [Codec] whose protocol has embeddings.
type embedCodec interface {
	ScanEmbed(body []byte) (switchgear.Envelope, error)
}

// Observer is told of every request once it is over. It must not block, and
// must not keep the record.
type Observer interface {
	Requested(ctx context.Context, r *switchgear.Record)
}
