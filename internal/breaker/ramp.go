package breaker

import (
	"fmt"
	"time"

	"github.com/switchgear-dev/switchgear/internal/failover"
)

// The stages of a ramp. What comes back from an outage is often cold, and
// those that wait for it are many: it is given a tenth for the first five
// seconds.
var stages = [...]struct { //nolint:gochecknoglobals // a constant table
	share  int // percent
	length time.Duration
	reason string
}{
	{10, 5 * time.Second, "ramping, 10 %"},
	{25, 4 * time.Second, "ramping, 25 %"},
	{50, 4 * time.Second, "ramping, 50 %"},
	{100, 4 * time.Second, "ramping, 100 %"},
}

// A relapse takes two bad outcomes: a single one among the first five comes up
// in every tenth ramp of a target that has 2 % of errors on its best days.
const (
	relapseNeeds, relapseShare = 5, 20
	relapseBad                 = 2
)

// ramp is how far a target has come.
type ramp struct {
	stage  int
	until  time.Time // of the stage
	credit int       // percent of a request that have not been passed yet; begins below nothing, for the trials were part of the first tenth
	n, bad int
	proof  bodies
}

// share passes the stage's share, spread as evenly as can be.
func (b *Breaker) share(token failover.Token) (failover.Token, failover.Verdict) {
	r, stage := &b.ramp, &stages[b.ramp.stage]
	if r.credit += stage.share; r.credit < 100 {
		return failover.Token{}, failover.Verdict{Reason: stage.reason, Until: r.until}
	}
	r.credit -= 100
	return token, failover.Verdict{Pass: true, Watch: true}
}

// climb goes on to the stage that is due.
func (b *Breaker) climb(now time.Time) {
	for r := &b.ramp; !now.Before(r.until); {
		if r.stage == len(stages)-1 {
			b.change(Closed, cause{reason: "back to full load"}, now)
			return
		}
		r.stage++
		r.credit = max(r.credit, 0)
		r.until = r.until.Add(stages[r.stage].length)
	}
}

// farTooSlow is how many times the usual the loser of a race must have been
// waited for, while ramping, to count as slow. It was raced because it is on
// trial, and cut short before its deadline: of a target that stalls now and
// then nothing else would ever be heard.
const farTooSlow = 3

// ramped takes an outcome. It reports whether that opened the circuit again.
func (b *Breaker) ramped(o *failover.Outcome, now time.Time) bool {
	r, at := &b.ramp, b.at(now)
	if telling(o) {
		b.weather.note(o, at)
	}
	if refused(o) && o.Locked {
		if o.Spared {
			return false
		}
		b.open(cause{reason: "its last key was refused while ramping", kind: kindRefused, err: o.Err}, now)
		return true
	}
	kind := o.Kind
	if kind == failover.OutcomeIgnored && o.Ratio >= farTooSlow {
		kind = failover.OutcomeSlow // it lost a race; that it stalls, it has shown all the same
	}
	switch kind {
	case failover.OutcomeOK:
		b.good.Load().add(at)
		b.row = row{}
		r.n++
	case failover.OutcomeFail, failover.OutcomeSlow:
		b.bad.add(at)
		b.row.add(o, originOf(o))
		r.n++
		r.bad++
		r.proof.add(originOf(o))
		b.heed(o, now)
	case failover.OutcomeIgnored:
	}
	if o.Spared {
		return false
	}
	if r.n >= relapseNeeds && r.bad >= relapseBad && 100*r.bad >= relapseShare*r.n && r.proof.proven(b.crowd.several(at)) {
		b.open(cause{reason: fmt.Sprintf("%d of %d failed while ramping", r.bad, r.n), kind: b.trial.kind, err: o.Err, alive: true}, now)
		return true
	}
	if ratio, n, is := b.weather.median(rampNeeds); n >= rampNeeds && is == skySlow {
		b.open(cause{reason: slowReason(ratio), kind: kindSlow, err: o.Err}, now)
		return true
	}
	return false
}
