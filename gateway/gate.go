package gateway

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/eval/lock"
)

// LockOption is what the gate goes by. It is an [Option].
type LockOption struct{ file *lock.File }

func (o LockOption) apply(all *options) { all.lock = o.file }

// WithLock gives the gate its evidence. Without it, or with nil, nothing is
// proven, and a configuration with an eval is refused unless its gate is off or
// only warns.
func WithLock(f *lock.File) LockOption { return LockOption{f} }

// WithoutGate lets a gateway plan by a configuration whose targets are not
// proven: it is for gathering the evidence. What clients reach belongs behind the
// gate.
func WithoutGate() Option { return optionFunc(func(o *options) { o.ungated = true }) }

// Claim is a target that a route with an eval can reach, by its chain or by the
// chain of a rule, and so must be proven. What answers a part of the requests on
// trial is reached.
type Claim struct {
	lock.Claim

	Step   *config.Step
	Pos    config.Position
	Path   string // where the step stands: "routes.chat.chain[1]"
	Canary bool   // it is on trial there; its path ends in ".canary"
}

// Claims are the targets that a configuration's routes with evals can reach,
// with the hashes that can be known from the configuration alone. A step whose
// name could not be resolved is left out.
func Claims(cfg *config.Config) []Claim {
	var out []Claim
	for i := range cfg.Routes {
		r := &cfg.Routes[i]
		if r.Eval == "" {
			continue
		}
		path := "routes." + r.Name
		own := claims(cfg, r, r.Chain, path+".chain")
		if len(own) > 0 && len(r.Chain) > 0 && own[0].Step == &r.Chain[0] {
			own[0].First = true
		}
		out = append(out, own...)
		for k := range r.Rules {
			out = append(out, claims(cfg, r, r.Rules[k].Chain, at(path+".rules", k)+".chain")...)
		}
	}
	return out
}

func claims(cfg *config.Config, r *config.Route, chain []config.Step, path string) []Claim {
	var out []Claim
	for i := range chain {
		s := &chain[i]
		if s.Target.Provider == "" {
			continue
		}
		out = append(out, Claim{Claim: claim(cfg, r, s), Step: s, Pos: s.Pos, Path: at(path, i)})
		if s.Canary != nil && s.Canary.Step.Target.Provider != "" {
			tried := &s.Canary.Step
			out = append(out, Claim{Claim: claim(cfg, r, tried), Step: tried, Pos: tried.Pos, Path: at(path, i) + ".canary", Canary: true})
		}
	}
	return out
}

func claim(cfg *config.Config, r *config.Route, s *config.Step) lock.Claim {
	return lock.Claim{
		Route: r.Name, Target: s.Target.String(), Stakes: r.Stakes.String(),
		Bound: StepBound(cfg, r, s), With: config.LeversText(s.With),
	}
}

// StepBound is what evidence for a step of a route is bound to, as far as the
// configuration tells: the rest is the eval set's to say.
func StepBound(cfg *config.Config, r *config.Route, s *config.Step) lock.Bound {
	return lock.Bound{
		Eval: r.Eval, Params: paramsHash(s.With), Endpoint: endpointHash(cfg, s.Target.Provider), Normalise: config.Texts(r.Normalise),
	}
}

// ParamsHash is the hash of what a step sets on its requests, as evidence is
// bound to it.
func ParamsHash(l *switchgear.Levers) string { return paramsHash(l) }

// paramsHash is the hash of what a step sets on its requests. The order in
// which it says so does not count, and neither do levers it does not touch: one
// that a later version brings must not make every hash another.
func paramsHash(l *switchgear.Levers) string {
	if l == nil {
		l = &switchgear.Levers{}
	}
	plain := *l
	plain.Members = nil
	text, err := json.Marshal(&plain) //nolint:musttag // nothing reads it back: it is hashed
	if err != nil {                   // only of a value that a program put together wrongly
		return lock.Hash([]byte(err.Error()))
	}
	set := map[string]any{}
	if levers, ok := readJSON(text).(map[string]any); ok {
		for name, v := range levers {
			if v != nil && v != "" {
				set[name] = v
			}
		}
	}
	members := map[string]any{}
	for _, m := range l.Members {
		members[m.Name] = readJSON(m.Value)
	}
	if text, err = json.Marshal(map[string]any{"levers": set, "members": members}); err != nil { // which sorts the keys
		text = []byte(err.Error())
	}
	return lock.Hash(text)
}

// readJSON reads a value so that it can be written in one way only. Numbers keep
// their digits.
func readJSON(text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return string(text)
	}
	return v
}

