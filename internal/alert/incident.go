package alert

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/switchgear-dev/switchgear"
)

// The times of an incident.
const (
	// gatherTime is how long the first event waits for others, so that a page
	// lists all that fell at once and is still out within seconds.
	gatherTime = 2 * time.Second
	// calmTime is how long all must be well before an incident is over. What
	// opens again sooner belongs to the same one: nobody is paged twice for a
	// provider that comes and goes.
	calmTime = 5 * time.Minute
	// updateEvery is the least time between two notices of one incident.
	updateEvery = time.Minute
)

// Bounds of what is kept, far over what a configuration can bring about.
const (
	maxIncidents  = 1000
	maxConditions = 200 // of one incident
)

// incident is what a person is paged for.
type incident struct {
	key        string
	serial     uint64 // tells it from an earlier one of the same key
	scope      scope
	subject    string // of its key: a provider, a target or a route
	provider   string
	route      string
	opened     time.Time
	conditions map[place]*condition
	more       int       // conditions beyond the most that are kept
	look       time.Time // when the receivers are to be looked through; zero for not at all
	told       bool      // they have been looked through before
}

// place is what a condition is about.
type place struct {
	kind       string
	target     switchgear.Target
	credential string
}

// condition is one thing that is wrong, or was.
type condition struct {
	event Event     // the last that told of it
	since time.Time // when it began, this time
	ended time.Time // zero while it lasts; of what nobody tells the end of, it may lie ahead
	opens int       // how often it began
}

func (c *condition) over(now time.Time) bool { return !c.ended.IsZero() && !c.ended.After(now) }

// take puts an event where it belongs.
func (a *Alerts) take(e Event, k kind) {
	if k.ends != nil {
		for _, name := range k.ends {
			a.end(e, name)
		}
		return
	}
	i := a.incidentFor(e, k)
	if i == nil {
		a.lost.Add(1)
		return
	}
	if i.add(e, k) {
		i.due(i.soonest(e.At))
	}
	a.nudge()
}

// soonest is when the receivers are to be told of something new: a little
// later, so that more can come together.
func (i *incident) soonest(at time.Time) time.Time {
	return later(at, time.Now()).Add(gatherTime)
}

// due moves the time to look through the receivers forward.
func (i *incident) due(at time.Time) {
	if i.look.IsZero() || at.Before(i.look) {
		i.look = at
	}
}

// incidentFor finds or begins the incident of an event; nil if there are too
// many.
func (a *Alerts) incidentFor(e Event, k kind) *incident {
	key := a.key(k.scope, e.subject(k.scope))
	if i, ok := a.incidents[key]; ok {
		return i
	}
	if i := a.sibling(e, k.scope); i != nil {
		return i
	}
	if len(a.incidents) >= maxIncidents {
		return nil
	}
	a.serial++
	i := &incident{
		key: key, serial: a.serial, scope: k.scope, subject: e.subject(k.scope), opened: e.At,
		provider: e.provider(), conditions: map[place]*condition{},
	}
	if k.scope == scopeRoute {
		i.route = i.subject
	}
	a.incidents[key] = i
	if k.scope == scopeCircuit {
		a.absorb(i, e)
	}
	return i
}

// sibling is an incident that an event belongs to although it is of another
// scope: an authentication outage is refused keys and an open circuit, and it is
// one page, not two. A refused key belongs to the circuits of its provider while
// their incident lasts, its last calm minutes included; a circuit belongs to a
// refused key that somebody was told of just now. Of one that waits a day for a
// person it must not become a part: that would wake nobody.
func (a *Alerts) sibling(e Event, s scope) *incident {
	switch s {
	case scopeKey:
		return a.incidents[a.key(scopeCircuit, e.provider())]
	case scopeCircuit:
		i, ok := a.incidents[a.key(scopeKey, e.provider())]
		if ok && i.told && (i.scope == scopeCircuit || e.At.Sub(i.opened) <= calmTime) {
			i.scope = scopeCircuit // from now on; its key stays, for that is what the receivers know it by
			return i
		}
	default:
	}
	return nil
}

// absorb takes in what is known of a provider's keys and was not told yet.
func (a *Alerts) absorb(i *incident, e Event) {
	key := a.key(scopeKey, e.provider())
	keys, ok := a.incidents[key]
	if !ok || keys.told {
		return
	}
	maps.Copy(i.conditions, keys.conditions)
	i.opened, i.look = keys.opened, keys.look
	delete(a.incidents, key)
}

// maxKey is the most bytes PagerDuty takes as a key.
const maxKey = 255

// key names an incident, the same each time it happens.
func (a *Alerts) key(s scope, subject string) string {
	key := "switchgear/" + plain(a.instance) + "/" + string(s) + "/" + subject
	if len(key) > maxKey {
		key = strings.ToValidUTF8(key[:maxKey-9], "") + "-" + short(key)
	}
	return key
}

