package gateway

import (
	"slices"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// Mechanism is a part of failure handling.
type Mechanism string

// The mechanisms that can be switched off by [Without].
const (
	MechanismBreaker  Mechanism = "breaker"  // circuits of targets and providers, and with them all of the others but the last two
	MechanismHedge    Mechanism = "hedge"    // racing a target under suspicion
	MechanismDeadline Mechanism = "deadline" // what is learned of how fast a target is in calm
	MechanismBudget   Mechanism = "budget"   // the retry budgets
	MechanismOpinion  Mechanism = "opinion"  // a second opinion on refusals in unknown words
	MechanismLimit    Mechanism = "limit"    // how much a target is given at once
	MechanismProbe    Mechanism = "probe"    // tiny requests of the gateway's own to a target that is not well
	MechanismRamp     Mechanism = "ramp"     // shares of the load for a target that comes back
	MechanismCooloff  Mechanism = "cooloff"  // rest for keys that are over a limit, out of money or refused
)

// Mechanisms are all of them.
func Mechanisms() []Mechanism {
	return []Mechanism{
		MechanismBreaker, MechanismHedge, MechanismDeadline, MechanismBudget,
		MechanismOpinion, MechanismLimit, MechanismProbe, MechanismRamp, MechanismCooloff,
	}
}

// Without switches mechanisms off, to measure what they are worth. It is for
// drills and tests: nothing that serves has a reason to.
func Without(m ...Mechanism) Option {
	return optionFunc(func(o *options) { o.without = append(o.without, m...) })
}

// without reports whether a mechanism is switched off.
func (g *Gateway) without(m Mechanism) bool { return slices.Contains(g.options.without, m) }

// bare takes off a step what is switched off.
func (g *Gateway) bare(step *failover.Step) {
	if len(g.options.without) == 0 {
		return
	}
	if g.without(MechanismBreaker) {
		step.Breaker = nil
	}
	if g.without(MechanismDeadline) {
		step.Pace = nil
	}
	if g.without(MechanismBudget) {
		step.Retries = nil
	}
	if g.without(MechanismLimit) {
		step.Limit = nil
	}
	if g.without(MechanismOpinion) {
		step.Jury = nil
	}
	if g.without(MechanismCooloff) && step.Keys != nil {
		step.Keys = tireless{step.Keys}
	}
}

// tireless are keys that never cool.
type tireless struct{ failover.Keys }

// Report implements [failover.Keys]: it tells the keys nothing.
func (tireless) Report(int, *switchgear.Error, time.Time) {}

// barePlan takes off a route what is switched off.
func (g *Gateway) barePlan(plan *failover.Plan) {
	if g.without(MechanismBudget) {
		plan.Retries = nil
	}
	if g.without(MechanismHedge) {
		plan.Hedge = false
	}
}
