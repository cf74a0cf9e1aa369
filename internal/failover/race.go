package failover

import (
	"context"
	"sync"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// race is two attempts at once, of which the first to reach its commit point
// serves. It decides who that is, and nothing else: each attempt keeps its own
// record, and the request's goroutine joins them when their results come in.
type race struct {
	tee bool // the first is a trial: if it loses it is measured all the same

	mu      sync.Mutex
	field   [2]*attempt // the second may come later, or never
	content [2]bool     // something the caller asked for has come
	pleads  [2]bool     // it was refused in a way that may be disputed
	winner  *attempt
}

// claim says that an attempt has come to its commit point, and reports whether
// it is the first to do so. The other is then told to stop.
func (a *attempt) claim() bool { return a.race == nil || a.race.claim(a) }

func (r *race) claim(a *attempt) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.winner != nil {
		return r.winner == a
	}
	r.winner = a
	for i, other := range r.field {
		if other != nil && other != a {
			r.drop(i)
		}
	}
	return true
}

// drop lets a loser go: it is cancelled, or left running for its measure's
// sake.
func (r *race) drop(i int) {
	a := r.field[i]
	if a.untie == nil {
		a.cancel(outrun())
		return
	}
	a.untie() // the caller's leaving no longer concerns it
	if first := a.job.plan.Timeout.FirstToken; a.kind == kindStream && first > 0 && !r.content[i] {
		a.clock.set(a.start.Add(first), CodeFirstTokenTimeout, first)
	}
}

// began notes that content has come, and reports whether the race is lost.
func (r *race) began(a *attempt) (lost bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.field {
		r.content[i] = r.content[i] || r.field[i] == a
	}
	return r.winner != nil && r.winner != a
}

// plead notes that an attempt may have a refusal to dispute, unless the race
// is over: then nobody is left to rule on it.
func (r *race) plead(a *attempt) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.winner != nil && r.winner != a {
		return false
	}
	for i := range r.field {
		r.pleads[i] = r.pleads[i] || r.field[i] == a
	}
	return true
}

// pleading reports whether an attempt that has not come back is about to, with
// a refusal to be ruled on.
func (r *race) pleading() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, a := range r.field {
		if a != nil && a.own != nil && r.pleads[i] {
			return true
		}
	}
	return false
}

func (r *race) lostBy(a *attempt) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.winner != nil && r.winner != a
}

// admits reports whether a second attempt would still have a purpose.
func (r *race) admits() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.winner == nil && !r.content[0]
}

// join adds the second attempt, unless the race is over.
func (r *race) join(begin func() *attempt) *attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.winner != nil {
		return nil
	}
	r.field[1] = begin()
	return r.field[1]
}

// outrun is the failure of an attempt that another was faster than.
func outrun() *switchgear.Error {
	return &switchgear.Error{Class: switchgear.ClassCanceled, Message: "another target was faster", Err: context.Canceled}
}

// compete runs an attempt that another may overtake, each on a goroutine of its
// own. The loser's ends by itself: it has been cancelled, or has a deadline.
func compete[T any](j *job, op *operation[T], p *permit, beside *company) heat[T] {
	r := &race{tee: beside.tee}
	results := make(chan reply[T], len(r.field))
	start := func(a *attempt) { go func() { results <- venture(op, a) }() }
	first := j.begin(p, r)
	r.field[0] = first
	var due <-chan time.Time
	running := 1
	if beside.tee {
		rival := r.join(func() *attempt { return j.beginRival(beside, r) })
		running++
		start(first)
		start(rival)
	} else {
		if d := first.patience(); d > 0 {
			timer := time.NewTimer(d)
			defer timer.Stop()
			due = timer.C
		}
		start(first)
	}
	var failed reply[T]
	for {
		select {
		case res := <-results:
			lost := res.a.own.Lost // as it knew when it ended
			res.a.rejoin()
			if lost {
				continue // who won is about to say so
			}
			if res.err == nil || (running > 1 && j.ends(res.a, res.err) && r.claim(res.a)) {
				if r.pleading() {
					failed = <-results
					failed.a.rejoin()
				}
				j.conclude(r, res.a)
				return won(j, &res, &failed)
			}
			if running--; running == 0 {
				return ranked(&failed, &res)
			}
			failed = res
		case <-due:
			due = nil
			if rival := j.hedge(r); rival != nil {
				running++
				start(rival)
			}
		}
	}
}

