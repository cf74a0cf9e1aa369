package route

import (
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/internal/failover"
)

// Explanation is why a request gets the plan it gets.
type Explanation struct {
	Route  string
	Rule   int    // the rule that matched, from 1; 0 for the route's own chain
	When   string // the rule's condition; "" for the route's own chain
	Stakes switchgear.Stakes
	Floor  switchgear.Tier // unknown for none
	Lines  []Line          // one for each step, in order
	Worst  time.Duration   // the longest the request can take; 0 for no limit
}

// Line is what an [Explanation] says of one step.
type Line struct {
	Number   int
	Target   switchgear.Target
	Tier     switchgear.Tier
	Serves   bool
	Reason   string // why it does not serve
	Degraded bool
	// Latest is when the step is tried at the latest, from the start of the
	// request; -1 if steps before it can take for ever, or use up the whole
	// deadline.
	Latest time.Duration
	Cost   switchgear.Cost // of the query's input and the given output, at list price
}

// Explain says which steps are in and out for a query and why. Output is how
// many tokens an answer may have, for the cost; at is the day of the price.
func (r *Route) Explain(q *Query, output int64, at time.Time) *Explanation {
	rule, stakes := r.rule(q), r.raised(q)
	c, plan := &r.chains[rule], r.Plan(q)
	e := &Explanation{Route: r.name, Rule: rule, Stakes: stakes, Worst: plan.Timeout.Total}
	if rule > 0 {
		e.When = r.rules[rule-1].String()
	}
	anchor := &r.chains[0]
	if len(anchor.steps) > 0 {
		e.Floor = floorOf(stakes, r.floor, &anchor.steps[0])
	}
	usage := switchgear.Usage{}
	usage.Set(switchgear.UsageInput, q.InputTokens)
	usage.Set(switchgear.UsageOutput, output)
	serving := 0
	for i := range c.steps {
		step := &c.steps[i]
		line := Line{Number: step.Number, Target: step.Target, Tier: step.Tier, Degraded: step.Degraded, Latest: -1}
		line.Reason = excluded(plan, step.Number)
		if line.Reason == "" && plan.NoFallback && serving > 0 {
			line.Reason = "no fallback was asked for"
		}
		if line.Serves = line.Reason == ""; line.Serves {
			line.Latest = latest(plan, serving, q.Stream)
			serving++
		}
		if step.Price != nil {
			line.Cost = step.Price.Cost(&usage, at)
		}
		e.Lines = append(e.Lines, line)
	}
	return e
}

func excluded(plan *failover.Plan, number int) string {
	for i := range plan.Excluded {
		if plan.Excluded[i].Number == number {
			return plan.Excluded[i].Reason
		}
	}
	return ""
}

// latest is when the n-th serving step, from 0, is tried if all before it take
// as long as they may. A stream gives up a silent step at the first-token
// limit, after retries that failed just before it; an answer in one piece has
// an even share of the deadline.
func latest(plan *failover.Plan, n int, stream bool) time.Duration {
	t := &plan.Timeout
	if n == 0 {
		return 0
	}
	if !stream || t.FirstToken <= 0 {
		if t.Total <= 0 {
			return -1
		}
		return t.Total / time.Duration(len(plan.Steps)) * time.Duration(n)
	}
	var sum time.Duration
	for i := range n {
		retry := &plan.Steps[i].Retry
		sum += t.FirstToken
		for range retry.Attempts - 1 {
			sum += max(retry.Cap, retry.WaitHint) + t.FirstToken
		}
	}
	if t.Total > 0 && sum >= t.Total {
		return -1
	}
	return sum
}
