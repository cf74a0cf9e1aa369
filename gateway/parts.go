package gateway

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/breaker"
	"github.com/switchgear-dev/switchgear/internal/failover"
	"github.com/switchgear-dev/switchgear/internal/keyring"
	"github.com/switchgear-dev/switchgear/provider/all"
)

// parts are what a reload must not forget: breakers by target, keys by
// provider, connections by endpoint. They are touched under the gateway's lock
// only.
type parts struct {
	breakers  map[switchgear.Target]*breaker.Breaker
	keyrings  map[string]*keys
	providers map[string]*upstream
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
	provider switchgear.Provider
	dialects []string
}

func newParts() parts {
	return parts{
		breakers:  make(map[switchgear.Target]*breaker.Breaker),
		keyrings:  make(map[string]*keys),
		providers: make(map[string]*upstream),
	}
}

func (g *Gateway) breaker(t switchgear.Target) *breaker.Breaker {
	b, ok := g.parts.breakers[t]
	if !ok {
		b = breaker.New(breaker.Options{})
		g.parts.breakers[t] = b
	}
	return b
}

func (g *Gateway) keyring(p *config.Provider) *keyring.Keyring {
	if k, ok := g.parts.keyrings[p.Name]; ok && slices.Equal(k.secrets, p.Keys) {
		return k.ring
	}
	credentials := make([]switchgear.Credential, 0, len(p.Keys))
	for i, secret := range p.Keys {
		credentials = append(credentials, switchgear.Credential{ID: p.Name + "#" + strconv.Itoa(i+1), Secret: secret})
	}
	ring := keyring.New(credentials...)
	g.parts.keyrings[p.Name] = &keys{secrets: slices.Clone(p.Keys), ring: ring}
	return ring
}

// upstream opens a provider, or finds the one that is open.
func (g *Gateway) upstream(p *config.Provider) (*upstream, error) {
	if given, ok := g.options.providers[p.Name]; ok {
		return &upstream{provider: given, dialects: dialectsOf(given)}, nil
	}
	if u, ok := g.parts.providers[p.Name]; ok && u.kind == p.Kind && u.baseURL == p.BaseURL {
		return u, nil
	}
	opened, err := all.Open(p.Kind, all.Options{Name: p.Name, BaseURL: p.BaseURL, Transport: g.options.transport})
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", p.Name, err)
	}
	u := &upstream{kind: p.Kind, baseURL: p.BaseURL, provider: opened, dialects: dialectsOf(opened)}
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

// Breakers are the breakers of all targets of the routing table, in the order
// of the file.
func (g *Gateway) Breakers() []BreakerInfo {
	s := g.now.Load()
	now := time.Now()
	infos := make([]BreakerInfo, 0, len(s.breakers))
	for _, b := range s.breakers {
		state := b.breaker.Snapshot(now)
		infos = append(infos, BreakerInfo{Target: b.target, State: state.State.String(), Until: state.Until, Opens: state.Opens})
	}
	return infos
}

// Unusable says, for each target of the table that cannot serve as things
// stand, why: its provider's key is missing.
func (g *Gateway) Unusable() []string { return slices.Clone(g.now.Load().unusable) }
