package failover

import "time"

// enter tells the route's retry budget of the request, once. A retry of the
// caller's own is one of the route's retries: it spends, but never what the
// gateway's retries for others may need, since it is only the caller who says
// so. If there is nothing to spare it is still carried over the plan, once, and
// no step is tried twice for it.
func (j *job) enter() {
	b := j.plan.Retries
	switch {
	case b == nil:
	case !j.callersRetry():
		b.Earn(j.started)
	case !spared(b, j.started):
		j.broke = true
	}
}

// spared takes a token that the budget can do without.
func spared(b Budget, now time.Time) bool {
	if s, ok := b.(Sparing); ok {
		return s.SpendSpare(now)
	}
	return b.Spend(now)
}

// unused gives back what the request spent, if nobody was called for it.
func (j *job) unused() {
	if j.plan.Retries != nil && j.callersRetry() && !j.broke && j.calls == 0 {
		j.plan.Retries.Refund()
	}
}

// earn tells a target's retry budget of the first attempt at it.
func (j *job) earn(step *Step, now time.Time) {
	if step.Retries != nil && !j.callersRetry() {
		step.Retries.Earn(now)
	}
}

// repay tells the retry budgets of an answer, where nobody else could have given
// one.
func (j *job) repay(step *Step, now time.Time) {
	if !j.sole {
		return
	}
	if r, ok := j.plan.Retries.(Repaid); ok {
		r.Repay(now)
	}
	if r, ok := step.Retries.(Repaid); ok {
		r.Repay(now)
	}
}

// pay takes a token from the route's retry budget and from the target's, for a
// call beyond a request's first at each target. It takes both or none.
func (j *job) pay(step *Step) bool {
	if j.broke {
		return false
	}
	now := time.Now()
	if j.plan.Retries != nil && !j.plan.Retries.Spend(now) {
		return false
	}
	if step.Retries != nil && !step.Retries.Spend(now) {
		if j.plan.Retries != nil {
			j.plan.Retries.Refund()
		}
		return false
	}
	return true
}

// refund gives back what pay took for a call that was not made.
func (j *job) refund(step *Step) {
	if j.plan.Retries != nil {
		j.plan.Retries.Refund()
	}
	if step.Retries != nil {
		step.Retries.Refund()
	}
}
