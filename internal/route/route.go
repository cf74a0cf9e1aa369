package route

import (
	"slices"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// Route is a named job with all its plans. It never changes.
type Route struct {
	name    string
	aliases []string
	stakes  switchgear.Stakes
	floor   switchgear.Tier
	rules   []Match // rules[i] leads to chains[i+1]
	chains  []chain // the first is the route's own
}

// chain is one chain with its plans.
type chain struct {
	steps []Step
	plans [switchgear.StakesHigh + 1][2]*failover.Plan // by stakes, and by whether fallback is forbidden
}

func newRoute(s *Spec) *Route {
	r := &Route{name: s.Name, aliases: slices.Clone(s.Aliases), stakes: s.Stakes, floor: s.Floor}
	if r.stakes == switchgear.StakesUnset {
		r.stakes = switchgear.StakesNormal
	}
	var anchor Step // what the route means to be answered by
	if len(s.Steps) > 0 {
		anchor = s.Steps[0]
	}
	r.chains = append(r.chains, r.chain(s, s.Steps, &anchor))
	for i := range s.Rules {
		r.rules = append(r.rules, s.Rules[i].Match)
		r.chains = append(r.chains, r.chain(s, s.Rules[i].Steps, &anchor))
	}
	return r
}

// Name is the route's own name.
func (r *Route) Name() string { return r.name }

// Aliases are its other names.
func (r *Route) Aliases() []string { return slices.Clone(r.aliases) }

// Stakes are the route's own; a request may raise them.
func (r *Route) Stakes() switchgear.Stakes { return r.stakes }

// Plan is what a request of the route may try.
func (r *Route) Plan(q *Query) *failover.Plan {
	forbidden := 0
	if q.NoFallback {
		forbidden = 1
	}
	return r.chains[r.rule(q)].plans[r.raised(q)][forbidden]
}

// Plans lists every plan of the route, for checks at load.
func (r *Route) Plans() []*failover.Plan {
	var plans []*failover.Plan
	for i := range r.chains {
		for stakes := r.stakes; stakes <= switchgear.StakesHigh; stakes++ {
			plans = append(plans, r.chains[i].plans[stakes][:]...)
		}
	}
	return plans
}

// rule is the number of the first rule that matches, from 1; 0 if none does.
func (r *Route) rule(q *Query) int {
	for i := range r.rules {
		if r.rules[i].holds(q) {
			return i + 1
		}
	}
	return 0
}

func (r *Route) raised(q *Query) switchgear.Stakes {
	return min(max(r.stakes, q.Stakes), switchgear.StakesHigh)
}

// chain makes the plans of one chain.
func (r *Route) chain(s *Spec, steps []Step, anchor *Step) chain {
	c := chain{steps: slices.Clone(steps)}
	for i := range c.steps {
		step := &c.steps[i]
		step.Number = i + 1
		first := tier(&c.steps[0], anchor)
		own := tier(step, anchor)
		step.Degraded = own != switchgear.TierUnknown && own < first
	}
	for stakes := switchgear.StakesLow; stakes <= switchgear.StakesHigh; stakes++ {
		for forbidden := range c.plans[stakes] {
			plan := s.Base
			plan.Route, plan.Stakes, plan.Length, plan.NoFallback = s.Name, stakes, len(steps), forbidden == 1
			plan.Steps, plan.Excluded = nil, nil
			for i := range c.steps {
				step := &c.steps[i]
				if reason := refuses(stakes, s.Floor, anchor, step); reason != "" {
					plan.Excluded = append(plan.Excluded, failover.Exclusion{
						Number: step.Number, Target: step.Target, Reason: reason, Code: switchgear.CodeFloorRefused,
					})
					continue
				}
				plan.Steps = append(plan.Steps, step.Step)
			}
			if forbidden == 0 && stakes == r.stakes {
				try(&plan, c.steps, s.Floor, anchor)
			}
			c.plans[stakes][forbidden] = &plan
		}
	}
	return c
}

// try gives a plan its trial, if a candidate stands in for one of its steps: the
// same chain with the candidate before its incumbent. Requests that raise the
// stakes or ask for no fallback are not for trying things out on.
func try(plan *failover.Plan, steps []Step, floor switchgear.Tier, anchor *Step) {
	i := slices.IndexFunc(steps, func(s Step) bool { return s.Candidate != nil })
	if i < 0 || refuses(plan.Stakes, floor, anchor, steps[i].Candidate) != "" {
		return
	}
	at := slices.IndexFunc(plan.Steps, func(s failover.Step) bool { return s.Number == steps[i].Number })
	if at < 0 {
		return // its incumbent never serves
	}
	candidate := *steps[i].Candidate
	candidate.Number, candidate.Trial = steps[i].Number, true
	own, first := tier(&candidate, anchor), tier(&steps[0], anchor)
	candidate.Degraded = i > 0 && own != switchgear.TierUnknown && own < first
	trial := *plan
	trial.Steps = slices.Insert(slices.Clone(plan.Steps), at, candidate.Step)
	if trial.Attempts > 0 {
		trial.Attempts++
	}
	plan.Arm, trial.Arm = switchgear.ArmIncumbent, switchgear.ArmCandidate
	plan.Trial = &trial
}

// tier is a step's tier, which for another host of the anchor's model is the
// anchor's.
func tier(step, anchor *Step) switchgear.Tier {
	if step.Tier == switchgear.TierUnknown && same(step, anchor) {
		return anchor.Tier
	}
	return step.Tier
}

// same reports whether two steps are the same model.
func same(a, b *Step) bool {
	return a.Target == b.Target || (a.Family != "" && a.Family == b.Family)
}

// floorOf is the lowest tier that may answer: unknown for no floor.
func floorOf(stakes switchgear.Stakes, floor switchgear.Tier, anchor *Step) switchgear.Tier {
	switch {
	case stakes == switchgear.StakesLow:
		return switchgear.TierUnknown
	case floor == switchgear.TierUnknown && stakes == switchgear.StakesHigh:
		return anchor.Tier
	default:
		return floor
	}
}

// refuses says why a step must not answer at these stakes; "" if it may.
func refuses(stakes switchgear.Stakes, floor switchgear.Tier, anchor, step *Step) string {
	lowest, own := floorOf(stakes, floor, anchor), tier(step, anchor)
	switch {
	case lowest == switchgear.TierUnknown && stakes == switchgear.StakesHigh:
		if same(step, anchor) {
			return ""
		}
		// Nothing is known of what the route means to be answered by: only
		// that very model is sure not to be worse.
		return "not known to be the model of " + anchor.Target.String() + ", whose tier is unknown"
	case lowest == switchgear.TierUnknown || own >= lowest:
		return ""
	case own == switchgear.TierUnknown:
		return "its tier is unknown, the floor is " + lowest.String()
	default:
		return "tier " + own.String() + " is under floor " + lowest.String()
	}
}
