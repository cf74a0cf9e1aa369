package config

import (
	"slices"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// Switch is a setting that is on or off. The empty one is not in the file.
type Switch string

// The positions of a switch.
const (
	SwitchOn  Switch = "on"
	SwitchOff Switch = "off"
)

// Breaker are the settings of the breakers of some targets. Zero fields are not
// in the file.
type Breaker struct {
	Match    string // "default", "provider/*", "provider/model" or a short name
	Window   time.Duration
	Cooldown *Cooldown
	Probe    Switch // whether a sick target may be sent tiny requests of our own
	Pos      Position
}

// Cooldown is how long a circuit stays open before it is tried again.
type Cooldown struct {
	First time.Duration // it doubles with every trial that fails
	Most  time.Duration
}

// DefaultBreaker is what holds where the file says nothing.
func DefaultBreaker() Breaker {
	return Breaker{
		Match: everyTarget, Window: 10 * time.Second,
		Cooldown: &Cooldown{First: 5 * time.Second, Most: 15 * time.Second}, Probe: SwitchOn,
	}
}

// everyTarget names the settings that hold for all targets.
const everyTarget = "default"

// over fills what b leaves out from base.
func (b Breaker) over(base Breaker) Breaker {
	if b.Window == 0 {
		b.Window = base.Window
	}
	if b.Cooldown == nil {
		b.Cooldown = base.Cooldown
	}
	b.Probe = or(b.Probe, base.Probe)
	return b
}

// BreakerFor is what holds for a target: the word on the model over that on its
// provider, over that on all, over the default.
func (c *Config) BreakerFor(t switchgear.Target) Breaker {
	var out Breaker
	for _, rank := range []func(b *Breaker) bool{
		func(b *Breaker) bool { return c.names(b.Match) == t },
		func(b *Breaker) bool { return b.Match == t.Provider+"/*" },
		func(b *Breaker) bool { return b.Match == everyTarget },
	} {
		for i := range c.Breakers {
			if rank(&c.Breakers[i]) {
				out = out.over(c.Breakers[i])
			}
		}
	}
	return out.over(DefaultBreaker())
}

// names is the target that a word stands for; zero if it is none.
func (c *Config) names(word string) switchgear.Target {
	if m, ok := c.Model(word); ok {
		return m.Target
	}
	t, err := switchgear.ParseTarget(word)
	if err != nil || t.Model == "*" {
		return switchgear.Target{}
	}
	return t
}

// breakers reads the settings of all breakers.
func (r *reader) breakers(o *object) []Breaker {
	n := o.get("breakers")
	if n == nil {
		return nil
	}
	if n.kind != kindMap {
		r.wrongType(n, "breakers", "a map from targets to settings", "{default: "+shapeBreaker.example()+"}")
		return nil
	}
	var out []Breaker
	for _, e := range n.entries {
		path := child("breakers", e.key)
		b := Breaker{Match: e.key, Pos: e.pos}
		settings := r.object(e.value, path, shapeBreaker)
		b.Window = settings.within("window", 2*time.Second, 5*time.Minute)
		if low, high, ok := settings.span("cooldown", "5s..15s", "the first cool-off is longer than the longest"); ok {
			b.Cooldown = &Cooldown{First: low, Most: high}
		}
		b.Probe = settings.onOff("probe")
		out = append(out, b)
	}
	return out
}

// within reads a length of time between two others; 0 if there is none.
func (o *object) within(key string, least, most time.Duration) time.Duration {
	d := o.duration(key)
	if d != 0 && (d < least || d > most) {
		o.r.errorf(o.pos(key), child(o.path, key), quote(o.get(key).text)+" is not between "+least.String()+" and "+most.String())
		return 0
	}
	return d
}

// onOff reads a switch.
func (o *object) onOff(key string) Switch {
	switch o.word(key, "on", "off", "true", "false") {
	case "on", "true":
		return SwitchOn
	case "off", "false":
		return SwitchOff
	default:
		return ""
	}
}

// resolveBreakers looks for settings that hold for nothing.
func (r *reader) resolveBreakers(c *Config, providers, models []string) {
	used := map[switchgear.Target]bool{}
	for i := range c.Routes {
		for _, s := range c.Routes[i].every() {
			used[s.Target] = true
		}
	}
	for i := range c.Breakers {
		b := &c.Breakers[i]
		path := child("breakers", b.Match)
		provider, model, cut := strings.Cut(b.Match, "/")
		switch {
		case b.Match == everyTarget:
		case cut && !slices.Contains(providers, provider):
			r.errorf(b.Pos, path, "there is no provider "+quote(provider), defined(provider, providers))
		case !cut && !slices.Contains(models, b.Match):
			r.errorf(b.Pos, path, quote(b.Match)+" names no target",
				or(DidYouMean(b.Match, append(models, everyTarget)), `Write default, "provider/*", provider/model or a short name from models.`))
		case cut && model == "*":
		case !used[c.names(b.Match)]:
			r.errorf(b.Pos, path, "no step uses "+quote(b.Match)+", so these settings hold for nothing", "Correct the name, or remove it.")
		}
	}
}

// every are the steps of a route and of its rules, and what is on trial there.
func (t *Route) every() []Step {
	steps := slices.Clone(t.Chain)
	for i := range t.Rules {
		steps = append(steps, t.Rules[i].Chain...)
	}
	for i := range steps {
		if k := steps[i].Canary; k != nil {
			steps = append(steps, k.Step)
		}
	}
	return steps
}
