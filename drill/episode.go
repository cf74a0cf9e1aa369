package drill

import (
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
	"github.com/switchgear-dev/switchgear/config"
	"github.com/switchgear-dev/switchgear/provider/sim"
)

// When a provider counts as ill, and as well again.
const (
	illHarm  = 0.25
	illSlow  = 2
	wellHarm = 0.05
	wellSlow = 1.5
	burst    = 1.3 // requests do not come evenly: what has room for the average only is not well
)

// How soon a circuit should be open, at twenty requests a second.
const (
	openBlackout = 1500 * time.Millisecond // nearly every call fails
	openBrownout = 5 * time.Second         // more than half
	openFew      = 12 * time.Second        // a quarter
	openAuth     = 2 * time.Second
	openStorm    = 30 * time.Second // refusals that look like the caller's fault
	openSilence  = time.Second      // after the deadline for the first token
	openSlow     = time.Minute      // no errors at all
)

// The way back.
const (
	backShare   = 0.9             // of the requests, served as in calm: then it is back
	backWindow  = 5 * time.Second // over which that is counted
	backTime    = 50 * time.Second
	movedWindow = 2 * time.Second // over which it is counted whether the load is gone
	firstTime   = 5 * time.Second // in which a recovering provider must be spared
	trials      = 6               // calls that a return costs whatever the load
	leastRate   = 2               // requests a second: with fewer there is no herd to fear
)

// spell is an episode with its times as durations.
type spell struct {
	from, to time.Duration
	weather  sim.Weather // when it began
}

// spells finds the stretches in which the struck provider is ill.
func (o *Options) spells(rate float64) []spell {
	const step = 250 * time.Millisecond
	rate *= burst
	var out []spell
	ill := false
	for at := time.Duration(0); at < o.lasts(); at += step {
		w := o.Script.Weather(at, rate)
		switch {
		case !ill && (w.Harm >= illHarm || w.Slow >= illSlow):
			ill = true
			out = append(out, spell{from: at, to: o.lasts(), weather: w})
		case ill && w.Harm < wellHarm && w.Slow < wellSlow:
			ill = false
			out[len(out)-1].to = at
		}
	}
	return out
}

// within is how soon the circuit should be open in a spell; 0 where nothing
// can be asked: kept connections hide that no new ones can be made, and a rate
// limit is a matter of keys.
func (s *spell) within(silence time.Duration, rate float64) time.Duration {
	w := s.weather
	limit := openFew
	switch {
	case w.Harm >= 0.9:
		limit = openBlackout
	case w.Harm >= 0.5:
		limit = openBrownout
	case w.Harm < illHarm:
		return openSlow
	}
	delay := time.Duration(0)
	silent := true
	for _, f := range w.Faults {
		switch {
		case f.Name == "slow-headers":
			delay, _ = time.ParseDuration(f.Arg)
		case f.Name == "nxdomain", f.Name == "dns-stall", f.Name == "unreachable", f.Name == "blackhole", strings.HasPrefix(f.Name, "429"):
			return 0
		case f.Name == "401", f.Name == "403":
			limit, silent = openAuth, false
		case strings.HasPrefix(f.Name, "400"):
			limit, silent = openStorm, false
		case f.Name == "silence":
		default:
			silent = false
		}
	}
	switch {
	case silent && limit == openBlackout:
		limit = silence + openSilence
	case silent:
		limit += silence
	case limit == openBlackout:
		limit += delay
	}
	if rate < DefaultRate && rate > 0 {
		limit = time.Duration(float64(limit) * DefaultRate / rate)
	}
	return limit
}

// examiner looks at how the gateway came through each spell.
type examiner struct {
	o    *Options
	w    *world
	t    *tape
	hit  struck
	rate float64 // of the requests that try first who was struck
}

// strikes reports whether a route's first target is struck.
func (x *examiner) strikes(l *lane) bool {
	return x.hit.hits(l.first, x.o.Script.Strikes() != sim.ScopeModel)
}

func newExaminer(o *Options, w *world, t *tape, hit struck) *examiner {
	x := &examiner{o: o, w: w, t: t, hit: hit}
	struck := 0
	for _, l := range w.lanes {
		if x.strikes(l) {
			struck++
		}
	}
	x.rate = o.Rate * share(struck, len(w.lanes))
	return x
}

// episodes examines every spell.
func (x *examiner) episodes() []Episode {
	spells := x.o.spells(x.rate)
	var out []Episode
	for i := range spells {
		s := &spells[i]
		until := x.o.lasts() + x.o.After
		if i+1 < len(spells) {
			until = spells[i+1].from
		}
		e := Episode{From: seconds(s.from), To: seconds(s.to), Harm: s.weather.Harm, Slow: s.weather.Slow, Expects: until-s.to >= backTime}
		for k, f := range s.weather.Faults {
			if k > 0 {
				e.Fault += "+"
			}
			e.Fault += f.String()
		}
		if opened, ok := x.opened(s.from, s.to); ok {
			e.Opened = number(opened)
		}
		if moved, ok := x.moved(s.from, s.to); ok {
			e.Moved = number(moved)
		}
		if limit := s.within(x.silence(), x.o.Rate/float64(max(len(x.w.lanes), 1))); limit > 0 && x.rate > 0 {
			e.Within = number(limit)
		}
		if back, came := x.back(s.to, until); came {
			e.Back = number(back)
		}
		out = append(out, e)
	}
	return out
}

func number(d time.Duration) *float64 { return new(seconds(d)) }

