package gateway

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/failover"
	"github.com/switchgear-dev/switchgear/internal/route"
)

// plan finds the plan of a request.
func (s *snapshot) plan(name string, req *switchgear.Request, stream bool) (*failover.Plan, error) {
	if s.gateway.closed.Load() {
		return nil, errClosed
	}
	r, ok := s.table.Lookup(name)
	if !ok {
		return s.direct(s.gateway, name)
	}
	query := route.Query{
		Stakes: req.Limits.Stakes, Labels: req.Labels, NoFallback: req.Limits.NoFallback, InputTokens: estimate(req),
		Stream: stream,
	}
	plan := r.Plan(&query)
	if plan.Trial != nil {
		if t := s.trials[r.Name()]; t != nil && t.guard.Takes(conversation(req)) {
			return plan.Trial, nil
		}
	}
	return plan, nil
}

// estimate is how many tokens a request reads, roughly.
func estimate(req *switchgear.Request) int64 {
	if req.Wire != nil {
		return route.Estimate(len(req.Wire.Body))
	}
	n := 0
	for i := range req.System {
		n += len(req.System[i].Text)
	}
	for i := range req.Messages {
		for k := range req.Messages[i].Parts {
			n += len(req.Messages[i].Parts[k].Text)
		}
	}
	return route.Estimate(n)
}

// resolve finds the route a name means. With direct access on, the name of a
// target is a route of its own.
func (s *snapshot) resolve(name string) (string, bool) {
	if r, ok := s.table.Lookup(name); ok {
		return r.Name(), true
	}
	if t, ok := s.target(name); ok {
		return t.String(), true
	}
	return "", false
}

// target reads a name as provider/model, where direct access allows it.
func (s *snapshot) target(name string) (switchgear.Target, bool) {
	if !s.cfg.Direct || !strings.Contains(name, "/") || !printable(name) {
		return switchgear.Target{}, false
	}
	t, err := switchgear.ParseTarget(name)
	if err != nil {
		return switchgear.Target{}, false
	}
	p, ok := s.cfg.Provider(t.Provider)
	return t, ok && p.Disabled == ""
}

// printable reports whether a name a client made up can stand in a header, a
// label and a log.
func printable(name string) bool {
	const longest = 200 // bytes; a model's id, account and region included, has half of that
	if len(name) > longest {
		return false
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] > '~' {
			return false
		}
	}
	return true
}

// maxDirects bounds how many plans are kept for names that clients make up.
const maxDirects = 1000

