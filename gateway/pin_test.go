package gateway_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
)

// asked is a provider that remembers what it was asked.
type asked struct {
	mu    sync.Mutex
	calls []*switchgear.Call
	err   error
}

func (a *asked) Complete(_ context.Context, c *switchgear.Call) (*switchgear.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, c)
	if a.err != nil {
		return nil, a.err
	}
	resp := &switchgear.Response{Choices: []switchgear.Choice{{Parts: []switchgear.Part{{Text: "yes"}}}}}
	resp.Usage.Set(switchgear.UsageInput, 10)
	resp.Usage.Set(switchgear.UsageOutput, 20)
	return resp, nil
}

func (a *asked) Stream(context.Context, *switchgear.Call) (switchgear.Stream, error) {
	return nil, &switchgear.Error{Class: switchgear.ClassInternal}
}

// speaker is an asked that takes bodies as they came.
type speaker struct{ asked }

func (*speaker) Dialects() []string { return []string{"openai"} }

const pinConfig = `
version: 1
providers:
  one: {kind: openai, base_url: "http://one.test/v1"}
  two: {kind: openai, base_url: "http://two.test/v1"}
models:
  small: {model: one/small, tier: small, price: 1/2}
  big: {model: one/big, tier: frontier, price: 10/20}
routes:
  chat: {chain: [{use: big, with: {max_tokens: 50}}, two/spare], single_point: ok, floor: frontier, stakes: low}
`

func pinned(t *testing.T, one, two switchgear.Provider) *gateway.Gateway {
	t.Helper()
	cfg, findings := config.Parse("switchgear.yaml", []byte(pinConfig), func(string) (string, bool) { return "", false })
	for _, f := range findings {
		if f.Severity == config.Error {
			t.Fatal(f)
		}
	}
	g, err := gateway.New(t.Context(), cfg, gateway.WithProvider("one", one), gateway.WithProvider("two", two))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// TestPin: a pinned request goes to its target, with the levers of its step, and
// nowhere else, however often it fails.
func TestPin(t *testing.T) {
	one, two := &asked{}, &asked{}
	g := pinned(t, one, two)
	p, err := g.Pin("chat", "big")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.Complete(t.Context(), switchgear.Ask("", "Hello"))
	if err != nil || resp.Text() != "yes" || !resp.Cost.Known || resp.Cost.USD != (10*10+20*20)/1e6 {
		t.Fatalf("%v %+v", err, resp)
	}
	if c := one.calls[0]; c.Target.Model != "big" || c.Levers == nil || *c.Levers.MaxTokens != 50 || c.Request.Route != "chat" {
		t.Errorf("%+v", c)
	}
	if most := p.Most(switchgear.Ask("", "Hello")); !most.Known || most.USD < 50*20/1e6 || most.USD > 0.02 {
		t.Errorf("at the most %+v", most)
	}
	one.err = &switchgear.Error{Class: switchgear.ClassOverloaded, Status: 529}
	for range 40 { // enough to open any circuit
		_, err = p.Complete(t.Context(), switchgear.Ask("", "Hello"))
	}
	e, ok := errors.AsType[*switchgear.Error](err)
	if !ok || len(two.calls) != 0 || len(one.calls) < 41 || strings.Contains(err.Error(), "breaker") {
		t.Errorf("%v, %d and %d calls", e, len(one.calls), len(two.calls))
	}
}

// TestPinOutside: a target that stands in no chain is asked without levers, and
// whatever the route's floor says; one that makes no sense is an error.
func TestPinOutside(t *testing.T) {
	one := &asked{}
	g := pinned(t, one, &asked{})
	small, err := g.Pin("chat", "one/small")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := small.Complete(t.Context(), switchgear.Ask("", "Hello")); err != nil || one.calls[0].Target.Model != "small" || one.calls[0].Levers != nil {
		t.Errorf("%v %+v", err, one.calls)
	}
	big, err := g.Pin("chat", "one/big")
	if err != nil || big.Fingerprint() == small.Fingerprint() {
		t.Errorf("%v: the levers are not in the fingerprint", err)
	}
	if most := small.Most(switchgear.Ask("", "Hello")); !most.Known {
		t.Errorf("the price under models was not found: %+v", most)
	}
	if spare, err := g.Pin("chat", "two/spare"); err != nil || spare.Most(switchgear.Ask("", "Hello")).Known {
		t.Errorf("%v: a price out of nowhere", err)
	}
	for _, bad := range [][2]string{{"chat", "nonsense"}, {"chat", "three/x"}, {"nothing", "one/big"}} {
		if _, err := g.Pin(bad[0], bad[1]); err == nil {
			t.Errorf("%v was pinned", bad)
		}
	}
}

// TestPinWire: a body in a client's dialect is sent as it is but for the model,
// whether it names one or not.
func TestPinWire(t *testing.T) {
	one := &speaker{}
	g := pinned(t, one, &asked{})
	p, err := g.Pin("chat", "one/small")
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{`{"messages": [{"role":"user","content":"Hi"}]}`, `{"model": "whatever", "messages": [{"role":"user","content":"Hi"}]}`} {
		req := &switchgear.Request{Origin: "openai", Wire: &switchgear.Wire{Dialect: "openai", Body: []byte(body)}}
		if _, err := p.Complete(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		wire := one.calls[len(one.calls)-1].Request.Wire
		if at := wire.Model; at.End <= at.Start || wire.Body[at.Start] != '"' || !strings.Contains(string(wire.Body), `"content":"Hi"`) {
			t.Errorf("%s: model at %+v of %s", body, at, wire.Body)
		}
		if string(req.Wire.Body) != body || req.Wire.Model != (switchgear.Span{}) {
			t.Error("the case itself was changed")
		}
	}
	_, err = p.Complete(t.Context(), &switchgear.Request{Wire: &switchgear.Wire{Dialect: "openai", Body: []byte(`[1]`)}})
	if e, ok := errors.AsType[*switchgear.Error](err); !ok || e.Class != switchgear.ClassInvalid {
		t.Errorf("a body that is no object: %v", err)
	}
}
