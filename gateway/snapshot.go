package gateway

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/internal/breaker"
	"github.com/switchgear-dev/switchgear/internal/capability"
	"github.com/switchgear-dev/switchgear/internal/failover"
	"github.com/switchgear-dev/switchgear/internal/limit"
	"github.com/switchgear-dev/switchgear/internal/pricing"
	"github.com/switchgear-dev/switchgear/internal/route"
	"github.com/switchgear-dev/switchgear/internal/server"
)

// snapshot is everything requests are planned by: one configuration, worked
// out. It never changes, a cache aside.
type snapshot struct {
	gateway  *Gateway
	cfg      *config.Config
	lock     *lock.File // what it was held against
	table    *route.Table
	door     doorman
	settings server.Settings
	breakers []targetBreaker
	unusable []string
	tape     *tape             // what is kept of requests; nil for nothing
	trials   map[string]*trial // by route: a route has one canary at most
	created  int64             // unix seconds, for the list of models

	directs     sync.Map // name of a target -> *failover.Plan, where clients may name targets
	directCount atomic.Int64
}

type targetBreaker struct {
	target  switchgear.Target
	breaker *breaker.Breaker
	limit   *limit.Limit
	probe   *failover.Plan // of one step: what a probe of the gateway's own is sent over
}

// maxRetries is how many of a request's upstream calls may be second tries at
// a target, over the whole chain: each step has its first try besides.
const maxRetries = 2