// direct plans a request that names a target instead of a route: a chain of
// one, on the terms of an interactive route.
func (s *snapshot) direct(g *Gateway, name string) (*failover.Plan, error) {
	t, ok := s.target(name)
	if !ok {
		return nil, s.unknownRoute(nil, name)
	}
	if plan, ok := s.directs.Load(name); ok {
		return plan.(*failover.Plan), nil //nolint:forcetypeassert // the map holds nothing else
	}
	r := config.Route{
		Name: name, Kind: config.KindChat, Stakes: switchgear.StakesLow, Surface: config.SurfaceQuality,
		Commit: config.CommitFirstToken, ContentPolicy: config.PolicyStop, Chain: []config.Step{{Use: name, Target: t}},
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	_, known := g.parts.guards[t]
	scratch := &snapshot{cfg: s.cfg}
	spec, err := g.spec(scratch, &r)
	if err != nil {
		return nil, &switchgear.Error{Class: switchgear.ClassInternal, Status: http.StatusInternalServerError, Err: err}
	}
	only, _ := route.New([]route.Spec{spec}).Lookup(name)
	plan := only.Plan(&route.Query{})
	if s.directCount.Add(1) <= maxDirects {
		s.directs.Store(name, plan)
	} else if !known {
		g.forget(t) // this request's own: names that clients make up must not pile up
	}
	return plan, nil
}

// Query is what an explanation is for.
type Query struct {
	Stakes       switchgear.Stakes // raises the route's
	InputTokens  int64
	OutputTokens int64
	Labels       map[string]string
	Stream       bool
	NoFallback   bool
	At           time.Time // the day of the prices; zero is now
}

// Explanation is the chain a request would take, and why.
type Explanation struct {
	Route  string
	Rule   int    // the rule that matched, from 1; 0 if none did
	When   string // its condition
	Stakes switchgear.Stakes
	Floor  switchgear.Tier
	Strict bool // a request is refused rather than part of it left out
	Steps  []ExplainedStep
	Worst  time.Duration // the longest the request can take; 0 for no limit
}

// ExplainedStep is what an [Explanation] says of one step.
type ExplainedStep struct {
	Number   int
	Target   switchgear.Target
	Tier     switchgear.Tier
	Serves   bool
	Reason   string // why it does not
	Degraded bool   // an answer from here is of a lower tier than the first step's
	Dialects []string
	// Translated are the protocols of clients whose requests it is not sent as
	// they came: it is sent what they mean, in its own.
	Translated []string
	With       string        // its levers
	Ground     string        // on what evidence it serves; "" where the route has no eval or the gate is off
	Latest     time.Duration // when it is tried at the latest; -1 if it may never be
	Cost       switchgear.Cost
	Canary     *ExplainedCanary // who answers a part of its requests on trial; nil for nobody
}

// ExplainedCanary is what an [Explanation] says of a candidate.
type ExplainedCanary struct {
	Target switchgear.Target
	Share  float64
	With   string
	Ground string
	Reason string // why it answers none of these requests; "" if it may
}

// Explain says which chain a request of a route would take. It calls no
// provider. The error is an [*switchgear.Error] if there is no such route.
func (g *Gateway) Explain(name string, q Query) (*Explanation, error) {
	s := g.now.Load()
	r, ok := s.table.Lookup(name)
	if !ok {
		return nil, s.unknownRoute(nil, name)
	}
	if q.At.IsZero() {
		q.At = time.Now()
	}
	query := route.Query{Stakes: q.Stakes, InputTokens: q.InputTokens, Labels: q.Labels, Stream: q.Stream, NoFallback: q.NoFallback}
	e := r.Explain(&query, q.OutputTokens, q.At)
	out := &Explanation{Route: e.Route, Rule: e.Rule, When: e.When, Stakes: e.Stakes, Floor: e.Floor, Worst: e.Worst}
	written, _ := s.cfg.Route(name)
	out.Strict = written.Strict
	chain := written.Chain
	if e.Rule > 0 {
		chain = written.Rules[e.Rule-1].Chain
	}
	for i := range e.Lines {
		step := s.explainStep(g, &e.Lines[i], &chain[i])
		step.Ground = s.ground(written, &chain[i], time.Now())
		step.Canary = s.explainCanary(written, &chain[i], r.Plan(&query))
		out.Steps = append(out.Steps, step)
	}
	return out, nil
}

func (s *snapshot) explainStep(g *Gateway, line *route.Line, written *config.Step) ExplainedStep {
	step := ExplainedStep{
		Number: line.Number, Target: line.Target, Tier: line.Tier, Serves: line.Serves, Reason: line.Reason,
		Degraded: line.Degraded, With: written.WithText, Latest: line.Latest, Cost: line.Cost,
	}
	if p, ok := s.cfg.Provider(line.Target.Provider); ok {
		if p.Disabled != "" && step.Serves {
			step.Serves, step.Reason = false, p.Disabled
		}
		g.mu.Lock()
		if up, err := g.upstream(p); err == nil {
			step.Dialects = up.dialects
			for _, client := range codecs() {
				if !slices.Contains(up.dialects, client.Dialect()) {
					step.Translated = append(step.Translated, client.Dialect())
				}
			}
		}
		g.mu.Unlock()
	}
	return step
}

// explainCanary says who answers a part of a step's requests.
func (s *snapshot) explainCanary(r *config.Route, step *config.Step, plan *failover.Plan) *ExplainedCanary {
	if step.Canary == nil {
		return nil
	}
	tried := &step.Canary.Step
	e := &ExplainedCanary{Target: tried.Target, Share: step.Canary.Share, With: tried.WithText, Ground: s.ground(r, tried, time.Now())}
	p, ok := s.cfg.Provider(tried.Target.Provider)
	switch {
	case ok && p.Disabled != "":
		e.Reason = p.Disabled
	case plan.Stakes > r.Stakes:
		e.Reason = "the request raises the stakes"
	case plan.NoFallback:
		e.Reason = "the request asks for no fallback"
	case plan.Trial == nil:
		e.Reason = "it would not be let serve in this step's place"
	}
	return e
}