// venture makes an attempt on a goroutine that nobody else guards: a panic of
// ours or of an observer's must cost this request only, not the process.
func venture[T any](op *operation[T], a *attempt) (res reply[T]) {
	res.a = a
	defer func() {
		p := caught(recover(), "")
		if p == nil {
			return
		}
		p.Message = "the gateway's code panicked"
		res.answer, res.err = nil, p
		a.settle(p) // if it was not that which panicked
	}()
	res.answer, res.err = op.try(a)
	return res
}

// conclude writes down a loser that has not come back yet: what is known of it
// now. Its own account goes to the observer when it is over. Nobody waits here
// for a long request to be read only to be counted: then the usage is unknown.
func (j *job) conclude(r *race, winner *attempt) {
	for _, a := range r.field {
		if a == nil || a == winner || a.own == nil {
			continue
		}
		record := &j.trace.Attempts[a.slot]
		record.Lost, record.Duration = true, time.Since(a.start)
		if j.wire() != nil {
			continue
		}
		j.digest() // for the loser: once the caller has an answer, its request is the caller's again
		if j.kind == kindCount {
			continue
		}
		record.Usage = switchgear.Usage{Estimated: true}
		record.Usage.Set(switchgear.UsageInput, j.weigh())
		if j.kind != kindEmbed {
			record.Usage.Set(switchgear.UsageOutput, 0)
		}
		if a.step.Price != nil {
			record.Cost = a.step.Price.Cost(&record.Usage, a.start)
		}
	}
}

// won closes what the loser left open: an answer is an opinion too.
func won[T any](j *job, res, failed *reply[T]) heat[T] {
	f := failed.a
	if f == nil {
		return heat[T]{first: *res}
	}
	if wouldDrop(failed.err) == "" {
		j.learn(f, failed.err)
	}
	if f.dispute.open {
		ruling := verdictOn(res.err)
		f.rule(ruling, failed.err)
		if ruling == rejected {
			return heat[T]{first: *failed}
		}
	}
	return heat[T]{first: *res}
}

// ranked puts two failures in the order of their steps.
func ranked[T any](failed, last *reply[T]) heat[T] {
	switch {
	case failed.a == nil:
		return heat[T]{first: *last}
	case failed.a.at < last.a.at:
		return heat[T]{first: *failed, second: *last}
	default:
		return heat[T]{first: *last, second: *failed}
	}
}

// ends reports whether a failure ends a race: another target's answer would be
// none to it. A trial's never does.
func (j *job) ends(a *attempt, err *switchgear.Error) bool {
	switch {
	case err.Class == switchgear.ClassCanceled:
		return true
	case a.untie != nil || wouldDrop(err) != "" || err.Class == switchgear.ClassContext:
		return false
	case err.Class == switchgear.ClassInvalid && err.Marks.Has(switchgear.MarkUnsure):
		return !a.final && !a.dispute.open && !a.dispute.doubted
	case err.Class == switchgear.ClassPolicy:
		return j.plan.Policy != PolicyFallback
	default:
		return !err.Class.FallsOver()
	}
}

// both is the leg of a race in which nobody served.
func both[T any](j *job, h *heat[T]) leg[T] {
	a, b := h.first.a, h.second.a
	l := leg[T]{at: b.at, move: fallOver}
	for _, r := range []*reply[T]{&h.first, &h.second} {
		if reason := wouldDrop(r.err); reason != "" {
			j.withdraw(r.a.at, reason, r.err.Param)
			continue
		}
		j.learn(r.a, r.err)
		if l.answer == nil && r.answer != nil {
			l.answer, l.from = r.answer, r.a.at
		}
	}
	if a.dispute.open {
		a.rule(verdictOn(h.second.err), h.first.err)
		return leg[T]{at: b.at, move: stopped, err: h.first.err}
	}
	for _, r := range []*reply[T]{&h.first, &h.second} {
		if wouldDrop(r.err) == "" && j.leads(r.a, r.err) == stopped {
			return leg[T]{at: b.at, move: stopped, err: r.err}
		}
	}
	if gone := j.gone(); gone != nil {
		return leg[T]{at: b.at, move: stopped, err: gone}
	}
	return l
}