// endpointHash is the hash of what a provider is and where: the same name for
// another server is another provider. It is empty where the address is in a
// variable that is not set.
func endpointHash(cfg *config.Config, name string) string {
	p, ok := cfg.Provider(name)
	if !ok || (p.BaseURL == "" && !p.URLPos.IsZero()) {
		return ""
	}
	return lock.Hash([]byte(p.Kind + "\n" + p.BaseURL))
}

// gate holds what routes can reach against the lock.
func (c *checker) gate(held *lock.File) {
	mode := cmp.Or(c.cfg.Gate.Mode, config.GateEnforce)
	c.sideDoor()
	if mode == config.GateOff {
		return
	}
	if mode == config.GateRequired {
		c.required()
	}
	wanted := Claims(c.cfg)
	for i := range wanted {
		c.floating(&wanted[i])
	}
	for _, f := range Unproven(c.cfg, held, wanted, c.now) {
		c.add(f)
	}
}

// Unproven finds which of some claims on a configuration the lock does not bear
// out, as what the gate's mode makes of them, and the overrides in force. The
// claims are those of [Claims]; whoever has the eval sets at hand fills in what
// they say.
func Unproven(cfg *config.Config, held *lock.File, wanted []Claim, now time.Time) []config.Finding {
	if len(wanted) == 0 {
		return nil
	}
	plain := make([]lock.Claim, 0, len(wanted))
	for i := range wanted {
		plain = append(plain, wanted[i].Claim)
	}
	var out []config.Finding
	for _, f := range lock.Verify(held, plain, Terms(cfg, now)) {
		one := config.Finding{Pos: config.Position(f.Pos), Path: f.Path, Message: f.Message, Fix: f.Fix, Gate: true}
		if f.Claim >= 0 {
			one.Pos, one.Path = wanted[f.Claim].Pos, wanted[f.Claim].Path
		}
		if f.Warning || cfg.Gate.Mode == config.GateWarn || cfg.Gate.Mode == config.GateOff {
			one.Severity = config.Warning
		}
		out = append(out, one)
	}
	return out
}

// Terms are what a configuration's gate goes by beside the lock.
func Terms(cfg *config.Config, now time.Time) lock.Terms {
	return lock.Terms{Now: now, Trusted: trusted(cfg)}
}

// trusted are the keys that evidence is to be signed with. Those that cannot be
// read are the parser's finding.
func trusted(cfg *config.Config) []lock.Key {
	var out []lock.Key
	for _, w := range cfg.Gate.Trusted {
		if k, err := lock.ParseKey(w.Text); err == nil {
			out = append(out, k)
		}
	}
	return out
}

// sideDoor complains of names of targets as routes while any route has an eval.
func (c *checker) sideDoor() {
	i := slices.IndexFunc(c.cfg.Routes, func(r config.Route) bool { return r.Eval != "" })
	if c.cfg.Direct && i >= 0 {
		c.errorf(c.cfg.Pos.Direct, "direct", "route "+c.cfg.Routes[i].Name+" has an eval, and clients who name models themselves would walk past it", "Remove direct, or every eval.")
	}
}

// required complains of routes without an eval.
func (c *checker) required() {
	for i := range c.cfg.Routes {
		r := &c.cfg.Routes[i]
		if r.Eval == "" {
			c.add(config.Finding{
				Pos: r.Pos, Path: "routes." + r.Name, Severity: config.Error, Gate: true,
				Message: "the gate requires an eval of every route, and this one has none",
				Fix:     "Add eval: evals/" + r.Name + ".yaml, or set gate: enforce.",
			})
		}
	}
}

// floating warns of a name that stands for one model today and another
// tomorrow: evidence for it says little.
func (c *checker) floating(w *Claim) {
	_, model, _ := strings.Cut(w.Target, "/")
	if strings.HasSuffix(model, "-latest") || strings.HasSuffix(model, ":latest") {
		c.add(config.Finding{
			Pos: w.Pos, Path: w.Path, Severity: config.Warning, Gate: true,
			Message: w.Target + " means another model whenever the provider says so, and evidence for it is evidence for the one of that day",
			Fix:     "Name the model with its date or version.",
		})
	}
}

// GateOnly reports whether nothing is wrong with the configuration but that
// targets are not proven.
func (e *ConfigError) GateOnly() bool {
	for i := range e.Findings {
		if e.Findings[i].Severity == config.Error && !e.Findings[i].Gate {
			return false
		}
	}
	return hasErrors(e.Findings)
}

// ground says on what a step serves its route; "" where nothing is asked.
func (s *snapshot) ground(r *config.Route, step *config.Step, now time.Time) string {
	if r.Eval == "" || !s.cfg.Gate.On() {
		return ""
	}
	stand := lock.Stand(s.lock, []lock.Claim{claim(s.cfg, r, step)}, Terms(s.cfg, now))
	return stand[0].String()
}