// add notes what an event tells, and reports whether it is something new: a
// condition that was not there, or is there again.
func (i *incident) add(e Event, k kind) bool {
	at := place{kind: e.Kind, target: e.Target, credential: e.Credential}
	c, ok := i.conditions[at]
	if !ok {
		if len(i.conditions) >= maxConditions {
			i.more++
			return false
		}
		c = &condition{}
		i.conditions[at] = c
	}
	begins := !ok || c.over(e.At)
	if begins {
		c.since = e.At
		c.opens++
	}
	c.event, c.ended = e, time.Time{}
	if !k.lasts {
		c.ended = later(e.Until, e.At).Add(k.hold)
	}
	return begins
}

// end notes that a condition is over. What is known of keys may stand in an
// incident of circuits, and the other way round.
func (a *Alerts) end(e Event, kind string) {
	of := kinds[kind].scope
	for _, s := range []scope{of, scopeCircuit, scopeKey} {
		i, ok := a.incidents[a.key(s, e.subject(s))]
		if !ok {
			continue
		}
		if c, ok := i.conditions[place{kind: kind, target: e.Target, credential: e.Credential}]; ok && !c.over(e.At) {
			c.ended = e.At
			a.nudge()
		}
	}
}

// counted are the conditions that decide whether an incident lasts. Where
// circuits are open it is the circuits: what is known of keys beside them goes
// with them.
func (i *incident) counted() []*condition {
	var circuits, all []*condition
	for at, c := range i.conditions {
		all = append(all, c)
		if at.kind == switchgear.AlertCircuitOpen {
			circuits = append(circuits, c)
		}
	}
	if i.scope == scopeCircuit && len(circuits) > 0 {
		return circuits
	}
	return all
}

// lasting reports whether something is still wrong.
func (i *incident) lasting(now time.Time) bool {
	return slices.ContainsFunc(i.counted(), func(c *condition) bool { return !c.over(now) })
}

// left are the keys that were refused after the circuits of an incident had
// closed again: they do not go with those.
func (i *incident) left(now time.Time) []place {
	if i.scope != scopeCircuit || i.lasting(now) {
		return nil
	}
	var closed time.Time
	for _, c := range i.counted() {
		closed = later(closed, c.ended)
	}
	return slices.DeleteFunc(i.sortedPlaces(), func(p place) bool {
		c := i.conditions[p]
		return kinds[p.kind].scope != scopeKey || c.over(now) || !c.since.After(closed)
	})
}

// part begins an incident of its own of what is left of one that is over.
func (a *Alerts) part(i *incident, left []place, now time.Time) {
	if len(left) == 0 || a.closing {
		return
	}
	key := a.key(scopeKey, i.provider)
	next, ok := a.incidents[key]
	if !ok {
		a.serial++
		next = &incident{
			key: key, serial: a.serial, scope: scopeKey, subject: i.provider, provider: i.provider,
			opened: now, conditions: map[place]*condition{},
		}
		a.incidents[key] = next
	}
	for _, p := range left {
		next.conditions[p] = i.conditions[p]
	}
	next.due(now)
	a.nudge()
}

// overAt is when the incident will be over if nothing more happens; zero while
// something has no end in sight.
func (i *incident) overAt() time.Time {
	var last time.Time
	for _, c := range i.counted() {
		if c.ended.IsZero() {
			return time.Time{}
		}
		last = later(last, c.ended)
	}
	return last.Add(calmTime)
}

// sortedPlaces are the places of conditions in a settled order.
func (i *incident) sortedPlaces() []place {
	return slices.SortedFunc(maps.Keys(i.conditions), func(a, b place) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.target.Provider, b.target.Provider), strings.Compare(a.target.Model, b.target.Model), strings.Compare(a.credential, b.credential))
	})
}

// forget ends what is known of targets and providers that no route has any
// more: nobody will say that their circuits closed or their keys work.
func (a *Alerts) forget(next []Route) {
	before, after := targetsOf(a.routes), targetsOf(next)
	now := time.Now()
	for _, i := range a.incidents {
		for at, c := range i.conditions {
			if i.scope != scopeRoute && before.has(i.provider, at.target) && !after.has(i.provider, at.target) && !c.over(now) {
				c.ended = now
			}
		}
	}
}

// reach is what some routes can call.
type reach map[switchgear.Target]bool

func targetsOf(routes []Route) reach {
	all := reach{}
	for _, r := range routes {
		for _, t := range r.Targets {
			all[t] = true
			all[switchgear.Target{Provider: t.Provider}] = true
		}
	}
	return all
}

// has reports whether a target, or a provider if the target is zero, can be
// called.
func (r reach) has(provider string, t switchgear.Target) bool {
	if t == (switchgear.Target{}) {
		t = switchgear.Target{Provider: provider}
	}
	return r[t]
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
