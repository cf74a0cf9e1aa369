// Package anthropic is the Anthropic API as a provider, and every host that
// speaks its messages.
package anthropic

import (
	"net/http"
	"strings"

	"github.com/switchgear-dev/switchgear"
	dialect "github.com/switchgear-dev/switchgear/internal/dialect/anthropic"
	"github.com/switchgear-dev/switchgear/provider"
)

// BaseURL is Anthropic's own.
const BaseURL = "https://api.anthropic.com/v1"

// Options say which host, and by what name. The zero value is Anthropic
// itself.
type Options struct {
	Name string // what errors call it; "anthropic" if empty
	// BaseURL is what stands before "/v1/messages"; [BaseURL] if empty. A
	// "/v1" at its end is understood as well.
	BaseURL   string
	Transport http.RoundTripper // nil for one of its own
	Header    http.Header       // sent with every request: betas that are always on
	Bearer    bool              // the key goes out as a bearer token, as other hosts want it, rather than in x-api-key
}

// New makes the provider. Its credential is an API key; without one none is
// sent, which local servers accept.
func New(o Options) (switchgear.Provider, error) {
	if o.Name == "" {
		o.Name = "anthropic"
	}
	if o.BaseURL == "" {
		o.BaseURL = BaseURL
	}
	authorize := provider.HeaderKey("x-api-key")
	if o.Bearer {
		authorize = provider.Bearer()
	}
	return provider.New(provider.Config{
		Name: o.Name, BaseURL: root(o.BaseURL), Dialect: dialect.New(), Authorize: authorize,
		Transport: o.Transport, Header: o.Header,
	})
}

// root is the base URL up to its version. The clients people take it from add
// the version themselves, so it comes with and without, and sometimes whole.
func root(base string) string {
	base, query, _ := strings.Cut(base, "?")
	base = strings.TrimSuffix(strings.TrimRight(base, "/"), "/messages")
	if base != "" && !strings.HasSuffix(base, "/v1") {
		base += "/v1"
	}
	if query != "" {
		base += "?" + query
	}
	return base
}