// silence is the longest wait for a first token that a struck route allows.
func (x *examiner) silence() time.Duration {
	var longest time.Duration
	for i, l := range x.w.lanes {
		if x.strikes(l) {
			clocks := x.w.cfg.Routes[i].Clocks()
			longest = max(longest, clocks.FirstToken)
		}
	}
	return longest
}

// opened is how long after a moment the circuits of all struck first targets
// were open.
func (x *examiner) opened(from, to time.Duration) (time.Duration, bool) {
	var last time.Duration
	found := false
	for i, l := range x.w.lanes {
		if !x.strikes(l) || x.w.cfg.Routes[i].Kind == config.KindEmbedding && x.rate > 0 && len(x.w.lanes) > 1 {
			continue
		}
		at, ok := x.openAt(l, from, to)
		if !ok {
			return 0, false
		}
		last, found = max(last, at-from), true
	}
	return last, found
}

// openAt is when a route's first target was first out of use from a moment on.
func (x *examiner) openAt(l *lane, from, to time.Duration) (time.Duration, bool) {
	open := false
	for i := range x.t.events {
		e := &x.t.events[i]
		if e.Target != l.first {
			continue
		}
		at := x.t.since(e.At)
		if at > from && open {
			return from, true
		}
		switch e.Kind {
		case switchgear.AlertCircuitOpen, switchgear.AlertModelGone:
			open = true
			if at >= from && at <= to {
				return at, true
			}
		case switchgear.AlertCircuitClose:
			open = false
		}
	}
	return from, open
}

// moved is how long after a moment who was struck no longer got half of its
// normal load, whatever kept it away: a circuit, keys that cool, a limit.
func (x *examiner) moved(from, to time.Duration) (time.Duration, bool) {
	normal := float64(x.attempts(-x.o.Calm, 0)) / x.o.Calm.Seconds()
	if normal < leastRate {
		return 0, false
	}
	few := func(at, window time.Duration) bool {
		return float64(x.attempts(at, at+window)) < normal*window.Seconds()/2
	}
	for at := from; at+movedWindow <= to; at += movedWindow / 8 {
		if few(at, movedWindow) && few(at, movedWindow/4) { // both: what goes on for a second yet is not gone
			return at - from, true
		}
	}
	return 0, false
}

// back is how long after a moment requests were served as in calm again.
func (x *examiner) back(from, until time.Duration) (time.Duration, bool) {
	for at := from; at+backWindow <= until; at += time.Second {
		n, usual := 0, 0
		for i := range x.t.answers {
			a := &x.t.answers[i]
			if a.at < at || a.at >= at+backWindow || !x.strikes(a.lane) {
				continue
			}
			n++
			if a.server == a.lane.first.String() {
				usual++
			}
		}
		if n > 0 && share(usual, n) >= backShare {
			return at - from, true
		}
	}
	return 0, false
}

// load is how much of its normal load came to a struck target in the first
// seconds after it had answered well again, the most over all returns; ok is
// false if there was none that mattered. Trials alone are least of that load
// where there is little of it.
func (x *examiner) load() (most, least float64, ok bool) {
	for i := range x.w.lanes {
		t := x.w.lanes[i].first
		if !x.strikesTarget(t) {
			continue
		}
		if one, found := x.loadOf(t); found && one >= most {
			normal := float64(x.attemptsAt(t, -x.o.Calm, 0)) / x.o.Calm.Seconds()
			most, least, ok = one, trials/(normal*firstTime.Seconds()), true
		}
	}
	return most, least, ok
}

func (x *examiner) loadOf(t switchgear.Target) (most float64, ok bool) {
	normal := float64(x.attemptsAt(t, -x.o.Calm, 0)) / x.o.Calm.Seconds()
	if normal < leastRate {
		return 0, false
	}
	var out time.Duration
	var was string
	for i := range x.t.moves {
		m := &x.t.moves[i]
		if m.Target != t.String() {
			continue
		}
		at := time.Duration(m.At * float64(time.Second))
		switch {
		case m.State == "open":
			out = at
		case m.State == "ramp" || m.State == "closed" && (was == "half-open" || was == "open"):
			if first, found := x.firstGood(t, out, at+time.Second); found {
				most, ok = max(most, float64(x.attemptsAt(t, first, first+firstTime))/(normal*firstTime.Seconds())), true
			}
		}
		was = m.State
	}
	return most, ok
}

// firstGood is when a target first answered well after a moment.
func (x *examiner) firstGood(t switchgear.Target, from, until time.Duration) (first time.Duration, found bool) {
	for i := range x.t.attempts {
		a := &x.t.attempts[i]
		if a.target == t && !a.failed && a.at >= from && a.at < until && (!found || a.end < first) {
			first, found = a.end, true
		}
	}
	return first, found
}

// attemptsAt counts those at one target.
func (x *examiner) attemptsAt(t switchgear.Target, from, to time.Duration) int {
	n := 0
	for i := range x.t.attempts {
		if a := &x.t.attempts[i]; a.target == t && a.at >= from && a.at < to {
			n++
		}
	}
	return n
}

func (x *examiner) strikesTarget(t switchgear.Target) bool {
	return x.hit.hits(t, x.o.Script.Strikes() != sim.ScopeModel)
}

func (x *examiner) attempts(from, to time.Duration) int {
	n := 0
	for i := range x.t.attempts {
		if a := &x.t.attempts[i]; x.strikesTarget(a.target) && a.at >= from && a.at < to {
			n++
		}
	}
	return n
}
