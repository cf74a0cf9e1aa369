package failover

import "time"

// company is what an attempt runs beside. As a rule that is nothing, and there
// is no company; if its target is under suspicion it is the next step, once it
// has been waited for too long; if its target is on trial, the next step from
// the start.
type company struct {
	tee    bool
	rival  permit   // for tee; of a hedge it is found later
	passed []passed // on the way to it
}

// passed is a step that was passed over in search of a rival.
type passed struct {
	bar

	at int
}

// accompany says in what company a permit is to be used. If it must not be
// used at all, it has been given back.
func (j *job) accompany(p *permit) (*company, bar, bool) {
	if !p.watch && !p.trial {
		return nil, bar{}, true
	}
	if p.trial {
		return j.trial(p)
	}
	if !j.plan.Hedge || !j.later(p.at) || !j.hasRoom() {
		return nil, bar{}, true
	}
	return &company{}, bar{}, true
}

// hasRoom reports whether the plan leaves room for two attempts at once.
func (j *job) hasRoom() bool {
	return (j.plan.Attempts <= 0 || j.calls+2 <= j.plan.Attempts) && !j.plan.NoFallback && !j.limits().NoFallback && !j.broke
}

// alone reports whether the request must not be with two targets at once. It
// may have to be looked through for that, so it is asked last.
func (j *job) alone() bool { return j.req != nil && j.runner.alone != nil && j.runner.alone(j.req) }

// trial finds the rival of a target on trial. Without another to serve if it
// fails there is none, and the attempt is like any other: it is the only one in
// flight. Where there is another, but the two must not run at once or nothing
// is left to pay for it, the trial is left to another request.
func (j *job) trial(p *permit) (*company, bar, bool) {
	if !j.later(p.at) || j.plan.NoFallback || j.limits().NoFallback {
		return nil, bar{}, true
	}
	if !j.hasRoom() || j.alone() {
		if !j.elsewhere(p.at, p.start) {
			return nil, bar{}, true
		}
		j.giveBack(p)
		return nil, bar{reason: skipTrial}, false
	}
	c := &company{tee: true}
	if !j.findRival(p.at, true, c) {
		return nil, bar{}, true
	}
	if !j.pay(&j.plan.Steps[c.rival.at]) {
		j.giveBack(&c.rival)
		j.giveBack(p)
		return nil, bar{reason: skipTrial}, false
	}
	return c, bar{}, true
}

// findRival gets leave for the next step that gives it. One that is on trial
// itself is no rival, nor for a hedge one under suspicion.
func (j *job) findRival(i int, suspects bool, c *company) bool {
	for k := j.after(i); k >= 0; k = j.after(k) {
		if reason := j.bars(k); reason != "" {
			return false // it would bar every other too
		}
		if j.understand(k) != nil {
			c.passed = append(c.passed, passed{at: k, bar: bar{reason: skipTranslation}})
			continue
		}
		p, b, ok := j.admit(k, 0)
		if !ok {
			c.passed = append(c.passed, passed{at: k, bar: b})
			continue
		}
		if p.trial || (p.watch && !suspects) {
			j.giveBack(&p)
			if !suspects {
				return false
			}
			c.passed = append(c.passed, passed{at: k, bar: bar{reason: skipTrial}})
			continue
		}
		c.rival = p
		return true
	}
	return false
}

// beginRival starts the second attempt of a race, and writes down what was
// passed over on the way to it.
func (j *job) beginRival(c *company, r *race) *attempt {
	for i := range c.passed {
		j.skip(c.passed[i].at, c.passed[i].reason, c.passed[i].until)
	}
	j.earn(&j.plan.Steps[c.rival.at], c.rival.start)
	a := j.begin(&c.rival, r)
	a.final = true
	return a
}

// hedge starts the next step beside a target that has been waited for too
// long, if there is one, and it may, and it is paid for.
func (j *job) hedge(r *race) *attempt {
	var c company
	if !r.admits() || j.alone() || !j.findRival(r.field[0].at, false, &c) {
		return nil
	}
	step := &j.plan.Steps[c.rival.at]
	if !j.pay(step) {
		j.giveBack(&c.rival)
		return nil
	}
	a := r.join(func() *attempt { return j.beginRival(&c, r) })
	if a == nil { // it has just come to its commit point
		j.giveBack(&c.rival)
		j.refund(step)
	}
	return a
}

// patience is how long an attempt under suspicion is waited for before the next
// step is started beside it: until that is long; half as long again if what
// failed did so at once, for then it is not waiting that is to be feared. That
// costs one call in a hundred rather than one in twenty.
func (a *attempt) patience() time.Duration {
	if a.prompt {
		return a.worry() * 3 / 2
	}
	return a.worry()
}

// worry is what is a long wait for the first content: for what is long in calm,
// or if that is not known half of what the route allows.
func (a *attempt) worry() time.Duration {
	if p := a.expected.usual.P95; p > 0 {
		return p
	}
	return a.job.plan.Timeout.FirstToken / 2
}
