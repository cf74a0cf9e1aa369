package swap

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
)

// Place names one step of a routing file. Rules and steps count from 1.
type Place struct {
	Route string `json:"route"`
	Rule  int    `json:"rule,omitempty"` // 0 for the route's own chain
	Step  int    `json:"step"`
}

// String is how people are told of the place.
func (p Place) String() string {
	if p.Rule > 0 {
		return fmt.Sprintf("step %d of rule %d of route %s", p.Step, p.Rule, p.Route)
	}
	return fmt.Sprintf("step %d of route %s", p.Step, p.Route)
}

// Path is the place in the structure of the file, as findings have it.
func (p Place) Path() string {
	if p.Rule > 0 {
		return "routes." + p.Route + ".rules[" + strconv.Itoa(p.Rule-1) + "].chain[" + strconv.Itoa(p.Step-1) + "]"
	}
	return "routes." + p.Route + ".chain[" + strconv.Itoa(p.Step-1) + "]"
}

// chain finds the chain of a place.
func (p Place) chain(c *config.Config) ([]config.Step, error) {
	r, ok := c.Route(p.Route)
	if !ok {
		names := make([]string, 0, len(c.Routes))
		for i := range c.Routes {
			names = append(names, c.Routes[i].Name)
		}
		return nil, sentence("there is no route "+strconv.Quote(p.Route), config.DidYouMean(p.Route, names))
	}
	if p.Rule == 0 {
		return r.Chain, nil
	}
	if p.Rule < 0 || p.Rule > len(r.Rules) {
		return nil, fmt.Errorf("route %s has %s, not a rule %d", r.Name, counted(len(r.Rules), "rule"), p.Rule)
	}
	return r.Rules[p.Rule-1].Chain, nil
}

// find finds the step of a place, and the route's own name for it.
func (p Place) find(c *config.Config) (*config.Step, Place, error) {
	chain, err := p.chain(c)
	if err != nil {
		return nil, p, err
	}
	if p.Step < 1 || p.Step > len(chain) {
		return nil, p, fmt.Errorf("%s has %s, so there is no step %d", strings.TrimPrefix(p.String(), fmt.Sprintf("step %d of ", p.Step)), counted(len(chain), "step"), p.Step)
	}
	r, _ := c.Route(p.Route)
	p.Route = r.Name // an alias was good enough to ask by
	return &chain[p.Step-1], p, nil
}

// spelling is how a step is to name its new model, and what that means.
type spelling struct {
	use    string
	target switchgear.Target
	note   string // why it is not spelt as it was asked for
}

// spell turns what somebody asked for into what the file is to say. A short
// name that means exactly the target is preferred: it carries a tier and a
// price.
func spell(c *config.Config, to string) (spelling, error) {
	if m, ok := c.Model(to); ok {
		return spelling{use: to, target: m.Target}, nil
	}
	models := make([]string, 0, len(c.Models))
	for i := range c.Models {
		models = append(models, c.Models[i].Name)
	}
	target, err := switchgear.ParseTarget(to)
	if err != nil {
		return spelling{}, sentence("there is no model "+strconv.Quote(to), config.DidYouMean(to, models), "Write provider/model, or a short name of models.")
	}
	if strings.ContainsFunc(to, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || strings.Contains(to, "${") {
		return spelling{}, fmt.Errorf("%q cannot be the name of a model: it is printable ASCII without spaces or variables", to)
	}
	providers := make([]string, 0, len(c.Providers))
	for i := range c.Providers {
		providers = append(providers, c.Providers[i].Name)
	}
	if _, ok := c.Provider(target.Provider); !ok {
		return spelling{}, sentence("there is no provider "+strconv.Quote(target.Provider), config.DidYouMean(target.Provider, providers), "Add it to providers first.")
	}
	out, short := spelling{use: to, target: target}, ""
	for i := range c.Models {
		if c.Models[i].Target != target {
			continue
		}
		if short != "" {
			return out, nil // two names for one target: neither is meant more
		}
		short = c.Models[i].Name
	}
	if short != "" {
		out.use, out.note = short, "written as "+short+", the short name of "+to+" in models, which has its tier and price"
	}
	return out, nil
}

// sentence joins what is wrong with what to do about it.
func sentence(wrong string, fixes ...string) error {
	parts := []string{wrong}
	for _, fix := range fixes {
		if fix != "" {
			parts = append(parts, strings.TrimSuffix(fix, "."))
		}
	}
	return errors.New(strings.Join(parts, ". "))
}

// counted is "1 step", "2 steps" or "no step".
func counted(n int, word string) string {
	switch n {
	case 0:
		return "no " + word
	case 1:
		return "1 " + word
	default:
		return strconv.Itoa(n) + " " + word + "s"
	}
}
