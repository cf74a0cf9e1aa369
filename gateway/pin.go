package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/capability"
	"github.com/switchgear-dev/switchgear/internal/failover"
	"github.com/switchgear-dev/switchgear/internal/jsonx"
	"github.com/switchgear-dev/switchgear/internal/route"
)

// Pinned answers requests as one step of a route would, and by nobody else:
// with the step's levers and its provider's keys, but without fallback, circuit
// or retry budget, so that what is measured is the one target. It is for
// evaluations. Its requests are not held to the clocks of people who wait.
type Pinned struct {
	gateway *Gateway
	plan    *failover.Plan
	target  switchgear.Target
	levers  *switchgear.Levers
	most    int64 // tokens the model can write at most, as far as is known
	print   string
}

// Pin finds the step of a route that uses a target: a short name of the
// configuration or provider/model. A target that stands in none of the route's
// chains is pinned as a step without levers would be.
func (g *Gateway) Pin(routeName, use string) (*Pinned, error) { return g.pin(routeName, use, nil) }

// PinWith is [Gateway.Pin] with other levers than the step's; nil for none at
// all.
func (g *Gateway) PinWith(routeName, use string, levers *switchgear.Levers) (*Pinned, error) {
	return g.pin(routeName, use, &levers)
}

func (g *Gateway) pin(routeName, use string, levers **switchgear.Levers) (*Pinned, error) {
	s := g.now.Load()
	r, ok := s.table.Lookup(routeName)
	if !ok {
		return nil, s.unknownRoute(nil, routeName)
	}
	written, _ := s.cfg.Route(r.Name())
	step, err := s.stepOf(written, use)
	if err != nil {
		return nil, err
	}
	if levers != nil {
		other := *step
		other.With, other.Canary = *levers, nil
		step = &other
	}
	p, ok := s.cfg.Provider(step.Target.Provider)
	if !ok {
		return nil, fmt.Errorf("%q: there is no provider %q in the configuration", use, step.Target.Provider)
	}
	if p.Disabled != "" {
		return nil, fmt.Errorf("%s cannot be asked: %s", step.Target, p.Disabled)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	plan, err := g.pinnedPlan(s, written, step)
	if err != nil {
		return nil, err
	}
	pinned := &Pinned{gateway: g, plan: plan, target: step.Target, levers: step.With, most: maxUnknownOutput}
	kind := p.Kind
	if p.BaseURL != "" {
		kind = ""
	}
	if m, ok := capability.Lookup(kind, step.Target.Model); ok && m.MaxOutput > 0 {
		pinned.most = m.MaxOutput
	}
	pinned.print, err = fingerprint(p, step.With)
	return pinned, err
}

// maxUnknownOutput is what a model of unknown size is taken to write at most,
// in tokens, where a request sets no limit: no model on offer writes more.
const maxUnknownOutput = 131072

// stepOf finds a target in the chains of a route.
func (s *snapshot) stepOf(r *config.Route, use string) (*config.Step, error) {
	named, isName := s.cfg.Model(use)
	var t switchgear.Target
	if isName {
		t = named.Target
	} else {
		var err error
		if t, err = switchgear.ParseTarget(use); err != nil {
			return nil, fmt.Errorf("%q is neither a short name under models nor of the form provider/model", use)
		}
	}
	chains := [][]config.Step{r.Chain}
	for i := range r.Rules {
		chains = append(chains, r.Rules[i].Chain)
	}
	for _, chain := range chains {
		for i := range chain {
			if chain[i].Target == t {
				return &chain[i], nil
			}
		}
	}
	for _, chain := range chains {
		for i := range chain {
			if k := chain[i].Canary; k != nil && k.Step.Target == t {
				return &k.Step, nil
			}
		}
	}
	step := &config.Step{Use: use, Target: t, Model: named}
	if !isName {
		step.Model = nil
		for i := range s.cfg.Models { // for its price, if the file has one
			if s.cfg.Models[i].Target == t {
				step.Model = &s.cfg.Models[i]
				break
			}
		}
	}
	return step, nil
}

// pinnedPlan is a plan of one step, which waits for no circuit and no budget.
func (g *Gateway) pinnedPlan(s *snapshot, r *config.Route, step *config.Step) (*failover.Plan, error) {
	_, known := g.parts.guards[step.Target]
	alone := config.Route{
		Name: r.Name, Kind: r.Kind, Stakes: switchgear.StakesLow, Surface: config.SurfaceBackground,
		Commit: config.CommitFirstToken, ContentPolicy: config.PolicyStop, Strict: r.Strict, Retry: r.Retry, Fetch: r.Fetch,
		Chain: []config.Step{*step},
	}
	alone.Chain[0].Canary = nil
	spec, err := g.spec(&snapshot{cfg: s.cfg}, &alone)
	if err != nil {
		return nil, err
	}
	only, _ := route.New([]route.Spec{spec}).Lookup(r.Name)
	plan := *only.Plan(&route.Query{NoFallback: true})
	plan.Retries = nil
	plan.Steps = append([]failover.Step(nil), plan.Steps...)
	one := &plan.Steps[0]
	one.Breaker, one.Retries, one.Limit, one.Pace, one.Jury = nil, nil, nil, nil, nil
	if !known {
		g.forget(step.Target)
	}
	return &plan, nil
}

// Target is who answers.
func (p *Pinned) Target() switchgear.Target { return p.target }

// Complete gets a whole answer from the target. The error is an
// [*switchgear.Error].
func (p *Pinned) Complete(ctx context.Context, req *switchgear.Request) (*switchgear.Response, error) {
	if p.gateway.closed.Load() {
		return nil, errClosed
	}
	req, err := addressed(req, p.plan.Route)
	if err != nil {
		return nil, err
	}
	return p.gateway.runner.Complete(ctx, p.plan, req)
}

// addressed is a request to a route. A body that did not come through a door of
// the gateway has no mark where its model stands yet; it may have no model.
func addressed(req *switchgear.Request, to string) (*switchgear.Request, error) {
	out := *req
	out.Route = to
	if req.Wire == nil || req.Wire.Model != (switchgear.Span{}) {
		return &out, nil
	}
	wire := *req.Wire
	spans := make([]jsonx.Span, 1)
	if err := jsonx.Find(wire.Body, []string{"model"}, spans); err != nil {
		return nil, &switchgear.Error{Class: switchgear.ClassInvalid, Message: "the request is no JSON object", Err: err}
	}
	if spans[0] == (jsonx.Span{}) {
		pieces, err := jsonx.SetMembers(wire.Body, jsonx.Member{Name: "model", Value: []byte(`""`)})
		if err != nil {
			return nil, &switchgear.Error{Class: switchgear.ClassInvalid, Message: "the request is no JSON object", Err: err}
		}
		wire.Body = jsonx.Join(pieces)
		if err := jsonx.Find(wire.Body, []string{"model"}, spans); err != nil {
			return nil, &switchgear.Error{Class: switchgear.ClassInternal, Err: err}
		}
	}
	wire.Model = switchgear.Span(spans[0])
	out.Wire = &wire
	return &out, nil
}

// Most is the most that an answer to a request can cost: every byte sent
// counted as a token, and as much written as the request, the step or the
// model allows. It is unknown if the price is.
func (p *Pinned) Most(req *switchgear.Request) switchgear.Cost {
	step := &p.plan.Steps[0]
	if step.Price == nil {
		return switchgear.Cost{}
	}
	text, output := p.size(req)
	var u switchgear.Usage
	u.Set(switchgear.UsageInput, int64(text)+requestTokens)
	u.Set(switchgear.UsageOutput, output)
	return step.Price.Cost(&u, time.Now())
}

// requestTokens is what the frame of a request adds to its text: a provider's
// own instructions for tools are a few hundred tokens.
const requestTokens = 600

// Levers are what the step sets on its requests; nil for nothing.
func (p *Pinned) Levers() *switchgear.Levers { return p.levers }

// Fingerprint is the hash of what the step sets besides the model: its levers,
// and where its provider is (of recorded answers, what was recorded).
func (p *Pinned) Fingerprint() string { return p.print }

// size is how many bytes a request holds and how many tokens its answer may.
func (p *Pinned) size(req *switchgear.Request) (bytes int, output int64) {
	values := req
	if req.Wire != nil {
		bytes = len(req.Wire.Body)
		if read, err := decode(req.Wire); err == nil {
			values = read
		}
	} else {
		bytes = textOf(req)
	}
	output = p.most
	if n := values.Sampling.MaxTokens; n != nil && *n < output {
		output = *n
	}
	if p.levers != nil && p.levers.MaxTokens != nil {
		output = *p.levers.MaxTokens
	}
	return bytes, output
}

// textOf is how many bytes of a request a model reads.
func textOf(req *switchgear.Request) int {
	n := partBytes(req.System)
	for i := range req.Messages {
		n += partBytes(req.Messages[i].Parts)
	}
	for i := range req.Tools {
		t := &req.Tools[i]
		n += len(t.Name) + len(t.Description) + len(t.Schema) + len(t.Raw)
	}
	if req.Output != nil {
		n += len(req.Output.Schema)
	}
	for _, raw := range req.Extra {
		n += len(raw)
	}
	return n
}

func partBytes(parts []switchgear.Part) int {
	const frame = 16 // what marks a part or a turn, in tokens
	n := 0
	for i := range parts {
		p := &parts[i]
		n += frame + len(p.Text) + len(p.Signature) + len(p.Raw)
		if p.Media != nil {
			n += len(p.Media.Data) + mediaTokens
		}
		if p.Call != nil {
			n += len(p.Call.Name) + len(p.Call.Arguments)
		}
		if p.Result != nil {
			n += partBytes(p.Result.Parts)
		}
	}
	return n
}

// mediaTokens is taken for an image or a document that is only referred to.
const mediaTokens = 20_000

func fingerprint(p *config.Provider, levers *switchgear.Levers) (string, error) {
	h := sha256.New()
	e := json.NewEncoder(h)
	err := e.Encode([]any{p.Kind, p.BaseURL, levers})
	for _, file := range p.Recordings {
		text, late := os.ReadFile(file)
		sum := sha256.Sum256(text)
		err = errors.Join(err, late, e.Encode(sum[:]))
	}
	return hex.EncodeToString(h.Sum(nil)), err
}
