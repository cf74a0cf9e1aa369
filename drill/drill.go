// Package drill plays scripted outages over the real runtime: the user's own
// configuration, its providers replaced by simulated ones, a steady load of
// users, and what those users saw in the end.
//
// [Run] assumes that it stands in a bubble of testing/synctest, so that ten
// minutes take seconds. It does not import testing: whoever starts the bubble
// does. No signal and no context from outside may reach into a bubble.
// [RunReal] plays the same over sockets and in real time, and needs no bubble.
//
// Nothing leaves the machine. Providers get made-up keys and are reached over
// connections in memory, or over loopback; alerts go to a recorder; clients,
// stores and telemetry are left out.
package drill

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/gateway"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// The shape of a drill, where [Options] say nothing else.
const (
	DefaultRate  = 20              // requests a second, over all routes
	DefaultPlain = 0.2             // the share of them that want their answer in one piece
	DefaultCalm  = 5 * time.Minute // before the outage: the baseline, and what deadlines are learned from. Its median is right to 6 ms at twenty requests a second
	DefaultAfter = 2 * time.Minute // after it: to see the way back
)

// Options say what is drilled.
type Options struct {
	File    string                        // what the configuration is called in findings
	Config  string                        // its text
	Env     func(string) (string, bool)   // variables in it; nil for none. Secrets are not looked at
	Script  *sim.Script                   // what happens
	Strike  string                        // to whom: a provider, or a provider/model; "" for whom most routes try first
	Rate    float64                       // requests a second; 0 for DefaultRate
	Plain   float64                       // the share in one piece; 0 for DefaultPlain, less for none
	Calm    time.Duration                 // 0 for DefaultCalm
	After   time.Duration                 // 0 for DefaultAfter
	Seed    uint64                        // of everything that is drawn but the gateway's own dice
	Now     time.Time                     // the real date: prices and retirements depend on it
	Without []gateway.Mechanism           // mechanisms that are switched off, to see what they are worth
	Limits  Limits                        // what it may cost; nil for the defaults
	Shorter float64                       // of [RunReal]: how many times shorter the outage is; 0 for DefaultShorter
	Alone   bool                          // play it once more without a gateway: the SDK's retries only
	Tell    func(done, all time.Duration) // called every second; nil for nobody

	real bool
}

func (o *Options) fill() {
	if o.Rate <= 0 {
		o.Rate = DefaultRate
	}
	if o.Plain == 0 {
		o.Plain = DefaultPlain
	}
	if o.Calm <= 0 {
		o.Calm = DefaultCalm
	}
	if o.After <= 0 {
		o.After = DefaultAfter
	}
}

// lasts is how long the outage takes. One that never ends is watched for ten
// minutes.
func (o *Options) lasts() time.Duration {
	if d := o.Script.Lasts(); d > 0 {
		return d
	}
	return 10 * time.Minute
}

// Run plays one outage. It must be called in a bubble of testing/synctest. The
// error is a [*gateway.ConfigError] if the configuration cannot be served.
func Run(ctx context.Context, o Options) (*Outcome, error) {
	o.fill()
	if d := time.Until(o.Now); d > 0 {
		pass(ctx, d) // a bubble begins in the year 2000
	}
	out, err := o.play(ctx)
	if err != nil || !o.Alone {
		return out, err
	}
	out.Alone, err = o.alone(ctx)
	return out, err
}

// Check finds out whether a configuration can be drilled at all, and what is
// struck. It needs no bubble.
func Check(o Options) (strike string, err error) {
	cfg, _, err := house(&o)
	if err != nil {
		return "", err
	}
	struck, err := victim(cfg, o.Strike)
	if err != nil {
		return "", err
	}
	return struck.String(), nil
}

// struck is who an outage befalls.
type struck struct{ provider, model string }

// String is the provider, and the model if one is named.
func (s struck) String() string {
	if s.model == "" {
		return s.provider
	}
	return s.provider + "/" + s.model
}

// victim says who is struck: who was named, or else the provider that most
// routes try first, and of its models the one that most of those try first.
func victim(cfg *config.Config, named string) (struck, error) {
	first := map[string]int{}
	models := map[struck]int{}
	var chosen struck
	for i := range cfg.Routes {
		t := cfg.Routes[i].Chain[0].Target
		first[t.Provider]++
		models[struck{t.Provider, t.Model}]++
		if first[t.Provider] > first[chosen.provider] {
			chosen.provider = t.Provider
		}
	}
	if named != "" {
		chosen = split(named)
		if _, ok := cfg.Provider(chosen.provider); !ok {
			var names []string
			for i := range cfg.Providers {
				names = append(names, cfg.Providers[i].Name)
			}
			return chosen, fmt.Errorf("there is no provider %q to strike. %s", chosen.provider, config.DidYouMean(chosen.provider, names))
		}
	}
	if chosen.model == "" {
		for i := range cfg.Routes {
			t := cfg.Routes[i].Chain[0].Target
			if t.Provider == chosen.provider && models[struck{t.Provider, t.Model}] > models[chosen] {
				chosen.model = t.Model
			}
		}
	}
	return chosen, nil
}

// split takes a provider/model apart.
func split(name string) struck {
	provider, model, _ := strings.Cut(name, "/")
	return struck{provider, model}
}

// strike is how the simulator is told.
func strike(s struck, seed uint64) sim.Strike {
	return sim.Strike{Provider: s.provider, Model: s.model, Seed: seed}
}
