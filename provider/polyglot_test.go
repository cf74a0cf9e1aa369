package provider_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/provider"
)

// The dialects that can do more than talk.
type (
	named struct {
		talk

		name string
	}
	embeds struct{ named }
	counts struct{ named }
	both   struct {
		named
		embeds
		counts
	}
)

func (n named) Name() string { return n.name }

func (embeds) EncodeEmbed(call *switchgear.EmbedCall) (provider.Encoded, error) {
	return provider.Encoded{Path: "/embed", Body: [][]byte{call.Request.Wire.Body}}, nil
}

func (embeds) DecodeEmbed([]byte) (*switchgear.EmbedResponse, error) {
	return &switchgear.EmbedResponse{Model: "vectors"}, nil
}

func (counts) EncodeCount(call *switchgear.Call) (provider.Encoded, error) {
	return provider.Encoded{Path: "/count", Body: [][]byte{call.Request.Wire.Body}}, nil
}

func (counts) DecodeCount([]byte) (*switchgear.TokenCount, error) {
	return &switchgear.TokenCount{Input: 3}, nil
}

func (b both) Name() string { return b.name }
func (b both) Encode(call *switchgear.Call, stream bool) (provider.Encoded, error) {
	return b.named.Encode(call, stream)
}
func (b both) Decode(body []byte) (*switchgear.Response, error) { return b.named.Decode(body) }
func (b both) Events(r io.Reader) switchgear.Stream             { return b.named.Events(r) }
func (b both) Error(status int, h http.Header, body []byte) *switchgear.Error {
	return b.named.Error(status, h, body)
}

// abilities is what type assertions say a provider can do.
func abilities(p switchgear.Provider) []string {
	var all []string
	if s, ok := p.(switchgear.Speaker); ok {
		all = s.Dialects()
	}
	if _, ok := p.(switchgear.Embedder); ok {
		all = append(all, "embeds")
	}
	if _, ok := p.(switchgear.TokenCounter); ok {
		all = append(all, "counts")
	}
	if _, ok := p.(io.Closer); ok {
		all = append(all, "closes")
	}
	return all
}

func open(t *testing.T, d provider.Dialect, rt roundTrip) switchgear.Provider {
	t.Helper()
	p, err := provider.New(provider.Config{Name: "acme", BaseURL: "https://" + d.Name() + ".test", Dialect: d, Transport: rt})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAbilities(t *testing.T) {
	a, b := named{name: "a"}, named{name: "b"}
	for _, test := range []struct {
		dialects []provider.Dialect
		want     []string
	}{
		{[]provider.Dialect{a}, []string{"a", "closes"}},
		{[]provider.Dialect{embeds{a}}, []string{"a", "embeds", "closes"}},
		{[]provider.Dialect{counts{a}}, []string{"a", "counts", "closes"}},
		{[]provider.Dialect{both{named: a}}, []string{"a", "embeds", "counts", "closes"}},
		{[]provider.Dialect{a, b}, []string{"a", "b", "closes"}},
		{[]provider.Dialect{a, embeds{b}}, []string{"a", "b", "embeds", "closes"}},
		{[]provider.Dialect{counts{a}, b}, []string{"a", "b", "counts", "closes"}},
		{[]provider.Dialect{embeds{a}, counts{b}}, []string{"a", "b", "embeds", "counts", "closes"}},
	} {
		var parts []switchgear.Provider
		for _, d := range test.dialects {
			parts = append(parts, open(t, d, nil))
		}
		p := parts[0]
		if len(parts) > 1 {
			var err error
			if p, err = provider.Polyglot(parts...); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(test.want, abilities(p)); diff != "" {
			t.Errorf("%T can (-want +got):\n%s", p, diff)
		}
		if err := p.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPolyglotPicksByDialect(t *testing.T) {
	var asked []string
	note := func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Host+r.URL.Path)
		if r.Header.Get("Accept") == "text/event-stream" {
			return reply(200, "text/event-stream", "data: [DONE]\n\n"), nil
		}
		return reply(200, "application/json", "{}"), nil
	}
	p, err := provider.Polyglot(open(t, embeds{named{name: "a"}}, note), open(t, counts{named{name: "b"}}, note))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for _, dialect := range []string{"a", "b", "c"} {
		c := call(`{}`)
		c.Request.Wire.Dialect = dialect
		_, err := p.Complete(ctx, c)
		s, err2 := p.Stream(ctx, c)
		_, err3 := p.(switchgear.Embedder).Embed(ctx, &switchgear.EmbedCall{Request: &switchgear.EmbedRequest{Wire: c.Request.Wire}})
		count, err4 := p.(switchgear.TokenCounter).CountTokens(ctx, c)
		if err != nil || err2 != nil || err3 != nil || err4 != nil || s.Close() != nil || count.Input != 3 || count.Wire == nil {
			t.Fatal(err, err2, err3, err4)
		}
	}
	want := []string{
		"a.test/talk", "a.test/talk", "a.test/embed", "b.test/count",
		"b.test/talk", "b.test/talk", "a.test/embed", "b.test/count",
		"a.test/talk", "a.test/talk", "a.test/embed", "b.test/count",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	asked = nil
	_, err = p.Complete(ctx, &switchgear.Call{Request: switchgear.Ask("chat", "hi")})
	expect(t, err, switchgear.ClassInvalid, "")
}

type mute struct{ switchgear.Provider }

func TestPolyglotMistakes(t *testing.T) {
	a := open(t, named{name: "a"}, nil)
	for want, parts := range map[string][]switchgear.Provider{
		"provider: a polyglot needs at least one provider":                                                          nil,
		`provider: two parts of a polyglot speak "a"`:                                                               {a, a},
		"provider: a polyglot is made of providers that say which dialects they speak; provider_test.mute does not": {a, mute{}},
	} {
		if _, err := provider.Polyglot(parts...); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	dialects := a.(switchgear.Speaker).Dialects()
	dialects[0] = "changed"
	if !slices.Equal(a.(switchgear.Speaker).Dialects(), []string{"a"}) {
		t.Error("a caller can change what a provider speaks")
	}
}
