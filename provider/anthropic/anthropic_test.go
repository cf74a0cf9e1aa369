package anthropic_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider/anthropic"
	"github.com/switchgear-dev/switchgear/provider/providertest"
)

func TestConformance(t *testing.T) {
	providertest.Run(t, func(baseURL string, rt http.RoundTripper) switchgear.Provider {
		p, err := anthropic.New(anthropic.Options{BaseURL: baseURL, Transport: rt})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}, os.DirFS("testdata"))
}

func TestBaseURL(t *testing.T) {
	for base, want := range map[string]string{
		"":                                "https://api.anthropic.com/v1/messages",
		"https://api.anthropic.com":       "https://api.anthropic.com/v1/messages",
		"https://api.anthropic.com/v1/":   "https://api.anthropic.com/v1/messages",
		"https://host.test/api/anthropic": "https://host.test/api/anthropic/v1/messages",
		"https://host.test/v1/messages":   "https://host.test/v1/messages",
		"https://host.test/?version=2":    "https://host.test/v1/messages?version=2",
	} {
		var got *http.Request
		p, err := anthropic.New(anthropic.Options{BaseURL: base, Bearer: base != "", Transport: transport(func(r *http.Request) { got = r })})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = p.Complete(t.Context(), &switchgear.Call{
			Request: switchgear.Ask("chat", "hi"), Credential: switchgear.Credential{Secret: switchgear.NewSecret("k")},
		})
		if got.URL.String() != want {
			t.Errorf("%q: the request went to %q, want %q", base, got.URL, want)
		}
		key, token := got.Header.Get("X-Api-Key"), got.Header.Get("Authorization")
		if wantKey := base == ""; (key == "k") != wantKey || (token == "Bearer k") == wantKey {
			t.Errorf("%q: the key went out as x-api-key %q, authorization %q", base, key, token)
		}
	}
	if _, err := anthropic.New(anthropic.Options{BaseURL: "host.test"}); err == nil {
		t.Error("a base URL without a scheme is accepted")
	}
}

// transport notes where a request goes and does not go there.
type transport func(r *http.Request)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return nil, http.ErrHandlerTimeout
}
