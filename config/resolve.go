package config

import (
	"slices"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// wordAt is a word and its path.
type wordAt struct {
	Word

	path string
}

// resolve follows every reference from one part of the file to another.
func (r *reader) resolve(c *Config) {
	providers := make([]string, 0, len(c.Providers))
	for _, p := range c.Providers {
		providers = append(providers, p.Name)
	}
	models := make([]string, 0, len(c.Models))
	for _, m := range c.Models {
		models = append(models, m.Name)
	}
	r.resolveModels(c, providers, models)
	for i := range c.Routes {
		t := &c.Routes[i]
		path := child("routes", t.Name)
		r.resolveChain(c, t.Chain, child(path, "chain"), providers, models)
		r.leftWithout(c, t.Chain, t.Pos, path, "this route")
		for j := range t.Rules {
			at := index(child(path, "rules"), j)
			r.resolveChain(c, t.Rules[j].Chain, child(at, "chain"), providers, models)
			r.leftWithout(c, t.Rules[j].Chain, t.Rules[j].Pos, at, "this rule")
		}
	}
	r.resolveBreakers(c, providers, models)
	r.uniqueNames(c)
	r.resolveClients(c)
}

func (r *reader) resolveModels(c *Config, providers, models []string) {
	for i := range c.Models {
		m := &c.Models[i]
		path := child("models", m.Name)
		if p := m.Target.Provider; p != "" && !slices.Contains(providers, p) {
			r.errorf(m.ModelPos, child(path, "model"), "there is no provider "+quote(p), defined(p, providers))
			m.Target = switchgear.Target{}
		}
		switch {
		case m.SameAs == "":
		case m.SameAs == m.Name:
			r.errorf(m.SamePos, child(path, "same_as"), "a model is always the same as itself", "Name another short name, or remove it.")
			m.SameAs = ""
		case !slices.Contains(models, m.SameAs):
			r.errorf(m.SamePos, child(path, "same_as"), "there is no short name "+quote(m.SameAs)+" in models", defined(m.SameAs, models))
			m.SameAs = ""
		}
	}
}

// resolveChain finds the target of every step.
func (r *reader) resolveChain(c *Config, chain []Step, path string, providers, models []string) {
	for i := range chain {
		at := index(path, i)
		r.resolveStep(c, &chain[i], at, providers, models)
		if chain[i].Canary != nil {
			r.resolveStep(c, &chain[i].Canary.Step, child(at, "canary"), providers, models)
		}
	}
}

func (r *reader) resolveStep(c *Config, s *Step, at string, providers, models []string) {
	if m, ok := c.Model(s.Use); ok {
		s.Model, s.Target = m, m.Target
		return
	}
	target, err := switchgear.ParseTarget(s.Use)
	switch {
	case err != nil && slices.Contains(providers, s.Use):
		r.errorf(s.Pos, at, quote(s.Use)+" is a provider, not a model", "Write "+s.Use+"/ and the name of a model.")
	case err != nil:
		r.errorf(s.Pos, at, "there is no model "+quote(s.Use), or(DidYouMean(s.Use, models), "Write provider/model, or define the short name in models."))
	case !slices.Contains(providers, target.Provider):
		r.errorf(s.Pos, at, "there is no provider "+quote(target.Provider), defined(target.Provider, providers))
	default:
		s.Target = target
	}
}

// leftWithout complains about a chain that disabled providers leave nothing of.
func (r *reader) leftWithout(c *Config, chain []Step, pos Position, path, what string) {
	var reasons []string
	for _, s := range chain {
		p, ok := c.Provider(s.Target.Provider)
		if !ok || p.Disabled == "" {
			return
		}
		reason := p.Name + ": " + p.Disabled
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	if len(chain) > 0 {
		r.errorf(pos, path, what+" is left without a step ("+strings.Join(reasons, "; ")+")", "Set what is missing, or add a step at another provider.")
	}
}

// uniqueNames complains about names that would reach two routes.
func (r *reader) uniqueNames(c *Config) {
	owner := map[string]string{}
	for _, t := range c.Routes {
		owner[t.Name] = "the route " + t.Name
	}
	for _, t := range c.Routes {
		for i, w := range t.Aliases {
			if other, ok := owner[w.Text]; ok {
				r.errorf(w.Pos, index(child(child("routes", t.Name), "aliases"), i), quote(w.Text)+" already names "+other, "Choose another alias.")
				continue
			}
			owner[w.Text] = "the route " + t.Name + ", as an alias"
		}
	}
}

// resolveClients checks the routes of clients, turns aliases into names, and
// looks for keys given to two clients.
func (r *reader) resolveClients(c *Config) {
	var names []string
	for _, t := range c.Routes {
		names = append(names, t.Name)
		names = append(names, Texts(t.Aliases)...)
	}
	for _, w := range r.clientRoutes {
		if _, ok := c.Route(w.Text); !ok {
			r.errorf(w.Pos, w.path, "there is no route "+quote(w.Text), defined(w.Text, names))
		}
	}
	owner := map[string]string{}
	for i := range c.Clients {
		client := &c.Clients[i]
		for j, name := range client.Routes {
			if t, ok := c.Route(name); ok {
				client.Routes[j] = t.Name
			}
		}
		if other, ok := owner[client.Hash]; ok && client.Hash != "" {
			r.errorf(client.Pos, child("clients", client.Name), "this client has the same key as "+other, "Give each client a key of its own.")
			continue
		}
		owner[client.Hash] = client.Name
	}
}

// defined offers the nearest name, or else says which there are.
func defined(word string, names []string) string {
	if near := DidYouMean(word, names); near != "" {
		return near
	}
	if len(names) == 0 {
		return "None is defined."
	}
	if len(names) > 8 {
		return "There are: " + strings.Join(names[:8], ", ") + ", ..."
	}
	return "There are: " + strings.Join(names, ", ") + "."
}
