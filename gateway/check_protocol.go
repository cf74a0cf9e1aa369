package gateway

import (
	"slices"
	"strconv"

	"github.com/switchgear-dev/switchgear/config"
)

// protocol is what a client speaks.
type protocol struct{ dialect, clients string }

func protocols() []protocol {
	return []protocol{{"openai", "OpenAI clients"}, {"anthropic", "Anthropic clients"}}
}

// usable are the numbers of a chain's steps that each kind of client can use,
// in the order of protocols.
type usable struct {
	pos   config.Position
	path  string
	steps [][]int
	of    int
}

// protocols warns of chains that some clients cannot use, or cannot use to the
// end: requests go to steps that speak the client's own protocol only. What
// goes for every chain is said once.
func (c *checker) protocols() {
	all := c.chains()
	everywhere := make([]bool, len(protocols()))
	for i, p := range protocols() {
		everywhere[i] = len(all) > 1 && !slices.ContainsFunc(all, func(u usable) bool { return len(u.steps[i]) > 0 })
		if everywhere[i] {
			c.warn(all[0].pos, "routes", p.clients+" can use none of the routes: no step speaks their protocol", "Add steps at a provider that does, or use clients of the other protocol.")
		}
	}
	for _, u := range all {
		var said []string
		for i, p := range protocols() {
			if !everywhere[i] && len(u.steps[i]) < u.of {
				said = append(said, p.clients+" can use "+count(u.steps[i], u.of))
			}
		}
		if len(said) > 0 {
			c.warn(u.pos, u.path, enumerate(said)+": requests go only to steps that speak the client's protocol", "See that each protocol you use has the steps it needs.")
		}
	}
}

// chains lists the chains of chat routes whose every step is known. Embeddings
// are asked for in OpenAI's protocol alone.
func (c *checker) chains() []usable {
	var all []usable
	for i := range c.cfg.Routes {
		r := &c.cfg.Routes[i]
		if r.Kind == config.KindEmbedding {
			continue
		}
		path := "routes." + r.Name
		all = c.addChain(all, r.Chain, first(r.ChainPos, r.Pos), path+".chain")
		for j := range r.Rules {
			all = c.addChain(all, r.Rules[j].Chain, r.Rules[j].Pos, at(path+".rules", j)+".chain")
		}
	}
	return all
}

func (c *checker) addChain(all []usable, chain []config.Step, pos config.Position, path string) []usable {
	u := usable{pos: pos, path: path, steps: make([][]int, len(protocols())), of: len(chain)}
	known := kinds()
	for i := range chain {
		p, ok := c.cfg.Provider(chain[i].Target.Provider)
		if !ok || slices.Contains(c.given, p.Name) {
			return all
		}
		facts, ok := known[p.Kind]
		if !ok {
			return all
		}
		for k, protocol := range protocols() {
			if slices.Contains(facts.Dialects, protocol.dialect) {
				u.steps[k] = append(u.steps[k], i+1)
			}
		}
	}
	if len(chain) == 0 {
		return all
	}
	return append(all, u)
}

// count makes "none of its steps" or "only steps 1 and 3 of 4".
func count(numbers []int, of int) string {
	words := make([]string, 0, len(numbers))
	for _, n := range numbers {
		words = append(words, strconv.Itoa(n))
	}
	switch len(words) {
	case 0:
		return "none of its steps"
	case 1:
		return "only step " + words[0] + " of " + strconv.Itoa(of)
	default:
		return "only steps " + enumerate(words) + " of " + strconv.Itoa(of)
	}
}
