package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/provider/all"
)

// told names the levers of a step that its target cannot be told. On a strict
// route such a step never serves.
func (c *checker) told(r *config.Route, s *config.Step, path string) {
	p, ok := c.cfg.Provider(s.Target.Provider)
	if !ok || s.With == nil || slices.Contains(c.given, p.Name) || c.isSim(p.Name) {
		return
	}
	opened, err := all.Open(p.Kind, all.Options{Name: p.Name, BaseURL: p.BaseURL, Transport: nowhere{}})
	if err != nil {
		return // which is told where the provider stands
	}
	for _, l := range losses(opened, s) {
		message, serves := s.Target.String()+" cannot be told "+l.what, "it then never serves"
		if l.only != "" {
			message += " in requests of the " + l.only + " protocol"
			serves += " those"
		}
		key, _, _ := strings.Cut(strings.TrimPrefix(l.what, "body."), " ")
		pos := first(s.WithPos[key], s.WithPos["body"], s.Pos)
		if r.Strict {
			c.errorf(pos, path+".with."+key, message+", and with strict: true "+serves, "Remove it, or remove strict.")
		} else {
			c.warn(pos, path+".with."+key, message, "Remove it, or use a model whose provider has it.")
		}
	}
}

// loss is a lever that is lost on the way to a target.
type loss struct {
	what string // "cache", "effort (max as high)"
	only string // the one protocol in whose requests it is; "" if it always is
}

// losses finds out what is lost by asking the provider's own dialects to write
// a small request.
func losses(p switchgear.Provider, s *config.Step) []loss {
	speaks := dialectsOf(p)
	requests := make([]*switchgear.Request, 0, len(speaks)+1)
	for _, dialect := range speaks {
		requests = append(requests, &switchgear.Request{Wire: &switchgear.Wire{
			Dialect: dialect, Body: []byte(`{"model":"m","max_tokens":1000,"messages":[{"role":"user","content":"hello"}]}`),
		}})
	}
	if len(speaks) < 2 {
		requests = append(requests, switchgear.Ask("m", "hello")) // as clients of another protocol are told it
	}
	var found []loss
	seen := map[string]int{}
	for i, req := range requests {
		for _, what := range dropped(p, req, s) {
			if seen[what]++; seen[what] > 1 {
				continue
			}
			l := loss{what: what}
			if i < len(speaks) {
				l.only = speaks[i]
			}
			found = append(found, l)
		}
	}
	for i := range found {
		if len(speaks) < 2 || seen[found[i].what] == len(requests) {
			found[i].only = ""
		}
	}
	return found
}

// dropped are the levers of a step that a request loses.
func dropped(p switchgear.Provider, req *switchgear.Request, s *config.Step) []string {
	_, err := p.Complete(context.Background(), &switchgear.Call{Request: req, Target: s.Target, Levers: s.With, Strict: true})
	e, ok := errors.AsType[*switchgear.Error](err)
	if !ok || e.Code != switchgear.CodeLeversDropped || e.Trace == nil {
		return nil
	}
	var levers []string
	for _, path := range e.Trace.Dropped {
		if lever, ok := strings.CutPrefix(path, "levers."); ok {
			levers = append(levers, lever)
		}
	}
	return levers
}

// nowhere is a transport that reaches nobody: a check calls no provider.
type nowhere struct{}

// RoundTrip implements [http.RoundTripper].
func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("a check calls nobody")
}
