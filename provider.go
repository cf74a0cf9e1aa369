package switchgear

import "context"

// Call is one attempt at one target.
type Call struct {
	Request    *Request
	Target     Target
	Credential Credential
	Levers     *Levers // what the step sets, over what the request says; nil for none
	// Strict forbids leaving anything of the request out: a provider that would
	// have to calls nobody and returns an error of [ClassRefused] with
	// [CodeLeversDropped] instead, whose Trace names in Dropped what it is.
	Strict bool
}

// EmbedCall is one attempt at embedding.
type EmbedCall struct {
	Request    *EmbedRequest
	Target     Target
	Credential Credential
}

// Provider makes one attempt at one upstream. It never retries, falls over,
// counts or logs: that is the gateway's. It must honour ctx at every wait, and
// every failure it returns must be an [*Error].
//
// A provider that can do more says so by a second interface: [Embedder],
// [TokenCounter], [Speaker].
type Provider interface {
	Complete(ctx context.Context, call *Call) (*Response, error)
	// Stream returns once the upstream has accepted the request. The stream
	// ends when ctx does.
	Stream(ctx context.Context, call *Call) (Stream, error)
}

// Embedder is a [Provider] that can embed texts.
type Embedder interface {
	Embed(ctx context.Context, call *EmbedCall) (*EmbedResponse, error)
}

// TokenCounter is a [Provider] that can count the tokens of a request without
// answering it.
type TokenCounter interface {
	CountTokens(ctx context.Context, call *Call) (*TokenCount, error)
}

// Speaker is a [Provider] that takes requests as they came over the wire, if
// they are written in one of its dialects. A provider that is no Speaker is
// given typed requests only.
type Speaker interface {
	Dialects() []string
}

// Levers are what a step of a chain sets on every request it is sent, in
// addition to the model: they win over the request.
type Levers struct {
	Thinking    *Thinking
	Effort      string
	Cache       *Cache // keep the whole prompt, up to its last message
	Tier        string
	MaxTokens   *int64
	Temperature *float64
	Members     []Member // further top-level members of the body, set as they stand
}

// Member is a named JSON value.
type Member struct {
	Name  string
	Value []byte
}
