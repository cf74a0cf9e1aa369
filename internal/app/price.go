package app

import (
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/internal/capability"
	"github.com/switchgear-dev/switchgear/internal/pricing"
	"github.com/switchgear-dev/switchgear/internal/swap"
)

// ListPrice is what a usage costs at a step of a configuration at a date: the
// configuration's price, or else the catalogue's.
func ListPrice(c *config.Config, s *config.Step, u *switchgear.Usage, at time.Time) switchgear.Cost {
	listed, ok := pricing.Lookup(sells(c, s.Target.Provider), s.Target.Model, at)
	if s.Model != nil && s.Model.Price != nil {
		var like *pricing.Price
		if ok {
			like = &listed
		}
		fixed := pricing.Fixed(s.Model.Price.In, s.Model.Price.Out, like, at)
		return fixed.Cost(u, at)
	}
	if !ok {
		return switchgear.Cost{}
	}
	return listed.Cost(u, at)
}

// ModelFacts is what is known of a step's model: the configuration's word goes
// before the catalogue's.
func ModelFacts(c *config.Config, s *config.Step) swap.Facts {
	var f swap.Facts
	if m, ok := capability.Lookup(sells(c, s.Target.Provider), s.Target.Model); ok {
		f = swap.Facts{Tier: m.Tier, Context: m.Context, MaxOutput: m.MaxOutput, Retires: m.Retires}
	}
	if s.Model == nil {
		return f
	}
	if s.Model.Tier != switchgear.TierUnknown {
		f.Tier = s.Model.Tier
	}
	if s.Model.Retires != "" {
		f.Retires = s.Model.Retires
	}
	return f
}

// sells is the kind under which the catalogue lists what a provider sells. At
// an address of the user's own nothing is sold at a list price.
func sells(c *config.Config, provider string) string {
	p, ok := c.Provider(provider)
	if !ok || p.BaseURL != "" {
		return ""
	}
	return p.Kind
}
