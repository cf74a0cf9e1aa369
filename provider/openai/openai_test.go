package openai_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider/openai"
	"github.com/switchgear-dev/switchgear/provider/providertest"
)

func TestConformance(t *testing.T) {
	providertest.Run(t, func(baseURL string, rt http.RoundTripper) switchgear.Provider {
		p, err := openai.New(openai.Options{BaseURL: baseURL, Transport: rt})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}, os.DirFS("testdata"))
}

func TestBaseURL(t *testing.T) {
	for base, want := range map[string]string{
		"":                               "https://api.openai.com/v1/chat/completions",
		"https://host.test/v1/":          "https://host.test/v1/chat/completions",
		"http://127.0.0.1:11434/v1":      "http://127.0.0.1:11434/v1/chat/completions",
		"https://host.test/v1?version=2": "https://host.test/v1/chat/completions?version=2",
	} {
		got := ""
		p, err := openai.New(openai.Options{BaseURL: base, Transport: transport(func(r *http.Request) { got = r.URL.String() })})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = p.Complete(t.Context(), &switchgear.Call{Request: switchgear.Ask("chat", "hi")})
		if got != want {
			t.Errorf("%q: the request went to %q, want %q", base, got, want)
		}
	}
	_, err := openai.New(openai.Options{Name: "acme", BaseURL: "https://host.test/v1/chat/completions/"})
	if want := `provider "acme": the base URL goes one step too far: leave off "/chat/completions" at its end`; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

// transport notes where a request goes and does not go there.
type transport func(r *http.Request)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return nil, http.ErrHandlerTimeout
}
