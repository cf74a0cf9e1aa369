package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/all"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// lane is a route as users see it.
type lane struct {
	name      string
	anthropic bool // its users speak Anthropic's protocol
	embeds    bool
	first     switchgear.Target
	provider  int // of the first target, by the number in its key
}

// world is a gateway with everything around it.
type world struct {
	cfg       *config.Config
	sim       *sim.Server
	upstreams *upstreams
	gateway   *gateway.Gateway
	lanes     []*lane
}

// house makes the user's configuration fit to be drilled: made-up keys, no
// receivers, no client keys, no gate, and addresses nobody listens on.
func house(o *Options) (*config.Config, []string, error) {
	cfg, findings := config.Parse(o.File, []byte(o.Config), o.Env, config.WithoutSecrets())
	if cfg == nil || config.HasErrors(findings) {
		return nil, nil, &gateway.ConfigError{Findings: findings}
	}
	names := arm(cfg.Providers)
	for i := range cfg.Providers {
		if p := &cfg.Providers[i]; p.Kind == "sim" && p.BaseURL == "" {
			p.Kind, p.BaseURL = "openai", "http://"+p.Name+".sim/v1" // else it would bring a simulator of its own
		}
	}
	cfg.Clients, cfg.Alerts, cfg.Expose = nil, nil, "full"
	cfg.Gate.Mode = config.GateOff // nobody is served
	cfg.Listen, cfg.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
	return cfg, names, nil
}

// simulator makes the simulated providers of a configuration.
func (o *Options) simulator() *sim.Server {
	calm, ok := o.Script.Healthy()
	if !ok {
		calm = sim.Believable()
		calm.Errors = 0.005
	}
	return sim.New(sim.Options{Seed: o.Seed, Latency: calm, Lean: true, Deal: true, Place: func(host string) (string, string) {
		return strings.TrimSuffix(host, ".sim"), ""
	}})
}

// providers makes the simulated providers, and the way to them in memory.
func (o *Options) providers(names []string) (*sim.Server, *upstreams) {
	server := o.simulator()
	return server, &upstreams{sim: server.KeepAlive(), names: names}
}

// site is where the providers of a configuration are simulated, and the way
// there.
type site struct {
	sim *sim.Server
	up  *upstreams
}

// options are the gateway's own.
func (o *Options) options(seen gateway.Observer, events func(gateway.Event)) []gateway.Option {
	out := []gateway.Option{gateway.WithObserver(seen), gateway.WithEvents(events)}
	if len(o.Without) > 0 {
		out = append(out, gateway.Without(o.Without...))
	}
	return out
}

// build opens the gateway over simulated providers.
func build(ctx context.Context, cfg *config.Config, at *site, options []gateway.Option) (*world, error) {
	w := &world{cfg: cfg, sim: at.sim, upstreams: at.up}
	var err error
	if w.lanes, err = lanes(cfg); err != nil {
		return nil, err
	}
	w.gateway, err = gateway.New(ctx, cfg, append(options, gateway.WithTransport(at.up))...)
	return w, err
}

// lanes are the routes as users see them. They speak what the route's first
// target speaks.
func lanes(cfg *config.Config) ([]*lane, error) {
	dialects := map[string]string{}
	for _, k := range all.Kinds() {
		dialects[k.Name] = k.Dialects[0]
	}
	var out []*lane
	for i := range cfg.Routes {
		r := &cfg.Routes[i]
		p, ok := cfg.Provider(r.Chain[0].Target.Provider)
		if !ok {
			return nil, fmt.Errorf("route %s: there is no provider %q", r.Name, r.Chain[0].Target.Provider)
		}
		out = append(out, &lane{
			name: r.Name, anthropic: dialects[p.Kind] == "anthropic", embeds: r.Kind == config.KindEmbedding,
			first: r.Chain[0].Target, provider: slices.IndexFunc(cfg.Providers, func(q config.Provider) bool { return q.Name == p.Name }),
		})
	}
	return out, nil
}

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x5357)) }
