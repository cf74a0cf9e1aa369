package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/breaker"
	"github.com/switchgear-dev/switchgear/internal/failover"
	"github.com/switchgear-dev/switchgear/internal/jury"
	"github.com/switchgear-dev/switchgear/internal/keyring"
	"github.com/switchgear-dev/switchgear/internal/limit"
	"github.com/switchgear-dev/switchgear/internal/pace"
	"github.com/switchgear-dev/switchgear/internal/retry"
	"github.com/switchgear-dev/switchgear/provider/all"
)

// parts are what a reload must not forget: what is known of each target,
// provider and route, by its name. They are touched under the gateway's lock
// only.
type parts struct {
	guards    map[switchgear.Target]*guard
	paces     map[paceKey]*pace.Pace
	circuits  map[string]*breaker.Provider // by provider
	budgets   map[string]*routeBudget
	keyrings  map[string]*keys
	providers map[string]*upstream
	trials    map[string]*trial            // by the id of the canary
	held      map[switchgear.Target]string // by whom, while a configuration is loaded
	kept      map[string]CanaryRecord      // what the store had, while a configuration is loaded
}

// guard is what stands between requests and one target.
type guard struct {
	settings guardSettings
	breaker  *breaker.Breaker
	retries  *retry.Budget
	limit    *limit.Limit
	jury     *jury.Jury
	drift    *drift
}

// guardSettings are what the configuration says of a guard. What is known of a
// target stays known when they change, as far as it is still about the same.
type guardSettings struct {
	routed   bool // it is in a route; else clients have named it themselves
	window   time.Duration
	cooldown config.Cooldown
	probe    bool
	patience time.Duration // the longest a probe is waited for
	budget   float64
	inFlight int
}

// paceKey tells apart what is timed apart: a target is slower with more
// thinking.
type paceKey struct {
	target switchgear.Target
	with   string
}

// routeBudget is a route's retry budget and what it was made of.
type routeBudget struct {
	ratio  float64
	budget *retry.Budget
}

// keys are a provider's keyring and what it was made of.
type keys struct {
	secrets []switchgear.Secret
	ring    *keyring.Keyring
}

// upstream is an opened provider and what it was made of.
type upstream struct {
	kind     string
	baseURL  string
	recorded []string
	provider switchgear.Provider
	dialects []string
}

func newParts() parts {
	return parts{
		guards:    make(map[switchgear.Target]*guard),
		paces:     make(map[paceKey]*pace.Pace),
		circuits:  make(map[string]*breaker.Provider),
		budgets:   make(map[string]*routeBudget),
		keyrings:  make(map[string]*keys),
		providers: make(map[string]*upstream),
		held:      make(map[switchgear.Target]string),
	}
}

// guard finds or makes what stands before a target.
func (g *Gateway) guard(cfg *config.Config, t switchgear.Target) *guard {
	b := cfg.BreakerFor(t)
	p, _ := cfg.Provider(t.Provider)
	settings := guardSettings{
		routed: routed(cfg, t),
		window: b.Window, cooldown: *b.Cooldown, probe: b.Probe == config.SwitchOn && !g.without(MechanismProbe), patience: patience(cfg, t),
		budget: *cfg.RetryFor(&config.Route{}, p).Budget, inFlight: p.InFlight,
	}
	old, ok := g.parts.guards[t]
	if ok && old.settings == settings {
		return old
	}
	options := breaker.Options{
		Name: t, Window: settings.window,
		Cooldown: settings.cooldown.First, CooldownMax: settings.cooldown.Most, ProbeTimeout: probeTime, ProbeMost: settings.patience,
		AtOnce: g.without(MechanismRamp),
	}
	if settings.routed {
		// Of a name that a client made up nobody is told, nobody looks after it, and
		// it says nothing about its provider: it would be easy to make up two.
		options.Provider, options.Synthetic = g.circuit(t.Provider), settings.probe
		options.OnChange, options.Wake = g.changed, func(*breaker.Breaker, time.Time) { g.look(t) }
	}
	made := &guard{settings: settings, jury: jury.New(), drift: newDrift(g, t)}
	if ok {
		made.jury, made.drift = old.jury, old.drift
	}
	if made.retries = newBudget(settings.budget); ok && old.settings.budget == settings.budget {
		made.retries = old.retries
	}
	if made.limit = limit.New(limit.Options{Most: settings.inFlight}); ok && old.settings.inFlight == settings.inFlight {
		made.limit = old.limit
	}
	made.breaker = g.breaker(t, old, options)
	g.parts.guards[t] = made
	return made
}

