package gateway

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
	"github.com/switchgear-dev/switchgear/internal/capability"
)

// Check finds what is wrong with the meaning of a configuration that
// [config.Parse] could read: steps that can never serve, models that cannot do
// what their route needs, doors left open. What the catalogue does not know is
// a warning. It calls no provider and needs no secrets, and it takes what
// [config.Parse] made of a file with errors as well, so that everything wrong
// with a file can be told at once. What is not proven by the lock is marked as
// the gate's; without a lock nothing is.
func Check(cfg *config.Config, with ...LockOption) []config.Finding {
	var held *lock.File
	for _, o := range with {
		held = o.file
	}
	return check(cfg, nil, held, time.Now())
}

// check is Check at a date. The providers in given are served by the program's
// own code, whatever their kind.
func check(cfg *config.Config, given []string, held *lock.File, now time.Time) []config.Finding {
	c := &checker{cfg: cfg, given: given, now: now, said: map[config.Finding]bool{}}
	c.doors()
	c.providers()
	c.models()
	for i := range cfg.Routes {
		c.route(&cfg.Routes[i])
	}
	c.records()
	c.gate(held)
	config.Sort(c.findings)
	return c.findings
}

// checker collects findings.
type checker struct {
	cfg      *config.Config
	given    []string
	now      time.Time
	findings []config.Finding
	said     map[config.Finding]bool
}

func (c *checker) errorf(pos config.Position, path, message string, fix ...string) {
	c.add(config.Finding{Pos: pos, Path: path, Message: message, Fix: sentences(fix), Severity: config.Error})
}

func (c *checker) warn(pos config.Position, path, message string, fix ...string) {
	c.add(config.Finding{Pos: pos, Path: path, Message: message, Fix: sentences(fix), Severity: config.Warning})
}

// add says a thing once.
func (c *checker) add(f config.Finding) {
	if f.Pos.File == "" {
		f.Pos.File = c.cfg.File
	}
	if !c.said[f] {
		c.said[f] = true
		c.findings = append(c.findings, f)
	}
}

// doors checks who can come in.
func (c *checker) doors() {
	cfg := c.cfg
	if cfg.Direct && len(cfg.Clients) > 0 {
		c.errorf(cfg.Pos.Direct, "direct", "clients with keys of their own must not name models past the routes", "Remove direct, or remove clients.")
	}
	if cfg.Listen == cfg.Admin.Listen && !anyPort(cfg.Listen) {
		c.errorf(first(cfg.Pos.AdminListen, cfg.Pos.Listen), "admin.listen", "this is the address of the data plane as well", "Give the admin API a port of its own.")
	}
	for _, d := range []struct {
		path, address string
		pos           config.Position
	}{{"listen", cfg.Listen, cfg.Pos.Listen}, {"admin.listen", cfg.Admin.Listen, cfg.Pos.AdminListen}} {
		if isLocal(d.address) {
			continue
		}
		var missing []string
		if cfg.File == "" {
			missing = append(missing, "a configuration file")
		}
		if len(cfg.Clients) == 0 {
			missing = append(missing, "clients")
		}
		if cfg.Admin.Token.IsZero() && cfg.Pos.AdminToken.IsZero() {
			missing = append(missing, "admin.token")
		}
		if len(missing) > 0 {
			c.errorf(d.pos, d.path, "other machines can reach "+d.address+", and that takes "+enumerate(missing), "Add it, or listen on 127.0.0.1.")
		}
	}
}

// isLocal reports whether only this machine can reach an address.
func isLocal(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func anyPort(address string) bool { return strings.HasSuffix(address, ":0") }

// modelFacts is what is known of a step's model, whoever says it.
type modelFacts struct {
	model  capability.Model // zero if the catalogue does not have it
	listed bool
	tier   switchgear.Tier
	family string
}

// facts looks a step up: the configuration's word goes before the catalogue's.
func (c *checker) facts(s *config.Step) modelFacts {
	f := c.look(s.Target)
	if s.Model == nil {
		return f
	}
	if s.Model.Tier != switchgear.TierUnknown {
		f.tier = s.Model.Tier
	}
	if twin, ok := c.cfg.Model(s.Model.SameAs); ok {
		other := c.look(twin.Target)
		f.family = other.family
		if f.family == "" {
			f.family = twin.Name
		}
		for _, tier := range []switchgear.Tier{other.tier, twin.Tier} {
			if f.tier == switchgear.TierUnknown {
				f.tier = tier
			}
		}
	}
	return f
}

// look asks the catalogue.
func (c *checker) look(t switchgear.Target) modelFacts {
	m, ok := capability.Lookup(c.sells(t.Provider), t.Model)
	return modelFacts{model: m, listed: ok, tier: m.Tier, family: m.Family}
}

// sells is the kind under which the catalogue lists what a provider sells. At
// an address of the user's own nothing is sold at a list price.
func (c *checker) sells(provider string) string {
	p, ok := c.cfg.Provider(provider)
	if !ok || p.BaseURL != "" || slices.Contains(c.given, provider) {
		return ""
	}
	return p.Kind
}

func sentences(parts []string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

func first(positions ...config.Position) config.Position {
	for _, p := range positions {
		if !p.IsZero() {
			return p
		}
	}
	return config.Position{}
}

// enumerate makes "a, b and c".
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func at(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
