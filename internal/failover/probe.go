package failover

import (
	"context"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// What a probe asks for. It is a few tokens at the gateway's own cost.
const (
	probeText   = "Reply with the word ok."
	probeTokens = 16               // some models refuse to be held to fewer
	probeTime   = 15 * time.Second // where the route sets no limit to the first token
)

// Probe makes one call of a step's target that no caller asked for, to find out
// whether it is well again: a tiny prompt, none of the step's levers, a
// deadline of the route's limit for the first token. The token is the leave
// for it, which the breaker gave and is told of. The key may be one that cools.
//
// It takes a token of the target's retry budget if there is one and goes ahead
// if there is none: how many probes there are is bounded by the breaker, which
// has at most one in flight, and a budget that an outage has drained would keep
// the target from ever being found well. For the same reason it asks for no
// place under the target's concurrency limit.
func (r *Runner) Probe(ctx context.Context, plan *Plan, i int, token Token) {
	step := &plan.Steps[i]
	var a *attempt
	defer func() { // nobody else guards this goroutine: a panic of an observer's must not end the process
		if p := caught(recover(), ""); p != nil && a != nil {
			a.settle(p) // if it was not that which panicked
		}
	}()
	q := asked{kind: kindWhole, req: probing(plan.Route)}
	_, embeds := step.Provider.(switchgear.Embedder)
	if embeds = embeds && step.Embeds; embeds {
		q = asked{kind: kindEmbed, texts: &switchgear.EmbedRequest{Route: plan.Route, Input: []string{probeText}}}
	}
	j := r.job(ctx, plan, q)
	p := permit{at: i, token: token, place: -1, start: j.started}
	if !j.lend(&p) {
		p.returnToken(step)
		return
	}
	if step.Retries != nil {
		step.Retries.Spend(p.start) // whether there was one or not
	}
	a = j.begin(&p, nil)
	a.probe, a.call.Levers, a.call.Strict = true, nil, false
	limit := plan.Timeout.FirstToken
	if limit <= 0 {
		limit = probeTime
	}
	a.whole, a.learned, a.expected = a.start.Add(limit), true, expectation{}
	if embeds {
		_, _ = a.embed(q.texts)
		return
	}
	_, _ = a.complete(q.req)
}

// probing is the request of a probe.
func probing(route string) *switchgear.Request {
	req := switchgear.Ask(route, probeText)
	req.Sampling.MaxTokens = new(int64(probeTokens))
	return req
}

// lend gets a key for a probe, if the provider needs one: one that serves, or
// one on trial.
func (j *job) lend(p *permit) bool {
	keys := j.plan.Steps[p.at].Keys
	if keys == nil {
		return true
	}
	var ok bool
	if t, is := keys.(Trier); is {
		p.credential, p.place, ok = t.Trial(p.start)
	} else {
		p.credential, p.place, _, ok = keys.Pick(p.start, 0)
	}
	if !ok {
		p.place = -1
	}
	return ok
}
