// Package openai is the OpenAI API as a provider, and every host that speaks
// its chat completions.
package openai

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/switchgear-dev/switchgear"
	dialect "github.com/switchgear-dev/switchgear/internal/dialect/openai"
	"github.com/switchgear-dev/switchgear/provider"
)

// BaseURL is OpenAI's own.
const BaseURL = "https://api.openai.com/v1"

// Options say which host, and by what name. The zero value is OpenAI itself.
type Options struct {
	Name      string            // what errors call it; "openai" if empty
	BaseURL   string            // up to but without "/chat/completions"; [BaseURL] if empty
	Transport http.RoundTripper // nil for one of its own
	Header    http.Header       // sent with every request: an organization, a project
}

// New makes the provider. Its credential is an API key, sent as a bearer
// token; without one none is sent, which local servers accept.
func New(o Options) (switchgear.Provider, error) {
	if o.Name == "" {
		o.Name = "openai"
	}
	if o.BaseURL == "" {
		o.BaseURL = BaseURL
	}
	base := strings.TrimRight(o.BaseURL, "/")
	for _, path := range []string{"/chat/completions", "/completions", "/embeddings", "/responses", "/models"} {
		if strings.HasSuffix(base, path) {
			return nil, fmt.Errorf("provider %q: the base URL goes one step too far: leave off %q at its end", o.Name, path)
		}
	}
	return provider.New(provider.Config{
		Name: o.Name, BaseURL: base, Dialect: dialect.New(), Authorize: provider.Bearer(),
		Transport: o.Transport, Header: o.Header,
	})
}