// breaker adjusts the breaker that a target has, or makes one.
func (g *Gateway) breaker(t switchgear.Target, old *guard, o breaker.Options) *breaker.Breaker {
	now := time.Now()
	if old != nil && old.settings.routed == (o.OnChange != nil) {
		old.breaker.Adjust(o, now)
		return old.breaker
	}
	if old != nil {
		old.breaker.Retire()
	}
	made := breaker.New(o)
	if by, held := g.parts.held[t]; held {
		_ = made.Hold(now, by) // it is new, so nobody holds it yet
		delete(g.parts.held, t)
	}
	return made
}

// routed reports whether a target is in any route.
func routed(cfg *config.Config, t switchgear.Target) bool {
	return slices.ContainsFunc(cfg.Routes, func(r config.Route) bool { return reaches(&r, t) })
}

// move forgets what is known of providers whose address is another one from
// now on: that somebody else failed says nothing about who is there. Only who is held by
// hand stays held. It returns the ends of what was told of the old ones.
func (g *Gateway) move(cfg *config.Config) []Event {
	var ended []Event
	for i := range cfg.Providers {
		p := &cfg.Providers[i]
		old, ok := g.parts.providers[p.Name]
		if !ok || (old.kind == p.Kind && old.baseURL == p.BaseURL) {
			continue
		}
		end := Event{Kind: switchgear.AlertCircuitClose, Provider: p.Name, Reason: "its address was changed"}
		if c, ok := g.parts.circuits[p.Name]; ok && c.Snapshot().State == breaker.Open {
			ended = append(ended, end)
		}
		for t, old := range g.parts.guards {
			if t.Provider != p.Name {
				continue
			}
			switch s := old.breaker.Snapshot(time.Now()); s.State {
			case breaker.Held:
				g.parts.held[t] = s.By
			case breaker.Closed, breaker.Suspect:
			default:
				end.Target = t
				ended = append(ended, end)
			}
			g.forget(t)
		}
		delete(g.parts.circuits, p.Name)
		delete(g.parts.keyrings, p.Name)
		delete(g.parts.providers, p.Name)
	}
	return ended
}

// newBudget makes a retry budget that first attempts fill at a ratio. With
// none, there are no retries at all but those that come with time.
func newBudget(ratio float64) *retry.Budget {
	if ratio == 0 {
		ratio = -1 // zero is the default, and less is none
	}
	return retry.New(retry.Options{Ratio: ratio})
}

// circuit finds or makes the circuit of a whole provider.
func (g *Gateway) circuit(name string) *breaker.Provider {
	c, ok := g.parts.circuits[name]
	if !ok {
		c = breaker.NewProvider(name, g.changed)
		g.parts.circuits[name] = c
	}
	return c
}

// budget finds or makes the retry budget of a route.
func (g *Gateway) budget(route string, ratio float64) *retry.Budget {
	b, ok := g.parts.budgets[route]
	if !ok || b.ratio != ratio {
		b = &routeBudget{ratio: ratio, budget: newBudget(ratio)}
		g.parts.budgets[route] = b
	}
	return b.budget
}

// pace finds or makes what is known of how fast a step is.
func (g *Gateway) pace(t switchgear.Target, with string) *pace.Pace {
	key := paceKey{t, with}
	p, ok := g.parts.paces[key]
	if !ok {
		p = pace.New()
		g.parts.paces[key] = p
	}
	return p
}

