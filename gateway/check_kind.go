package gateway

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/capability"
	"github.com/switchgear-dev/switchgear/internal/pricing"
	"github.com/switchgear-dev/switchgear/provider/all"
)

// kinds are the kinds of providers a file may name.
func kinds() map[string]all.Kind {
	table := map[string]all.Kind{}
	for _, k := range all.Kinds() {
		table[k.Name] = k
	}
	return table
}

// providers checks that every provider can be opened.
func (c *checker) providers() {
	known := kinds()
	for i := range c.cfg.Providers {
		p := &c.cfg.Providers[i]
		if slices.Contains(c.given, p.Name) {
			continue
		}
		path := "providers." + p.Name
		facts, ok := known[p.Kind]
		switch {
		case !ok && p.KindPos == p.Pos:
			c.errorf(p.Pos, path, p.Name+" is not a service known by name", config.DidYouMean(p.Kind, names(known)),
				"For a server that speaks OpenAI's protocol write kind: openai and its base_url.")
		case !ok:
			c.errorf(p.KindPos, path+".kind", "there is no kind "+strconv.Quote(p.Kind), orElse(config.DidYouMean(p.Kind, names(known)), "There are: "+strings.Join(names(known), ", ")+"."))
		case p.Kind == "replay" && len(p.Recordings) == 0:
			c.errorf(p.Pos, path, "there is nothing to replay", "Add recordings: [answers.jsonl].")
		case p.Kind != "replay" && len(p.Recordings) > 0:
			c.errorf(p.Pos, path+".recordings", "only a provider of kind replay answers from recordings", "Write kind: replay, or remove recordings.")
		case facts.NeedsBaseURL && p.BaseURL == "" && p.URLPos.IsZero():
			c.errorf(p.Pos, path, "there is no base_url, and "+facts.Title+" is wherever you run it", "Add base_url, for example "+strconv.Quote(facts.BaseURL)+".")
		case facts.NeedsKey && p.BaseURL == "" && p.URLPos.IsZero() && p.KeyPos.IsZero():
			c.errorf(p.Pos, path, "there is no key", `Add key: "${NAME}", naming the variable that holds it.`)
		}
	}
}

// models checks what the file says of models against the catalogue.
func (c *checker) models() {
	for i := range c.cfg.Models {
		m := &c.cfg.Models[i]
		if m.Target.Provider == "" {
			continue
		}
		path := "models." + m.Name
		c.inCatalogue(m.Target, m.ModelPos, path+".model")
		c.twin(m, path)
		c.price(m, path)
	}
}

// twin checks that same_as is not plainly wrong.
func (c *checker) twin(m *config.Model, path string) {
	other, ok := c.cfg.Model(m.SameAs)
	if !ok {
		return
	}
	own, theirs := c.look(m.Target), c.look(other.Target)
	if own.listed && theirs.listed && own.family != theirs.family {
		c.warn(m.SamePos, path+".same_as", "the catalogue takes "+m.Target.Model+" and "+other.Target.Model+" for different models", "Remove same_as unless you know better.")
	}
}

// price compares a price with the list price of today.
func (c *checker) price(m *config.Model, path string) {
	kind := c.sells(m.Target.Provider)
	if m.Price == nil || kind == "" {
		return
	}
	listed, ok := pricing.Lookup(kind, m.Target.Model, c.now)
	if !ok {
		return
	}
	rates, ok := listed.Rates(0, c.now)
	if !ok || rates.Input < 0 || rates.Output < 0 || (near(rates.Input, m.Price.In) && near(rates.Output, m.Price.Out)) {
		return
	}
	list := dollars(rates.Input) + "/" + dollars(rates.Output)
	c.warn(m.PricePos, path+".price", "the catalogue has "+list+" as of "+listed.AsOf()+"; the file's "+dollars(m.Price.In)+"/"+dollars(m.Price.Out)+" is used", "Remove price to use the catalogue's.")
}

func names(known map[string]all.Kind) []string { return slices.Sorted(maps.Keys(known)) }

// isSim reports whether a provider makes its answers up.
func (c *checker) isSim(provider string) bool {
	p, ok := c.cfg.Provider(provider)
	return ok && (p.Kind == "sim" || p.Kind == "replay") && !slices.Contains(c.given, provider)
}

// needsOf lists the words of needs.
func needsOf() []string {
	var words []string
	for _, n := range capability.Needs() {
		words = append(words, n.Word)
	}
	return words
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
