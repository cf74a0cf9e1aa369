package gateway

import (
	"strconv"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
)

// canaries checks who is on trial on a route.
func (c *checker) canaries(r *config.Route, path string) {
	first := ""
	visit := func(chain []config.Step, path string) {
		for i := range chain {
			if chain[i].Canary == nil || chain[i].Target.Provider == "" || chain[i].Canary.Step.Target.Provider == "" {
				continue // the names are to be mended first
			}
			where := at(path, i) + ".canary"
			if first != "" {
				c.errorf(chain[i].Canary.Pos, where, "route "+r.Name+" has a canary already, at "+first, "End that one before the next begins: what goes wrong must have one cause.")
				continue
			}
			first = where
			c.canary(r, chain, i, where)
		}
	}
	visit(r.Chain, path+".chain")
	for i := range r.Rules {
		visit(r.Rules[i].Chain, at(path+".rules", i)+".chain")
	}
}

// canary checks a candidate as if it had its step's place, and what is asked of
// it besides.
func (c *checker) canary(r *config.Route, chain []config.Step, i int, path string) {
	s := &chain[i]
	tried := &s.Canary.Step
	if r.Kind == config.KindEmbedding {
		c.errorf(s.Canary.Pos, path, "vectors of two models do not mix, so one cannot be tried on a part of the requests", "Remove the canary.")
		return
	}
	if tried.Target == s.Target && paramsHash(tried.With) == paramsHash(s.With) {
		c.errorf(tried.Pos, path, tried.Target.String()+" is what this step uses anyway", "Name another model, or another with.")
		return
	}
	for k := range chain {
		if k != i && chain[k].Target == tried.Target {
			c.errorf(tried.Pos, path, "step "+strconv.Itoa(k+1)+" is "+tried.Target.String()+" already, so it could not take the place of step "+strconv.Itoa(i+1), "Try another model, or remove that step.")
		}
	}
	if c.isSim(tried.Target.Provider) != c.isSim(s.Target.Provider) {
		c.errorf(tried.Pos, path, "a chain must not mix the simulator with real providers", "Give the simulator a route of its own.")
		return
	}
	c.step(r, tried, path)
	c.trialFloor(r, tried, path)
	if r.Stakes == switchgear.StakesHigh && (r.Eval == "" || c.cfg.Gate.Mode == config.GateOff || c.cfg.Gate.Mode == config.GateWarn) {
		c.errorf(s.Canary.Pos, path, "the stakes are high, so users are not to find out how good a model is", "Give route "+r.Name+" an eval that proves it first, with the gate at enforce, or lower the stakes.")
	}
	if i == 0 {
		c.time(r, append([]config.Step{*tried}, chain...), path[:len(path)-len("[0].canary")])
	}
}

// trialFloor complains of a candidate that may not serve.
func (c *checker) trialFloor(r *config.Route, tried *config.Step, path string) {
	why := c.refused(r, tried)
	if why == "" {
		return
	}
	name := tried.Target.String()
	switch why {
	case "under floor":
		c.errorf(tried.Pos, path, name+" (tier "+c.tierOf(r, tried).String()+") is under "+c.floorName(r)+", so it would never serve", "Try another model, or set floor: "+c.tierOf(r, tried).String()+".")
	case "unknown tier":
		c.errorf(tried.Pos, path, "the tier of "+name+" is unknown, so it would never serve over "+c.floorName(r), "Give it a tier in models.")
	default:
		c.errorf(tried.Pos, path, "the stakes are high and the tier of "+r.Chain[0].Target.String()+" is unknown, so "+name+" would never serve", "Give both a tier in models, or set a floor.")
	}
}
