package gateway

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/capability"
)

// route checks one route with its rules.
func (c *checker) route(r *config.Route) {
	path := "routes." + r.Name
	c.needs(r, path)
	c.normalisers(r, path)
	c.recordsVectors(r, path)
	if r.Stakes == switchgear.StakesHigh && r.ContentPolicy == config.PolicyFallback {
		c.warn(r.PolicyPos, path+".content_policy", "on a route of high stakes a refusal is an answer, and asking another model may get a worse one", "Leave it at stop.")
	}
	if r.Stakes == switchgear.StakesLow && r.Floor != switchgear.TierUnknown {
		c.warn(r.FloorPos, path+".floor", "with stakes: low the whole chain serves, and the floor says nothing", "Remove floor, or raise stakes.")
	}
	c.chain(r, r.Chain, first(r.ChainPos, r.Pos), path+".chain")
	for i := range r.Rules {
		rule := &r.Rules[i]
		c.chain(r, rule.Chain, rule.Pos, at(path+".rules", i)+".chain")
	}
	c.rules(r, path)
	c.canaries(r, path)
}

// chain checks one chain of a route. The tiers of a rule's chain are measured
// against the route's first step, like the route's own.
func (c *checker) chain(r *config.Route, chain []config.Step, pos config.Position, path string) {
	unresolved := func(s config.Step) bool { return s.Target.Provider == "" }
	if len(chain) == 0 || len(r.Chain) == 0 || unresolved(r.Chain[0]) || slices.ContainsFunc(chain, unresolved) {
		return // the names are to be mended first
	}
	for i := range chain {
		c.step(r, &chain[i], at(path, i))
	}
	c.twice(chain, path)
	c.simulated(chain, path)
	c.floors(r, chain, path)
	c.hosts(r, chain, pos, path)
	c.time(r, chain, path)
	if r.Kind == config.KindEmbedding {
		c.vectors(chain, path)
	}
}

// step checks what a step is asked for against what its model can do.
func (c *checker) step(r *config.Route, s *config.Step, path string) {
	if s.Model == nil {
		c.inCatalogue(s.Target, s.Pos, path)
	}
	f := c.facts(s)
	kind := capability.Chat
	if r.Kind == config.KindEmbedding {
		kind = capability.Embedding
	}
	if f.listed && f.model.Kind != "" && f.model.Kind != kind {
		c.errorf(s.Pos, path, s.Target.String()+" is a model for "+purpose(f.model.Kind)+", and the route is for "+purpose(kind), "Set kind: "+string(f.model.Kind)+", or use another model.")
		return
	}
	c.serves(r, s, f, path)
	c.told(r, s, path)
	c.retires(r, s, f, path)
	if f.listed {
		c.levers(s, &f.model, path)
	}
}

func purpose(k capability.Kind) string {
	if k == capability.Embedding {
		return "embedding"
	}
	return "chat"
}

// serves checks the route's needs.
func (c *checker) serves(r *config.Route, s *config.Step, f modelFacts, path string) {
	if c.isSim(s.Target.Provider) {
		return
	}
	var unknown []string
	for _, need := range r.Needs {
		if !capability.IsNeed(need.Text) {
			continue
		}
		switch f.model.Supports(need.Text) {
		case capability.No:
			c.errorf(s.Pos, path, "the route needs "+need.Text+", which "+s.Target.String()+" does not have", "Remove the step or the need.")
		case capability.Unknown:
			unknown = append(unknown, need.Text)
		case capability.Yes:
		}
	}
	if len(unknown) > 0 {
		c.warn(s.Pos, path, "the route needs "+enumerate(unknown)+", and it is not known whether "+s.Target.String()+" has it", "Try it before you rely on this step.")
	}
}

func (c *checker) needs(r *config.Route, path string) {
	for i, need := range r.Needs {
		if !capability.IsNeed(need.Text) {
			c.errorf(need.Pos, at(path+".needs", i), "there is no need "+strconv.Quote(need.Text),
				orElse(config.DidYouMean(need.Text, needsOf()), "There are: "+strings.Join(needsOf(), ", ")+"."))
		}
	}
}

// levers warns of levers the catalogue does not have for a model. It may be
// behind the provider, so it forbids nothing.
func (c *checker) levers(s *config.Step, m *capability.Model, path string) {
	if s.With == nil {
		return
	}
	if word := s.With.Effort; word != "" && m.TakesEffort(word) == capability.No {
		if len(m.Effort) == 0 {
			c.warn(s.WithPos["effort"], path+".with.effort", s.Target.String()+" is not known to have an effort dial", "Remove effort.")
		} else {
			c.warn(s.WithPos["effort"], path+".with.effort", strconv.Quote(word)+" is not one of "+strings.Join(m.Effort, ", ")+" for "+s.Target.String(), config.DidYouMean(word, m.Effort))
		}
	}
	if s.With.Thinking != nil && m.TakesThinking(s.With.Thinking.Mode) == capability.No {
		c.warn(s.WithPos["thinking"], path+".with.thinking", s.Target.String()+" is not known to think", "Remove thinking.")
	}
}