func (g *Gateway) build(cfg *config.Config) (*snapshot, error) {
	s := &snapshot{gateway: g, cfg: cfg, door: newDoorman(cfg.Clients), created: time.Now().Unix()}
	s.tape = newTape(g.options.recorder, cfg)
	loopback := IsLoopback(cfg.Listen)
	s.settings = server.Settings{
		Full:       cfg.Expose == "full" || (cfg.Expose == "" && loopback),
		Loopback:   loopback,
		Generation: cfg.Generation,
		Simulated:  simulated(cfg),
	}
	var specs []route.Spec
	for i := range cfg.Routes {
		spec, err := g.spec(s, &cfg.Routes[i])
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	s.table = route.New(specs)
	return s, nil
}

// simulated reports whether all answers come from the simulator.
func simulated(cfg *config.Config) bool {
	return len(cfg.Providers) > 0 && !slices.ContainsFunc(cfg.Providers, func(p config.Provider) bool { return p.Kind != "sim" && p.Kind != "replay" })
}

// spec works out one route.
func (g *Gateway) spec(s *snapshot, r *config.Route) (route.Spec, error) {
	clocks := r.Clocks()
	spec := route.Spec{
		Name: r.Name, Aliases: config.Texts(r.Aliases), Stakes: r.Stakes, Floor: r.Floor,
		Base: failover.Plan{
			Config:  s.cfg.Generation,
			Timeout: failover.Timeout{FirstToken: clocks.FirstToken, Idle: clocks.Idle, Total: clocks.Total},
			Commit:  commits[r.CommitsAt()],
			Mender:  menderOf(r),
			Policy:  policies[r.ContentPolicy],
			Strict:  r.Strict,
			Retries: g.budget(r.Name, *r.Retry.Over(s.cfg.Retry).Over(config.DefaultRetry()).Budget),
			Opinion: r.SecondOpinion(),
			Hedge:   r.Hedge,
			Fetch:   fetches[r.Fetch],
		},
	}
	g.barePlan(&spec.Base)
	longest := len(r.Chain)
	steps, err := g.steps(s, r, r.Chain, 0)
	if err != nil {
		return spec, err
	}
	spec.Steps = steps
	for i := range r.Rules {
		steps, err := g.steps(s, r, r.Rules[i].Chain, i+1)
		if err != nil {
			return spec, err
		}
		longest = max(longest, len(steps))
		spec.Rules = append(spec.Rules, route.Rule{Match: match(&r.Rules[i].When), Steps: steps})
	}
	spec.Base.Attempts = longest + maxRetries
	return spec, nil
}

var commits = map[config.Commit]failover.Commit{ //nolint:gochecknoglobals // a constant table
	config.CommitFirstToken: failover.CommitFirstToken,
	config.CommitHold:       failover.CommitHold,
	config.CommitWhole:      failover.CommitWhole,
}

var policies = map[config.PolicyAction]failover.PolicyAction{ //nolint:gochecknoglobals // a constant table
	config.PolicyStop:     failover.PolicyStop,
	config.PolicyFallback: failover.PolicyFallback,
}

var fetches = map[config.Fetch]failover.Fetch{ //nolint:gochecknoglobals // a constant table
	config.FetchWhole:  failover.FetchWhole,
	config.FetchStream: failover.FetchStream,
}

func match(m *config.Match) route.Match {
	out := route.Match{Stream: m.Stream}
	if m.InputTokens != nil {
		out.InputTokens = route.Compare{Op: m.InputTokens.Op, Value: m.InputTokens.N}
	}
	for _, l := range m.Labels {
		if out.Labels == nil {
			out.Labels = make(map[string][]string)
		}
		out.Labels[l.Name] = l.Values
	}
	return out
}

func (g *Gateway) steps(s *snapshot, r *config.Route, chain []config.Step, rule int) ([]route.Step, error) {
	steps := make([]route.Step, 0, len(chain))
	for i := range chain {
		step, err := g.step(s, r, &chain[i])
		if err != nil {
			return nil, err
		}
		if err := g.try(s, r, &chain[i], &step, spot{rule: rule, step: i + 1}); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// step works out one entry of a chain: what is known of its model, what it
// costs, and who guards it.
func (g *Gateway) step(s *snapshot, r *config.Route, c *config.Step) (route.Step, error) {
	p, ok := s.cfg.Provider(c.Target.Provider)
	if !ok {
		return route.Step{}, fmt.Errorf("route %s: there is no provider %q", r.Name, c.Target.Provider)
	}
	up, err := g.upstream(p)
	if err != nil {
		return route.Step{}, err
	}
	facts := factsOf(s.cfg, p, c)
	if _, given := g.options.providers[p.Name]; given {
		facts.lacks = 0 // the catalogue knows nothing of a program's own
	}
	retry := s.cfg.RetryFor(r, p)
	step := route.Step{Tier: facts.tier, Family: facts.family}
	step.Step = failover.Step{
		Target: c.Target, Provider: up.provider, Dialects: up.dialects, Levers: c.With, Price: facts.price, Context: facts.context, Lacks: facts.lacks,
		Retry: failover.Retry{
			Attempts: retry.Attempts, Alone: s.cfg.AloneAttempts(r, p),
			Base: retry.Backoff.Base, Cap: retry.Backoff.Cap, WaitHint: *retry.WaitHint,
		},
	}
	if p.Disabled != "" {
		step.Breaker = off{}
		s.disable(fmt.Sprintf("%s: %s", c.Target, p.Disabled))
		return step, nil
	}
	guard := g.guard(s.cfg, c.Target)
	step.Breaker, step.Keys = guard.breaker, g.keyring(p)
	step.Retries, step.Limit, step.Jury = guard.retries, guard.limit, guard.jury
	if guard.settings.routed {
		step.Witness = guard.drift // of a name that a client made up nobody is told
	}
	step.Pace = g.pace(c.Target, c.WithText)
	step.Embeds = r.Kind == config.KindEmbedding
	g.bare(&step.Step)
	if _, ok := s.care(c.Target); !ok {
		s.breakers = append(s.breakers, targetBreaker{c.Target, guard.breaker, guard.limit, probePlan(s.cfg, r, &step.Step)})
	}
	return step, nil
}

// probePlan is what a probe of a step's target is sent over: the step alone,
// without the levers that make an answer long, on the clocks of the route.
func probePlan(cfg *config.Config, r *config.Route, step *failover.Step) *failover.Plan {
	bare := *step
	bare.Number, bare.Levers = 1, nil
	clocks := r.Clocks()
	return &failover.Plan{
		Route: r.Name, Config: cfg.Generation, Steps: []failover.Step{bare}, Length: 1,
		Timeout: failover.Timeout{FirstToken: patience(cfg, step.Target), Idle: clocks.Idle, Total: clocks.Total},
	}
}

// probeTime is how long a probe of the gateway's own is waited for: it asks for
// next to nothing. One that is not answered by then may have met a model that
// thinks for long, so the next is waited for longer, up to what the most
// patient route grants.
const probeTime = 5 * time.Second

// patience is the longest time to the first token that any route grants a
// target.
func patience(cfg *config.Config, t switchgear.Target) time.Duration {
	var most time.Duration
	for i := range cfg.Routes {
		r := &cfg.Routes[i]
		if reaches(r, t) {
			most = max(most, r.Clocks().FirstToken)
		}
	}
	return most
}

// reaches reports whether a target is in any chain of a route.
func reaches(r *config.Route, t switchgear.Target) bool {
	in := func(s config.Step) bool { return s.Target == t || (s.Canary != nil && s.Canary.Step.Target == t) }
	return slices.ContainsFunc(r.Chain, in) ||
		slices.ContainsFunc(r.Rules, func(rule config.Rule) bool { return slices.ContainsFunc(rule.Chain, in) })
}

func (s *snapshot) disable(why string) {
	if !slices.Contains(s.unusable, why) {
		s.unusable = append(s.unusable, why)
	}
}

// facts are what is known of a step's model: the configuration's word over the
// catalogue's.
type facts struct {
	tier    switchgear.Tier
	family  string
	context int64
	lacks   failover.Feature
	price   failover.Pricer
}

func factsOf(cfg *config.Config, p *config.Provider, c *config.Step) facts {
	kind := p.Kind
	if p.BaseURL != "" {
		kind = "" // an endpoint of the user's own sells at nobody's list price
	}
	var f facts
	if m, ok := capability.Lookup(kind, c.Target.Model); ok {
		f.tier, f.family, f.context, f.lacks = m.Tier, m.Family, m.Context, lacks(&m)
	}
	listed, ok := pricing.Lookup(kind, c.Target.Model, time.Now())
	if ok {
		f.price = &listed
	}
	if c.Model == nil {
		return f
	}
	if c.Model.Tier != switchgear.TierUnknown {
		f.tier = c.Model.Tier
	}
	if same, ok := cfg.Model(c.Model.SameAs); ok {
		f = f.sameAs(cfg, same)
	}
	if c.Model.Price != nil {
		var like *pricing.Price
		if ok {
			like = &listed
		}
		fixed := pricing.Fixed(c.Model.Price.In, c.Model.Price.Out, like, time.Now())
		f.price = &fixed
	}
	return f
}

// sameAs takes over what identifies a model from its twin at another host.
func (f facts) sameAs(cfg *config.Config, twin *config.Model) facts {
	if p, ok := cfg.Provider(twin.Target.Provider); ok {
		if m, ok := capability.Lookup(p.Kind, twin.Target.Model); ok {
			f.family = m.Family
			if f.tier == switchgear.TierUnknown {
				f.tier = m.Tier
			}
		}
	}
	if f.family == "" {
		f.family = twin.Name
	}
	if f.tier == switchgear.TierUnknown {
		f.tier = twin.Tier
	}
	return f
}
