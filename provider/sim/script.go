package sim

import (
	"fmt"
	"math"
	"time"
)

// Script is a course of faults over time, as in a script file: phases, each of
// which lasts a while and has rules. Read one with [ParseOutage], [ParseScript]
// or [LoadScript]; run it with [Options.Script] or [Server.Play].
type Script struct {
	name, title, after string
	strikes            Scope
	healthy            *Profile // nil leaves the server's own
	phases             []phase
	repeat             bool
	dials              bool // some fault is one of connecting
}

// Scope is how much of what it strikes an outage strikes.
type Scope string

// The scopes.
const (
	ScopeProvider Scope = "provider" // all of a provider
	ScopeRegion   Scope = "region"   // a provider in one region
	ScopeModel    Scope = "model"    // one model of a provider
)

type phase struct {
	name  string
	lasts time.Duration // 0: for ever
	rules []rule
}

// rule is a fault that some calls have while a phase lasts, or a change of
// pace, or both.
type rule struct {
	owner            string // in the keys of Server.counts
	provider, region string // patterns; "" is what the outage strikes, and any without one
	model            string // the same
	dialect          string // "" for both
	faults           []Fault
	share            ramp     // of the calls
	slow             ramp     // times the wait for the first token
	speed            ramp     // times the cadence after it
	capacity         capacity // hits only what is over it
	on, off          time.Duration
	staggered        bool // each model is well again at a time of its own within the phase
}

// ramp is a number that changes evenly over a phase.
type ramp struct{ from, to float64 }

func (r ramp) at(part float64) float64 { return r.from + (r.to-r.from)*part }

// steady reports whether a ramp is one number all along.
func (r ramp) steady(v float64) bool { return r.from == v && r.to == v }

// capacity is how many calls a second are let through; zero for all.
type capacity struct {
	rate   float64 // at the phase's start
	growth float64 // a second, every second
}

// spot is where in a script a moment falls.
type spot struct {
	phase int           // -1 once the script is over
	part  float64       // of the phase, from 0 to 1; 0 in one that lasts for ever
	into  time.Duration // since the phase began
}

// Name is the script's short name ("A"), or the name of its file.
func (s *Script) Name() string { return s.name }

// Title says in a few words what happens ("blackout").
func (s *Script) Title() string { return s.title }

// After says what it is modelled on.
func (s *Script) After() string { return s.after }

// Strikes is how much of its victim the outage strikes.
func (s *Script) Strikes() Scope { return s.strikes }

// Healthy is the pace of a healthy provider in this script; ok is false if the
// script leaves that to the server.
func (s *Script) Healthy() (p Profile, ok bool) {
	if s.healthy == nil {
		return Profile{}, false
	}
	return *s.healthy, true
}

// Lasts is how long one run takes; 0 if the last phase lasts for ever.
func (s *Script) Lasts() time.Duration {
	var total time.Duration
	for _, p := range s.phases {
		if p.lasts == 0 {
			return 0
		}
		total += p.lasts
	}
	return total
}

// Phase is the name of the phase that holds a time after the start; "" once
// the script is over.
func (s *Script) Phase(since time.Duration) string {
	if at := s.at(since); at.phase >= 0 {
		return s.phases[at.phase].name
	}
	return ""
}

func (s *Script) at(since time.Duration) spot {
	if total := s.Lasts(); s.repeat && total > 0 {
		since %= total
	}
	for i, p := range s.phases {
		if p.lasts == 0 {
			return spot{phase: i, into: since}
		}
		if since < p.lasts {
			return spot{phase: i, part: float64(since) / float64(p.lasts), into: since}
		}
		since -= p.lasts
	}
	return spot{phase: -1} // the script is over
}

// Strike is what an outage strikes: the names that its rules leave open.
type Strike struct {
	Provider string // "" for every provider
	Region   string
	Model    string // heeded by scripts that strike a model only
	Seed     uint64 // of what is drawn while it plays
}

// play is a script that runs.
type play struct {
	script  *Script
	strike  Strike
	started time.Time
}

// hits reports whether a rule is about a call at this moment.
func (p *play) hits(r *rule, q *query, at spot) bool {
	provider, region, model := r.provider, r.region, r.model
	if provider == "" {
		provider = p.strike.Provider
	}
	if region == "" && r.provider == "" && p.script.strikes == ScopeRegion {
		region = p.strike.Region
	}
	if model == "" && r.provider == "" && p.script.strikes == ScopeModel {
		model = p.strike.Model
	}
	switch {
	case r.dialect != "" && r.dialect != q.dialect,
		!matches(provider, q.provider), !matches(region, q.region),
		!matches(model, q.model):
		return false
	case r.on > 0 && at.into%(r.on+r.off) >= r.on:
		return false
	case r.staggered && at.part >= roll(p.strike.Seed, r.owner+q.provider, int(hashOf([]byte(q.model))>>1)):
		return false
	}
	return true
}

// tempo is how much slower than healthy a call is answered.
type tempo struct{ slow, speed float64 }

func (t tempo) of(p Profile) Profile {
	if t.slow > 0 {
		p.FirstToken = time.Duration(float64(p.FirstToken) * t.slow)
	}
	if t.speed > 0 {
		p.TokensPerSecond *= t.speed
	}
	return p
}

// tempo multiplies what the rules that hit a call say about its pace.
func (p *play) tempo(q *query, now time.Time) tempo {
	t := tempo{1, 1}
	at := p.script.at(now.Sub(p.started))
	if at.phase < 0 {
		return t
	}
	rules := p.script.phases[at.phase].rules
	for i := range rules {
		r := &rules[i]
		if r.slow.steady(1) && r.speed.steady(1) || !p.hits(r, q, at) {
			continue
		}
		t.slow *= r.slow.at(at.part)
		t.speed *= r.speed.at(at.part)
	}
	return t
}

// pick finds the rule whose faults a call has, if any. The shares of the rules
// that are about a call add up: 40 % of one and 20 % of the next leave 40 %
// unharmed. The draw depends on the call and the moment alone, so that the
// order in which calls of one moment are served changes nothing.
func (p *play) pick(q *query, now time.Time, full func(*rule, float64) bool) *rule {
	since := now.Sub(p.started)
	at := p.script.at(since)
	if at.phase < 0 {
		return nil
	}
	rules := p.script.phases[at.phase].rules
	drawn, sum := -1.0, 0.0
	for i := range rules {
		r := &rules[i]
		if len(r.faults) == 0 || !p.hits(r, q, at) {
			continue
		}
		if r.capacity.rate > 0 || r.capacity.growth > 0 {
			if full(r, math.Max(0, r.capacity.rate+r.capacity.growth*at.into.Seconds())) {
				return r
			}
			continue
		}
		if drawn < 0 {
			drawn = fate(p.strike.Seed, q, since)
		}
		if sum += r.share.at(at.part); drawn < sum {
			return r
		}
	}
	return nil
}

// fate is a number from 0 to 1 that a call has at a moment.
func fate(seed uint64, q *query, since time.Duration) float64 {
	x := seed*0x9e3779b97f4a7c15 ^ q.body ^ uint64(since)*0xd6e8feb86659fd93
	return unit(x)
}

// unit mixes bits into a number from 0 to 1.
func unit(x uint64) float64 {
	for range 2 {
		x ^= x >> 32
		x *= 0xd6e8feb86659fd93
	}
	x ^= x >> 32
	return float64(x>>11) / math.Exp2(53)
}

func ownerOf(phase, rule int) string { return fmt.Sprintf("script %d %d", phase, rule) }