// inCatalogue warns, once for each target, of a model its provider is not known
// to have.
func (c *checker) inCatalogue(t switchgear.Target, pos config.Position, path string) {
	kind := c.sells(t.Provider)
	if _, ok := kinds()[kind]; !ok || c.isSim(t.Provider) {
		return
	}
	m, ok := capability.Lookup(kind, t.Model)
	if ok && !m.Inferred {
		return
	}
	near := ""
	if names := capability.Nearest(kind, t.Model); len(names) > 0 {
		near = "Did you mean " + strconv.Quote(names[0]) + "?"
	}
	c.warn(pos, path, "the catalogue of "+capability.AsOf()+" does not have "+t.Model+" at "+kind, near)
}

// twice complains about a step that is there already.
func (c *checker) twice(chain []config.Step, path string) {
	for i := range chain {
		for j := range i {
			if chain[i].Target == chain[j].Target {
				c.errorf(chain[i].Pos, at(path, i), "step "+strconv.Itoa(j+1)+" is "+chain[i].Target.String()+" already, so this one is never reached", "Remove one of them; retry.attempts sets how often a model is tried.")
				break
			}
		}
	}
}

// simulated keeps made-up answers out of chains with real ones.
func (c *checker) simulated(chain []config.Step, path string) {
	for i := range chain {
		if c.isSim(chain[i].Target.Provider) != c.isSim(chain[0].Target.Provider) {
			c.errorf(chain[i].Pos, at(path, i), "a chain must not mix the simulator with real providers", "Give the simulator a route of its own.")
			return
		}
	}
}

// hosts complains about a route of high stakes that one outage can stop.
func (c *checker) hosts(r *config.Route, chain []config.Step, pos config.Position, path string) {
	if r.Stakes != switchgear.StakesHigh || r.SinglePoint {
		return
	}
	type host struct{ kind, url, given string }
	seen := map[host]bool{}
	for i := range chain {
		if p, ok := c.cfg.Provider(chain[i].Target.Provider); ok && c.refused(r, &chain[i]) == "" {
			h := host{p.Kind, p.BaseURL, ""}
			if slices.Contains(c.given, p.Name) {
				h = host{given: p.Name}
			}
			seen[h] = true
		}
	}
	if len(seen) == 1 {
		c.errorf(pos, path, "the stakes are high, and everything that may serve is at one provider", "Add the same model at another host, or accept it with single_point: ok.")
	}
}

// time checks that the second step can be reached before the clock runs out.
func (c *checker) time(r *config.Route, chain []config.Step, path string) {
	clocks := r.Clocks()
	p, ok := c.cfg.Provider(chain[0].Target.Provider)
	if !ok {
		return
	}
	retry := c.cfg.RetryFor(r, p)
	longest := time.Duration(retry.Attempts) * clocks.FirstToken
	wait := retry.Backoff.Base
	for range retry.Attempts - 1 {
		longest += min(wait, retry.Backoff.Cap)
		wait *= 2
	}
	said := "total " + clocks.Total.String() + " cannot reach step 2: step 1 alone may take " + strconv.Itoa(retry.Attempts) + " x " +
		clocks.FirstToken.String() + " first_token and its waits"
	switch {
	case len(chain) > 1 && longest >= clocks.Total:
		c.errorf(first(r.TimeoutPos, r.Pos), timePath(path), said, "Raise total to "+(longest+clocks.FirstToken).Round(time.Second).String()+" or more, or lower first_token or retry.attempts.")
	case clocks.FirstToken >= clocks.Total:
		c.warn(first(r.TimeoutPos, r.Pos), timePath(path), "first_token "+clocks.FirstToken.String()+" is never reached: total is "+clocks.Total.String(), "Raise total, or lower first_token.")
	}
}

// timePath is where a route's timeout stands, given one of its chains.
func timePath(path string) string {
	route, _, _ := strings.Cut(strings.TrimPrefix(path, "routes."), ".rules[")
	return "routes." + strings.TrimSuffix(route, ".chain") + ".timeout"
}

// vectors complains about an embedding route of two models.
func (c *checker) vectors(chain []config.Step, path string) {
	for i := range chain[1:] {
		a, b := c.facts(&chain[0]), c.facts(&chain[i+1])
		same := chain[0].Target.Model == chain[i+1].Target.Model || (a.family != "" && a.family == b.family)
		if !same {
			c.errorf(chain[i+1].Pos, at(path, i+1), "vectors of "+chain[i+1].Target.Model+" do not mix with those of "+chain[0].Target.Model, "Keep one model; a second host of the same one is fine.")
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9+1e-6*math.Abs(a) }

func dollars(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