// prune forgets the parts that a configuration has no use for.
func (g *Gateway) prune(s *snapshot) {
	used := make(map[switchgear.Target]bool, len(s.breakers))
	providers := make(map[string]bool)
	for i := range s.breakers {
		used[s.breakers[i].target] = true
		providers[s.breakers[i].target.Provider] = true
	}
	for t, old := range g.parts.guards {
		if !used[t] {
			old.breaker.Retire()
			delete(g.parts.guards, t)
		}
	}
	maps.DeleteFunc(g.parts.paces, func(k paceKey, _ *pace.Pace) bool { return !used[k.target] })
	maps.DeleteFunc(g.parts.circuits, func(name string, _ *breaker.Provider) bool { return !providers[name] })
	maps.DeleteFunc(g.parts.budgets, func(name string, _ *routeBudget) bool {
		_, ok := s.cfg.Route(name)
		return !ok
	})
}

func (g *Gateway) keyring(p *config.Provider) *keyring.Keyring {
	if k, ok := g.parts.keyrings[p.Name]; ok && slices.Equal(k.secrets, p.Keys) {
		return k.ring
	}
	credentials := make([]switchgear.Credential, 0, len(p.Keys))
	for i, secret := range p.Keys {
		credentials = append(credentials, switchgear.Credential{ID: credentialID(p, i), Secret: secret})
	}
	ring := keyring.New(credentials...)
	if old, ok := g.parts.keyrings[p.Name]; ok {
		ring.Inherit(old.ring)
	}
	g.parts.keyrings[p.Name] = &keys{secrets: slices.Clone(p.Keys), ring: ring}
	return ring
}

// credentialID names the key at a place, from 0, without telling it.
func credentialID(p *config.Provider, i int) string { return p.Name + "#" + strconv.Itoa(i+1) }

// upstream opens a provider, or finds the one that is open.
func (g *Gateway) upstream(p *config.Provider) (*upstream, error) {
	if given, ok := g.options.providers[p.Name]; ok {
		return &upstream{provider: given, dialects: dialectsOf(given)}, nil
	}
	if u, ok := g.parts.providers[p.Name]; ok && u.kind == p.Kind && u.baseURL == p.BaseURL && slices.Equal(u.recorded, p.Recordings) {
		return u, nil
	}
	opened, err := all.Open(p.Kind, all.Options{Name: p.Name, BaseURL: p.BaseURL, Transport: g.options.transport, Recordings: p.Recordings})
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", p.Name, err)
	}
	u := &upstream{kind: p.Kind, baseURL: p.BaseURL, recorded: p.Recordings, provider: opened, dialects: dialectsOf(opened)}
	g.parts.providers[p.Name] = u
	return u, nil
}

func dialectsOf(p switchgear.Provider) []string {
	if s, ok := p.(switchgear.Speaker); ok {
		return s.Dialects()
	}
	return nil
}

// off is the breaker of a target whose provider is switched off: its key is
// not set.
type off struct{}

// Acquire implements [failover.Breaker].
func (off) Acquire(time.Time) (failover.Token, failover.Verdict) {
	return failover.Token{}, failover.Verdict{Reason: "provider is not configured", Final: true}
}

// Done implements [failover.Breaker].
func (off) Done(failover.Token, failover.Outcome, time.Time) bool { return false }

// Unusable says, for each target of the table that cannot serve as things
// stand, why: its provider's key is missing.
func (g *Gateway) Unusable() []string { return slices.Clone(g.now.Load().unusable) }

// forget lets go of what is known of a target.
func (g *Gateway) forget(t switchgear.Target) {
	if old, ok := g.parts.guards[t]; ok {
		old.breaker.Retire()
		delete(g.parts.guards, t)
	}
	maps.DeleteFunc(g.parts.paces, func(k paceKey, _ *pace.Pace) bool { return k.target == t })
	delete(g.parts.budgets, t.String())
}
