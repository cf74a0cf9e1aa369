package gateway

import (
	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
)

// floor is the lowest tier that may serve a route; unknown for none.
func (c *checker) floor(r *config.Route) switchgear.Tier {
	switch {
	case r.Stakes == switchgear.StakesLow:
		return switchgear.TierUnknown
	case r.Floor == switchgear.TierUnknown && r.Stakes == switchgear.StakesHigh:
		return c.facts(&r.Chain[0]).tier
	default:
		return r.Floor
	}
}

// tierOf is a step's tier. Another host of the first step's model has the first
// step's.
func (c *checker) tierOf(r *config.Route, s *config.Step) switchgear.Tier {
	f := c.facts(s)
	if f.tier == switchgear.TierUnknown && c.isAnchor(r, s) {
		return c.facts(&r.Chain[0]).tier
	}
	return f.tier
}

// isAnchor reports whether a step is the model the route means to be answered
// by.
func (c *checker) isAnchor(r *config.Route, s *config.Step) bool {
	own, anchor := c.facts(s), c.facts(&r.Chain[0])
	return s.Target == r.Chain[0].Target || (own.family != "" && own.family == anchor.family)
}

// refused says why a step may never serve its route; "" if it may.
func (c *checker) refused(r *config.Route, s *config.Step) string {
	floor, tier := c.floor(r), c.tierOf(r, s)
	switch {
	case floor == switchgear.TierUnknown && r.Stakes == switchgear.StakesHigh && !c.isAnchor(r, s):
		return "unknown anchor"
	case floor == switchgear.TierUnknown || tier >= floor:
		return ""
	case tier == switchgear.TierUnknown:
		return "unknown tier"
	default:
		return "under floor"
	}
}

// floors complains about steps that a floor keeps from ever serving.
func (c *checker) floors(r *config.Route, chain []config.Step, path string) {
	for i := range chain {
		s := &chain[i]
		where, name := at(path, i), s.Target.String()
		tell := c.errorf
		if r.Floor == switchgear.TierUnknown {
			tell = c.warn // nobody asked for a floor by name, so what is not known forbids nothing
		}
		switch c.refused(r, s) {
		case "under floor":
			c.errorf(s.Pos, where, name+" (tier "+c.tierOf(r, s).String()+") is under "+c.floorName(r)+", so it would never serve", "Remove it, or set floor: "+c.tierOf(r, s).String()+".")
		case "unknown tier":
			tell(s.Pos, where, "the tier of "+name+" is unknown, so it would never serve over "+c.floorName(r), "Give it a tier in models.")
		case "unknown anchor":
			tell(s.Pos, where, "the stakes are high and the tier of "+r.Chain[0].Target.String()+" is unknown, so "+name+" would never serve", "Give both a tier in models, or set a floor.")
		}
	}
}

// floorName names the floor, and where it comes from if the file does not say.
func (c *checker) floorName(r *config.Route) string {
	if r.Floor != switchgear.TierUnknown {
		return "floor " + r.Floor.String()
	}
	return "the floor that high stakes take from the first step (" + c.floor(r).String() + ")"
}
